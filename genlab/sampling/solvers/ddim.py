"""DDIM, and ancestral sampling as its stochastic end."""

from __future__ import annotations

import math
from dataclasses import dataclass

from genlab.sampling.denoiser import Denoiser
from genlab.sampling.solvers.base import Solver, State, coefficients


@dataclass(frozen=True)
class DDIM(Solver):
    """`x' = alpha' x0 + sqrt(sigma'^2 - s^2) noise + s fresh noise`.

    `s = eta sigma' sqrt(1 - (level' / level)^2)` with `level = sigma / alpha`: on variance-preserving paths,
    eq. 16 of the paper.

    Attributes:
        eta: 0 is deterministic, 1 draws from the posterior of DDPM.

    Source: Song et al. (2021), Denoising Diffusion Implicit Models, eq. 12 and 16.
    """

    eta: float = 0.0

    def step(self, denoiser: Denoiser, state: State) -> State:
        path = denoiser.path
        _, level = coefficients(path, state.t)
        alpha_next, level_next = coefficients(path, state.t_next)
        sigma_next = alpha_next * level_next
        fresh = self.eta * sigma_next * math.sqrt(1 - (level_next / level) ** 2)
        prediction = denoiser.predict(state.x, state.t, state.condition)
        x = alpha_next * prediction.x0 + math.sqrt(sigma_next**2 - fresh**2) * prediction.noise
        if fresh > 0:
            x = x + fresh * state.noise()
        return state.advance(x, prediction, prediction.nfe)


class DDPM(DDIM):
    """Ancestral sampling: each step draws from `q(x' | x, x0)` at the predicted clean point.

    The variance is the posterior's (beta tilde), which is DDIM with `eta = 1`.

    Source: Ho et al. (2020), eq. 6 and 7.
    """

    def __init__(self) -> None:
        super().__init__(eta=1.0)

"""Euler steps in the noise level `sigma / alpha`, plain and ancestral."""

from __future__ import annotations

import math
from dataclasses import dataclass

from genlab.sampling.denoiser import Denoiser
from genlab.sampling.solvers.base import Solver, State, coefficients


@dataclass(frozen=True)
class Euler(Solver):
    """Euler on the probability-flow ODE `dy/dlevel = noise(y)`: `y = x / alpha`, `level = sigma / alpha`.

    Source: Karras et al. (2022), algorithm 1 without its correction. The same map as deterministic DDIM.
    """

    def step(self, denoiser: Denoiser, state: State) -> State:
        alpha, level = coefficients(denoiser.path, state.t)
        alpha_next, level_next = coefficients(denoiser.path, state.t_next)
        prediction = denoiser.predict(state.x, state.t, state.condition)
        y = state.x / alpha + (level_next - level) * prediction.noise
        return state.advance(alpha_next * y, prediction, prediction.nfe)


@dataclass(frozen=True)
class EulerAncestral(Solver):
    """An Euler step to a level below the next, `level'^2 / level`, then fresh noise up to `level'`.

    Source: k-diffusion, `sample_euler_ancestral`, with eta = 1. The marginals are those of DDPM.
    """

    def step(self, denoiser: Denoiser, state: State) -> State:
        alpha, level = coefficients(denoiser.path, state.t)
        alpha_next, level_next = coefficients(denoiser.path, state.t_next)
        down = level_next**2 / level
        up = math.sqrt(level_next**2 - down**2)
        prediction = denoiser.predict(state.x, state.t, state.condition)
        y = state.x / alpha + (down - level) * prediction.noise
        if up > 0:
            y = y + up * state.noise()
        return state.advance(alpha_next * y, prediction, prediction.nfe)

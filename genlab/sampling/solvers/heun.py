"""Heun's method with optional churn, the sampler of EDM."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch

from genlab.sampling.denoiser import Denoiser
from genlab.sampling.solvers.base import Solver, State, coefficients


@dataclass(frozen=True)
class Heun(Solver):
    """Heun steps in the noise level, each after adding fresh noise; the last step, to no noise, is Euler's.

    Attributes:
        churn: S_churn: fresh noise over all steps together; 0 is deterministic.
        churn_min, churn_max: S_tmin and S_tmax: noise levels between which noise is added.
        churn_noise: S_noise: standard deviation of what is added, relative to what is due.

    The level to which a step is raised never exceeds that of `path.t_max`.

    Source: Karras et al. (2022), algorithm 2.
    """

    churn: float = 0.0
    churn_min: float = 0.0
    churn_max: float = math.inf
    churn_noise: float = 1.0

    def step(self, denoiser: Denoiser, state: State) -> State:
        path = denoiser.path
        t, x = state.t, state.x
        alpha, level = coefficients(path, t)
        alpha_next, level_next = coefficients(path, state.t_next)
        y = x / alpha
        raised = self._raised(level, state.steps, coefficients(path, t.new_tensor(path.t_max))[1])
        if raised > level:
            y = y + self.churn_noise * math.sqrt(raised**2 - level**2) * state.noise()
            t, level = path.time_of_noise_level(t.new_tensor(raised)), raised
            x = coefficients(path, t)[0] * y
        first = denoiser.predict(x, t, state.condition)
        y_next = y + (level_next - level) * first.noise
        if level_next == 0:
            return state.advance(alpha_next * y_next, first, first.nfe)
        second = denoiser.predict(alpha_next * y_next, state.t_next, state.condition)
        y_next = y + (level_next - level) * torch.lerp(first.noise, second.noise, 0.5)
        return state.advance(alpha_next * y_next, first, first.nfe + second.nfe)

    def _raised(self, level: float, steps: int, most: float) -> float:
        if not self.churn or not self.churn_min <= level <= self.churn_max:
            return level
        return max(level, min(level * (1 + min(self.churn / steps, math.sqrt(2) - 1)), most))

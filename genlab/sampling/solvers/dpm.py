"""DPM-Solver++(2M): exponential integration of the clean prediction, second order by memory."""

from __future__ import annotations

import math
from dataclasses import dataclass

from genlab.sampling.denoiser import Denoiser
from genlab.sampling.solvers.base import Solver, State, coefficients


@dataclass(frozen=True)
class DPMMultistep(Solver):
    """One network pass per step; the slope of the clean prediction comes from the step before.

    The first step, and one that ends without noise, are of first order.

    Attributes:
        lower_order_final: make the last step one of first order in any case: steadier with few steps.

    Source: Lu et al. (2022), DPM-Solver++, algorithm 2.
    """

    lower_order_final: bool = False

    def step(self, denoiser: Denoiser, state: State) -> State:
        path = denoiser.path
        alpha, level = coefficients(path, state.t)
        alpha_next, level_next = coefficients(path, state.t_next)
        prediction = denoiser.predict(state.x, state.t, state.condition)
        x0 = prediction.x0
        ratio = level_next / level
        last = state.index == state.steps - 1
        estimate = x0
        if state.history and level_next > 0 and not (last and self.lower_order_final):
            level_before = coefficients(path, state.times[state.index - 1])[1]
            weight = 0.5 * math.log(ratio) / math.log(level / level_before)
            estimate = x0 + weight * (x0 - state.history[0])
        x = alpha_next * (ratio / alpha * state.x + (1 - ratio) * estimate)
        return state.advance(x, prediction, prediction.nfe, (x0,))

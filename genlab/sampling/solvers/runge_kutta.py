"""Runge-Kutta methods for the probability-flow ODE: fixed steps, and steps that choose their own length."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

from genlab.sampling.condition import Conditions
from genlab.sampling.denoiser import Denoiser, Prediction
from genlab.sampling.path import Path
from genlab.sampling.solvers.base import Solver, State

Chart = Literal["time", "level"]
"""Coordinates of the ODE: `dx/dt = velocity` in the path's own time, or `dy/dlevel = noise` with
`y = x / alpha` and `level = sigma / alpha`, where every Gaussian path has the same field."""

Tableau = tuple[Sequence[Sequence[float]], Sequence[float]]
"""Rows of an explicit method's matrix, from the second stage on, and its weights."""

TABLEAUS: dict[str, Tableau] = {
    "euler": ((), (1.0,)),
    "midpoint": (((0.5,),), (0.0, 1.0)),
    "heun": (((1.0,),), (0.5, 0.5)),
    "rk4": (((0.5,), (0.0, 0.5), (0.0, 0.0, 1.0)), (1 / 6, 1 / 3, 1 / 3, 1 / 6)),
}

# Dormand and Prince (1980): the last row is the fifth-order result, the gaps that to the fourth order.
_ROWS = (
    (1 / 5,),
    (3 / 40, 9 / 40),
    (44 / 45, -56 / 15, 32 / 9),
    (19372 / 6561, -25360 / 2187, 64448 / 6561, -212 / 729),
    (9017 / 3168, -355 / 33, 46732 / 5247, 49 / 176, -5103 / 18656),
    (35 / 384, 0.0, 500 / 1113, 125 / 192, -2187 / 6784, 11 / 84),
)
_GAPS = (71 / 57600, 0.0, -71 / 16695, 71 / 1920, -17253 / 339200, 22 / 525, -1 / 40)
# Its continuous extension of order 4: Hairer, Nørsett and Wanner (1993), section II.6.
_BULGE = (
    -12715105075 / 11282082432, 0.0, 87487479700 / 32700410799, -10690763975 / 1880347072,
    701980252875 / 199316789632, -1453857185 / 822651844, 69997945 / 29380423,
)  # fmt: skip
_SAFETY, _LEAST, _MOST = 0.9, 0.2, 5.0
MOST_TRIES = 1000
"""Steps tried between two frames before an adaptive solver gives up."""


@dataclass(frozen=True)
class _Field:
    """The right-hand side in a chart. place: of points on the path; slope: of the ODE there."""

    denoiser: Denoiser
    chart: Chart
    condition: Conditions | None

    @property
    def path(self) -> Path:
        return self.denoiser.path

    def coordinate(self, t: Tensor) -> float:
        """The chart's time for a time of the path."""
        return float(t) if self.chart == "time" else float(self.path.noise_level(t))

    def time(self, s: float) -> Tensor:
        """The path's time for one of the chart; at least `t_min`, below which no network was trained."""
        value = torch.tensor(s, dtype=torch.float64)
        if self.chart == "level":
            least = self.path.noise_level(value.new_tensor(self.path.t_min))
            return self.path.time_of_noise_level(torch.maximum(value, least))
        return value.clamp(min=self.path.t_min)

    def enter(self, x: Tensor, t: Tensor) -> Tensor:
        """The chart's point for one of the path, shape `(n, *event)`."""
        return x if self.chart == "time" else x / float(self.path.alpha(t))

    def leave(self, y: Tensor, t: Tensor) -> Tensor:
        """The inverse of `enter`."""
        return y if self.chart == "time" else y * float(self.path.alpha(t))

    def __call__(self, y: Tensor, s: float) -> tuple[Tensor, Prediction]:
        """The slope at a point of the chart, and the prediction that it comes from."""
        t = self.time(s)
        prediction = self.denoiser.predict(self.leave(y, t), t, self.condition)
        return (prediction.velocity if self.chart == "time" else prediction.noise), prediction


@dataclass(frozen=True)
class RungeKutta(Solver):
    """An explicit Runge-Kutta method with the steps that it is given.

    Attributes:
        name: one of `TABLEAUS`.
        chart: the coordinates in which it steps.

    Source: Hairer, Nørsett and Wanner (1993), Solving Ordinary Differential Equations I, section II.1.
    """

    name: str
    chart: Chart = "time"

    def step(self, denoiser: Denoiser, state: State) -> State:
        rows, weights = TABLEAUS[self.name]
        field = _Field(denoiser, self.chart, state.condition)
        start, end = field.coordinate(state.t), field.coordinate(state.t_next)
        h = end - start
        y = field.enter(state.x, state.t)
        slope, first = field(y, start)
        slopes, nfe = [slope], first.nfe
        for row in rows:
            slope, prediction = field(y + h * _combine(row, slopes), start + h * sum(row))
            slopes.append(slope)
            nfe += prediction.nfe
        y = y + h * _combine(weights, slopes)
        return state.advance(field.leave(y, state.t_next), first, nfe)


@dataclass(frozen=True)
class Adaptive(Solver):
    """Dormand and Prince's method of order 5(4): steps as long as the tolerance allows.

    All points of a batch share their steps. Frames lie at the given times, between two steps by the method's
    own continuous extension of order 4, which costs no evaluation.

    Attributes:
        tolerance: largest root mean square error per step, relative to `1 + |y|`.
        chart: the coordinates in which it steps.

    Raises:
        ValueError: on a step, where the tolerance cannot be kept.

    Source: Dormand and Prince (1980), A family of embedded Runge-Kutta formulae.
    """

    coupled = True

    tolerance: float = 1e-4
    chart: Chart = "time"

    def step(self, denoiser: Denoiser, state: State) -> State:
        field = _Field(denoiser, self.chart, state.condition)
        end = field.coordinate(state.t_next)
        nfe = 0
        if state.history:
            y, slope, before, slope_before, bulge, numbers = state.history
            s, s_before, h = numbers.tolist()
        else:
            s = s_before = field.coordinate(state.t)
            y = before = field.enter(state.x, state.t)
            slope, prediction = field(y, s)
            slope_before, bulge, nfe = slope, torch.zeros_like(y), prediction.nfe
            h = (end - s) / 4
        final = field.coordinate(state.times[-1])
        for _ in range(MOST_TRIES):
            if s <= end:
                break
            h = max(h, final - s)
            slopes = [slope]
            for row in _ROWS:
                there, prediction = field(y + h * _combine(row, slopes), s + h * sum(row))
                slopes.append(there)
                nfe += prediction.nfe
            trial = y + h * _combine(_ROWS[-1], slopes)
            gap = h * _combine(_GAPS, slopes)
            error = float((gap / (1 + trial.abs())).square().mean().sqrt()) / self.tolerance
            if not math.isfinite(error):
                raise ValueError("the adaptive solver met a field that is not finite")
            factor = _SAFETY * max(error, 1e-10) ** -0.2
            if error <= 1:
                before, slope_before, s_before, bulge = y, slope, s, h * _combine(_BULGE, slopes)
                y, slope, s = trial, slopes[-1], (s + h if h > final - s else final)
            h *= min(_MOST, max(_LEAST, factor))
        else:
            raise ValueError("the adaptive solver cannot keep its tolerance here: raise it")
        shown, tangent = _between(s_before, before, slope_before, s, y, slope, bulge, end)
        x = field.leave(shown, state.t_next)
        t = field.time(end)
        kind: Literal["velocity", "noise"] = "velocity" if self.chart == "time" else "noise"
        prediction = Prediction(denoiser.path, t, field.leave(shown, t), kind, tangent)
        numbers = torch.tensor([s, s_before, h], dtype=torch.float64)
        return state.advance(x, prediction, nfe, (y, slope, before, slope_before, bulge, numbers))


def _combine(weights: Sequence[float], slopes: Sequence[Tensor]) -> Tensor:
    total = weights[0] * slopes[0]
    for weight, slope in zip(weights[1:], slopes[1:], strict=False):
        if weight:
            total = torch.add(total, slope, alpha=weight)
    return total


def _between(
    s0: float, y0: Tensor, slope0: Tensor, s1: float, y1: Tensor, slope1: Tensor, bulge: Tensor, s: float
) -> tuple[Tensor, Tensor]:
    """The quartic through two points with their slopes, at s, and its own slope there.

    bulge: of what Dormand and Prince's extension adds to the cubic, sixteen times its value halfway.
    """
    if s == s1 or s0 == s1:
        return y1, slope1
    h = s1 - s0
    u = (s - s0) / h
    value = (
        (1 + 2 * u) * (1 - u) ** 2 * y0
        + u**2 * (3 - 2 * u) * y1
        + h * (u * (1 - u) ** 2 * slope0 + u**2 * (u - 1) * slope1)
        + (u * (1 - u)) ** 2 * bulge
    )
    tangent = 6 * u * (u - 1) / h * (y0 - y1) + (1 - u) * (1 - 3 * u) * slope0 + u * (3 * u - 2) * slope1
    return value, tangent + 2 * u * (1 - u) * (1 - 2 * u) / h * bulge

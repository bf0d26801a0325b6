"""What a single step of a solver costs in accuracy, and how that falls with the step's length."""

from __future__ import annotations

import math
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from genlab.core.random import generator
from genlab.core.requests import ProbeRequest
from genlab.core.time.model import TO, TS, TimeModel
from genlab.data.payloads import Array, Curves
from genlab.probes.equivalence import Slices, condition_of, few, float64_denoiser
from genlab.sampling.condition import Conditions
from genlab.sampling.denoiser import Denoiser, NetworkDenoiser
from genlab.sampling.parts import begin, step
from genlab.sampling.path import Path
from genlab.sampling.solvers.runge_kutta import Chart, RungeKutta
from genlab.settings.time_panels import SOLVER_ORDERS

FINE = 4
"""Steps of the reference, Runge-Kutta 4, for each half step of the sampler."""
MOST_STEPS = 50
"""Of the sampler that are measured; of more, evenly chosen ones."""
LEAST_STEPS, LEAST_POINTS = 4, 16
ROUNDING = 100 * float(np.finfo(np.float64).eps)
"""Errors below this, relative to the points, are rounding."""

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class LocalErrors:
    """Local truncation errors of the steps between falling times, steps in the order of sampling.

    Root mean squares over points and coordinates, in the chart's units, NaN at the level of rounding.

    Attributes:
        whole: of steps of full length h, solver to `(steps,)`.
        half: of steps of length h / 2 from the same points.
    """

    whole: dict[str, Floats]
    half: dict[str, Floats]

    def order(self, name: str) -> Floats:
        """`log2(whole / half) - 1` of each step: a method of order p errs by `h^(p + 1)` in one step."""
        order: Floats = np.log2(self.whole[name] / self.half[name]) - 1
        return order


def truncation(model: TimeModel[TO, TS], request: ProbeRequest[TS]) -> Iterator[Curves | None]:
    """Local truncation error, or measured order, of Runge-Kutta methods at each step of the sampler.

    Steps begin on a reference trajectory of the probability-flow ODE of the network alone, without guidance,
    in float64, and are compared with where that trajectory goes. Coordinates are `x / alpha` over the noise
    level, or `x` over time where the path begins in pure noise.

    Raises:
        ValueError: where the sampler stays at one noise level.

    Source: Hairer, Nørsett and Wanner (1993), Solving Ordinary Differential Equations I, section II.3.
    """
    sampler = request.sampler
    path = model.path
    grid = inner_times(model.times(sampler), path)
    if len(grid) < 2:
        raise ValueError("this sampler stays at one noise level: choose one that walks from noise to data")
    denoiser, device = float64_denoiser(model)
    n = request.fewer(few(model), LEAST_POINTS if not model.images else 1)
    rng = generator(sampler.seed, "preview", model.device)
    condition = condition_of(model, request, n, rng, device)
    x = model.begin(grid, (n, *model.event), rng).to(device, torch.float64)
    chart = chart_of(path)
    grid = grid[torch.linspace(0, len(grid) - 1, min(len(grid), MOST_STEPS + 1)).round().long()]
    steps = len(grid) - 1
    measured = torch.linspace(0, steps - 1, request.fewer(steps, LEAST_STEPS)).round().long()
    errors = yield from local_errors(denoiser, x, grid, chart, condition, measured.tolist())
    order = request.values.get("show", "error") == "order"
    yield _curves(errors, grid[measured], path, chart, order)


def inner_times(times: Tensor, path: Path) -> Tensor:
    """Falling times without what lies below the least noise that a network is asked about."""
    rising: Tensor = torch.unique(times.clamp(min=path.t_min))
    return rising.flip(0)


def chart_of(path: Path) -> Chart:
    """The noise level, or time where the path begins in pure noise, whose level is infinite."""
    most = float(path.noise_level(torch.tensor(path.t_max, dtype=torch.float64)))
    return "level" if math.isfinite(most) else "time"


def local_errors(
    denoiser: Denoiser,
    x: Tensor,
    times: Tensor,
    chart: Chart,
    condition: Conditions | None = None,
    measured: Sequence[int] | None = None,
) -> Generator[None, None, LocalErrors]:
    """Errors of one step of each solver from points of a reference trajectory, in slices.

    Args:
        x: where the trajectory begins at `times[0]`, in the path's coordinates, shape `(n, *event)`, float64.
        times: falling times, at least two, none below `path.t_min`, float64 on the CPU.
        chart: the coordinates in which the solvers step and errors are measured.
        measured: the steps whose errors are taken, by default all; over others the reference goes in one.
    """
    path = denoiser.path
    names = list(SOLVER_ORDERS)
    whole: dict[str, list[float]] = {name: [] for name in names}
    half: dict[str, list[float]] = {name: [] for name in names}
    places = path.noise_level(times) if chart == "level" else times

    def point(x: Tensor, t: Tensor) -> Tensor:
        return x / float(path.alpha(t)) if chart == "level" else x

    slices = Slices()
    for i in range(len(times) - 1):
        s = torch.linspace(float(places[i]), float(places[i + 1]), 2 * FINE + 1, dtype=torch.float64)
        fine = path.time_of_noise_level(s) if chart == "level" else s
        fine[0], fine[-1] = times[i], times[i + 1]
        if measured is not None and i not in measured:
            x = yield from _step(denoiser, "RK4", chart, x, times[i : i + 2], condition)
            if slices.full():
                yield
            continue
        reference = [x]
        for k in range(2 * FINE):
            there = yield from _step(denoiser, "RK4", chart, reference[-1], fine[k : k + 2], condition)
            reference.append(there)
            if slices.full():
                yield
        for index, found in ((2 * FINE, whole), (FINE, half)):
            exact = point(reference[index], fine[index])
            least = ROUNDING * _rms(point(x, fine[0]))
            for name in names:
                ends = fine[[0, index]]
                there = yield from _step(denoiser, name, chart, x, ends, condition)
                error = _rms(point(there, fine[index]) - exact)
                found[name].append(math.nan if error < least else error)
                if slices.full():
                    yield
        x = reference[-1]
    return LocalErrors(
        {name: np.array(values) for name, values in whole.items()},
        {name: np.array(values) for name, values in half.items()},
    )


def _step(
    denoiser: Denoiser, name: str, chart: Chart, x: Tensor, ends: Tensor, condition: Conditions | None
) -> Generator[None, None, Tensor]:
    solver = RungeKutta(name.lower(), chart)
    owner = denoiser.net if isinstance(denoiser, NetworkDenoiser) else denoiser
    states = yield from begin(owner, denoiser, solver, x, ends, condition)
    return torch.cat([state.x for state in (yield from step(denoiser, solver, states))])


def _rms(y: Tensor) -> float:
    return float(y.square().mean().sqrt())


def _curves(errors: LocalErrors, starts: Tensor, path: Path, chart: Chart, order: bool) -> Curves:
    """Curves over where each step begins, noise level or time rising."""
    if chart == "level":
        x = path.noise_level(starts).log10().flip(0).numpy()
        label, backwards = "log₁₀ of the noise level σ/α", True
    else:
        x = (path.t_max - starts).numpy()
        label, backwards = "t, 0 noise to 1 data", False

    def shown(values: Floats) -> Array:
        return (values[::-1] if backwards else values).astype(np.float32)

    if order:
        curves = {name: shown(errors.order(name)) for name in errors.whole}
        marks = {f"order {k}": float(k) for k in sorted(set(SOLVER_ORDERS.values()))}
        return Curves(x.astype(np.float32), curves, label, "measured order of a step", marks)
    curves = {name: shown(np.log10(values)) for name, values in errors.whole.items()}
    return Curves(x.astype(np.float32), curves, label, "log₁₀ of the error of a step")

"""What each solver makes of a number of evaluations of the velocity."""

from __future__ import annotations

import math
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from genlab.core.random import generator
from genlab.core.requests import ProbeRequest
from genlab.core.time.process import TimeProcess
from genlab.data.payloads import Array, Curves
from genlab.paradigms.flow_matching.model import FlowMatching
from genlab.paradigms.flow_matching.settings import FlowMatchingSampler
from genlab.paradigms.flow_matching.straightness import followed, transport_cost
from genlab.paradigms.flow_matching.students import Consistency
from genlab.sampling.condition import Conditions
from genlab.sampling.denoiser import Denoiser
from genlab.sampling.pieces import last
from genlab.sampling.solvers import Solver
from genlab.sampling.solvers.runge_kutta import TABLEAUS, RungeKutta
from genlab.settings.time_panels import SOLVER_ORDERS

BUDGETS = (1, 2, 4, 8, 16, 32, 64)
SAMPLES, LEAST_SAMPLES = 1000, 100
"""Of which a distance to the data is taken."""
OTHERS = 4
"""Real samples that are compared with the same data: the floor is their mean distance."""
LEAST_BUDGET = 8
"""The largest one where there is little detail."""
POINTS, EXACT_STEPS = 256, 256
"""Points whose error is measured, and Runge-Kutta steps that take them where they should go."""
LEAST_POINTS, LEAST_EXACT_STEPS = 32, 32
LEAST = 1e-6
"""Error in standard deviations of the data below which single precision tells nothing."""

Judge = Callable[[Tensor], Generator[None, None, float]]
"""Ends of trajectories (n, *event), standardised, to the height of a curve."""


def evaluations(model: FlowMatching, request: ProbeRequest[FlowMatchingSampler]) -> Iterator[Curves | None]:
    """Curves over the number of evaluations, one for each solver; of a student, its passes.

    'w2': exact 2-Wasserstein distance of 1,000 samples to fresh data, or to held-out ones where the truth is
    not known, data units, with its floor. 'error': decimal logarithm of the root mean square distance to
    where the same flow takes the same source points in 256 Runge-Kutta steps, data units. With less detail
    all of these numbers are smaller, and the largest budgets are left out.

    Raises:
        ValueError: for the error of consistency training, which has no flow; without held-out data where the
            truth is not known.
    """
    seed = request.sampler.seed
    flow = replace(request, sampler=followed(model, request.sampler))
    runners = _runners(model, request, flow, exact=request.values["measure"] == "error")
    x_label = "network evaluations" + (", each of two passes: guided" if model.guided(flow) else "")
    marks: dict[str, float] = {}
    if request.values["measure"] == "error":
        source, condition = _begin(model, request, request.fewer(POINTS, LEAST_POINTS))
        steps = request.fewer(EXACT_STEPS, LEAST_EXACT_STEPS)
        judge = yield from _against_exact(model, runners[0], source, condition, steps)
        y_label = "log₁₀ root mean square error, data units"
    else:
        real = _real(model, request)
        source, condition = _begin(model, request, len(real[0]))
        judge, biased = _against_data(model, real[0]), model.biased(flow)
        floors = []
        for other in real[1:]:
            floors.append((yield from _distance(other, real[0])))
        marks = {"floor": float(np.mean(floors))}
        y_label = f"W2 to the data, {biased}" if biased else "W2 to the data"
    most = request.fewer(BUDGETS[-1], LEAST_BUDGET)
    budgets = [budget for budget in BUDGETS if budget <= most]
    heights = {each.name: np.full(len(budgets), np.nan, np.float32) for each in runners}
    for i, budget in enumerate(budgets):
        for each in runners:
            if each.stages <= budget <= each.most:
                ends = yield from _ends(each, source, budget // each.stages, condition, seed)
                heights[each.name][i] = yield from judge(ends)
        yield Curves(
            np.log2(budgets).astype(np.float32),
            {name: values.copy() for name, values in heights.items()},
            x_label,
            y_label,
            marks,
            captions=tuple(str(budget) for budget in budgets),
        )


@dataclass(frozen=True)
class _Runner:
    """name: of the curve. denoiser: of the process, guided or not. stages: evaluations in a step. most:
    evaluations that it can make use of."""

    name: str
    process: TimeProcess
    denoiser: Denoiser
    solver: Solver
    stages: int = 1
    most: int = BUDGETS[-1]


def _runners(
    model: FlowMatching,
    request: ProbeRequest[FlowMatchingSampler],
    flow: ProbeRequest[FlowMatchingSampler],
    exact: bool,
) -> list[_Runner]:
    """The solvers of the flow, and a student that was taught. exact: what has an exact path to be on.

    Raises ValueError where that is nobody."""
    found = []
    if model.objective.method != "consistency-training":
        process, field = model.process_of(flow.sampler), model.denoiser(flow)
        for name in SOLVER_ORDERS:
            stages = len(TABLEAUS[name.lower()][1])
            found.append(_Runner(name, process, field, RungeKutta(name.lower()), stages))
    elif exact:
        raise ValueError(
            "a consistency model follows no flow whose exact path could be known: "
            "choose the distance to the data"
        )
    student = request.sampler.model_copy(update={"use": "student"})
    if model.student_acts(student):
        most = BUDGETS[-1] if model.refines() and not exact else 1
        process, one_pass = model.process_of(student), model.plain_denoiser(student)
        found.append(_Runner("Student", process, one_pass, Consistency(), most=most))
    return found


def _begin(
    model: FlowMatching, request: ProbeRequest[FlowMatchingSampler], n: int
) -> tuple[Tensor, Conditions]:
    rng = generator(request.sampler.seed, "sampling", model.device)
    labels = model.labels(n, request, rng)
    return model.source.draw(model, n, rng), Conditions(labels)


def _ends(
    runner: _Runner, x: Tensor, steps: int, condition: Conditions, seed: int
) -> Generator[None, None, Tensor]:
    """Where source points end after so many steps, standardised, a step at a time."""
    rng = generator(seed, "evaluation", x.device)
    grid = torch.linspace(1, 0, steps + 1, dtype=torch.float64)
    walk = runner.process.frames(runner.denoiser, runner.solver, grid, x, condition, rng)
    return (yield from last(walk)).x


def _against_exact(
    model: FlowMatching, runner: _Runner, source: Tensor, condition: Conditions, steps: int
) -> Generator[None, None, Judge]:
    """runner: of the flow that is followed exactly."""
    fine = replace(runner, solver=RungeKutta("rk4"))
    exact = yield from _ends(fine, source, steps, condition, 0)
    unit = float(model.std.flatten()[0])

    def judge(ends: Tensor) -> Generator[None, None, float]:
        yield from ()
        error = math.sqrt(float((ends - exact).square().flatten(1).sum(1).mean()))
        return math.log10(unit * max(error, LEAST))

    return judge


def _against_data(model: FlowMatching, real: Array) -> Judge:
    def judge(ends: Tensor) -> Generator[None, None, float]:
        return (yield from _distance(model.unstandardise(ends).cpu().numpy(), real))

    return judge


def _distance(x: Array, y: Array) -> Generator[None, None, float]:
    """Exact 2-Wasserstein distance."""
    return math.sqrt((yield from transport_cost(x, y)))


def _real(model: FlowMatching, request: ProbeRequest[FlowMatchingSampler]) -> list[Array]:
    """Independent samples of the data: fresh ones, or halves of held-out data. Of one class where the
    condition names it."""
    label, n = request.condition.label, request.fewer(SAMPLES, LEAST_SAMPLES)
    chosen = model.classes.index(label) if label in model.data.labels else None
    if model.truth is not None:
        seeds = [np.random.default_rng([request.sampler.seed, k]) for k in range(1 + OTHERS)]
        return [model.truth.draw(n, rng, chosen).x for rng in seeds]
    if request.examples is None:
        raise ValueError("there are no held-out examples to compare with")
    x, labels = request.examples.x, request.examples.labels
    if chosen is not None and labels is not None:
        x = x[labels == chosen]
    if len(x) < 2:
        raise ValueError("there are no held-out examples of this class")
    half = min(len(x) // 2, n)
    return [x[:half].cpu().numpy(), x[half : 2 * half].cpu().numpy()]

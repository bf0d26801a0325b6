"""Students of a flow: pairs that it draws, regression on them, and consistency along its paths."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from genlab.core.model import Batch, Context
from genlab.core.time.denoising import stratified
from genlab.sampling.condition import Condition
from genlab.sampling.denoiser import Denoiser, NetworkDenoiser
from genlab.sampling.solvers import RungeKutta, Solver, State

if TYPE_CHECKING:
    from genlab.paradigms.flow_matching.model import FlowMatching

TEACHER_STEPS = 12
"""Runge-Kutta steps by which a teacher draws a pair."""
CHUNK = {True: 64, False: 2048}
"""Points in a slice: of images, of points."""
DISTILLED = 8
"""Intervals into which distillation divides time: its teacher's steps are exact enough, and the errors of a
student that learns from itself add up over the intervals."""
COARSEST, FINEST = 3, 5
"""Binary logarithms of the number of intervals of consistency training, at first and at last: coarse ones
blur, over fine ones errors add up."""
TRAINING_RATE = 0.3
"""Learning rate of consistency training, whose targets move, relative to that of a velocity."""
HUBER = 0.03
"""Of the pseudo-Huber distance, times the square root of the dimension (Song and Dhariwal 2024, eq. 9)."""


def frozen(net: nn.Module) -> nn.Module:
    """The network with buffers in place of its parameters: kept with a run, moved by nobody."""
    for module in net.modules():
        for name, parameter in list(module.named_parameters(recurse=False)):
            delattr(module, name)
            module.register_buffer(name, parameter.detach().clone())
    return net


def draw_pairs(model: FlowMatching, teacher: FlowMatching, rng: torch.Generator) -> Iterator[None]:
    """Fill the model's pairs: source points, where the teacher's flow takes each, labels (-1 for none)."""
    n = len(model.pairs_source)
    denoiser = NetworkDenoiser(teacher.net, teacher.path, teacher.target)
    solver = RungeKutta("rk4", "time")
    grid = torch.linspace(1, 0, TEACHER_STEPS + 1, dtype=torch.float64)
    chunk = CHUNK[len(model.event) > 1]
    for first in range(0, n, chunk):
        rows = slice(first, min(first + chunk, n))
        count = rows.stop - rows.start
        labels = None
        if model.knows_labels:
            labels = model.drop_labels(model.labels_for(count, "any", rng), rng)
            assert labels is not None
            model.pairs_label[rows] = labels
        source = model.source.draw(model, count, rng)
        state = solver.init(source, grid, Condition(labels))
        while not state.done:
            state = solver.step(denoiser, state)
            yield
        model.pairs_source[rows], model.pairs_end[rows] = source, state.x


def pairs(model: FlowMatching, n: int, rng: torch.Generator) -> tuple[Tensor, Tensor, Tensor | None]:
    """n random pairs that a teacher drew: end points, source points, labels."""
    rows = torch.randint(len(model.pairs_end), (n,), generator=rng, device=rng.device)
    labels = model.pairs_label[rows] if model.knows_labels else None
    return model.pairs_end[rows], model.pairs_source[rows], labels


def loss(model: FlowMatching, batch: Batch, context: Context) -> Mapping[str, Tensor]:
    """Of a student by regression: the squared distance between its end point and its teacher's. By
    consistency: the distance between what it says at one time and what it said at an earlier one, on the
    teacher's path, or on the straight line between source and datum where there is no teacher."""
    if model.objective.method == "student":
        end, source, labels = pairs(model, len(batch.x), context.noise)
        student = NetworkDenoiser(model.student, model.path, model.target)
        t = torch.ones((), dtype=torch.float64)
        said = student.predict(source, t, Condition(labels)).x0
        return {"total": (said - end).square().flatten(1).mean(1).mean()}
    return _consistency(model, batch, context)


def _consistency(model: FlowMatching, batch: Batch, context: Context) -> Mapping[str, Tensor]:
    """Sources: Song et al. (2023), Consistency Models, eq. 7 and 9; Song and Dhariwal (2024), Improved
    Techniques for Training Consistency Models, for the distance and the finer and finer steps."""
    x0, source, labels = model.ends(batch, context.noise)
    n, path, condition = len(x0), model.path, Condition(labels)
    distilled = model.objective.method == "consistency-distillation"
    finer = 2 ** min(FINEST, COARSEST + int(context.progress * (FINEST - COARSEST + 1)))
    intervals = DISTILLED if distilled else finer
    t = (torch.ceil(stratified(n, context.noise) * intervals) / intervals).clamp(1 / intervals, 1.0)
    earlier = t - 1 / intervals
    x = path.diffuse(x0, source, t)
    student = NetworkDenoiser(model.student if distilled else model.net, path, model.target)
    said = student.predict(x, t, condition).x0
    with torch.no_grad():
        if distilled:
            teacher = NetworkDenoiser(model.teacher, path, model.target)
            x = _heun(teacher, x, t, earlier, condition)
        else:
            x = path.diffuse(x0, source, earlier)
        target = student.predict(x, earlier, condition).x0
    squares = (said - target).square().flatten(1)
    edge = HUBER * math.sqrt(squares.shape[1])
    distance = (squares.sum(1) + edge**2).sqrt() - edge
    return {"total": distance.mean() * intervals, "gap": squares.detach().mean().sqrt()}


def _heun(teacher: Denoiser, x: Tensor, t: Tensor, earlier: Tensor, condition: Condition) -> Tensor:
    """A Heun step of the teacher's flow from times t to earlier ones, each `(n,)`."""
    h = (earlier - t).reshape(-1, *(1,) * (x.ndim - 1))
    first = teacher.predict(x, t, condition).velocity
    second = teacher.predict(x + h * first, earlier, condition).velocity
    return x + 0.5 * h * (first + second)


@dataclass(frozen=True)
class Consistency(Solver):
    """The whole way in one pass; each further step mixes in fresh noise for its time and goes again.

    Source: Song et al. (2023), Consistency Models, algorithm 1.
    """

    def step(self, denoiser: Denoiser, state: State) -> State:
        prediction = denoiser.predict(state.x, state.t, state.condition)
        x = prediction.x0
        if float(state.t_next) > 0:
            x = denoiser.path.diffuse(x, state.noise(), state.t_next)
        return state.advance(x, prediction, prediction.nfe)

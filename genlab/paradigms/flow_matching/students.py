"""Students of a flow: pairs that it draws, regression on them, and consistency along its paths."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from genlab.core.time.denoising import stratified
from genlab.core.time.process import TimeProcess
from genlab.core.training import Context
from genlab.sampling.condition import Conditions
from genlab.sampling.denoiser import Denoiser
from genlab.sampling.pieces import last
from genlab.sampling.solvers import Solver, State
from genlab.sampling.solvers.runge_kutta import RungeKutta

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


@dataclass(frozen=True)
class Ends:
    """Both ends of n paths.

    data, source: (n, *event), standardised. labels: (n,) as a network trains with them, -1 for none, or None
    where it learns none.
    """

    data: Tensor
    source: Tensor
    labels: Tensor | None

    def drawn(self, n: int, rng: torch.Generator) -> Ends:
        """n of them at random."""
        rows = torch.randint(len(self.data), (n,), generator=rng, device=rng.device)
        labels = None if self.labels is None else self.labels[rows]
        return Ends(self.data[rows], self.source[rows], labels)


Begin = Callable[[int], tuple[Tensor, Tensor | None]]
"""A number of paths to the source points that they begin from, and their labels."""


def frozen(net: nn.Module) -> nn.Module:
    """The network with buffers in place of its parameters: kept with a run, moved by nobody."""
    for module in net.modules():
        for name, parameter in list(module.named_parameters(recurse=False)):
            delattr(module, name)
            module.register_buffer(name, parameter.detach().clone())
    return net


def draw_pairs(teacher: TimeProcess, kept: Ends, begin: Begin, rng: torch.Generator) -> Iterator[None]:
    """Fill `kept` in slices: source points, where the teacher's flow takes each, labels (-1 for none)."""
    n, chunk = len(kept.data), CHUNK[len(teacher.event) > 1]
    solver = RungeKutta("rk4", "time")
    grid = torch.linspace(1, 0, TEACHER_STEPS + 1, dtype=torch.float64)
    for first in range(0, n, chunk):
        rows = slice(first, min(first + chunk, n))
        source, labels = begin(rows.stop - rows.start)
        walk = teacher.frames(teacher.denoiser, solver, grid, source, Conditions(labels), rng, cut=False)
        end = yield from last(walk)
        kept.source[rows], kept.data[rows] = source, end.x
        if kept.labels is not None and labels is not None:
            kept.labels[rows] = labels


def regression(student: TimeProcess, pairs: Ends) -> Mapping[str, Tensor]:
    """The squared distance between the student's end point and its teacher's, mean over dimensions."""
    t = torch.ones((), dtype=torch.float64)
    said = student.denoiser.predict(pairs.source, t, Conditions(pairs.labels)).x0
    return {"total": (said - pairs.data).square().flatten(1).mean(1).mean()}


def consistency(
    student: TimeProcess, teacher: TimeProcess | None, ends: Ends, context: Context
) -> Mapping[str, Tensor]:
    """The distance between what a student says at one time and what it said at an earlier one, on its
    teacher's path, or on the straight line between source and datum where it has none.

    Sources: Song et al. (2023), Consistency Models, eq. 7 and 9; Song and Dhariwal (2024), Improved
    Techniques for Training Consistency Models, for the distance and the finer and finer steps."""
    n, path, condition = len(ends.data), student.path, Conditions(ends.labels)
    finer = 2 ** min(FINEST, COARSEST + int(context.progress * (FINEST - COARSEST + 1)))
    intervals = finer if teacher is None else DISTILLED
    t = (torch.ceil(stratified(n, context.noise) * intervals) / intervals).clamp(1 / intervals, 1.0)
    earlier = t - 1 / intervals
    x = path.diffuse(ends.data, ends.source, t)
    said = student.denoiser.predict(x, t, condition).x0
    with torch.no_grad():
        if teacher is None:
            x = path.diffuse(ends.data, ends.source, earlier)
        else:
            x = _heun(teacher.denoiser, x, t, earlier, condition)
        target = student.denoiser.predict(x, earlier, condition).x0
    squares = (said - target).square().flatten(1)
    edge = HUBER * math.sqrt(squares.shape[1])
    distance = (squares.sum(1) + edge**2).sqrt() - edge
    return {"total": distance.mean() * intervals, "gap": squares.detach().mean().sqrt()}


def _heun(teacher: Denoiser, x: Tensor, t: Tensor, earlier: Tensor, condition: Conditions) -> Tensor:
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

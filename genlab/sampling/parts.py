"""Steps of a solver that take long, in parts of the batch that fit a slice each, with noise of the whole."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

import torch
from torch import Tensor

from genlab.sampling.condition import Conditions
from genlab.sampling.denoiser import Denoiser
from genlab.sampling.slices import Work, rows_a_slice
from genlab.sampling.solvers import Solver, State
from genlab.sampling.solvers.runge_kutta import Adaptive
from genlab.sampling.solvers.stochastic import PredictorCorrector

CACHED = 2048
"""Points in one pass of the network, at most: their activations stay in the processor's cache."""
COUPLED = (Adaptive, PredictorCorrector)
"""Solvers whose steps depend on all points of a batch at once."""


class Draws:
    """Noise of a whole batch, drawn as the whole would draw it in a step, and dealt to its parts."""

    def __init__(self, whole: State) -> None:
        self._whole = whole
        self._drawn: list[Tensor] = []
        self._next = 0

    def begin(self, first: bool) -> None:
        """A part begins its step. first: it is the first of the batch."""
        self._next = 0
        if first:
            self._drawn.clear()

    def take(self, draw: Callable[[State], Tensor]) -> Tensor:
        """The next draw of the whole."""
        if self._next == len(self._drawn):
            self._drawn.append(draw(self._whole))
        self._next += 1
        return self._drawn[self._next - 1]


@dataclass(frozen=True)
class Part(State):
    """A trajectory of some rows of a batch."""

    rows: slice = field(default_factory=lambda: slice(None))
    draws: Draws | None = None

    def noise(self) -> Tensor:
        return super().noise() if self.draws is None else self.draws.take(State.noise)[self.rows]

    def uniform(self) -> Tensor:
        return super().uniform() if self.draws is None else self.draws.take(State.uniform)[self.rows]


def begin(
    net: object,
    denoiser: Denoiser,
    solver: Solver,
    x: Tensor,
    times: Tensor,
    condition: Conditions | None = None,
    rng: torch.Generator | None = None,
) -> Work[list[State]]:
    """The states at `times[0]` of as many parts of the points x `(n, *event)` as a step needs.

    net: whose passes take the time."""
    states: list[State] = []
    for at in range(0, len(x), CACHED):
        rows = slice(at, at + CACHED)
        given = None if condition is None else condition.take(rows)
        whole = solver.init(x[rows], times, given, rng)
        size = yield from _size(net, denoiser, solver, whole)
        if size >= len(whole.x):
            states.append(whole)
            continue
        draws = Draws(whole)
        for first in range(0, len(whole.x), size):
            part = slice(first, first + size)
            some = replace(whole, x=whole.x[part], condition=None if given is None else given.take(part))
            states.append(Part(**vars(some), rows=part, draws=draws))
    return states


def step(denoiser: Denoiser, solver: Solver, states: list[State]) -> Work[list[State]]:
    """The states at the next time, a part in each slice."""
    following: list[State] = []
    for state in states:
        if following:
            yield
        if isinstance(state, Part) and state.draws is not None:
            state.draws.begin(state.rows.start == 0)
        with torch.no_grad():
            following.append(solver.step(denoiser, state))
    return following


def _size(net: object, denoiser: Denoiser, solver: Solver, whole: State) -> Work[int]:
    """How many of the points take their step in one slice."""
    if whole.done or isinstance(solver, COUPLED):
        return len(whole.x)
    rng = torch.Generator(whole.x.device).manual_seed(0)

    def work(count: int) -> None:
        condition = None if whole.condition is None else whole.condition.take(slice(0, count))
        some = solver.init(whole.x[:count], whole.times, condition, rng)
        with torch.no_grad():
            solver.step(denoiser, some)

    return (yield from rows_a_slice(net, (repr(solver), type(denoiser).__name__), len(whole.x), work))

"""Steps of a solver that take long, in parts of the batch that fit a slice each, with noise of the whole."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from genlab.sampling.condition import Conditions
from genlab.sampling.denoiser import Denoiser, Prediction
from genlab.sampling.pieces import in_pieces
from genlab.sampling.slices import T, Work, rows_a_slice
from genlab.sampling.solvers import Solver, State
from genlab.sampling.solvers.base import Draw

CACHED = 2048
"""Points in one pass of the network, at most: their activations stay in the processor's cache."""


@dataclass(frozen=True)
class Part(State):
    """A trajectory of `x`, rows from `first` on of a batch of `size`: what it draws is the batch's."""

    first: int = 0
    size: int = 0

    @property
    def rows(self) -> slice:
        """Where in the batch it stands."""
        return slice(self.first, self.first + len(self.x))

    def _draw(self, kind: Draw, shape: tuple[int, ...]) -> Tensor:
        return super()._draw(kind, (self.size, *shape[1:]))[self.rows]


def begin(
    net: object,
    denoiser: Denoiser,
    solver: Solver,
    x: Tensor,
    times: Tensor,
    condition: Conditions | None = None,
    rng: torch.Generator | None = None,
    *,
    cut: bool = True,
) -> Work[list[State]]:
    """The states at `times[0]` of as many parts of the points x `(n, *event)` as a step needs.

    net: whose passes take the time. cut: by what they take."""
    states: list[State] = []
    for at in range(0, len(x), CACHED):
        rows = slice(at, at + CACHED)
        given = None if condition is None else condition.take(rows)
        whole = solver.init(x[rows], times, given, rng)
        n = len(whole.x)
        together = solver.coupled or whole.done or not cut
        size = n if together else (yield from _size(net, denoiser, solver, whole))
        for first in range(0, n, size) if size < n else ():
            some = slice(first, first + size)
            taken = None if given is None else given.take(some)
            state = replace(whole, x=whole.x[some], condition=taken)
            states.append(Part(**vars(state), first=first, size=n))
        states += [whole] if size >= n else []
    return states


def step(denoiser: Denoiser, solver: Solver, states: list[State]) -> Work[list[State]]:
    """The states at the next time, a part in each slice."""
    following: list[State] = []
    before: Tensor | None = None
    for state in states:
        if following:
            yield
        if isinstance(state, Part) and state.generator is not None:
            if state.first and before is not None:
                state.generator.set_state(before)  # every part draws the same numbers
            before = state.generator.get_state()
        with torch.no_grad():
            following.append(solver.step(denoiser, state))
    return following


def predictions(
    net: object,
    denoiser: Denoiser,
    x: Tensor,
    t: Tensor,
    condition: Conditions,
    pick: Callable[[Prediction], T],
) -> Work[list[T]]:
    """What is picked of predictions at points x `(n, *event)` and one time, a range of them in each slice.

    net: whose passes take the time."""

    def predicted(rows: slice) -> T:
        with torch.no_grad():
            return pick(denoiser.predict(x[rows], t, condition.take(rows)))

    return (yield from in_pieces(net, (type(denoiser).__name__, "prediction"), len(x), predicted))


def _size(net: object, denoiser: Denoiser, solver: Solver, whole: State) -> Work[int]:
    """How many of the points take their step in one slice."""
    rng = torch.Generator(whole.x.device).manual_seed(0)

    def work(count: int) -> None:
        condition = None if whole.condition is None else whole.condition.take(slice(0, count))
        some = solver.init(whole.x[:count], whole.times, condition, rng)
        with torch.no_grad():
            solver.step(denoiser, some)

    kind = repr(solver), type(denoiser).__name__, whole.x.shape[1:]
    return (yield from rows_a_slice(net, kind, len(whole.x), work))

"""Work in slices: when one has lasted long enough, and how many rows of a batch fit into one, by the clock.

Whatever takes time is a generator that yields None after at most about 20 ms of work and returns its result,
so that a cooperative scheduler can run it between other things.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Generator, Hashable
from dataclasses import dataclass
from time import get_clock_info, perf_counter, thread_time
from typing import Any, TypeVar
from weakref import WeakKeyDictionary

T = TypeVar("T")

Work = Generator[None, None, T]
"""A computation in slices; its result is the value of StopIteration."""

SLICE = 0.02
"""Longest slice, seconds."""
WHOLE, PIECE = 0.8 * SLICE, 0.7 * SLICE
"""What takes at most WHOLE is not divided; pieces of what is take at most PIECE."""
TELLING = 0.002
"""Seconds that a measurement must last to tell anything."""
_clock = thread_time if get_clock_info("thread_time").resolution < 1e-4 else perf_counter
"""Where it can, without the time of other programs: what is whole on a quiet machine is on a busy one."""


class Pace:
    """Keeps slices short: `yield from pace.rest()` yields when the slice has lasted long enough."""

    def __init__(self, seconds: float = SLICE / 2) -> None:
        self.seconds = seconds
        self.start = perf_counter()

    def rest(self) -> Work[None]:
        """Yield if it is time to; the next slice begins when control comes back."""
        if perf_counter() - self.start >= self.seconds:
            yield
            self.start = perf_counter()


@dataclass(frozen=True)
class Cost:
    """Seconds that work takes: for itself, and for each row more. row 0: up to `seen` rows fit one slice, and
    more is not known."""

    fixed: float
    row: float
    seen: int = 0

    def fitting(self, rows: int) -> int:
        """So many of the rows as one piece takes: all where there is time, else even parts."""
        if self.fixed + rows * self.row <= WHOLE:
            return max(1, rows)
        # No more is spent on dividing than on the rows.
        fit = max(PIECE - self.fixed, self.fixed) / self.row
        return math.ceil(rows / math.ceil(rows / max(1.0, fit)))


_costs: WeakKeyDictionary[Any, dict[Hashable, Cost]] = WeakKeyDictionary()


def rows_a_slice(owner: object, kind: Hashable, rows: int, work: Callable[[int], object]) -> Work[int]:
    """How many of the rows (at least 1) `work` does in one slice.

    work: on the first so many rows; of no consequence. It is tried on few rows when work of this kind is
    first met, and the answer is kept as long as the owner lives: results may depend on it in their last bits.
    """
    known = _costs.setdefault(owner, {})
    if kind not in known or (known[kind].row == 0 and rows > known[kind].seen):
        known[kind] = yield from _measured(rows, work)
    return known[kind].fitting(rows)


def in_pieces(
    owner: object, kind: Hashable, rows: int, work: Callable[[slice], T], most: int | None = None
) -> Work[list[T]]:
    """What `work` gives for ranges of rows, one after another, that fit a slice each; yields between them.

    work: of no consequence but its result, and the same for a row whatever the others are. most: rows of a
    range. No rows make one empty range."""
    size = yield from rows_a_slice(owner, kind, rows, lambda count: work(slice(0, count)))
    size = min(size, most or size)
    found = []
    for first in range(0, max(1, rows), size):
        if first:
            yield
        found.append(work(slice(first, min(first + size, rows))))
    return found


def whole(work: Work[T]) -> T:
    """The result of a computation, at once."""
    while True:
        try:
            next(work)
        except StopIteration as stop:
            result: T = stop.value
            return result


def _measured(rows: int, work: Callable[[int], object]) -> Work[Cost]:
    """By twice as many rows each time, until these and not the work itself take most of the time."""
    count, before, least = max(1, rows // 256), 0.0, math.inf
    while True:
        last = _timed(work, count)
        if last >= TELLING:
            yield
        last = min(last, _timed(work, count))
        least = min(least, last)
        if (before and last >= PIECE) or last >= max(TELLING, 2 * least):
            row = min(last, max(2 * (last - before), 0.3 * last)) / count
            return Cost(last - row * count, row)
        if count == rows:
            return Cost(0.0, 0.0, rows)
        count, before = min(rows, 2 * count), last
        yield


def _timed(work: Callable[[int], object], count: int) -> float:
    start = _clock()
    work(count)
    return _clock() - start

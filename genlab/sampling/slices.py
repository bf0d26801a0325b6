"""Work in slices: when one has lasted long enough, and how many rows of a batch fit into one, by the clock.

Whatever takes time is a generator that yields None after at most about 20 ms of work and returns its result,
so that a cooperative scheduler can run it between other things.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Generator, Hashable
from contextvars import ContextVar
from time import get_clock_info, perf_counter, thread_time
from typing import Any, TypeVar
from weakref import WeakKeyDictionary

import torch
from torch import nn

T = TypeVar("T")

Work = Generator[None, None, T]
"""A computation in slices; its result is the value of StopIteration."""

SLICE = 0.02
"""Longest slice, seconds."""
TRIES = 64
"""The first measurement is on one row of so many."""
_clock = thread_time if get_clock_info("thread_time").resolution < 1e-4 else perf_counter
"""Where it can, without the time of other programs: what is whole on a quiet machine is on a busy one."""


AT_ONCE = ContextVar("at once", default=False)
"""Whether nothing else waits: then the clock cuts nothing, and results are the same to the last bit."""


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


_fits: dict[Hashable, dict[Hashable, tuple[int, bool]]] = {}
"""By owner and kind of work: rows that fit a slice, and whether twice as many would not."""
_alike: WeakKeyDictionary[Any, Hashable] = WeakKeyDictionary()


def _kin(owner: object) -> Hashable:
    """Copies of a network take as long as the network; anything else is like itself alone."""
    if owner not in _alike:
        tensors = owner.state_dict() if isinstance(owner, nn.Module) else {}
        _alike[owner] = type(owner), tuple(each.shape for each in tensors.values()) or object()
    return _alike[owner]


def rows_a_slice(owner: object, kind: Hashable, rows: int, work: Callable[[int], object]) -> Work[int]:
    """How many of the rows (at least 1) `work` does in one slice: all, or even parts.

    work: on the first so many rows; of no consequence. It is tried on twice as many each time, until a slice
    is full, and the answer is kept for all of its kin: results may depend on it in their last bits.
    """
    if AT_ONCE.get():
        return max(rows, 1)
    known = _fits.setdefault(_kin(owner), {})
    kind = kind, torch.get_num_threads()
    fit, full = known.get(kind, (0, False))
    while fit < rows and not full:
        count = min(rows, max(2 * fit, 1 + rows // TRIES))
        took = _timed(work, count)
        if took > SLICE:  # the first pass of a kind takes longer
            yield
            took = _timed(work, count)
        yield
        full = took > SLICE
        fit = fit if full else count
    known[kind] = max(fit, 1), full
    return math.ceil(rows / math.ceil(rows / max(fit, 1))) if rows else 1


def _timed(work: Callable[[int], object], count: int) -> float:
    beside = torch.accelerator.is_available()  # and at work still when `work` is back
    clock = perf_counter if beside else _clock
    if beside:
        torch.accelerator.synchronize()
    start = clock()
    work(count)
    if beside:
        torch.accelerator.synchronize()
    return clock() - start

"""A batch in pieces that fit a slice each."""

from __future__ import annotations

from collections.abc import Callable, Generator, Hashable, Iterator
from typing import Any

from genlab.sampling.slices import AT_ONCE, T, Work, rows_a_slice


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


def last(frames: Iterator[T | None]) -> Work[T]:
    """The last of a walk's frames, one of them or a part of one in each slice."""
    found: T | None = None
    for frame in frames:
        found = found if frame is None else frame
        yield
    assert found is not None
    return found


def whole(work: Generator[Any, None, T]) -> T:
    """The result of a computation at once, which the clock cuts nowhere."""
    before = AT_ONCE.set(True)
    try:
        while True:
            next(work)
    except StopIteration as stop:
        result: T = stop.value
        return result
    finally:
        AT_ONCE.reset(before)

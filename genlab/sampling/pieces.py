"""A batch in pieces that fit a slice each."""

from __future__ import annotations

from collections.abc import Callable, Generator, Hashable
from time import sleep
from typing import Any

from genlab.sampling.slices import T, Work, rows_a_slice


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


def whole(work: Generator[Any, None, T], rest: float = 0.0) -> T:
    """The result of a computation, at once. rest: seconds between two slices."""
    while True:
        try:
            next(work)
        except StopIteration as stop:
            result: T = stop.value
            return result
        if rest:
            sleep(rest)

"""What metrics are given and what they give: arrays that they cannot change, and values that are checked."""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from contextlib import closing
from dataclasses import replace
from math import isnan
from operator import index
from typing import Any, TypeVar, get_args

import numpy as np
from numpy.typing import NDArray

from genlab.metrics.distances import Values
from genlab.metrics.floors import Floor, Statistic
from genlab.metrics.report import Better, Metric, Progress
from genlab.metrics.slices import Work

A = TypeVar("A", bound=np.generic)
T = TypeVar("T")


def read_only(x: NDArray[A]) -> NDArray[A]:
    """The same values, which cannot be written to: every metric sees what the others see."""
    view = x.view()
    view.flags.writeable = False
    return view


def checked(metric: Any) -> Metric:
    """A metric with plain numbers. Raises TypeError or ValueError, one sentence, where it says no such."""
    if not isinstance(metric, Metric):
        raise TypeError(f"it gives {_kind(metric)}, not a Metric")
    for name in ("key", "name", "unit", "note", "headline"):
        if not isinstance(getattr(metric, name), str):
            raise TypeError(f"its {name} is {_kind(getattr(metric, name))}, not a text")
    if metric.better not in get_args(Better):
        raise ValueError(f"a metric is better 'lower', 'higher' or 'near', not '{metric.better}'")
    value = None if metric.value is None else number(metric.value)
    if value is not None and isnan(value):
        raise ValueError("its value is not a number")
    error = None if metric.standard_error is None else number(metric.standard_error)
    floor = None if metric.floor is None else _floor(metric.floor)
    reference = None if metric.reference is None else checked_reference(metric.reference)
    return replace(
        metric, value=value, standard_error=error, floor=floor, reference=reference, n=index(metric.n)
    )


def checked_list(metrics: Any) -> list[Metric]:
    """Several of them. Raises as `checked` does."""
    if not isinstance(metrics, list | tuple):
        raise TypeError(f"it gives {_kind(metrics)}, not a list of Metric")
    return [checked(metric) for metric in metrics]


def checked_reference(reference: Any) -> tuple[str, float]:
    """A name and a plain number. Raises TypeError, one sentence, for anything else."""
    if not isinstance(reference, tuple) or len(reference) != 2 or not isinstance(reference[0], str):
        raise TypeError(f"its reference is {reference!r}, not a name and a number")
    return reference[0], number(reference[1])


def checked_statistic(statistic: Statistic) -> Statistic:
    """A statistic of arrays that it cannot change, whose values are plain numbers."""

    def compute(x: Values, y: Values, rng: np.random.Generator) -> Work[Mapping[str, float]]:
        found = yield from sliced(statistic(read_only(x), read_only(y), rng), _nothing)
        if not isinstance(found, Mapping):
            raise TypeError(f"it gives {_kind(found)}, not numbers by their names")
        return {key: number(value) for key, value in found.items()}

    return compute


def sliced(work: Any, allowed: Callable[[Any], bool]) -> Generator[Any, None, Any]:
    """Go through work in slices to its result. allowed: what may be yielded on the way.

    Raises TypeError, one sentence, for what is no generator or yields something else."""
    if not isinstance(work, Generator):
        raise TypeError(f"it gives {_kind(work)} at once: it yields between slices and then returns")
    with closing(work):
        while True:
            try:
                said = next(work)
            except StopIteration as stop:
                return stop.value
            if not allowed(said):
                raise TypeError(f"it yields {_kind(said)}: it yields between slices and returns its numbers")
            yield said


def progress_or_nothing(said: Any) -> bool:
    """What a metric of samples may yield."""
    return said is None or isinstance(said, Progress)


def number(value: Any) -> float:
    """A plain number. Raises TypeError, one sentence, for what is none."""
    if isinstance(value, str | bytes) or np.ndim(value):
        raise TypeError(f"a value is {_kind(value)}, not a number")
    try:
        return float(value)
    except (TypeError, ValueError):
        raise TypeError(f"a value is {_kind(value)}, not a number") from None


def _nothing(said: Any) -> bool:
    return said is None


def _floor(floor: Any) -> Floor:
    if not isinstance(floor, Floor):
        raise TypeError(f"its floor is {_kind(floor)}, not a Floor")
    mean, low, high, error = map(number, (floor.mean, floor.low, floor.high, floor.standard_error))
    return Floor(mean, low, high, error, index(floor.n), index(floor.pairs))


def _kind(value: Any) -> str:
    name = type(value).__name__
    return "nothing" if value is None else f"{'an' if name[0] in 'aeiouAEIOU' else 'a'} {name}"

"""What a section of the benchmark gives."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from statistics import fmean
from typing import Any, Literal

from genlab.bench.child import MeasurementFailed
from genlab.bench.plan import Plan

Better = Literal["higher", "lower"]


class SkipSection(Exception):
    """The section cannot be measured here; the message says why, and what would help."""


@dataclass(frozen=True)
class Figure:
    """A number of a row that a gate compares with what it was before.

    better: which way is better. noise: its standard deviation from one measurement to the next where nothing
    changed, as far as it is known beforehand. name: which number of its row; empty where it is the only one
    or the row's own."""

    value: float
    better: Better
    noise: float
    name: str = ""


@dataclass(frozen=True)
class Row:
    """One promise and what was measured.

    measured: as the table shows it. values: the numbers behind it, plain. passed: None where nothing
    was required or it cannot be judged here. figures: what a gate compares. failed: nothing was measured,
    and the note says why."""

    section: str
    what: str
    required: str
    measured: str
    values: Mapping[str, Any] = field(default_factory=dict)
    passed: bool | None = None
    note: str = ""
    figures: tuple[Figure, ...] = ()
    failed: bool = False

    @property
    def result(self) -> str:
        """The verdict in one word."""
        return "failed" if self.failed else {True: "passed", False: "missed", None: "-"}[self.passed]


@dataclass(frozen=True)
class Section:
    """A part of the benchmark.

    measure: yields rows as they are known; raises SkipSection. expected: seconds it takes on two quiet
    cores. settings: what it runs with, one sentence. seeds: that it trains with."""

    name: str
    title: str
    measure: Callable[[Plan], Iterator[Row]]
    expected: Callable[[Plan], float]
    settings: Callable[[Plan], str]
    seeds: Callable[[Plan], tuple[int, ...]]


def guarded(section: str, what: str, rows: Iterator[Row]) -> Iterator[Row]:
    """Rows of one part of a section. Where a measurement of it fails a last row says so, and the other parts
    can go on."""
    try:
        yield from rows
    except MeasurementFailed as error:
        yield Row(section, what, "measured", "-", note=str(error), failed=True)


def higher(values: Sequence[float], noise: float, name: str = "") -> Figure:
    """The mean of some values, of which more is better."""
    return Figure(fmean(values), "higher", noise, name)


def lower(values: Sequence[float], noise: float, name: str = "") -> Figure:
    """The mean of some values, of which less is better."""
    return Figure(fmean(values), "lower", noise, name)


def listed(values: Sequence[float], form: str = ".3g") -> str:
    """Several numbers as the table shows them."""
    return ", ".join(format(value, form) for value in values)


def median(values: list[float]) -> float:
    """The middle value."""
    ordered = sorted(values)
    half = len(ordered) // 2
    return ordered[half] if len(ordered) % 2 else (ordered[half - 1] + ordered[half]) / 2


def percentile(values: list[float], share: float) -> float:
    """The value below which this share of the values lies, by the nearest rank."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, max(0, round(share * len(ordered)) - 1))]

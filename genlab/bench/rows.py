"""What a section of the benchmark gives, and how much it may measure."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any


class SkipSection(Exception):
    """The section cannot be measured here; the message says why, and what would help."""


@dataclass(frozen=True)
class Row:
    """One promise and what was measured.

    measured: as the table shows it. values: the numbers behind it, plain. passed: None where nothing
    was required or it cannot be judged here."""

    section: str
    what: str
    required: str
    measured: str
    values: Mapping[str, Any] = field(default_factory=dict)
    passed: bool | None = None
    note: str = ""

    @property
    def result(self) -> str:
        """The verdict in one word."""
        return {True: "passed", False: "missed", None: "-"}[self.passed]


@dataclass(frozen=True)
class Plan:
    """How much is measured. Times in seconds, training budgets and waits alike.

    draws: of a model, for the mean of a distance; large_draws: at the larger size, where each costs 7 s or
    more. cache: where floors that take minutes to compute are kept from one benchmark to the next."""

    seeds: tuple[int, ...] = (0, 1, 2)
    quick: bool = False
    engine_rounds: int = 5
    engine_seconds: float = 6.0
    starts: int = 5
    live_rounds: int = 3
    live_seconds: float = 20.0
    moves: int = 20
    points_seconds: tuple[float, float] = (15.0, 60.0)
    points_n: tuple[int, int] = (2000, 5000)
    draws: int = 20
    large_draws: int = 6
    ring_seconds: float = 60.0
    digits_seconds: float = 60.0
    digits_n: int = 1000
    density_seconds: float = 60.0
    morph_seconds: float = 75.0
    student_seconds: float = 120.0
    consistency_seconds: float = 180.0
    solver_n: int = 10_000
    solver_rounds: int = 7
    gan_seconds: float = 180.0
    flow_seconds: float = 90.0
    likelihood_seconds: float = 120.0
    memory_settle: float = 60.0
    memory_seconds: float = 600.0
    cache: Path | None = None

    def quickly(self) -> Plan:
        """The same with one seed, and two minutes of memory in place of ten."""
        return replace(self, quick=True, seeds=self.seeds[:1], memory_seconds=self.memory_seconds / 5)


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

"""Whether window and engine keep their memory while a run trains."""

from __future__ import annotations

import sys
from collections.abc import Iterator

from genlab.bench.child import measure as in_child
from genlab.bench.plan import Plan
from genlab.bench.rows import Row, SkipSection, listed, lower, median

LIMIT = 0.02
MINUTE = 60.0


def by_part(moments: list[float], values: list[float], part: float) -> list[float]:
    """The median of each whole part of so many seconds; a single one of all where there is no whole part."""
    parts: dict[int, list[float]] = {}
    for moment, value in zip(moments, values, strict=True):
        parts.setdefault(int(moment // part), []).append(value)
    return [median(parts[key]) for key in sorted(parts)]


def measure(plan: Plan) -> Iterator[Row]:
    """One row a process: the largest change of a minute's median since the first. Linux only."""
    if not sys.platform.startswith("linux"):
        raise SkipSection("resident memory is read from /proc, which this system does not have")
    total = plan.memory_settle + plan.memory_seconds
    values = {"settle": plan.memory_settle, "seconds": plan.memory_seconds}
    found = in_child("apart.in_window:memory", 1.5 * total + 120, **values)
    if not found["trained"]:
        raise RuntimeError("the run ended before the measurement did")
    part = min(MINUTE, plan.memory_seconds / 4)
    for name in ("window", "engine"):
        medians = by_part(found["moments"], found[name], part)
        changes = [value / medians[0] - 1 for value in medians]
        largest = max(changes, key=abs)
        yield Row(
            "memory",
            f"resident memory of the {name}'s process, largest change over {_long(plan.memory_seconds)}",
            f"within {LIMIT:.0%}",
            f"{largest:+.1%}",
            {"mb": found[name], "moments": found["moments"]},
            abs(largest) <= LIMIT,
            f"medians of {part:.0f} s: {listed(medians, '.0f')} MB; {found['steps']:,} steps",
            (lower([abs(largest)], 0.01),),
        )


def _long(seconds: float) -> str:
    return f"{seconds / 60:g} min" if seconds >= MINUTE else f"{seconds:g} s"

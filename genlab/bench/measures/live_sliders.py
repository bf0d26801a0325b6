"""How fast a slider of the sampler shows its effect."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from genlab.bench.child import measure as in_child
from genlab.bench.measures.kinds import DIGITS, KINDS, OWN, POINTS, data_of, session_of
from genlab.bench.measures.start import as_usual
from genlab.bench.plan import Plan
from genlab.bench.rows import Row, guarded, median
from genlab.bench.yardstick import slowness
from genlab.session.catalogue import FIRST, PARADIGMS

LIMIT = {POINTS: 0.150, DIGITS: 0.300, OWN: 2.0}
"""Seconds from a slider to its picture, by kind of data."""
SLID = "flow-matching"
"""The workspace whose sliders are moved on every kind of data."""
FEWER = 4
"""How many times fewer moves of own images, whose pictures take seconds."""


def measure(plan: Plan) -> Iterator[Row]:
    """The first workspace on points, another on each kind of data; a gate leaves out own images."""
    yield from _guarded(plan, FIRST, POINTS)
    for kind in KINDS:
        if kind != OWN or not plan.gate:
            yield from _guarded(plan, SLID, kind)


def _guarded(plan: Plan, paradigm: str, kind: str) -> Iterator[Row]:
    what = f"{paradigm}, {kind}"
    moves = plan.moves // FEWER if kind == OWN else plan.moves
    with data_of(kind) as dataset:
        rows = _rows(what, kind, moves, session_of(PARADIGMS[paradigm], dataset))
        yield from guarded("live-sliders", what, rows)


def _rows(what: str, kind: str, moves: int, session: dict[str, Any]) -> Iterator[Row]:
    timeout = 120 + (80 if kind == OWN else 6) * moves
    found = in_child("apart.in_window:move_sliders", timeout, moves=moves, seconds=3.0, **session)
    slow = slowness()
    for key, seconds in found["seconds"].items():
        took, whole = ([1000 * each for each in times] for times in zip(*seconds, strict=True))
        limit = 1000 * LIMIT[kind]
        yield Row(
            "live-sliders",
            f"{what}: slider of {key.split('.')[1]} moved to new picture, median of {moves}",
            f"at most {limit:.0f} ms",
            f"{median(took):.0f} ms",
            {"ms": took, "whole_ms": whole},
            median(took) <= limit,
            f"{min(took):.0f} to {max(took):.0f} ms; all {found['n']:,} after {median(whole):,.0f} ms",
            (as_usual([each / 1000 for each in took], slow, 0.08),),
        )

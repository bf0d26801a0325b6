"""How soon after Train each panel shows the run, how old its picture grows, and what pictures cost."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from genlab.bench.child import measure as in_child
from genlab.bench.measures.kinds import DIGITS, OWN, POINTS, data_of, info_of, session_of
from genlab.bench.measures.start import as_usual
from genlab.bench.plan import Plan
from genlab.bench.rows import Row, SkipSection, guarded, lower
from genlab.bench.yardstick import slowness
from genlab.session.catalogue import PARADIGMS

FIRST = {POINTS: 2.0, DIGITS: 2.0, OWN: 3.0}
BUSY = {POINTS: 4.0, DIGITS: 4.0, OWN: 6.0}
"""Seconds to the first picture, by kind of data; and with a busy loop on each core."""
AGE = 10.0
LOSS = 0.04
SECTIONS = {"previews-points": POINTS, "previews-digits": DIGITS, "previews-images": OWN}


def measure(plan: Plan, section: str) -> Iterator[Row]:
    """Of each paradigm on one kind of data: first pictures, oldest picture, time lost. Raises SkipSection
    where a gate would take too long."""
    kind = SECTIONS[section]
    if kind == OWN and plan.gate:
        raise SkipSection("images of a person's own are slow to learn: they are watched in full only")
    with data_of(kind) as dataset:
        for paradigm in PARADIGMS.values():
            what = f"{paradigm.id}, {kind}"
            refused = "" if kind == POINTS else paradigm.refuses(info_of(dataset))
            if not refused:
                rows = _rows(plan, section, what, session_of(paradigm, dataset))
                yield from guarded(section, what, rows)
            elif not plan.gate:
                yield Row(section, what, "-", "-", note=refused)


def _rows(plan: Plan, section: str, what: str, session: dict[str, Any]) -> Iterator[Row]:
    kind, seconds = SECTIONS[section], plan.preview_seconds
    slow = slowness()
    found = in_child("apart.in_window:pictures", 4 * seconds + 240, seconds=seconds, **session)
    pressed = f"{what}: Train pressed to a first picture in every panel"
    yield first_row(section, pressed, found, FIRST[kind], slow)
    ages = found["ages"]
    oldest = max(ages, key=ages.__getitem__, default="")
    age = ages.get(oldest, 0.0)
    yield Row(
        section,
        f"{what}: oldest picture, {seconds:g} s of training",
        f"at most {AGE:g} s",
        f"{age:.1f} s",
        {"seconds": ages},
        age <= AGE,
        _listed(ages),
        (lower([age], max(0.5, 0.3 * age)),),
    )
    lost = lost_of(found)
    yield Row(
        section,
        f"{what}: share of the training time lost to pictures and saving",
        f"at most {LOSS:.0%}",
        f"{lost:.1%}",
        {"lost": lost},
        lost <= LOSS,
        f"{found['trained']:.1f} s trained of {found['wall']:.1f} s, {found['steps']:,} steps",
        (lower([lost], 0.01),),
    )
    if plan.busy_seconds:
        busy = in_child(
            "apart.in_window:pictures", 6 * plan.busy_seconds + 240, seconds=plan.busy_seconds, busy=True,
            **session,
        )  # fmt: skip
        yield first_row(section, f"{what}: the same with a busy loop on each core", busy, BUSY[kind], slow)


def first_row(section: str, what: str, found: dict[str, Any], limit: float, slow: float) -> Row:
    """The panel whose first picture came last. One that never came took at least until the end."""
    never = [id for id, seconds in found["first"].items() if seconds is None]
    waited = found["ended"] - found["pressed"]
    took = {id: waited if seconds is None else seconds for id, seconds in found["first"].items()}
    worst = max(took.values())
    missing = f"; never: {', '.join(never)}" if never else ""
    return Row(
        section,
        what,
        f"at most {limit:g} s",
        f"{'more than ' * bool(never)}{worst:.2f} s",
        {"seconds": found["first"]},
        not never and worst <= limit,
        _listed(took) + missing,
        (as_usual([worst], slow, 0.25),),
    )


def lost_of(found: dict[str, Any]) -> float:
    """The share of the time by the wall clock in which a run did not train; 0 where it is done at once."""
    return max(0.0, 1 - found["trained"] / found["wall"]) if found["wall"] else 0.0


def _listed(seconds: dict[str, float]) -> str:
    return ", ".join(f"{id} {value:.2f}" for id, value in seconds.items())

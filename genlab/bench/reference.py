"""What a gate compares with: figures measured before, on a quiet machine, and how much they vary."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean, stdev
from typing import Any, Literal

from pydantic import TypeAdapter

from genlab.bench.rows import Better, Figure, Row

FACTOR = 4.0
"""Noises by which a figure may be worse than it was. Where noise is normal and known, a hundred figures that
are as they were, recorded three times, fail one gate of forty by chance."""

Result = Literal["passed", "fell", "new", "missing"]


@dataclass(frozen=True)
class Reference:
    """A recorded figure. values: one for each repeat. noise: standard deviation of a single measurement."""

    better: Better
    noise: float
    values: tuple[float, ...]

    @property
    def mean(self) -> float:
        """Of the repeats."""
        return fmean(self.values)

    @property
    def bound(self) -> float:
        """The worst value that still passes."""
        margin = FACTOR * self.noise
        return self.mean - margin if self.better == "higher" else self.mean + margin

    def holds(self, value: float) -> bool:
        """Whether a value is as good, or worse by no more than the noise explains; no value that is not a
        number is."""
        return value >= self.bound if self.better == "higher" else value <= self.bound


@dataclass(frozen=True)
class Recorded:
    """The recorded figures of a section, by row and by name. seconds: that each repeat took."""

    date: str
    machine: Mapping[str, Any]
    seeds: tuple[int, ...]
    seconds: tuple[float, ...]
    rows: Mapping[str, Mapping[str, Reference]]


References = Mapping[str, Recorded]
"""What was recorded, by section."""

_REFERENCES: TypeAdapter[dict[str, Recorded]] = TypeAdapter(dict[str, Recorded])


@dataclass(frozen=True)
class Comparison:
    """A figure beside what was recorded of it. value: None where it was not measured. reference: None where
    nothing was recorded."""

    section: str
    what: str
    name: str
    value: float | None
    reference: Reference | None

    @property
    def title(self) -> str:
        """Row and figure in one text."""
        return f"{self.what} [{self.name}]" if self.name else self.what

    @property
    def result(self) -> Result:
        """Whether the figure passed."""
        if self.reference is None:
            return "new"
        if self.value is None:
            return "missing"
        return "passed" if self.reference.holds(self.value) else "fell"


def figures_of(rows: Iterable[Row]) -> dict[tuple[str, str], Figure]:
    """The figures of some rows by row and name.

    Raises ValueError where two have one name, or a row has none: it could fall unseen."""
    found: dict[tuple[str, str], Figure] = {}
    for row in rows:
        if not row.figures:
            raise ValueError(f"the row '{row.what}' has no figure that a gate could compare")
        for figure in row.figures:
            key = (row.what, figure.name)
            if key in found:
                raise ValueError(f"there are two figures '{figure.name}' of '{row.what}'")
            found[key] = figure
    return found


def compare(section: str, rows: Iterable[Row], recorded: Recorded | None) -> list[Comparison]:
    """Every figure that was measured or recorded, each beside the other, as far as it is there.

    Raises ValueError as `figures_of` does."""
    measured = figures_of(rows)
    known = {
        (what, name): reference
        for what, references in (recorded.rows if recorded is not None else {}).items()
        for name, reference in references.items()
    }
    now = [Comparison(section, *key, figure.value, known.get(key)) for key, figure in measured.items()]
    gone = [Comparison(section, *key, None, known[key]) for key in known if key not in measured]
    return now + gone


def reference(repeats: Sequence[Figure]) -> Reference:
    """What is recorded of a figure that was measured some times: its noise is the standard deviation of the
    repeats, or what is known of it beforehand where that is more."""
    values = tuple(figure.value for figure in repeats)
    if any(value - value != 0 for value in values):
        raise ValueError(f"a figure that is not finite cannot be recorded: {values}")
    seen = stdev(values) if len(values) > 1 else 0.0
    return Reference(repeats[0].better, max(seen, fmean(figure.noise for figure in repeats)), values)


def references(repeats: Sequence[Iterable[Row]]) -> dict[str, dict[str, Reference]]:
    """What is recorded of a section whose rows were measured some times.

    Raises ValueError where a row is not in every repeat."""
    measured = [figures_of(rows) for rows in repeats]
    if any(each.keys() != measured[0].keys() for each in measured):
        raise ValueError("the repeats did not give the same rows")
    found: dict[str, dict[str, Reference]] = {}
    for what, name in measured[0]:
        found.setdefault(what, {})[name] = reference([each[what, name] for each in measured])
    return found


def wild(recorded: References) -> list[str]:
    """The figures whose repeats lie so far apart that a gate would let half the mean pass."""
    return [
        f"{section}: {' '.join((what, name)).strip()}: {', '.join(f'{value:.4g}' for value in each.values)}"
        for section, kept in recorded.items()
        for what, figures in kept.rows.items()
        for name, each in figures.items()
        if each.noise == stdev(each.values) and FACTOR * each.noise > abs(each.mean) / 2
    ]


def plain(recorded: References) -> Any:
    """The references as plain values for JSON."""
    return _REFERENCES.dump_python(dict(recorded), mode="json")


def parsed(values: Any) -> dict[str, Recorded]:
    """The references of plain values. Raises pydantic's ValidationError."""
    return _REFERENCES.validate_python(values)

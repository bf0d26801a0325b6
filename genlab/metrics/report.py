"""What an evaluation says: a list of metrics, each with its floor or its reference."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from math import isfinite
from typing import Any, Literal

from genlab.metrics.floors import Floor

Better = Literal["lower", "higher", "near"]


@dataclass(frozen=True)
class Metric:
    """One number about a model.

    value: None where the metric does not apply; `note` then says why. standard_error: of the value.
    floor: what real samples score against real ones at the same n. reference: a named value to read
    it against. better: 'near' means as close as possible to the floor's mean, or to the reference
    where there is no floor. unit: '' for shares and ratios. n: samples per draw, or test points.
    headline: its short name in a single line that tells of the model; '' for all but the foremost.
    """

    key: str
    name: str
    value: float | None
    standard_error: float | None
    floor: Floor | None
    reference: tuple[str, float] | None
    better: Better
    unit: str
    n: int
    note: str = ""
    headline: str = ""

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON; numbers that are not finite become 'inf', '-inf' or 'nan'."""
        plain: dict[str, Any] = _plain(asdict(self))
        return plain


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    if isinstance(value, float) and not isfinite(value):
        return str(value)
    return value


@dataclass(frozen=True)
class Progress:
    """How far an evaluation is: done of total parts, and what comes next."""

    done: int
    total: int
    what: str


@dataclass(frozen=True)
class Heading:
    """How a number is called and read; the fields are those of `Metric`."""

    name: str
    better: Better
    unit: str
    note: str = ""
    headline: str = ""

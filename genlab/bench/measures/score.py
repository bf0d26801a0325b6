"""What default sessions of score-based models reach in seconds of training, against the truth."""

from __future__ import annotations

from collections.abc import Iterator

from genlab.bench.measures.quality import log_prob_row, points_rows
from genlab.bench.plan import Plan
from genlab.bench.rows import Row

POINTS = ("moons-cfm", "8gaussians-cfm", "s-curve")


def measure(plan: Plan) -> Iterator[Row]:
    """The gates on W2 and on the density."""
    yield log_prob_row(plan, "score")
    yield from points_rows(plan, "score", POINTS)

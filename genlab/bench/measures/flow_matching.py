"""What default sessions of flow matching reach in seconds of training, against the truth."""

from __future__ import annotations

from collections.abc import Iterator

from genlab.bench.measures.quality import digits_rows, log_prob_row, points_rows
from genlab.bench.measures.score import POINTS
from genlab.bench.plan import Plan
from genlab.bench.rows import Row

DIGITS_STEPS = 10


def measure(plan: Plan) -> Iterator[Row]:
    """The gates on W2, on the density and on digits."""
    yield log_prob_row(plan, "flow-matching")
    yield from digits_rows(plan, "flow-matching", DIGITS_STEPS)
    yield from points_rows(plan, "flow-matching", POINTS)

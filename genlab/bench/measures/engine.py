"""Training speed of the engine against a loop written by hand."""

from __future__ import annotations

from collections.abc import Iterator

from genlab.bench.child import measure as in_child
from genlab.bench.plan import Plan
from genlab.bench.rows import Row, higher, median

DATASETS = ("moons", "digits")
LIMIT = 0.95


def measure(plan: Plan) -> Iterator[Row]:
    """One row a data set: the median ratio of steps per second."""
    for dataset in DATASETS:
        values = {"dataset": dataset, "rounds": plan.engine_rounds, "seconds": plan.engine_seconds}
        found = in_child("apart.bare:compare", 120 + 4 * plan.engine_rounds * plan.engine_seconds, **values)
        ratios = [a / b for a, b in zip(found["engine"], found["bare"], strict=True)]
        ratio = median(ratios)
        yield Row(
            "engine",
            f"engine steps/s against a bare loop, {dataset}",
            f"at least {LIMIT:g}",
            f"{ratio:.3f}",
            found,
            ratio >= LIMIT,
            f"{median(found['engine']):,.0f} against {median(found['bare']):,.0f} steps/s; ratios "
            f"{min(ratios):.2f} to {max(ratios):.2f}; torch threads: {found['threads']}",
            (higher([ratio], 0.03),),
        )

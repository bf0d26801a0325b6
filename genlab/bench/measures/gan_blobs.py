"""What a default GAN reaches in half a minute on plain points of a person's own."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from genlab.bench.measures.trained import notes, speed, trained
from genlab.bench.plan import Plan
from genlab.bench.rows import Row, higher, listed
from genlab.metrics.distances import Floats
from genlab.metrics.features import precision_recall_density_coverage
from genlab.metrics.slices import finish

SECTION = "gan-blobs"
POINTS = 4000
LEAST = 0.9


def measure(plan: Plan) -> Iterator[Row]:
    """Recall and coverage on two blobs, against fresh ones."""
    budget = plan.budget("gan", plan.blobs_seconds)
    runs = [trained(plan, budget, "gan", two_blobs(POINTS, 100 + seed), seed=seed) for seed in plan.seeds]
    n = plan.points_n[0]
    found = [
        finish(precision_recall_density_coverage(real=two_blobs(n, seed), generated=each.run.sample(n)))
        for seed, each in zip(plan.seeds, runs, strict=True)
    ]
    yield _row(f"{budget}: recall at n = {n:,}", [each.recall for each in found], notes(runs))
    covered = _row(f"{budget}: coverage at n = {n:,}", [each.coverage for each in found], "")
    yield replace(covered, figures=(*covered.figures, *speed(runs)))


def _row(what: str, values: list[float], note: str) -> Row:
    passed = all(value >= LEAST for value in values)
    required, figures = f"at least {LEAST:g}", (higher(values, 0.03),)
    kept = {"values": values}
    return Row(SECTION, f"two blobs, {what}", required, listed(values, ".3f"), kept, passed, note, figures)


def two_blobs(n: int, seed: int) -> Floats:
    """Points (n, 2) around (-2, 0) and (2, 0), each of deviation 0.5."""
    rng = np.random.default_rng(seed)
    return rng.normal(0, 0.5, (n, 2)) + np.where(rng.random(n) < 0.5, -2.0, 2.0)[:, None] * (1.0, 0.0)

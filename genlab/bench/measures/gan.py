"""What default adversarial sessions reach on modes of known places, and what the plainest one does not."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from genlab.bench.measures.modes import ModeLimits, coverage, mode_rows
from genlab.bench.measures.trained import Trained, notes, speed, trained
from genlab.bench.plan import Plan
from genlab.bench.rows import Row, higher, listed, lower
from genlab.engine import protocol as p
from genlab.metrics.distances import Floats
from genlab.metrics.features import precision_recall_density_coverage
from genlab.metrics.slices import finish
from genlab.session.catalogue import PARADIGMS

PRESET = "minimax-grid"
MOST_MODES = 18
BLOBS = 4000
COVERED = 0.9


def measure(plan: Plan) -> Iterator[Row]:
    """Two blobs of a person's own, the ring, the grid, and plain minimax on the grid."""
    yield from _blobs(plan)
    budget = plan.budget("gan", plan.gan_seconds)
    ring = ModeLimits(modes=8, high_quality=0.96, reverse_kl=0.07)
    yield from mode_rows(replace(plan, seeds=plan.ring_seeds), "gan", "gan-ring", budget, ring, {})
    grid = ModeLimits(modes=24.8, high_quality=0.94, reverse_kl=0.05)
    yield from mode_rows(plan, "gan", "gan-grid", budget, grid, {})
    yield _minimax(plan)


def two_blobs(n: int, seed: int) -> Floats:
    """Points (n, 2) around (-2, 0) and (2, 0), each of deviation 0.5."""
    rng = np.random.default_rng(seed)
    return rng.normal(0, 0.5, (n, 2)) + np.where(rng.random(n) < 0.5, -2.0, 2.0)[:, None] * (1.0, 0.0)


def _blobs(plan: Plan) -> Iterator[Row]:
    budget = plan.budget("gan", plan.blobs_seconds)
    runs = [trained(plan, budget, "gan", two_blobs(BLOBS, 100 + seed), seed=seed) for seed in plan.seeds]
    n = plan.points_n[0]
    found = [
        finish(precision_recall_density_coverage(real=two_blobs(n, seed), generated=each.run.sample(n)))
        for seed, each in zip(plan.seeds, runs, strict=True)
    ]
    for what, values in (
        ("recall", [each.recall for each in found]),
        ("coverage", [each.coverage for each in found]),
    ):
        yield Row(
            "gan",
            f"two blobs of one's own, {budget}: {what} at n = {n:,}",
            f"at least {COVERED:g}",
            listed(values, ".3f"),
            {what: values},
            all(value >= COVERED for value in values),
            notes(runs),
            (higher(values, 0.03),),
        )


def _minimax(plan: Plan) -> Row:
    preset = next(preset for preset in PARADIGMS["gan"].presets if preset.id == PRESET)
    budget = plan.budget("minimax", plan.minimax_seconds)
    modes: list[float] = []
    alarms: list[int] = []
    runs: list[Trained] = []
    for seed in plan.seeds:
        heard: list[str] = []

        def listen(event: p.Event, heard: list[str] = heard) -> None:
            if isinstance(event, p.Warned):
                heard.extend(event.warnings)

        runs.append(trained(plan, budget, "gan", preset=PRESET, seed=seed, observe=listen))
        modes.append(float(np.mean([draw["modes_captured"] for draw in coverage(runs[-1].run)])))
        alarms.append(len(heard))
    return Row(
        "gan",
        f"gan-grid, {budget}, the preset '{preset.title}': modes captured",
        f"at most {MOST_MODES}, with an alarm",
        f"{listed(modes, '.3g')}; alarms {listed(alarms, 'd')}",
        {"modes": modes, "alarms": alarms},
        all(value <= MOST_MODES for value in modes) and all(alarms),
        f"a failure that must be seen; {notes(runs)}",
        (lower(modes, 1.0), higher([float(min(alarms) > 0)], 0.1, "alarmed"), *speed(runs)),
    )

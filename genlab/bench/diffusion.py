"""What default sessions of diffusion reach in seconds of training, against the truth."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict

import numpy as np

from genlab.api import Run, train
from genlab.bench.modes import STD_RATIOS, ModeLimits, mode_rows
from genlab.bench.rows import Plan, Row, listed
from genlab.bench.trained import trained
from genlab.metrics.classifier import ImageClassifier, label_accuracy
from genlab.metrics.distances import Floats, wasserstein2
from genlab.metrics.features import nearest_ratio
from genlab.metrics.floors import FloorStore, gate
from genlab.metrics.slices import finish
from genlab.metrics.statistics import assignment

LIMIT = 1.1
RING_STEPS = 20
DIGITS_STEPS, RIGHT = 25, 0.95


def measure(plan: Plan) -> Iterator[Row]:
    """The gates on W2, the ring, the digits."""
    for dataset in ("moons-cfm", "8gaussians-cfm"):
        for seconds, n in zip(plan.points_seconds, plan.points_n, strict=True):
            yield _points(plan, dataset, seconds, n)
    yield from _ring(plan)
    yield from _digits(plan)


def distances(run: Run, n: int, draws: int, seed: int) -> Floats:
    """Exact W2 between draws of the model and fresh real draws, (draws,), over the cores of the machine."""
    dataset, rng = run.dataset(), np.random.default_rng([seed, n])
    model = [run.sample(n, seed=1000 + draw) for draw in range(draws)]
    real = [dataset.test(n, rng).x for _ in range(draws)]
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(min(draws, os.cpu_count() or 1), mp_context=context) as pool:
        return np.array(list(pool.map(wasserstein2, model, real)))


def _points(plan: Plan, dataset: str, seconds: float, n: int) -> Row:
    store, gates, notes = FloorStore(plan.cache), [], []
    for seed in plan.seeds:
        run = train("diffusion", dataset, seconds=seconds, seed=seed)
        floor = finish(store.get(run.dataset(), "assignment", assignment, n))["w2"]
        gates.append(gate(distances(run, n, plan.draws, seed), floor, LIMIT))
        notes.append(trained(run))
    return Row(
        "diffusion",
        f"{dataset}, {seconds:g} s: W2 at n = {n:,}, times its floor",
        f"at most {LIMIT:g} (+ 2 standard errors)",
        listed([found.ratio for found in gates], ".3f"),
        {"gates": [asdict(found) for found in gates], "floor": asdict(floor)},
        all(found.passed for found in gates),
        f"floor {floor.mean:.4f} ({floor.low:.3f} to {floor.high:.3f}); 2 standard errors "
        f"{listed([2 * found.standard_error / floor.mean for found in gates], '.3f')}; "
        f"{run.session.value('sampler.steps')} {run.session.value('sampler.method')} steps; "
        f"{'; '.join(notes)}",
    )


def _ring(plan: Plan) -> Iterator[Row]:
    limits = ModeLimits(modes=8, high_quality=0.97, reverse_kl=0.01)
    yield from mode_rows(plan, "diffusion", "gan-ring", plan.ring_seconds, limits, {"steps": RING_STEPS})


def _digits(plan: Plan) -> Iterator[Row]:
    right, nearest, notes = [], [], []
    for seed in plan.seeds:
        run = train("diffusion", "digits", seconds=plan.digits_seconds, seed=seed)
        training = run.dataset().train(2**31 - 1, np.random.default_rng(0))
        assert training.labels is not None
        classifier = ImageClassifier(17).fit(training.x, training.labels)
        drawn = run.draw(plan.digits_n, "any", 1000, steps=DIGITS_STEPS, guidance=1.0)
        assert drawn.labels is not None
        right.append(label_accuracy(classifier, drawn.x, drawn.labels))
        nearest.append(finish(nearest_ratio(drawn.x, training.x)))
        notes.append(trained(run))
    what = f"digits, {plan.digits_seconds:g} s, {DIGITS_STEPS} steps, guidance 1"
    yield Row(
        "diffusion",
        f"{what}: asked label by the separate classifier",
        f"at least {RIGHT:.0%}",
        listed([value for value, _ in right], ".1%"),
        {"right": right},
        all(value >= RIGHT for value, _ in right),
        f"{plan.digits_n:,} samples; {'; '.join(notes)}",
    )
    low, high = STD_RATIOS
    yield Row(
        "diffusion",
        f"{what}: distance to nearest training digit, relative to leave-one-out",
        f"{low:g} to {high:g}",
        listed([value for value, _ in nearest], ".3f"),
        {"nearest": nearest},
        all(low <= value <= high for value, _ in nearest),
        f"standard errors {listed([error for _, error in nearest], '.3f')}",
    )

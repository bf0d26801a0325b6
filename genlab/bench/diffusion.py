"""What default sessions of diffusion reach in seconds of training, against the truth."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from genlab.api import Run, train
from genlab.bench.rows import Plan, Row, listed
from genlab.metrics.classifier import ImageClassifier, label_accuracy
from genlab.metrics.coverage import mode_coverage
from genlab.metrics.distances import Floats, wasserstein2
from genlab.metrics.features import nearest_ratio
from genlab.metrics.floors import FloorStore, gate
from genlab.metrics.slices import finish
from genlab.metrics.statistics import assignment

LIMIT = 1.1
TRIES = 4
RING_N, RING_STEPS = 2500, 20
HIGH_QUALITY, REVERSE_KL, RATIOS = 0.97, 0.01, (0.9, 1.1)
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
        notes.append(_trained(run))
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
    found, notes = [], []
    for seed in plan.seeds:
        run = train("diffusion", "gan-ring", seconds=plan.ring_seconds, seed=seed)
        truth = run.dataset().truth
        assert truth is not None
        assert truth.modes is not None
        assert truth.mode_std is not None
        tries = [run.sample(RING_N, seed=1000 + k, steps=RING_STEPS) for k in range(TRIES)]
        found.append([asdict(mode_coverage(x, truth.modes, truth.mode_std)) for x in tries])
        notes.append(_trained(run))

    def row(what: str, key: str, required: str, form: str, fits: Any, note: str = "") -> Row:
        means = [float(np.mean([each[key] for each in draws])) for draws in found]
        name = f"gan-ring, {plan.ring_seconds:g} s, {RING_STEPS} steps: {what}"
        return Row(
            "diffusion", name, required, listed(means, form), {"draws": found}, all(map(fits, means)), note
        )

    low, high = RATIOS
    several = f"mean of {TRIES} draws of {RING_N:,}; {'; '.join(notes)}"
    yield row("modes captured", "modes_captured", "8", "g", lambda value: value == 8, several)
    yield row(
        "high quality", "high_quality", f"at least {HIGH_QUALITY:.0%}", ".2%",
        lambda value: value >= HIGH_QUALITY, "exact samples: 98.9%",
    )  # fmt: skip
    yield row(
        "reverse KL", "reverse_kl", f"at most {REVERSE_KL:g}", ".4f",
        lambda value: value <= REVERSE_KL, "exact samples: 0.0014",
    )  # fmt: skip
    yield row(
        "in-mode std ratio", "std_ratio", f"{low:g} to {high:g}", ".3f", lambda value: low <= value <= high
    )


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
        notes.append(_trained(run))
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
    low, high = RATIOS
    yield Row(
        "diffusion",
        f"{what}: distance to nearest training digit, relative to leave-one-out",
        f"{low:g} to {high:g}",
        listed([value for value, _ in nearest], ".3f"),
        {"nearest": nearest},
        all(low <= value <= high for value, _ in nearest),
        f"standard errors {listed([error for _, error in nearest], '.3f')}",
    )


def _trained(run: Run) -> str:
    from genlab.runs.folder import RunFolder

    threads = RunFolder.open(Path(run.folder)).manifest["threads"]
    return f"seed {run.session.seed}: {run.step:,} steps, torch threads {threads}"

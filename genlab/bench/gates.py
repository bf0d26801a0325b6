"""Gates that several paradigms share: distances on points, densities, digits."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict
from typing import Any

import numpy as np

from genlab.api import Run, train
from genlab.bench.modes import STD_RATIOS
from genlab.bench.rows import Plan, Row, listed
from genlab.bench.trained import trained
from genlab.metrics.classifier import ImageClassifier, label_accuracy
from genlab.metrics.distances import Floats, wasserstein2
from genlab.metrics.features import nearest_ratio
from genlab.metrics.floors import Floor, FloorStore, Gate, gate
from genlab.metrics.slices import finish
from genlab.metrics.statistics import assignment

LIMIT = 1.1
RIGHT = 0.95
TEST_POINTS = 2000
LOG_PROB_ERROR = 0.13


def in_processes(function: Callable[..., Any], *lists: list[Any]) -> list[Any]:
    """`map` over the cores of the machine."""
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(min(len(lists[0]), os.cpu_count() or 1), mp_context=context) as pool:
        return list(pool.map(function, *lists))


def distances(run: Run, n: int, draws: int, seed: int, **sampler: Any) -> Floats:
    """Exact W2 between draws of the model and fresh real draws, (draws,)."""
    dataset, rng = run.dataset(), np.random.default_rng([seed, n])
    model = [run.sample(n, seed=1000 + draw, **sampler) for draw in range(draws)]
    real = [dataset.test(n, rng).x for _ in range(draws)]
    return np.array(in_processes(wasserstein2, model, real))


def w2_gate(plan: Plan, run: Run, n: int, limit: float, **sampler: Any) -> tuple[Gate, Floor]:
    """A run's W2 at a size, read against its floor."""
    floor = finish(FloorStore(plan.cache).get(run.dataset(), "assignment", assignment, n))["w2"]
    draws = plan.large_draws if n == plan.points_n[1] else plan.draws
    return gate(distances(run, n, draws, run.session.seed, **sampler), floor, limit), floor


def w2_row(
    plan: Plan,
    section: str,
    what: str,
    runs: Iterator[Run],
    n: int,
    limit: float = LIMIT,
    sampler: Mapping[str, Any] | None = None,
) -> Row:
    """The gate on W2 of a run for each seed."""
    gates, notes, how = [], [], ""
    floor: Floor | None = None
    for run in runs:
        found, floor = w2_gate(plan, run, n, limit, **(sampler or {}))
        gates.append(found)
        notes.append(trained(run))
        how = f"{run.session.value('sampler.steps')} {run.session.value('sampler.method')} steps"
    assert floor is not None
    mean = floor.mean
    return Row(
        section,
        f"{what}: W2 at n = {n:,}, times its floor",
        f"at most {limit:g} (+ 2 standard errors)",
        listed([found.ratio for found in gates], ".3f"),
        {"gates": [asdict(found) for found in gates], "floor": asdict(floor)},
        all(found.passed for found in gates),
        f"floor {mean:.4f} ({floor.low:.3f} to {floor.high:.3f}); 2 standard errors "
        f"{listed([2 * found.standard_error / mean for found in gates], '.3f')}; "
        f"{'; '.join([*(() if sampler else (how,)), *notes])}",
    )


def points_rows(plan: Plan, paradigm: str, datasets: tuple[str, ...]) -> Iterator[Row]:
    """W2 of default sessions after a short and a long training."""
    for dataset in datasets:
        for seconds, n in zip(plan.points_seconds, plan.points_n, strict=True):
            runs = (train(paradigm, dataset, seconds=seconds, seed=seed) for seed in plan.seeds)
            yield w2_row(plan, paradigm, f"{dataset}, {seconds:g} s", runs, n)


def log_prob_row(plan: Plan, paradigm: str) -> Row:
    """The density of the probability-flow ODE beside the exact one, on moons."""
    errors, notes = [], []
    for seed in plan.seeds:
        run = train(paradigm, "moons", seconds=plan.density_seconds, seed=seed)
        dataset = run.dataset()
        assert dataset.truth is not None
        x = dataset.test(TEST_POINTS, np.random.default_rng(seed)).x
        errors.append(float(np.abs(run.log_prob(x) - dataset.truth.log_prob(x)).mean()))
        notes.append(trained(run))
    return Row(
        paradigm,
        f"moons, {plan.density_seconds:g} s: mean absolute error of log p by the ODE, nats",
        f"at most {LOG_PROB_ERROR:g}",
        listed(errors, ".3f"),
        {"errors": errors},
        all(error <= LOG_PROB_ERROR for error in errors),
        f"{TEST_POINTS:,} test points; {'; '.join(notes)}",
    )


def digits_rows(plan: Plan, paradigm: str, steps: int) -> Iterator[Row]:
    """Class-conditional digits: the asked label, and the distance to the nearest training digit."""
    right, nearest, notes = [], [], []
    for seed in plan.seeds:
        run = train(paradigm, "digits", seconds=plan.digits_seconds, seed=seed)
        training = run.dataset().train(2**31 - 1, np.random.default_rng(0))
        assert training.labels is not None
        classifier = ImageClassifier(17).fit(training.x, training.labels)
        drawn = run.draw(plan.digits_n, "any", 1000, steps=steps, guidance=1.0)
        assert drawn.labels is not None
        right.append(label_accuracy(classifier, drawn.x, drawn.labels))
        nearest.append(finish(nearest_ratio(drawn.x, training.x)))
        notes.append(trained(run))
    what = f"digits, {plan.digits_seconds:g} s, {steps} steps, guidance 1"
    yield Row(
        paradigm,
        f"{what}: asked label by the separate classifier",
        f"at least {RIGHT:.0%}",
        listed([value for value, _ in right], ".1%"),
        {"right": right},
        all(value >= RIGHT for value, _ in right),
        f"{plan.digits_n:,} samples; {'; '.join(notes)}",
    )
    low, high = STD_RATIOS
    yield Row(
        paradigm,
        f"{what}: distance to nearest training digit, relative to leave-one-out",
        f"{low:g} to {high:g}",
        listed([value for value, _ in nearest], ".3f"),
        {"nearest": nearest},
        all(low <= value <= high for value, _ in nearest),
        f"standard errors {listed([error for _, error in nearest], '.3f')}",
    )

"""Gates that several paradigms share: distances on points, densities, digits."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict
from typing import Any

import numpy as np

from genlab.api import Run
from genlab.bench.measures.modes import OFF_ONE, STD_RATIOS
from genlab.bench.measures.trained import Trained, notes, speed, trained
from genlab.bench.plan import Plan
from genlab.bench.rows import Row, higher, listed, lower
from genlab.metrics.classifier import ImageClassifier, label_accuracy
from genlab.metrics.distances import Floats, wasserstein2
from genlab.metrics.features import nearest_ratio
from genlab.metrics.floors import Floor, FloorStore, Gate, gate
from genlab.metrics.slices import finish
from genlab.metrics.statistics import assignment

LIMIT = 1.1
RIGHT = 0.95
LOG_PROB_ERROR = 0.13
W2_NOISE = 0.03
"""Usual deviation of the mean of 20 distances over their floor from one seed to the next."""


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
    return gate(distances(run, n, plan.draws_at(n), run.session.seed, **sampler), floor, limit), floor


def w2_row(
    plan: Plan,
    section: str,
    what: str,
    runs: Iterable[Trained],
    n: int,
    limit: float = LIMIT,
    sampler: Mapping[str, Any] | None = None,
) -> Row:
    """The gate on W2 of a run for each seed."""
    done = list(runs)
    read = [w2_gate(plan, each.run, n, limit, **(sampler or {})) for each in done]
    gates, floor = [found for found, _ in read], read[-1][1]
    ratios = [found.ratio for found in gates]
    session = done[-1].run.session
    how = f"{session.value('sampler.steps')} {session.value('sampler.method')} steps"
    return Row(
        section,
        f"{what}: W2 at n = {n:,}, times its floor",
        f"at most {limit:g} (+ 2 standard errors)",
        listed(ratios, ".3f"),
        {"gates": [asdict(found) for found in gates], "floor": asdict(floor)},
        all(found.passed for found in gates),
        f"floor {floor.mean:.4f} ({floor.low:.3f} to {floor.high:.3f}); 2 standard errors "
        f"{listed([2 * found.standard_error / floor.mean for found in gates], '.3f')}; "
        f"{'' if sampler else f'{how}; '}{notes(done)}",
        (lower(ratios, W2_NOISE), *speed(done)),
    )


def points_rows(plan: Plan, paradigm: str, datasets: tuple[str, ...]) -> Iterator[Row]:
    """W2 of default sessions after each of the plan's trainings on points."""
    for dataset in datasets:
        for seconds, n in zip(plan.points_seconds, plan.points_n, strict=True):
            budget = plan.budget(paradigm, seconds)
            runs = (trained(plan, budget, paradigm, dataset, seed=seed) for seed in plan.seeds)
            yield w2_row(plan, paradigm, f"{dataset}, {budget}", runs, n)


def exact_log_prob(run: Run, x: Floats) -> Floats:
    """The exact log density of a run's data at points (n, *event), nats, (n,)."""
    truth = run.dataset().truth
    if truth is None:
        raise ValueError(f"the density of '{run.session.dataset}' is not known")
    return truth.log_prob(x)


def log_prob_row(plan: Plan, paradigm: str) -> Row:
    """The density of the probability-flow ODE beside the exact one, on moons."""
    budget = plan.budget(paradigm, plan.density_seconds)
    errors: list[float] = []
    runs: list[Trained] = []
    for seed in plan.seeds:
        runs.append(trained(plan, budget, paradigm, "moons", seed=seed))
        run = runs[-1].run
        x = run.dataset().test(plan.density_points, np.random.default_rng(seed)).x
        errors.append(float(np.abs(run.log_prob(x) - exact_log_prob(run, x)).mean()))
    return Row(
        paradigm,
        f"moons, {budget}: mean absolute error of log p by the ODE, nats",
        f"at most {LOG_PROB_ERROR:g}",
        listed(errors, ".3f"),
        {"errors": errors},
        all(error <= LOG_PROB_ERROR for error in errors),
        f"{plan.density_points:,} test points; {notes(runs)}",
        (lower(errors, 0.006), *speed(runs)),
    )


def digits_rows(plan: Plan, paradigm: str, steps: int) -> Iterator[Row]:
    """Class-conditional digits: the asked label, and the distance to the nearest training digit."""
    budget = plan.budget(f"{paradigm} digits", plan.digits_seconds)
    right: list[tuple[float, float]] = []
    nearest: list[tuple[float, float]] = []
    runs: list[Trained] = []
    for seed in plan.seeds:
        runs.append(trained(plan, budget, paradigm, "digits", seed=seed))
        run = runs[-1].run
        training = run.dataset().train(2**31 - 1, np.random.default_rng(0))
        drawn = run.draw(plan.digits_n, "any", 1000, steps=steps, guidance=1.0)
        if training.labels is None or drawn.labels is None:
            raise ValueError("digits came without labels")
        classifier = ImageClassifier(17).fit(training.x, training.labels)
        right.append(label_accuracy(classifier, drawn.x, drawn.labels))
        nearest.append(finish(nearest_ratio(drawn.x, training.x)))
    what = f"digits, {budget}, {steps} steps, guidance 1"
    shares = [value for value, _ in right]
    yield Row(
        paradigm,
        f"{what}: asked label by the separate classifier",
        f"at least {RIGHT:.0%}",
        listed(shares, ".1%"),
        {"right": right},
        all(value >= RIGHT for value in shares),
        f"{plan.digits_n:,} samples; {notes(runs)}",
        (higher(shares, 0.007), *speed(runs)),
    )
    low, high = STD_RATIOS
    ratios = [value for value, _ in nearest]
    yield Row(
        paradigm,
        f"{what}: distance to nearest training digit, relative to leave-one-out",
        f"{low:g} to {high:g}",
        listed(ratios, ".3f"),
        {"nearest": nearest},
        all(low <= value <= high for value in ratios),
        f"standard errors {listed([error for _, error in nearest], '.3f')}",
        (lower([abs(value - 1) for value in ratios], 0.015, OFF_ONE),),
    )

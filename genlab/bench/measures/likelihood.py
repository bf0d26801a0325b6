"""Exact likelihoods of flows and bounds of autoencoders after some training, on held-out data."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from genlab.api import Run, train
from genlab.bench.measures.quality import exact_log_prob
from genlab.bench.measures.trained import Trained, notes, speed, trained
from genlab.bench.plan import Plan
from genlab.bench.rows import Row, listed, lower
from genlab.metrics.likelihood import mean_and_error, nll_above_entropy

POINTS = 20_000
POINT_LIMITS = {"moons": 0.02, "checkerboard": 0.04, "8gaussians": 0.02}
DRAWS = 10
"""Of the uniform noise that dequantises test images."""
IMPORTANCE = 500
FLOW_LIMIT, VAE_LIMIT = 90.0, 94.0
BASELINES = {"moons": ("histogram", "kernel", "mixture"), "8gaussians": ("histogram", "kernel", "mixture")}


def measure(plan: Plan) -> Iterator[Row]:
    """Flows on points and digits, the autoencoder on digits, baselines on points for comparison."""
    for dataset, limit in POINT_LIMITS.items():
        yield _above_entropy(plan, dataset, limit)
    yield _digits(plan, "flow", FLOW_LIMIT, "uniform dequantisation", range(DRAWS), {})
    yield _digits(plan, "vae", VAE_LIMIT, f"IWAE-{IMPORTANCE}", range(1), {"importance": IMPORTANCE})
    for dataset, methods in BASELINES.items():
        yield _baselines(plan, dataset, methods)


def excess(run: Run, **sampler: Any) -> tuple[float, float]:
    """NLL above the exact entropy, nats, and its standard error."""
    x = run.dataset().test(POINTS, np.random.default_rng([run.session.seed, POINTS])).x
    return nll_above_entropy(exact_log_prob(run, x), run.log_prob(x, **sampler))


def _above_entropy(plan: Plan, dataset: str, limit: float) -> Row:
    budget = plan.budget("flow", plan.flow_seconds)
    found: list[tuple[float, float]] = []
    runs: list[Trained] = []
    for seed in plan.seeds:
        runs.append(trained(plan, budget, "flow", dataset, seed=seed))
        found.append(excess(runs[-1].run))
    values = [value for value, _ in found]
    return Row(
        "likelihood",
        f"flow, {dataset}, {budget}: test NLL above the entropy, nats",
        f"at most {limit:g}",
        listed(values, ".4f"),
        {"excess": found},
        all(value <= limit for value in values),
        f"{POINTS:,} points; standard errors {listed([error for _, error in found], '.4f')}; {notes(runs)}",
        (lower(values, 0.001), *speed(runs)),
    )


def _digits(plan: Plan, paradigm: str, limit: float, how: str, seeds: range, sampler: dict[str, Any]) -> Row:
    budget = plan.budget(f"{paradigm} digits", plan.likelihood_seconds)
    found: list[tuple[float, float]] = []
    runs: list[Trained] = []
    images = 0
    for seed in plan.seeds:
        runs.append(trained(plan, budget, paradigm, "digits", seed=seed))
        run = runs[-1].run
        x = run.dataset().test(2**31 - 1, np.random.default_rng(0)).x
        images = len(x)
        likelihoods = np.mean([run.log_prob(x, seed=draw, **sampler) for draw in seeds], axis=0)
        found.append(mean_and_error(-likelihoods))
    values = [value for value, _ in found]
    return Row(
        "likelihood",
        f"{paradigm}, digits (17 levels, {how}), {budget}: test nats per image",
        f"at most {limit:g}",
        listed(values, ".2f"),
        {"nats": found},
        all(value <= limit for value in values),
        f"{images} test images; standard errors {listed([error for _, error in found], '.2f')}; "
        f"{notes(runs)}",
        (lower(values, 0.3), *speed(runs)),
    )


def _baselines(plan: Plan, dataset: str, methods: tuple[str, ...]) -> Row:
    found = {}
    for method in methods:
        run = train(
            "baselines", dataset, seconds=30.0, seed=plan.seeds[0], settings={"objective.method": method}
        )
        found[method] = excess(run)
    return Row(
        "likelihood",
        f"baselines, {dataset}: test NLL above the entropy, nats, of {', '.join(methods)}",
        "none",
        listed([value for value, _ in found.values()], ".4f"),
        {name: list(value) for name, value in found.items()},
        None,
        f"{POINTS:,} points; for comparison",
        tuple(lower([value], 0.002, name) for name, (value, _) in found.items()),
    )

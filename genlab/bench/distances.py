"""Exact W2 between what runs draw and fresh real draws, read against the floor of the data."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict

import numpy as np

from genlab.api import Run, train
from genlab.bench.rows import Plan, Row, listed
from genlab.bench.trained import trained
from genlab.metrics.distances import Floats, wasserstein2
from genlab.metrics.floors import FloorStore, gate
from genlab.metrics.slices import finish
from genlab.metrics.statistics import assignment

LIMIT = 1.1


def pairwise(first: Sequence[Floats], second: Sequence[Floats]) -> Floats:
    """Exact W2 of each pair of samples, (pairs,), over the cores of the machine."""
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(min(len(first), os.cpu_count() or 1), mp_context=context) as pool:
        return np.array(list(pool.map(wasserstein2, first, second)))


def distances(run: Run, n: int, draws: int, seed: int) -> Floats:
    """Exact W2 between draws of the model and fresh real draws, (draws,)."""
    dataset, rng = run.dataset(), np.random.default_rng([seed, n])
    model = [run.sample(n, seed=1000 + draw) for draw in range(draws)]
    return pairwise(model, [dataset.test(n, rng).x for _ in range(draws)])


def gate_row(
    plan: Plan, what: str, runs: Iterable[Run], n: int, limit: float, allowance: bool = True
) -> Row:  # fmt: skip
    """W2 of each run as a multiple of its floor. what: the runs, in the row's words. allowance: of 2 standard
    errors above the limit."""
    store, found, notes = FloorStore(plan.cache), [], []
    for run in runs:
        floor = finish(store.get(run.dataset(), "assignment", assignment, n))["w2"]
        found.append(gate(distances(run, n, plan.draws, run.session.seed), floor, limit))
        notes.append(trained(run))
    passes = {run.draw(2, seed=0).nfe}
    return Row(
        run.session.paradigm,
        f"{what}: W2 at n = {n:,}, times its floor",
        f"at most {limit:g}" + (" (+ 2 standard errors)" if allowance else ""),
        listed([each.ratio for each in found], ".3f"),
        {"gates": [asdict(each) for each in found], "floor": asdict(floor), "nfe": max(passes)},
        all(each.passed if allowance else each.ratio <= limit for each in found),
        f"floor {floor.mean:.4f} ({floor.low:.3f} to {floor.high:.3f}); 2 standard errors "
        f"{listed([2 * each.standard_error / floor.mean for each in found], '.3f')}; "
        f"{run.session.value('sampler.steps')} {run.session.value('sampler.method')} steps; "
        f"{'; '.join(notes)}",
    )


def point_rows(plan: Plan, paradigm: str, datasets: Sequence[str]) -> Iterator[Row]:
    """The default session of each data set after each budget of the plan."""
    for dataset in datasets:
        for seconds, n in zip(plan.points_seconds, plan.points_n, strict=True):
            runs = (train(paradigm, dataset, seconds=seconds, seed=seed) for seed in plan.seeds)
            yield gate_row(plan, f"{dataset}, {seconds:g} s", runs, n, LIMIT)

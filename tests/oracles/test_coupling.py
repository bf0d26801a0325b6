"""Couplings of source and data against the optimal transport library, and what they must keep."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import ot
import pytest
import torch
from numpy.typing import NDArray

from genlab.core.random import generator
from genlab.core.training import Batch
from genlab.data import load
from genlab.engine.models import model_of
from genlab.metrics.slices import finish
from genlab.paradigms.flow_matching.straightness import path_energy_error, transport, transport_cost
from genlab.sampling.coupling import optimal, sinkhorn, sinkhorn_plan, squared_distances, within_classes
from genlab.session.session import Session

Floats = NDArray[np.float64]
COUPLINGS = ("independent", "optimal", "label-aware", "sinkhorn")


def clouds(n: int, dim: int = 2, seed: int = 0) -> tuple[Floats, Floats]:
    """A source and data of three clusters."""
    rng = np.random.default_rng([seed, n, dim])
    centres = rng.normal(0, 3, size=(3, dim))
    return rng.normal(size=(n, dim)), centres[rng.integers(3, size=n)] + 0.3 * rng.normal(size=(n, dim))


@pytest.mark.parametrize("dim", [1, 2, 5])
def test_optimal_couples_as_the_optimal_transport_library_does(dim: int) -> None:
    source, data = clouds(150, dim)
    plan = ot.emd([], [], ot.dist(data, source))
    assert np.array_equal(optimal(source, data), plan.argmax(1))


@pytest.mark.parametrize("blur", [0.05, 0.3])
def test_the_entropic_plan_is_that_of_the_optimal_transport_library(blur: float) -> None:
    source, data = clouds(80)
    cost = ot.dist(data, source)
    expected = ot.sinkhorn([], [], cost, blur * cost.mean(), method="sinkhorn_log", stopThr=1e-10)
    found = sinkhorn_plan(source, data, blur)
    assert np.abs(found - expected).max() < 2e-4 / 80


def test_the_entropic_plan_has_the_margins_of_both_samples() -> None:
    source, data = clouds(60)[0], clouds(90)[1]
    plan = sinkhorn_plan(source, data, 0.05)
    assert plan.shape == (90, 60)
    assert plan.sum(1) * 90 == pytest.approx(np.ones(90), abs=2e-4)
    assert plan.sum(0) * 60 == pytest.approx(np.ones(60), abs=2e-4)


def test_sinkhorn_draws_each_datum_s_source_point_from_its_row_of_the_plan() -> None:
    source, data = clouds(12)
    shares = 12 * sinkhorn_plan(source, data, 0.5)
    rng = np.random.default_rng(3)
    draws = 20_000
    counts = np.zeros((12, 12))
    for _ in range(draws // 10):
        counts[np.arange(12), sinkhorn(source, data, 0.5, rng)] += 1
    error = np.sqrt(shares * (1 - shares) / (draws // 10))
    assert (np.abs(counts / (draws // 10) - shares) < 5 * error + 1e-3).all()


def test_within_classes_each_class_is_coupled_optimally_to_as_many_points_of_its_own() -> None:
    source, data = clouds(120)
    labels = np.random.default_rng(1).choice(3, size=120, p=[0.6, 0.3, 0.1])
    found = within_classes(source, data, labels)
    assert np.array_equal(np.sort(found), np.arange(120))
    for label in range(3):
        rows = np.flatnonzero(labels == label)
        mine = np.sort(found[rows])
        plan = ot.emd([], [], ot.dist(data[rows], source[mine]))
        assert np.array_equal(mine[plan.argmax(1)], found[rows])


def test_the_source_says_nothing_of_the_label_within_classes_but_much_without() -> None:
    rng = np.random.default_rng(0)
    labels = rng.integers(2, size=1000)
    data = np.column_stack([6.0 * labels - 3, np.zeros(1000)]) + 0.1 * rng.normal(size=(1000, 2))
    source = rng.normal(size=(1000, 2))
    error = 5 / np.sqrt(500)
    aware, blind = within_classes(source, data, labels), optimal(source, data)
    for label, side in ((0, -1), (1, 1)):
        assert source[aware[labels == label]].mean(0) == pytest.approx([0, 0], abs=error)
        # Transport over all classes cuts the source in halves, whose means are sqrt(2 / pi) away.
        assert source[blind[labels == label]].mean(0)[0] == pytest.approx(side * 0.798, abs=0.1)


@pytest.fixture(scope="module")
def coupled() -> Callable[[str], tuple[Any, Any, Batch]]:
    """An untrained model with a coupling, its data set and a batch of the second pool."""

    def get(coupling: str) -> tuple[Any, Any, Batch]:
        values = {"objective.coupling": coupling, "objective.coupled": 256, "network.width": 8}
        session = Session.default("flow-matching", "gan-ring").with_values(values)
        dataset = load(session.dataset, session.data)
        draw = dataset.train(3000, np.random.default_rng(0))
        model: Any = model_of(session, dataset, draw)
        pool = Batch(torch.as_tensor(draw.x), torch.as_tensor(draw.labels))
        rng = generator(0, "data")
        batches = [model.batch(pool, 200, rng) for _ in range(30)]
        return model, dataset, batches[-1]

    return get


@pytest.mark.parametrize("coupling", COUPLINGS)
def test_labels_travel_with_their_points_through_every_coupling(coupled: Any, coupling: str) -> None:
    _, dataset, batch = coupled(coupling)
    classes = np.stack([dataset.truth.log_prob(batch.x.numpy(), label) for label in range(8)])
    assert np.array_equal(classes.argmax(0), batch.labels.numpy())
    assert len(np.unique(batch.labels)) == 8


@pytest.mark.parametrize("coupling", ["optimal", "label-aware"])
def test_a_batch_is_part_of_an_optimal_coupling(coupled: Any, coupling: str) -> None:
    model, _, batch = coupled(coupling)
    x, source = model.standardise(batch.x).numpy(), batch.source.numpy()
    groups = [batch.labels.numpy() == k for k in range(8)] if coupling == "label-aware" else [slice(None)]
    for rows in groups:
        cost = squared_distances(x[rows], source[rows])
        # Each part of an optimal coupling is optimal between its own points.
        best = ot.emd2([], [], cost)
        assert np.diagonal(cost).mean() == pytest.approx(best, rel=1e-5)


def test_a_batch_of_independent_coupling_leaves_the_source_to_the_loss(coupled: Any) -> None:
    assert coupled("independent")[2].source is None


@pytest.mark.parametrize("dim", [1, 2])
def test_transport_aside_has_the_cost_and_potentials_of_the_library(dim: int) -> None:
    source, data = clouds(200, dim)
    cost = ot.dist(source, data)
    expected = ot.emd2([], [], cost)
    moved = finish(transport(source, data))
    assert finish(transport_cost(source, data)) == pytest.approx(expected, rel=1e-9)
    assert moved.cost == pytest.approx(expected, rel=1e-9)
    # Dual potentials: feasible, and with the cost as their value, which makes them optimal.
    assert moved.source.mean() + moved.data.mean() == pytest.approx(expected, rel=1e-9)
    assert (moved.source[:, None] + moved.data - cost).max() < 1e-9 * cost.max()


def test_transport_within_classes_takes_each_to_its_own() -> None:
    source, data = clouds(120)
    classes = np.random.default_rng(2).choice(3, size=120, p=[0.5, 0.3, 0.2])
    moved = finish(transport(source, data, classes))
    expected = 0.0
    for label in range(3):
        cost = ot.dist(source[classes == label], data[classes == label])
        at_source, at_data = moved.source[classes == label], moved.data[classes == label]
        assert (at_source[:, None] + at_data - cost).max() < 1e-9 * cost.max()
        assert at_source.mean() == pytest.approx(ot.emd2([], [], cost), rel=1e-9)
        expected += len(at_source) / 120 * ot.emd2([], [], cost)
    assert moved.cost == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("detours", [0.0, 1.0])
def test_the_error_of_the_path_energy_is_its_spread_over_repeated_draws(detours: float) -> None:
    energies, errors = [], []
    for seed in range(300):
        rng = np.random.default_rng([7, seed])
        # The map of optimal transport to the data, 3 + 2 x, and more energy by detours.
        source = rng.normal(size=(150, 1))
        data = 3 + 2 * rng.normal(size=(150, 1))
        energy = torch.as_tensor((3 + source[:, 0]) ** 2 * (1 + detours * rng.exponential(size=150)))
        moved = finish(transport(source, data))
        energies.append(float(energy.mean()) / moved.cost - 1)
        errors.append(path_energy_error(energy, moved))
    # A standard deviation of 300 draws is known to 4 %.
    assert np.mean(errors) == pytest.approx(np.std(energies), rel=0.15)

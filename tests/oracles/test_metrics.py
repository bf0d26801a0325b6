"""Metrics against independent implementations, definitions and closed forms."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import ot
import pytest
import torch
from numpy.typing import NDArray
from scipy.linalg import sqrtm
from scipy.spatial.distance import cdist
from sklearn.model_selection import StratifiedKFold
from torchmetrics.image.kid import poly_mmd

from genlab.app.drawings.canvas.grids import compare
from genlab.data import load
from genlab.data.catalogue import DATASETS
from genlab.metrics.classifier import ImageClassifier, label_accuracy
from genlab.metrics.coverage import mode_coverage, truncated_std
from genlab.metrics.distances import sliced_wasserstein2, wasserstein1, wasserstein2, wasserstein2_1d
from genlab.metrics.features import (
    frechet_distance,
    kernel_distance,
    nearest_ratio,
    precision_recall_density_coverage,
)
from genlab.metrics.likelihood import nll_above_entropy
from genlab.metrics.slices import finish

Floats = NDArray[np.float64]


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def clouds(n: int, m: int, dim: int) -> tuple[Floats, Floats]:
    random = rng(dim)
    return random.normal(size=(n, dim)), random.normal(0.5, 1.3, size=(m, dim))


@pytest.mark.parametrize("dim", [1, 2, 7])
def test_w2_by_assignment_equals_the_optimal_transport_solver(dim: int) -> None:
    x, y = clouds(120, 120, dim)
    expected = np.sqrt(ot.emd2([], [], ot.dist(x, y)))
    assert wasserstein2(x, y) == pytest.approx(expected, rel=1e-9)


def test_distances_on_the_line_equal_the_optimal_transport_solver() -> None:
    x, y = clouds(200, 200, 1)
    assert wasserstein1(x, y) == pytest.approx(ot.wasserstein_1d(x[:, 0], y[:, 0], p=1), rel=1e-9)
    assert wasserstein2_1d(x, y) == pytest.approx(np.sqrt(ot.wasserstein_1d(x[:, 0], y[:, 0], p=2)), rel=1e-9)
    assert wasserstein2_1d(x, y) == pytest.approx(wasserstein2(x, y), rel=1e-9)


def test_sliced_w2_equals_the_optimal_transport_library_on_the_same_directions() -> None:
    x, y = clouds(150, 150, 3)
    directions = rng(5).standard_normal((3, 64))
    directions /= np.linalg.norm(directions, axis=0)
    expected = ot.sliced_wasserstein_distance(x, y, projections=directions)
    assert finish(sliced_wasserstein2(x, y, rng(5), projections=64)) == pytest.approx(expected, rel=1e-9)


def test_frechet_distance_equals_the_formula_with_a_matrix_root() -> None:
    x, y = clouds(300, 250, 6)
    y = y @ rng(1).normal(size=(6, 6))
    cov_x, cov_y = np.cov(x.T), np.cov(y.T)
    root = np.real(sqrtm(cov_x @ cov_y))
    expected = ((x.mean(0) - y.mean(0)) ** 2).sum() + np.trace(cov_x + cov_y - 2 * root)
    assert frechet_distance(x, y) == pytest.approx(expected, rel=1e-8)


def test_frechet_distance_survives_constant_features() -> None:
    x, y = clouds(50, 50, 4)
    x[:, 2] = y[:, 2] = 1.0
    assert frechet_distance(x, x) == pytest.approx(0, abs=1e-9)
    assert frechet_distance(x, y) == pytest.approx(
        frechet_distance(np.delete(x, 2, 1), np.delete(y, 2, 1)), rel=1e-9
    )


def test_kernel_distance_equals_torchmetrics() -> None:
    x, y = clouds(90, 90, 5)
    expected = float(poly_mmd(torch.as_tensor(x), torch.as_tensor(y)))
    assert finish(kernel_distance(x, y)) == pytest.approx(expected, rel=1e-9)


def brute_force(real: Floats, fake: Floats, k: int) -> tuple[float, float, float, float]:
    def radius(points: Floats, i: int) -> float:
        return float(
            sorted(np.linalg.norm(points[j] - points[i]) for j in range(len(points)) if j != i)[k - 1]
        )

    real_radii = [radius(real, i) for i in range(len(real))]
    fake_radii = [radius(fake, j) for j in range(len(fake))]

    def near(a: Floats, b: Floats, limit: float) -> bool:
        return bool(np.linalg.norm(a - b) < limit)

    precision = np.mean([any(near(f, r, q) for r, q in zip(real, real_radii, strict=True)) for f in fake])
    recall = np.mean([any(near(r, f, q) for f, q in zip(fake, fake_radii, strict=True)) for r in real])
    density = np.mean([sum(near(f, r, q) for r, q in zip(real, real_radii, strict=True)) for f in fake]) / k
    coverage = np.mean([any(near(f, r, q) for f in fake) for r, q in zip(real, real_radii, strict=True)])
    return float(precision), float(recall), float(density), float(coverage)


def test_precision_recall_density_coverage_follow_the_definition() -> None:
    real, fake = clouds(70, 60, 2)
    found = finish(precision_recall_density_coverage(real, fake, k=5))
    expected = brute_force(real, fake, 5)
    assert (found.precision, found.recall, found.density, found.coverage) == pytest.approx(expected)


def test_a_collapsed_generator_scores_high_precision_and_low_recall() -> None:
    real = rng(0).normal(size=(500, 2))
    collapsed = rng(1).normal(size=(500, 2)) * 0.02
    found = finish(precision_recall_density_coverage(real, collapsed))
    assert found.precision > 0.99
    assert found.recall < 0.05
    assert found.coverage < 0.2


@pytest.mark.parametrize(("name", "count", "reverse_kl"), [("gan-ring", 8, 0.0014), ("gan-grid", 25, 0.0048)])
def test_exact_samples_of_the_gan_mixtures_score_the_published_perfect_values(
    name: str, count: int, reverse_kl: float
) -> None:
    dataset = load(name, DATASETS[name].settings())
    truth = dataset.truth
    assert truth is not None
    assert truth.modes is not None
    assert truth.mode_std is not None
    found = [
        mode_coverage(dataset.test(2500, rng(seed)).x, truth.modes, truth.mode_std) for seed in range(400)
    ]
    assert {(each.modes_captured, each.modes_total) for each in found} == {(count, count)}
    assert np.mean([each.high_quality for each in found]) == pytest.approx(0.989, abs=0.001)
    assert np.mean([each.std_ratio for each in found]) == pytest.approx(1, abs=0.005)
    assert np.mean([each.reverse_kl for each in found]) == pytest.approx(reverse_kl, rel=0.05)


def test_the_truncated_standard_deviation_in_the_plane_is_known() -> None:
    z = rng(0).normal(size=(400_000, 2))
    inside = z[(z**2).sum(1) <= 9]
    assert truncated_std(2) == pytest.approx(0.974, abs=5e-4)
    assert truncated_std(2) == pytest.approx(np.sqrt((inside**2).mean()), abs=2e-3)


def gaussian(mean: float, std: float) -> Callable[[Floats], Floats]:
    return lambda x: -0.5 * ((x - mean) / std) ** 2 - np.log(std * np.sqrt(2 * np.pi))


def test_grid_divergences_of_gaussians_have_their_closed_forms() -> None:
    x = (np.arange(4000) + 0.5) / 4000 * 24 - 12
    found = compare(gaussian(0, 1)(x), gaussian(0.5, 1.4)(x), 24 / 4000)

    def closed(m: float, s: float, mm: float, ss: float) -> float:
        return float(np.log(ss / s) + (s**2 + (m - mm) ** 2) / (2 * ss**2) - 0.5)

    assert found.forward == pytest.approx(closed(0, 1, 0.5, 1.4), rel=1e-5)
    assert found.reverse == pytest.approx(closed(0.5, 1.4, 0, 1), rel=1e-5)


def test_paired_nll_above_entropy_estimates_the_kl_divergence() -> None:
    x = rng(0).normal(size=20_000)
    excess, error = nll_above_entropy(gaussian(0, 1)(x), gaussian(0.1, 1.05)(x))
    expected = np.log(1.05) + (1 + 0.01) / (2 * 1.05**2) - 0.5
    assert excess == pytest.approx(expected, abs=3 * error)
    assert error < 0.2 * gaussian(0, 1)(x).std() / np.sqrt(len(x))


def test_the_separate_classifier_scores_its_published_accuracy_on_digits() -> None:
    digits = load("digits", DATASETS["digits"].settings())
    training, test = digits.train(1000, rng()), digits.test(447, rng())
    assert training.labels is not None
    assert test.labels is not None
    right = label_accuracy(ImageClassifier(17).fit(training.x, training.labels), test.x, test.labels)[0]
    assert right == pytest.approx(0.955, abs=0.005)
    scores = [
        label_accuracy(
            ImageClassifier(17).fit(training.x[fitted], training.labels[fitted]),
            training.x[left_out],
            training.labels[left_out],
        )[0]
        for fitted, left_out in StratifiedKFold(5).split(training.labels, training.labels)
    ]
    assert np.mean(scores) == pytest.approx(0.965, abs=0.003)


def test_training_digits_lie_closer_to_each_other_than_test_digits_do() -> None:
    digits = load("digits", DATASETS["digits"].settings())
    training, test = digits.train(1000, rng()).x, digits.test(447, rng()).x
    ratio = finish(nearest_ratio(test, training))[0]
    assert 1 / ratio == pytest.approx(0.88, abs=0.005)
    flat = training.reshape(1000, -1)
    own = cdist(flat, flat)
    np.fill_diagonal(own, np.inf)
    expected = cdist(test.reshape(447, -1), flat).min(1).mean() / own.min(1).mean()
    assert ratio == pytest.approx(expected, rel=1e-6)
    assert finish(nearest_ratio(training, training))[0] == 0

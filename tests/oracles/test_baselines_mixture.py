"""EM against scikit-learn's, from the same start."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest
import torch
from sklearn.mixture import GaussianMixture

from genlab.core.training import Batch
from genlab.paradigms.baselines.mixture import Mixture, spread_out
from genlab.paradigms.baselines.settings import BaselinesObjective

SHAPES = ("full", "diag", "tied", "spherical")
PLAIN = 1e-8
"""A regularisation that changes nothing."""


def draws(n: int = 1500, d: int = 2) -> np.ndarray:
    rng = np.random.default_rng(2)
    centres = 4 * rng.standard_normal((3, d))
    shape = rng.standard_normal((3, d, d)) / 2 + np.eye(d)
    k = rng.integers(0, 3, n)
    return centres[k] + np.einsum("nij,nj->ni", shape[k], rng.standard_normal((n, d)))


def mixture(x: np.ndarray, groups: int = 1, labels: Any = None, **objective: Any) -> Mixture:
    values = {"method": "mixture", "components": 3, "regularisation": PLAIN, **objective}
    settings = BaselinesObjective.model_validate(values)
    d = x.shape[1]
    rng = torch.Generator().manual_seed(0)
    one = torch.ones(d, dtype=torch.float64)
    batch = Batch(torch.as_tensor(x, dtype=torch.float32), labels)
    return Mixture(batch, groups, torch.zeros(d, dtype=torch.float64), one, 0.0, settings, rng)


def theirs(fit: Mixture, shape: str, iterations: int, x: np.ndarray) -> GaussianMixture:
    weights, means, spreads = (value.numpy() for value in fit.components(0))
    joint = spreads.ndim == 3
    covariance = spreads @ spreads.transpose(0, 2, 1) if joint else spreads**2
    precisions = {
        "full": lambda: np.linalg.inv(covariance),
        "tied": lambda: np.linalg.inv(covariance[0]),
        "diag": lambda: 1 / covariance,
        "spherical": lambda: 1 / covariance[:, 0],
    }[shape]()
    model = GaussianMixture(
        3, covariance_type=shape, tol=0, reg_covar=0, max_iter=iterations, means_init=means,
        weights_init=weights / weights.sum(), precisions_init=precisions,
    )  # fmt: skip
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that it has not converged
        return model.fit(x)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("start", ["k-means++", "random"])
def test_iterations_are_those_of_scikit_learn(shape: Any, start: Any) -> None:
    x = draws().astype(np.float32)
    fit = mixture(x, covariance=shape, start=start)
    expected = theirs(fit, shape, 12, x)
    pool = Batch(torch.as_tensor(x), None)
    totals = [fit.fit(pool)["total"].item() for _ in range(13)]
    # Their lower bound is taken before the last maximisation, as our total is.
    assert -totals[11] == pytest.approx(expected.lower_bound_, abs=1e-4)
    again = mixture(x, covariance=shape, start=start)
    for _ in range(12):
        again.fit(pool)
    ours = again.group_log_prob(pool.x, 0).numpy()
    assert ours == pytest.approx(expected.score_samples(x), abs=1e-3)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("regularisation", [1e-8, 0.3])
def test_no_iteration_lowers_the_likelihood_whatever_the_regularisation(
    shape: Any, regularisation: float
) -> None:
    x = draws()
    fit = mixture(x, covariance=shape, components=6, start="random", regularisation=regularisation)
    pool = Batch(torch.as_tensor(x, dtype=torch.float32), None)
    totals = [fit.fit(pool)["total"].item() for _ in range(40)]
    assert np.diff(totals).max() < 1e-6
    assert totals[-1] < totals[0] - 0.1


def test_the_criterion_is_the_expected_density_of_blurred_points_of_one_gaussian() -> None:
    x = draws(200).astype(np.float32)
    fit = mixture(x, components=1, regularisation=0.25, covariance="full")
    pool = Batch(torch.as_tensor(x), None)
    fit.fit(pool)
    total = fit.fit(pool)["total"].item()
    blurred = np.repeat(x, 2000, 0) + 0.5 * np.random.default_rng(0).standard_normal((400_000, 2))
    value = fit.group_log_prob(torch.as_tensor(blurred), 0).mean().item()
    assert -total == pytest.approx(value, abs=0.01)


def test_an_iteration_in_slices_is_the_same_iteration(monkeypatch: pytest.MonkeyPatch) -> None:
    x = draws(1000).astype(np.float32)
    pool = Batch(torch.as_tensor(x), None)
    whole, sliced = mixture(x), mixture(x)
    whole.fit(pool)
    whole.fit(pool)
    monkeypatch.setattr("genlab.paradigms.baselines.mixture.WORK", 1.0)
    calls = 0
    while int(sliced.cursor) or calls < 20:
        sliced.fit(pool)
        calls += 1
    assert calls == 2 * -(-1000 // 64)
    assert sliced.means.numpy() == pytest.approx(whole.means.numpy(), abs=1e-4)
    assert sliced.factors.numpy() == pytest.approx(whole.factors.numpy(), abs=1e-4)


def test_draws_have_the_moments_of_the_mixture() -> None:
    x = draws()
    fit = mixture(x)
    pool = Batch(torch.as_tensor(x, dtype=torch.float32), None)
    for _ in range(20):
        fit.fit(pool)
    drawn = fit.draw(torch.zeros(100_000, dtype=torch.long), torch.Generator().manual_seed(0)).numpy()
    weights, means, factors = (value.numpy() for value in fit.components(0))
    mean = weights @ means
    second = (
        np.einsum("k,kij->ij", weights, factors @ factors.transpose(0, 2, 1)) + (weights * means.T) @ means
    )
    assert drawn.mean(0) == pytest.approx(mean, abs=0.05)
    assert np.cov(drawn.T) == pytest.approx(second - np.outer(mean, mean), abs=0.2)


def test_k_means_plus_plus_finds_far_clusters_where_random_points_miss_them() -> None:
    rng = np.random.default_rng(0)
    x = torch.as_tensor(np.concatenate([rng.normal(0, 0.1, (995, 2)), rng.normal(9, 0.1, (5, 2))]))
    found = [bool((spread_out(x, 2, torch.Generator().manual_seed(seed)) > 5).any()) for seed in range(20)]
    assert np.mean(found) > 0.8


def test_full_covariances_over_very_many_axes_are_refused() -> None:
    with pytest.raises(ValueError, match="choose diagonal or spherical"):
        mixture(np.zeros((4, 300)), covariance="full")

"""Kernel density estimates against scikit-learn, quadrature and brute force."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import torch
from sklearn.neighbors import KernelDensity

from genlab.core.training import Batch
from genlab.paradigms.baselines.kernel import (
    Kernel,
    kernel_cdf,
    kernel_noise,
    log_kernel,
    reach,
    rule_factor,
)
from genlab.paradigms.baselines.settings import BaselinesObjective

SHAPES = ("gaussian", "epanechnikov", "tophat", "exponential")


def kernel(x: np.ndarray, **objective: Any) -> Kernel:
    """All stored, with the start of training."""
    settings = BaselinesObjective.model_validate({"method": "kernel", **objective})
    fit = Kernel(len(x), x.shape[1], 1, settings, 0, False, False)
    fit.take(Batch(torch.as_tensor(x, dtype=torch.float32), None))
    return fit


def run(fit: Kernel, x: np.ndarray) -> list[float]:
    pool = Batch(torch.as_tensor(x, dtype=torch.float32), None)
    totals = []
    while not fit.done:
        terms = fit.fit(pool)
        totals += [terms["total"].item()] if "total" in terms else []
    return totals


def draws(n: int, d: int) -> np.ndarray:
    rng = np.random.default_rng(0)
    return (rng.standard_normal((n, d)) + 3 * rng.integers(0, 2, (n, 1))).astype(np.float32)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("d", [1, 2, 5])
def test_the_density_is_that_of_scikit_learn(shape: Any, d: int) -> None:
    x, at = draws(300, d), draws(400, d)[300:]
    fit = kernel(x, kernel=shape, bandwidth="fixed", width=0.4)
    scale = x.astype(np.float64).std(0, ddof=1)
    radius = float(fit.bandwidth[0]) * reach(shape, d)
    theirs = KernelDensity(kernel=shape, bandwidth=radius).fit(x / scale)
    ours = fit.group_log_prob(torch.as_tensor(at), 0).numpy()
    expected = theirs.score_samples(at / scale) - np.log(scale).sum()
    covered = np.isfinite(ours)
    assert covered.mean() > 0.5
    assert ours[covered] == pytest.approx(expected[covered], abs=1e-5)


@pytest.mark.parametrize("shape", SHAPES)
def test_a_kernel_integrates_to_one_in_the_plane(shape: Any) -> None:
    side = torch.linspace(-16, 16, 1601, dtype=torch.float64)
    squared = side[:, None] ** 2 + side**2
    mass = log_kernel(shape, squared, 2).exp().sum() * (side[1] - side[0]) ** 2
    assert mass.item() == pytest.approx(1, abs=2e-3)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("d", [1, 3])
def test_its_noise_has_unit_variance_and_the_shape_of_its_radius(shape: Any, d: int) -> None:
    noise = reach(shape, d) * kernel_noise(shape, 200_000, d, torch.Generator().manual_seed(0))
    assert noise.var(0).numpy() == pytest.approx(np.ones(d), abs=0.03)
    r = np.linspace(0, 12, 4801)
    weight = log_kernel(shape, torch.as_tensor(r / reach(shape, d)) ** 2, d).exp().numpy() * r ** (d - 1)
    mean = (weight * r).sum() / weight.sum()
    assert noise.norm(dim=1).mean().item() == pytest.approx(mean, rel=0.01)


@pytest.mark.parametrize("shape", SHAPES)
def test_the_probability_below_a_bound_is_the_integral_of_the_kernel(shape: Any) -> None:
    x = torch.linspace(-12, 0.6, 20_001, dtype=torch.float64)
    below = torch.trapezoid(log_kernel(shape, x.square(), 1).exp(), x)
    assert kernel_cdf(shape, x[-1:]).item() == pytest.approx(below.item(), abs=1e-3)


def test_the_rules_are_those_of_scott_and_silverman() -> None:
    from scipy.stats import gaussian_kde

    x = draws(500, 2)
    kde = gaussian_kde(x.T)
    assert rule_factor("scott", 500, 2) == pytest.approx(kde.scotts_factor())
    assert rule_factor("silverman", 500, 2) == pytest.approx(kde.silverman_factor())


def test_the_cross_validated_bandwidth_is_near_the_best_by_brute_force() -> None:
    x = draws(600, 1)
    fit = kernel(x, bandwidth="cross-validated", candidates=40)
    totals = run(fit, x)
    assert np.diff(totals).max() <= 0
    z = x.astype(np.float64) / x.astype(np.float64).std(ddof=1)
    widths = np.geomspace(0.02, 1, 60)
    scores = []
    for width in widths:
        values = -0.5 * ((z - z.T) / width) ** 2 - math.log(width * math.sqrt(2 * math.pi))
        np.fill_diagonal(values, -np.inf)
        scores.append(np.mean(np.logaddexp.reduce(values, 1) - math.log(len(z) - 1)))
    assert float(fit.bandwidth[0]) == pytest.approx(widths[int(np.argmax(scores))], rel=0.35)


def test_held_out_densities_are_those_of_scikit_learn_by_folds() -> None:
    x = draws(203, 2)
    fit = kernel(x, bandwidth="fixed", width=0.3, folds=4)
    stored = fit.store.x.numpy().astype(np.float64)
    (total, *_) = run(fit, x)
    scale = fit.scale[0].numpy().astype(np.float64)
    fold = np.arange(203) % 4
    values = np.concatenate(
        [
            KernelDensity(bandwidth=0.3)
            .fit(stored[fold != f] / scale)
            .score_samples(stored[fold == f] / scale)
            for f in range(4)
        ]
    )
    assert total == pytest.approx(-(values.mean() - np.log(scale).sum()), abs=1e-4)


def test_narrow_kernels_of_finite_reach_give_no_density_between_points() -> None:
    fit = kernel(np.array([[0.0], [1.0], [2.0]]), kernel="tophat", bandwidth="fixed", width=0.1)
    assert fit.group_log_prob(torch.tensor([[0.5]]), 0).item() == -math.inf

"""Histograms against numpy, SciPy and counting."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import torch
from scipy.stats import norm

from genlab.core.training import Batch
from genlab.paradigms.baselines.histogram import BACKGROUND, Histogram, Pixels, bin_counts
from genlab.paradigms.baselines.settings import BaselinesObjective

RULES = {"sturges": "sturges", "scott": "scott", "freedman-diaconis": "fd"}


def histogram(x: np.ndarray, **objective: Any) -> Histogram:
    settings = BaselinesObjective.model_validate({"method": "histogram", **objective})
    data = torch.as_tensor(x, dtype=torch.float32)
    fit = Histogram(data, 1, settings, len(x))
    fit.fit(Batch(data, None))
    return fit


def draws(n: int, d: int) -> np.ndarray:
    rng = np.random.default_rng(1)
    return (rng.standard_normal((n, d)) + 4 * rng.integers(0, 2, (n, 1))).astype(np.float32)


@pytest.mark.parametrize("rule", list(RULES))
def test_the_bins_on_a_line_are_numpys(rule: str) -> None:
    x = draws(2000, 1)
    (bins,) = bin_counts(torch.as_tensor(x).double(), rule, 0, 2000)
    edges = np.histogram_bin_edges(x[:, 0].astype(np.float64), RULES[rule])
    assert bins == len(edges) - 1


def test_the_density_on_a_line_is_numpys() -> None:
    x = draws(3000, 1)
    fit = histogram(x, rule="fixed", bins=37, smoothing=0)
    density, edges = np.histogram(x[:, 0].astype(np.float64), 37, density=True)
    middles = torch.as_tensor((edges[1:] + edges[:-1]) / 2)[:, None]
    assert fit.group_log_prob(middles, 0).exp().numpy() == pytest.approx(density, abs=1e-6)


def test_the_density_in_the_plane_is_numpys() -> None:
    x = draws(3000, 2).astype(np.float64)
    fit = histogram(x, rule="fixed", bins=9, smoothing=0)
    density, right, up = np.histogram2d(x[:, 0], x[:, 1], 9, density=True)
    centres = np.stack(
        np.meshgrid((right[1:] + right[:-1]) / 2, (up[1:] + up[:-1]) / 2, indexing="ij"), -1
    ).reshape(-1, 2)
    values = fit.group_log_prob(torch.as_tensor(centres), 0).exp().numpy()
    assert values == pytest.approx(density.ravel(), abs=1e-6)


@pytest.mark.parametrize("smoothing", [0.0, 0.5, 20.0])
def test_the_density_integrates_to_one(smoothing: float) -> None:
    x = draws(500, 1)
    fit = histogram(x, rule="fixed", bins=25, smoothing=smoothing)
    grid = np.linspace(-40, 40, 400_001)
    density = fit.group_log_prob(torch.as_tensor(grid)[:, None], 0).exp().numpy()
    assert density.sum() * (grid[1] - grid[0]) == pytest.approx(1, abs=1e-3)


def test_a_pseudo_count_leaves_no_point_with_zero_density() -> None:
    x = draws(500, 2)
    far = torch.tensor([[100.0, -100.0], [2.0, 2.0]])
    assert bool(histogram(x, smoothing=0.1).group_log_prob(far, 0).isfinite().all())
    assert histogram(x, smoothing=0).group_log_prob(far, 0)[0].item() == -math.inf


def test_the_weight_of_the_wide_gaussian_is_one_pseudo_count() -> None:
    x = draws(500, 1)
    fit = histogram(x, rule="fixed", bins=10, smoothing=2.0)
    far = x.mean() + 20.0
    spread = BACKGROUND * x.std(ddof=1)
    expected = math.log(2.0 / (500 + 11 * 2.0)) + norm.logpdf(20.0, scale=spread)
    assert fit.group_log_prob(torch.tensor([[far]]), 0).item() == pytest.approx(expected, abs=1e-4)


def test_draws_fill_the_bins_as_the_counts_say() -> None:
    x = draws(1000, 2)
    fit = histogram(x, rule="fixed", bins=5, smoothing=0)
    drawn = fit.draw(torch.zeros(40_000, dtype=torch.long), torch.Generator().manual_seed(0)).numpy()
    edges = [np.linspace(*fit.edges[:, axis].tolist(), 6) for axis in range(2)]
    ours, _, _ = np.histogram2d(drawn[:, 0], drawn[:, 1], edges)
    theirs, _, _ = np.histogram2d(x[:, 0], x[:, 1], edges)
    assert ours / 40_000 == pytest.approx(theirs / 1000, abs=0.01)


def test_the_probability_below_a_bound_is_the_integral_of_the_density() -> None:
    fit = histogram(draws(800, 1), rule="fixed", bins=14, smoothing=1.0)
    grid = np.linspace(-60, 1.3, 400_001)
    density = fit.group_log_prob(torch.as_tensor(grid)[:, None], 0).exp().numpy()
    assert fit.cdf(1.3, 0) == pytest.approx(np.trapezoid(density, grid), abs=1e-3)


def test_too_many_axes_are_refused_in_one_sentence() -> None:
    with pytest.raises(ValueError, match="12 bins along each of 8 axes"):
        histogram(draws(2000, 8), rule="sturges")


def test_the_probabilities_of_an_images_levels_sum_to_one() -> None:
    rng = np.random.default_rng(0)
    x = torch.as_tensor(rng.integers(0, 3, (50, 2)), dtype=torch.float32)
    fit = Pixels(2, 3, 1, BaselinesObjective(method="histogram", smoothing=0.3))
    fit.fit(Batch(x, None))
    every = torch.cartesian_prod(torch.arange(3.0), torch.arange(3.0))
    assert fit.group_log_prob(every, 0).exp().sum().item() == pytest.approx(1, abs=1e-9)
    share = (x[:, 0] == 1).double().sum().item() + 0.3
    one = fit.group_log_prob(torch.tensor([[1.0, 0], [1, 1], [1, 2]]), 0).exp().sum().item()
    assert one == pytest.approx(share / (50 + 3 * 0.3))

"""Paths against their published discrete and differential definitions."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from genlab.sampling.path import Cosine, Linear, Path, Table, VarianceExploding, cosine_betas, linear_betas

PATHS: list[Path] = [
    Linear(), Cosine(), VarianceExploding(), Table(linear_betas(1000)), Table(cosine_betas(100)),
]  # fmt: skip


def inner(path: Path, dtype: torch.dtype = torch.float64) -> torch.Tensor:
    return torch.linspace(path.t_min, path.t_max, 977, dtype=dtype)


@pytest.mark.parametrize("path", PATHS, ids=lambda p: type(p).__name__)
def test_derivatives_are_those_of_central_differences(path: Path) -> None:
    t = inner(path)[1:-1]
    h = 1e-6 * (path.t_max - path.t_min)
    for function, derivative in ((path.alpha, path.dalpha), (path.sigma, path.dsigma)):
        numeric = (function(t + h) - function(t - h)) / (2 * h)
        kinks = (t - t.round()).abs() <= 2 * h if isinstance(path, Table) else torch.zeros_like(t).bool()
        torch.testing.assert_close(derivative(t)[~kinks], numeric[~kinks], rtol=1e-5, atol=1e-8)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("path", PATHS, ids=lambda p: type(p).__name__)
def test_log_snr_is_inverted_in_both_precisions(path: Path, dtype: torch.dtype) -> None:
    t = inner(path, dtype)
    log_snr = path.log_snr(t)
    assert log_snr.dtype == dtype
    assert bool((log_snr.diff() < 0).all())
    assert log_snr.isfinite().all()
    scale = (path.t_max - path.t_min) * (1e-6 if dtype == torch.float32 else 1e-13)
    torch.testing.assert_close(path.time_of_log_snr(log_snr), t, rtol=0, atol=scale)
    expected = 2 * torch.log(path.alpha(t) / path.sigma(t))
    torch.testing.assert_close(log_snr, expected, rtol=0, atol=100 * torch.finfo(dtype).eps)


@pytest.mark.parametrize("path", PATHS, ids=lambda p: type(p).__name__)
def test_the_clean_time_has_no_noise(path: Path) -> None:
    t = torch.tensor(path.t_clean, dtype=torch.float64)
    assert float(path.alpha(t)) == pytest.approx(1.0, abs=1e-15)
    assert float(path.sigma(t)) == 0.0


@pytest.mark.parametrize("path", [PATHS[0], PATHS[1], PATHS[3], PATHS[4]], ids=lambda p: type(p).__name__)
def test_variance_is_preserved(path: Path) -> None:
    one = path.alpha(inner(path)) ** 2 + path.sigma(inner(path)) ** 2
    torch.testing.assert_close(one, torch.ones_like(one), rtol=0, atol=1e-12)


def test_the_table_is_the_product_of_its_variances() -> None:
    betas = np.linspace(1e-4, 0.02, 1000)
    alpha_bar = np.cumprod(1 - betas)
    t = torch.arange(1000, dtype=torch.float64)
    path = Table(linear_betas(1000))
    np.testing.assert_allclose(path.alpha(t).numpy(), np.sqrt(alpha_bar), rtol=1e-12)
    np.testing.assert_allclose(path.sigma(t).numpy(), np.sqrt(1 - alpha_bar), rtol=1e-10)


def test_the_linear_path_is_the_limit_of_the_table() -> None:
    n = 20000
    table, path = Table(linear_betas(n)), Linear()
    k = torch.arange(0, n, 997, dtype=torch.float64)
    torch.testing.assert_close(table.alpha(k), path.alpha((k + 1) / n), rtol=2e-3, atol=1e-5)


def test_the_cosine_path_is_the_published_closed_form() -> None:
    t = np.linspace(0.01, 0.99, 50)
    f = np.cos((t + 0.008) / 1.008 * math.pi / 2) ** 2 / math.cos(0.008 / 1.008 * math.pi / 2) ** 2
    np.testing.assert_allclose(Cosine().alpha(torch.from_numpy(t)).numpy(), np.sqrt(f), rtol=1e-12)
    steps = 50
    table = Table(cosine_betas(steps))
    k = torch.arange(steps - 1, dtype=torch.float64)
    torch.testing.assert_close(table.alpha(k), Cosine().alpha((k + 1) / steps), rtol=1e-9, atol=0)


@pytest.mark.parametrize("betas", [[0.1], [0.1, 1.0], [0.0, 0.1]])
def test_a_table_of_impossible_variances_is_refused(betas: list[float]) -> None:
    with pytest.raises(ValueError, match="between 0 and 1"):
        Table(torch.tensor(betas))

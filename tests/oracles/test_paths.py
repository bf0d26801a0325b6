"""Paths against their published discrete and differential definitions."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from scipy.integrate import solve_ivp

from genlab.bench.table_path import Table, cosine_betas, linear_betas
from genlab.sampling.path import Cosine, Linear, Path, Straight, SubVP, Trigonometric, VarianceExploding

PRESERVING: list[Path] = [
    Linear(), Cosine(), Trigonometric(), Table(linear_betas(1000)), Table(cosine_betas(100)),
]  # fmt: skip
CLEAN: list[Path] = [*PRESERVING, SubVP(), Straight(), VarianceExploding()]
PATHS: list[Path] = [*CLEAN, Straight(0.1)]
CONTINUOUS = [path for path in PATHS if not isinstance(path, Table)]


def inner(path: Path, dtype: torch.dtype = torch.float64) -> torch.Tensor:
    """Times of a path, up to where a thousandth of the data is left on those that end in pure noise."""
    end = 0.999 if isinstance(path, (Straight, Trigonometric)) else path.t_max
    return torch.linspace(path.t_min, end, 977, dtype=dtype)


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


@pytest.mark.parametrize("path", CLEAN, ids=lambda p: type(p).__name__)
def test_the_clean_time_has_no_noise(path: Path) -> None:
    t = torch.tensor(path.t_clean, dtype=torch.float64)
    assert float(path.alpha(t)) == pytest.approx(1.0, abs=1e-15)
    assert float(path.sigma(t)) == 0.0


@pytest.mark.parametrize("path", PRESERVING, ids=lambda p: type(p).__name__)
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


def test_the_straight_path_is_that_of_lipman_in_reversed_time() -> None:
    rest = 0.02
    path, t = Straight(rest), torch.linspace(0, 1, 21, dtype=torch.float64)
    forward = 1 - t
    torch.testing.assert_close(path.alpha(t), forward, rtol=0, atol=1e-15)
    torch.testing.assert_close(path.sigma(t), 1 - (1 - rest) * forward, rtol=0, atol=1e-15)
    # Their conditional velocity, eq. 23, at a point of the path: (x1 - (1 - s) x0).
    data, noise = 1.7, -0.6
    torch.testing.assert_close(
        path.dalpha(t) * data + path.dsigma(t) * noise,
        torch.full_like(t, -(data - (1 - rest) * noise)),
        rtol=0,
        atol=1e-15,
    )


def test_the_straight_path_without_rest_is_the_line_of_rectified_flow() -> None:
    path, t = Straight(), torch.tensor([0.0, 0.25, 1.0], dtype=torch.float64)
    x = path.diffuse(torch.full((3, 1), 2.0).double(), torch.full((3, 1), -4.0).double(), t)
    np.testing.assert_allclose(x[:, 0].numpy(), [2.0, 0.5, -4.0], rtol=0, atol=1e-15)


def test_the_trigonometric_path_is_a_quarter_turn() -> None:
    path, t = Trigonometric(), torch.linspace(0, 1, 21, dtype=torch.float64)
    np.testing.assert_allclose(path.alpha(t).numpy(), np.cos(np.pi / 2 * t.numpy()), rtol=0, atol=1e-15)
    np.testing.assert_allclose(path.sigma(t).numpy(), np.sin(np.pi / 2 * t.numpy()), rtol=0, atol=1e-15)


@pytest.mark.parametrize("path", [Straight(), Straight(0.1), Trigonometric()], ids=lambda p: type(p).__name__)
def test_paths_of_flow_matching_end_in_nothing_but_noise(path: Path) -> None:
    for dtype in (torch.float32, torch.float64):
        end = torch.tensor(path.t_max, dtype=dtype)
        assert float(path.alpha(end)) == 0.0
        assert float(path.sigma(end)) == 1.0


def rate(path: Linear, t: float) -> float:
    return path.beta_min + (path.beta_max - path.beta_min) * t


def squared_diffusion(path: Linear, t: float) -> float:
    """`g^2` of Song et al. (2021), eq. 11 (variance preserving) and eq. 13 (sub-variance-preserving)."""
    if not isinstance(path, SubVP):
        return rate(path, t)
    integral = path.beta_min * t + 0.5 * (path.beta_max - path.beta_min) * t**2
    return rate(path, t) * -math.expm1(-2 * integral)


@pytest.mark.parametrize("path", [Linear(), SubVP(), SubVP(0.5, 8.0)], ids=["Linear", "SubVP", "slower"])
def test_mean_and_variance_solve_the_moment_equations_of_the_published_sde(path: Linear) -> None:
    def slope(t: float, moments: np.ndarray) -> list[float]:
        mean, variance = moments
        return [-0.5 * rate(path, t) * mean, -rate(path, t) * variance + squared_diffusion(path, t)]

    t = np.linspace(0, 1, 41)
    solution = solve_ivp(slope, (0, 1), [1.0, 0.0], "DOP853", t_eval=t, rtol=1e-11, atol=1e-14)
    np.testing.assert_allclose(path.alpha(torch.from_numpy(t)).numpy(), solution.y[0], rtol=1e-8)
    np.testing.assert_allclose(
        path.sigma(torch.from_numpy(t)).numpy() ** 2, solution.y[1], rtol=1e-8, atol=1e-12
    )


@pytest.mark.parametrize("path", [Linear(), SubVP()], ids=lambda p: type(p).__name__)
def test_the_diffusion_rate_is_that_of_the_published_sde(path: Linear) -> None:
    t = inner(path)
    expected = [squared_diffusion(path, value) for value in t.tolist()]
    np.testing.assert_allclose(path.diffusion_rate(t).numpy(), expected, rtol=1e-9)


def test_the_diffusion_rate_of_exploding_variance_is_the_growth_of_the_variance() -> None:
    t = inner(VarianceExploding())
    h = 1e-4
    growth = ((t + h) ** 2 - (t - h) ** 2) / (2 * h)
    torch.testing.assert_close(VarianceExploding().diffusion_rate(t), growth, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("path", CONTINUOUS, ids=lambda p: type(p).__name__)
def test_the_forward_sde_of_the_diffusion_rate_has_the_marginals_of_the_path(path: Path) -> None:
    def slope(t: float, variance: np.ndarray) -> np.ndarray:
        time = torch.tensor(t, dtype=torch.float64)
        drift = float(path.dalpha(time) / path.alpha(time))
        return 2 * drift * variance + float(path.diffusion_rate(time))

    t = inner(path)[::61]
    first, last = float(t[0]), float(t[-1])
    start = [float(path.sigma(t[0])) ** 2]
    solution = solve_ivp(slope, (first, last), start, "LSODA", t_eval=t.numpy(), rtol=1e-9, atol=1e-13)
    np.testing.assert_allclose(path.sigma(t).numpy() ** 2, solution.y[0], rtol=1e-6)

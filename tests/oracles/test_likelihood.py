"""The likelihood of the probability-flow ODE where it is known."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor

from genlab.sampling.condition import Conditions
from genlab.sampling.denoiser import Denoiser, Prediction
from genlab.sampling.ideal import GaussianMixtureDenoiser
from genlab.sampling.likelihood import OdeLogProb, ode_log_prob
from genlab.sampling.path import Cosine, Linear, Path, VarianceExploding
from genlab.sampling.solvers import trajectory
from genlab.sampling.spacing import times
from tests.solver_table import SOLVERS

PATHS = [Linear(), Cosine(), VarianceExploding()]


class GaussianDenoiser:
    """The exact denoiser of data `N(0, covariance)`."""

    def __init__(self, covariance: Tensor, path: Path) -> None:
        self.path, self.covariance = path, covariance

    def predict(self, x: Tensor, t: Tensor, condition: Conditions | None = None) -> Prediction:
        alpha, sigma = self.path.alpha(t), self.path.sigma(t)
        noisy = alpha**2 * self.covariance + sigma**2 * torch.eye(len(self.covariance)).to(x)
        return Prediction(self.path, t, x, "score", -torch.linalg.solve(noisy, x.T).T)


def results(denoiser: Denoiser, x: Tensor, **options: object) -> list[OdeLogProb]:
    with torch.no_grad():
        return [r for r in ode_log_prob(denoiser, x, **options) if r is not None]  # type: ignore[arg-type]


def level(path: Path) -> float:
    return float(path.noise_level(torch.tensor(path.t_min, dtype=torch.float64)))


def points(n: int, d: int = 2) -> Tensor:
    return torch.randn(n, d, generator=torch.Generator().manual_seed(0), dtype=torch.float64)


FAR = [Linear(t_max=1.1), Cosine(), VarianceExploding(t_max=300.0)]  # where the data leave no trace


@pytest.mark.parametrize("path", FAR, ids=lambda p: type(p).__name__)
def test_log_prob_of_a_correlated_gaussian_is_that_of_the_data(path: Path) -> None:
    covariance = torch.tensor([[1.0, 0.6], [0.6, 1.0]], dtype=torch.float64)
    x = points(200) @ torch.linalg.cholesky(covariance).T
    noisy = covariance + level(path) ** 2 * torch.eye(2, dtype=torch.float64)
    exact = torch.distributions.MultivariateNormal(torch.zeros(2).double(), noisy).log_prob(x)
    (result,) = results(GaussianDenoiser(covariance, path), x)
    torch.testing.assert_close(result.value, exact, rtol=0, atol=1e-4)
    assert result.error is not None
    assert result.error.max() < 1e-4


@pytest.mark.parametrize("path", PATHS, ids=lambda p: type(p).__name__)
def test_log_prob_is_that_of_what_the_sampler_draws_from_its_standard_normal_start(path: Path) -> None:
    variance = torch.tensor([1.5, 0.2], dtype=torch.float64)
    ends = path.noise_level(torch.tensor([path.t_min, path.t_max], dtype=torch.float64)) ** 2
    # Each axis is stretched so that the start, of variance 1 + level^2, arrives at the end of the flow.
    drawn = (1 + ends[1]) * (variance + ends[0]) / (variance + ends[1])
    x = points(200) * drawn.sqrt()
    exact = torch.distributions.Normal(torch.zeros(2).double(), drawn.sqrt()).log_prob(x).sum(1)
    (result,) = results(GaussianDenoiser(torch.diag(variance), path), x)
    torch.testing.assert_close(result.value, exact, rtol=0, atol=1e-4)


@pytest.mark.parametrize("path", PATHS, ids=lambda p: type(p).__name__)
def test_the_flow_of_a_gaussian_is_its_closed_form(path: Path) -> None:
    covariance = torch.diag(torch.tensor([1.0, 0.04], dtype=torch.float64))
    grid = times(path, 400, "karras", "t_min")
    x = points(100) * float(path.scale(grid[0]))
    final = list(trajectory(GaussianDenoiser(covariance, path), SOLVERS["heun"].build(), x, grid))[-1].x
    ends = []
    for t in (grid[0], grid[-1]):
        ends.append(torch.sqrt(path.alpha(t) ** 2 * covariance.diagonal() + path.sigma(t) ** 2))
    torch.testing.assert_close(final, x * ends[1] / ends[0], rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize("path", PATHS, ids=lambda p: type(p).__name__)
def test_log_prob_of_a_sharp_ring_is_right_and_its_error_is_admitted(path: Path) -> None:
    angle = torch.arange(8, dtype=torch.float64) * math.pi / 4
    means = math.sqrt(2) * torch.stack([angle.cos(), angle.sin()], 1)
    ring = GaussianMixtureDenoiser(means, 0.07, path)
    x = means.repeat(40, 1) + 0.07 * points(320)
    (result,) = results(ring, x)
    actual = (result.value - ring.log_prob(x, level(path))).abs()
    assert actual.mean() < 1e-3
    assert result.error is not None
    assert actual.mean() < 2 * result.error.mean() < 1e-2


def test_the_density_of_a_class_is_that_of_its_component() -> None:
    path = VarianceExploding()
    means = torch.tensor([[-1.0, 0.0], [1.0, 0.0]], dtype=torch.float64)
    mixture = GaussianMixtureDenoiser(means, 0.3, path)
    x = points(64) * 0.3 + means[1]
    condition = Conditions(torch.ones(64, dtype=torch.long))
    (result,) = results(mixture, x, condition=condition)
    expected = mixture.log_prob(x, 0.002, condition)
    # The sampler starts around the origin, and this class lies one away from it: 1 / 80 at the start.
    torch.testing.assert_close(result.value, expected, rtol=0, atol=0.06)
    (unconditional,) = results(mixture, x)
    torch.testing.assert_close(unconditional.value, mixture.log_prob(x, 0.002), rtol=0, atol=2e-3)


def test_the_density_integrates_to_one() -> None:
    means = torch.tensor([[-1.0, 0.0], [1.0, 0.0]])
    axis = torch.linspace(-3, 3, 48)
    grid = torch.cartesian_prod(axis, axis)
    parts = results(GaussianMixtureDenoiser(means, 0.3, VarianceExploding()), grid, error=False)
    assert [p.start for p in parts] == [0, 1024, 2048]
    assert all(p.error is None and p.standard_error is None for p in parts)
    mass = torch.cat([p.value for p in parts]).exp().sum() * (6 / 47) ** 2
    assert mass.item() == pytest.approx(1, abs=1e-3)


def test_estimated_divergences_scatter_about_the_exact_one_by_their_standard_error() -> None:
    path = VarianceExploding()
    means = torch.randn(5, 6, generator=torch.Generator().manual_seed(3), dtype=torch.float64)
    mixture = GaussianMixtureDenoiser(means, 0.4, path)
    x = means.repeat(40, 1) + 0.4 * points(200, 6)
    (exact,) = results(mixture, x, error=False)
    generator = torch.Generator().manual_seed(5)
    options = {"divergence": "hutchinson", "probes": 32, "generator": generator, "error": False}
    (estimate,) = results(mixture, x, **options)
    assert estimate.standard_error is not None
    away = (estimate.value - exact.value) / estimate.standard_error
    assert away.mean().abs() < 0.25
    assert 0.8 < away.std() < 1.25


def test_every_slice_is_one_evaluation_and_images_keep_their_shape() -> None:
    covariance_free = GaussianMixtureDenoiser(torch.zeros(1, 1, 2, 2), 1.0, Linear())
    x = points(6, 4).reshape(6, 1, 2, 2)
    slices = list(ode_log_prob(covariance_free, x, steps=4, chunk=4))
    assert [s is None for s in slices] == ([True] * 24 + [False]) * 2
    values = torch.cat([s.value for s in slices if s is not None])
    exact = -0.5 * (x.flatten(1).square().sum(1) + 4 * math.log(2 * math.pi))
    torch.testing.assert_close(values, exact, rtol=0, atol=2e-3)
    assert slices[-1] is not None
    assert slices[-1].nfe == 24


@pytest.mark.parametrize(
    "options", [{"steps": 1}, {"divergence": "hutchinson"}, {"divergence": "hutchinson", "probes": 1}]
)
def test_impossible_requests_are_refused(options: dict[str, object]) -> None:
    with pytest.raises(ValueError):
        results(GaussianMixtureDenoiser(torch.zeros(1, 2), 1.0, Linear()), torch.zeros(1, 2), **options)

"""The likelihood on paths that end in nothing but their source, which may be another than N(0, I)."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from genlab.sampling.condition import Conditions
from genlab.sampling.denoiser import Denoiser, Prediction
from genlab.sampling.likelihood import OdeLogProb, ode_log_prob
from genlab.sampling.path import Path, Straight, Trigonometric

PATHS: list[Path] = [Straight(), Straight(0.05), Trigonometric()]
IDS = ["straight", "lipman", "trigonometric"]
MEAN = torch.tensor([0.7, -0.4], dtype=torch.float64)
SPREAD = torch.tensor([0.4, 1.3], dtype=torch.float64)


class Couple:
    """The exact denoiser of data `N(mean, spread^2)` from a source `N(centre, width^2)`, axis by axis."""

    def __init__(self, path: Path, centre: float = 0.0, width: float = 1.0) -> None:
        self.path, self.centre, self.width = path, centre, width

    def predict(self, x: Tensor, t: Tensor, condition: Conditions | None = None) -> Prediction:
        alpha, sigma = self.path.alpha(t), self.path.sigma(t)
        away = x - alpha * MEAN - sigma * self.centre
        total = alpha**2 * SPREAD**2 + sigma**2 * self.width**2
        x0 = MEAN + alpha * SPREAD**2 / total * away
        noise = self.centre + sigma * self.width**2 / total * away
        velocity = self.path.dalpha(t) * x0 + self.path.dsigma(t) * noise
        return Prediction(self.path, t, x, "velocity", velocity)


def gaussian(mean: Tensor | float, std: Tensor | float) -> Callable[[Tensor], Tensor]:
    law = torch.distributions.Normal(torch.zeros(2).double() + mean, torch.ones(2).double() * std)
    return lambda x: law.log_prob(x).sum(1)


def points() -> Tensor:
    return MEAN + 1.5 * SPREAD * torch.randn(300, 2, generator=torch.Generator().manual_seed(0)).double()


def result(denoiser: Denoiser, base: Callable[[Tensor], Tensor] | None, steps: int = 80) -> OdeLogProb:
    with torch.no_grad():
        parts = [p for p in ode_log_prob(denoiser, points(), steps=steps, base=base) if p is not None]
    (part,) = parts
    return part


def level(path: Path) -> float:
    """The noise that `t_min` leaves on the data."""
    return float(path.noise_level(torch.tensor(path.t_min, dtype=torch.float64)))


@pytest.mark.parametrize("path", PATHS, ids=IDS)
def test_log_prob_of_gaussian_data_is_its_closed_form(path: Path) -> None:
    exact = gaussian(MEAN, torch.sqrt(SPREAD**2 + level(path) ** 2))(points())
    torch.testing.assert_close(result(Couple(path), None).value, exact, rtol=0, atol=1e-4)


@pytest.mark.parametrize("path", PATHS, ids=IDS)
@pytest.mark.parametrize(("centre", "width"), [(0.0, 2.0), (0.5, 0.6)])
def test_log_prob_from_another_source_is_that_of_the_affine_flow(
    path: Path, centre: float, width: float
) -> None:
    # The flow at t_min carries the source to N(alpha m + sigma c, alpha^2 s^2 + sigma^2 w^2); in data units
    # that is divided by alpha.
    left = level(path)
    exact = gaussian(MEAN + left * centre, torch.sqrt(SPREAD**2 + left**2 * width**2))(points())
    got = result(Couple(path, centre, width), gaussian(centre, width))
    torch.testing.assert_close(got.value, exact, rtol=0, atol=1e-4)
    assert got.error is not None
    assert got.error.max() < 1e-3


def test_the_density_of_a_flow_that_carries_one_source_changes_with_the_base() -> None:
    # A field learnt from N(0, 1) that samplers enter from N(0.5, 0.6^2): the same map of another start.
    path = Straight()
    spread = torch.sqrt(SPREAD**2 + level(path) ** 2)
    exact = gaussian(MEAN + 0.5 * spread, 0.6 * spread)(points())
    got = result(Couple(path), gaussian(0.5, 0.6))
    torch.testing.assert_close(got.value, exact, rtol=0, atol=1e-4)


@pytest.mark.parametrize("path", PATHS, ids=IDS)
def test_the_admitted_error_covers_the_actual_one(path: Path) -> None:
    exact = gaussian(MEAN, torch.sqrt(SPREAD**2 + level(path) ** 2))(points())
    got = result(Couple(path), None, steps=24)
    assert got.error is not None
    assert (got.value - exact).abs().mean() < 2 * got.error.mean()

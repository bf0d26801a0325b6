"""The score of noisy data against closed forms: mixtures, circles and squares blurred by noise."""

from __future__ import annotations

import math
from collections.abc import Generator
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from scipy.special import erf, ive
from torch import Tensor

from genlab.data import load
from genlab.probes.true_score import QUADRATURE_BELOW, true_score
from genlab.session.session import Session

LEVELS = (0.003, 0.01, 0.03, 0.1, 0.149, 0.151, 0.5, 1.0, 3.0)
BELOW = [level for level in LEVELS if level < QUADRATURE_BELOW]
ABOVE = [level for level in LEVELS if level > QUADRATURE_BELOW]


def standing_for(dataset: str, std: Any, mean: Any) -> Any:
    """What the score needs of a model of a data set, standardised by given numbers."""
    session = Session.default("diffusion", dataset)
    std, mean = torch.as_tensor(std), torch.as_tensor(mean)
    return SimpleNamespace(
        truth=load(session.dataset, session.data).truth,
        std=std,
        mean=mean,
        device=torch.device("cpu"),
        standardise=lambda x: (x - mean) / std,
        settings=session.data,
    )


@pytest.fixture(scope="module")
def gaussians() -> Any:
    return standing_for("8gaussians", [2.0, 2.1], [0.1, -0.2])


@pytest.fixture(scope="module")
def rings() -> Any:
    return standing_for("circles", [1.7, 1.7], [0.0, 0.0])


@pytest.fixture(scope="module")
def board() -> Any:
    return standing_for("checkerboard", [2.3, 2.4], [0.05, -0.1])


def returned(slices: Generator[None, None, Tensor]) -> tuple[Tensor, int]:
    """What a generator returns, and how many slices it took."""
    count = 0
    while True:
        try:
            next(slices)
            count += 1
        except StopIteration as end:
            return end.value, count


def near(model: Any, level: float, n: int = 400, label: int | None = None) -> Tensor:
    """Points drawn from the noisy data, standardised, (n, d)."""
    rng = np.random.default_rng(1)
    x = model.standardise(torch.as_tensor(model.truth.draw(n, rng, label).x).double())
    return x + level * torch.as_tensor(rng.standard_normal(tuple(x.shape)))


def score(model: Any, y: Tensor, level: float, label: int | None = None) -> np.ndarray:
    return returned(true_score(model, y, level, label))[0].numpy()


def off(got: np.ndarray, exact: np.ndarray) -> float:
    """Root mean square error relative to the root mean square of the exact score."""
    return math.sqrt(((got - exact) ** 2).sum(1).mean() / (exact**2).sum(1).mean())


def of_gaussians(model: Any, y: Tensor, level: float, label: int | None = None) -> np.ndarray:
    """By automatic differentiation: Gaussians on a circle, stretched by standardisation."""
    settings = model.settings
    angle = 2 * math.pi * torch.arange(settings.modes).double() / settings.modes
    centres = settings.radius * torch.stack([angle.cos(), angle.sin()], 1)
    std = model.std.double()
    law = torch.distributions.Normal(
        (centres - model.mean) / std,
        torch.sqrt((settings.noise / std) ** 2 + level**2).expand(len(centres), 2),
    )
    y = y.clone().requires_grad_()
    each = law.log_prob(y[:, None]).sum(2)
    each = each if label is None else each[:, label : label + 1]
    (gradient,) = torch.autograd.grad(each.logsumexp(1).sum(), y)
    return gradient.numpy()


def of_rings(model: Any, y: Tensor, level: float) -> np.ndarray:
    """Of two circles with noise: round noise only widens the noise that they have."""
    scale, noise = float(model.std[0]), 3 * model.settings.noise
    radii = 3 * np.array([1.0, model.settings.factor])
    variance = noise**2 + (scale * level) ** 2
    x = y.numpy() * scale
    r = np.linalg.norm(x, axis=1, keepdims=True)
    density = np.exp(-((r - radii) ** 2) / (2 * variance)) * ive(0, r * radii / variance)
    slope = (radii * ive(1, r * radii / variance) / ive(0, r * radii / variance) - r) / variance
    radial = (density * slope).sum(1, keepdims=True) / density.sum(1, keepdims=True)
    return scale * radial * x / r


def of_board(model: Any, y: Tensor, level: float, label: int | None = None) -> np.ndarray:
    """Of every second square of a board: a blurred interval is a difference of error functions."""
    side, size = model.settings.side, model.settings.scale
    cells = [(row, column) for row in range(side) for column in range(side)]
    # The colour of the squares is that on which the data lie.
    cells = [
        (row, column)
        for row, column in cells
        if np.isfinite(model.truth.log_prob(size * np.array([[column + 0.5, row + 0.5]]) - side / 2 * size))[
            0
        ]
    ]
    assert len(cells) == side**2 / 2
    corners = size * (np.array(cells, dtype=float)[:, ::-1] - side / 2)
    if label is not None:
        corners = corners[label : label + 1]
    std, mean = model.std.double().numpy(), model.mean.double().numpy()
    low, high = ((corners + add - mean) / std for add in (0.0, size))
    from_low, from_high = ((y.numpy()[:, None] - edge) / level for edge in (low, high))
    mass = 0.5 * (erf(from_low / math.sqrt(2)) - erf(from_high / math.sqrt(2)))
    slope = (np.exp(-0.5 * from_low**2) - np.exp(-0.5 * from_high**2)) / (level * math.sqrt(2 * math.pi))
    gradient = np.stack([slope[..., 0] * mass[..., 1], mass[..., 0] * slope[..., 1]], 2).sum(1)
    return gradient / mass.prod(2).sum(1)[:, None]


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("label", [None, 3])
def test_a_mixture_of_gaussians_has_its_closed_form(gaussians: Any, level: float, label: int | None) -> None:
    y = near(gaussians, level, label=label)
    assert off(score(gaussians, y, level, label), of_gaussians(gaussians, y, level, label)) < 1e-6


@pytest.mark.parametrize("dataset", ["gan-ring", "gan-grid", "mixture-1d-uneven"])
def test_noise_far_wider_than_the_modes_pulls_to_their_posterior_mean(dataset: str) -> None:
    model = standing_for(dataset, 1.5, 0.3)
    level = 0.14
    y = near(model, level, 100)
    truth = model.truth
    centres, spread = torch.as_tensor((truth.modes - 0.3) / 1.5), truth.mode_std / 1.5
    weights = torch.as_tensor(truth.class_prior)
    variance = spread**2 + level**2
    share = (weights.log() - (y[:, None] - centres).square().sum(2) / (2 * variance)).softmax(1)
    exact = (share @ centres - y) / variance
    assert off(score(model, y, level), exact.numpy()) < 1e-6


@pytest.mark.parametrize("level", BELOW)
def test_quadrature_finds_the_score_of_noisy_circles(rings: Any, level: float) -> None:
    y = near(rings, level)
    assert off(score(rings, y, level), of_rings(rings, y, level)) < 1e-3


@pytest.mark.parametrize(("level", "error"), [(0.151, 0.12), (0.5, 0.04), (1.0, 0.02), (3.0, 0.01)])
def test_draws_find_the_score_of_noisy_circles(rings: Any, level: float, error: float) -> None:
    y = near(rings, level)
    assert 0 < off(score(rings, y, level), of_rings(rings, y, level)) < error


@pytest.mark.parametrize("level", BELOW)
def test_quadrature_finds_the_score_of_blurred_edges(board: Any, level: float) -> None:
    y = near(board, level)
    assert off(score(board, y, level), of_board(board, y, level)) < 0.015


@pytest.mark.parametrize("level", [0.03, 0.14])
def test_a_square_alone_has_the_score_of_its_own_edges(board: Any, level: float) -> None:
    y = near(board, level, label=2)
    assert off(score(board, y, level, 2), of_board(board, y, level, 2)) < 0.015


@pytest.mark.parametrize(("level", "error"), [(0.151, 0.1), (0.5, 0.04), (1.0, 0.02), (3.0, 0.01)])
def test_draws_find_the_score_of_blurred_squares(board: Any, level: float, error: float) -> None:
    y = near(board, level)
    assert off(score(board, y, level), of_board(board, y, level)) < error


def test_the_score_hardly_jumps_where_draws_take_over(rings: Any, board: Any) -> None:
    for model in (rings, board):
        y = near(model, QUADRATURE_BELOW)
        below, above = (score(model, y, QUADRATURE_BELOW + step) for step in (-1e-6, 1e-6))
        assert off(above, below) < 0.12


def test_the_score_of_a_mixture_does_not_jump_at_all(gaussians: Any) -> None:
    y = near(gaussians, QUADRATURE_BELOW)
    below, above = (score(gaussians, y, QUADRATURE_BELOW + step) for step in (-1e-6, 1e-6))
    assert off(above, below) < 1e-4


@pytest.mark.parametrize("level", [0.05, 0.5])
def test_a_score_comes_in_slices_and_in_the_precision_of_its_points(rings: Any, level: float) -> None:
    y = near(rings, level, 200)
    double, slices = returned(true_score(rings, y, level))
    single, _ = returned(true_score(rings, y.float(), level))
    assert (double.dtype, single.dtype) == (torch.float64, torch.float32)
    torch.testing.assert_close(single.double(), double, rtol=1e-3, atol=1e-3)
    assert slices > 1


def test_the_score_is_nought_where_the_density_vanishes(board: Any) -> None:
    y = torch.tensor([[9.0, 9.0]], dtype=torch.float64)
    assert score(board, y, 0.05).tolist() == [[0.0, 0.0]]


def test_data_of_unknown_truth_are_refused() -> None:
    model: Any = SimpleNamespace(truth=None)
    with pytest.raises(ValueError, match="built-in sets only"):
        returned(true_score(model, torch.zeros(1, 2), 0.1))

"""Langevin chains and the reverse SDE against stationary laws, plain NumPy chains and published steps."""

from __future__ import annotations

import math
from collections.abc import Callable
from itertools import pairwise

import numpy as np
import pytest
import torch
from torch import Tensor

from genlab.sampling.condition import Conditions
from genlab.sampling.denoiser import Prediction
from genlab.sampling.ideal import GaussianMixtureDenoiser
from genlab.sampling.path import Linear, Path, SubVP, VarianceExploding
from genlab.sampling.solvers import Solver, State, trajectory
from genlab.sampling.solvers.stochastic import AnnealedLangevin, Langevin, PredictorCorrector, ReverseSDE
from genlab.sampling.spacing import start, times

PATHS: list[Path] = [Linear(), SubVP(), VarianceExploding()]
SOLVERS: list[Solver] = [
    ReverseSDE(), PredictorCorrector(), AnnealedLangevin(), Langevin(), Langevin(adjusted=True),
]  # fmt: skip
MEANS = torch.tensor([[-1.0, 0.0], [1.0, 0.0]], dtype=torch.float64)
SHARES = torch.tensor([0.3, 0.7], dtype=torch.float64)
LEVEL = 0.8


class Gaussian:
    """The exact denoiser of data `N(0, 1)`."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def predict(self, x: Tensor, t: Tensor, condition: Conditions | None = None) -> Prediction:
        return Prediction(self.path, t, x, "score", -x / self.path.scale(t) ** 2)


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def normal(n: int, d: int, seed: int = 1) -> Tensor:
    return torch.randn(n, d, generator=seeded(seed), dtype=torch.float64)


def at_level(path: Path, steps: int) -> Tensor:
    """Times of a chain that stays at the noise level 0.8."""
    return path.time_of_noise_level(torch.full((steps + 1,), LEVEL, dtype=torch.float64))


def chain(path: Path, solver: Langevin, n: int, steps: int, d: int = 1) -> list[State]:
    """States of chains that start in the stationary law, which has variance 1 + 0.8^2 in data units."""
    grid = at_level(path, steps)
    x = normal(n, d) * float(path.scale(grid[0]))
    return list(trajectory(Gaussian(path), solver, x, grid, None, seeded()))


def mixture(path: Path) -> GaussianMixtureDenoiser:
    return GaussianMixtureDenoiser(MEANS, 0.3, path, SHARES)


def mixture_log_density(y: Tensor, level: float) -> Tensor:
    """Of the mixture plus noise, up to a constant, (n,)."""
    square = (y[:, None] - MEANS).square().sum(2)
    return torch.logsumexp(SHARES.log() - 0.5 * square / (0.3**2 + level**2), 1)


def drawn(path: Path, solver: Solver, steps: int, n: int, seed: int = 0) -> list[State]:
    generator, grid = seeded(seed), times(path, steps)
    x = start(path, grid, (n, 2), generator, torch.float64)
    return list(trajectory(mixture(path), solver, x, grid, None, generator))


@pytest.mark.parametrize("path", PATHS, ids=lambda p: type(p).__name__)
@pytest.mark.parametrize("step_size", [0.5, 2.0])
def test_the_unadjusted_chain_of_a_gaussian_is_too_wide_by_its_step(path: Path, step_size: float) -> None:
    variance, h = 1 + LEVEL**2, step_size * LEVEL**2
    alpha = float(path.alpha(at_level(path, 1)[0]))
    states = chain(path, Langevin(step_size), 40_000, 40)
    # The bias after k steps is that of the autoregression y' = (1 - h / 2V) y + sqrt(h) noise.
    factor = (1 - h / (2 * variance)) ** 2
    limit = variance / (1 - h / (4 * variance))
    expected = limit + (variance - limit) * factor**40
    assert limit / expected == pytest.approx(1, abs=2e-3)
    assert (states[-1].x / alpha).var().item() == pytest.approx(limit, rel=0.03)
    assert states[-1].accepted == 1.0
    assert states[-1].nfe == 40


@pytest.mark.parametrize("path", PATHS, ids=lambda p: type(p).__name__)
def test_the_adjusted_chain_of_a_gaussian_has_its_variance(path: Path) -> None:
    alpha = float(path.alpha(at_level(path, 1)[0]))
    states = chain(path, Langevin(2.0, adjusted=True), 40_000, 40)
    assert (states[-1].x / alpha).var().item() == pytest.approx(1 + LEVEL**2, rel=0.03)
    assert states[-1].nfe == 3 * 40


def test_an_adjusted_chain_that_starts_too_wide_finds_the_variance() -> None:
    path = VarianceExploding()
    grid = at_level(path, 60)
    x = 3 * normal(20_000, 1)
    final = list(trajectory(Gaussian(path), Langevin(1.0, adjusted=True), x, grid, None, seeded()))[-1]
    assert final.x.var().item() == pytest.approx(1 + LEVEL**2, rel=0.04)


def test_longer_proposals_are_refused_more_often() -> None:
    shares = [chain(Linear(), Langevin(h, adjusted=True), 4000, 10, 2)[-1].accepted for h in (0.1, 1, 4, 16)]
    assert 1 > shares[0] > 0.99
    assert shares[3] < 0.4
    assert all(later < earlier for earlier, later in pairwise(shares))


LogDensity = Callable[[Tensor], Tensor]


def plain_mala(
    y: Tensor, h: float, steps: int, log_density: LogDensity, generator: torch.Generator
) -> tuple[Tensor, float]:
    """Metropolis-adjusted Langevin with the log density itself: the points and the accepted share."""
    accepted = []

    def gradient(point: Tensor) -> Tensor:
        with torch.enable_grad():
            point = point.clone().requires_grad_()
            return torch.autograd.grad(log_density(point).sum(), point)[0]

    def log_proposal(there: Tensor, here: Tensor) -> Tensor:
        return -(there - here - 0.5 * h * gradient(here)).square().sum(1) / (2 * h)

    for _ in range(steps):
        noise = torch.randn(y.shape, generator=generator, dtype=y.dtype)
        proposed = y + 0.5 * h * gradient(y) + math.sqrt(h) * noise
        log_ratio = log_density(proposed) - log_density(y)
        log_ratio = log_ratio + log_proposal(y, proposed) - log_proposal(proposed, y)
        keep = torch.rand(len(y), generator=generator, dtype=y.dtype).log() < log_ratio
        y = torch.where(keep[:, None], proposed, y)
        accepted.append(keep.double().mean().item())
    return y, float(np.mean(accepted))


@pytest.mark.parametrize("path", PATHS, ids=lambda p: type(p).__name__)
@pytest.mark.parametrize("step_size", [1.0, 5.0])
def test_on_a_gaussian_every_decision_is_that_of_the_exact_log_density(path: Path, step_size: float) -> None:
    # Simpson's rule is exact there: the same random numbers give the same 100,000 decisions.
    states = chain(path, Langevin(step_size, adjusted=True), 500, 200, 3)
    alpha = float(path.alpha(states[0].t))

    def log_density(y: Tensor) -> Tensor:
        return -0.5 * y.square().sum(1) / (1 + LEVEL**2)

    h = step_size * LEVEL**2
    y, accepted = plain_mala(states[0].x / alpha, h, 200, log_density, seeded())
    torch.testing.assert_close(states[-1].x / alpha, y, rtol=0, atol=1e-10)
    assert 0.05 < accepted < 0.95 or step_size == 1.0
    assert states[-1].accepted == pytest.approx(accepted, abs=1e-12)


@pytest.mark.parametrize("step_size", [0.5, 2.0])
def test_on_a_mixture_the_accepted_share_is_that_of_the_exact_log_density(step_size: float) -> None:
    path, n, steps = Linear(), 4000, 40
    level = 0.3
    grid = path.time_of_noise_level(torch.full((steps + 1,), level, dtype=torch.float64))
    alpha = float(path.alpha(grid[0]))
    component = torch.multinomial(SHARES, n, replacement=True, generator=seeded(3))
    y = MEANS[component] + math.hypot(0.3, level) * normal(n, 2)
    solver = Langevin(step_size, adjusted=True)
    final = list(trajectory(mixture(path), solver, alpha * y, grid, None, seeded()))[-1]
    h = step_size * level**2
    plain, accepted = plain_mala(y, h, steps, lambda p: mixture_log_density(p, level), seeded())
    assert final.accepted == pytest.approx(accepted, abs=0.002)
    for points in (final.x / alpha, plain):
        assert (points[:, 0] > 0).double().mean().item() == pytest.approx(0.7, abs=0.04)
        assert points[:, 1].var().item() == pytest.approx(0.3**2 + level**2, rel=0.07)


def published(path: Path, t: float) -> tuple[float, float]:
    """`f` and `g^2` of `dx = f x dt + g dw` in Song et al. (2021), eq. 9, 11 and 13."""
    if isinstance(path, VarianceExploding):
        return 0.0, 2 * t
    assert isinstance(path, Linear)
    beta = path.beta_min + t * (path.beta_max - path.beta_min)
    integral = path.beta_min * t + 0.5 * t**2 * (path.beta_max - path.beta_min)
    return -0.5 * beta, beta * (-math.expm1(-2 * integral) if isinstance(path, SubVP) else 1.0)


@pytest.mark.parametrize("path", PATHS, ids=lambda p: type(p).__name__)
def test_a_step_of_the_reverse_sde_is_the_published_one(path: Path) -> None:
    grid = torch.tensor([0.7, 0.6, 0.5], dtype=torch.float64) * path.t_max
    x = normal(64, 2)
    _, state, _ = trajectory(mixture(path), ReverseSDE(), x, grid, None, seeded())
    f, g2 = published(path, float(grid[0]))
    y, level = x / path.alpha(grid[0]), float(path.noise_level(grid[0]))
    with torch.enable_grad():
        y.requires_grad_()
        (gradient,) = torch.autograd.grad(mixture_log_density(y, level).sum(), y)
    score = gradient / path.alpha(grid[0])
    h = float(grid[1] - grid[0])
    noise = torch.randn(64, 2, generator=seeded(), dtype=torch.float64)
    expected = x + h * (f * x - g2 * score) + math.sqrt(-h * g2) * noise
    torch.testing.assert_close(state.x, expected, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("path", PATHS, ids=lambda p: type(p).__name__)
def test_a_correction_is_the_published_one(path: Path) -> None:
    grid = torch.tensor([0.7, 0.6, 0.5], dtype=torch.float64) * path.t_max
    x, generator, ratio = normal(64, 2), seeded(), 0.2
    _, predicted, _ = trajectory(Gaussian(path), ReverseSDE(), x, grid, None, generator)
    _, state, end = trajectory(Gaussian(path), PredictorCorrector(2, ratio), x, grid, None, seeded())
    # Song et al. (2021), algorithms 4 and 5, with their batch means of the norms.
    generator, y = seeded(), predicted.x
    torch.randn(64, 2, generator=generator, dtype=torch.float64)
    for _ in range(2):
        noise = torch.randn(64, 2, generator=generator, dtype=torch.float64)
        score = -y / path.scale(grid[1]) ** 2
        length = noise.norm(dim=1).mean() / score.norm(dim=1).mean()
        epsilon = 2 * path.alpha(grid[1]) ** 2 * (ratio * length) ** 2
        y = y + epsilon * score + torch.sqrt(2 * epsilon) * noise
    torch.testing.assert_close(state.x, y, rtol=1e-9, atol=1e-9)
    assert (state.nfe, end.nfe) == (3, 4)


@pytest.mark.parametrize("solver", [ReverseSDE(), PredictorCorrector()], ids=lambda s: type(s).__name__)
@pytest.mark.parametrize("path", PATHS, ids=lambda p: type(p).__name__)
def test_samples_of_the_reverse_sde_have_the_moments_of_the_mixture(path: Path, solver: Solver) -> None:
    x = drawn(path, solver, 300, 4000)[-1].x
    right = x[:, 0] > 0
    assert right.double().mean().item() == pytest.approx(0.7, abs=0.025)
    assert x[:, 0].mean().item() == pytest.approx(0.4, abs=0.05)
    assert x[:, 0].var().item() == pytest.approx(0.3**2 + 1 - 0.4**2, rel=0.06)
    assert x[right][:, 0].std().item() == pytest.approx(0.3, abs=0.015)
    assert x[:, 1].mean().item() == pytest.approx(0, abs=0.02)
    assert x[:, 1].std().item() == pytest.approx(0.3, abs=0.015)


@pytest.mark.parametrize("path", PATHS, ids=lambda p: type(p).__name__)
def test_annealed_langevin_finds_the_shares_of_the_modes(path: Path) -> None:
    levels = torch.logspace(math.log10(5), math.log10(0.05), 60, dtype=torch.float64)
    grid = torch.cat([path.time_of_noise_level(levels), levels.new_tensor([path.t_clean])])
    generator = seeded()
    x = start(path, grid, (3000, 2), generator, torch.float64)
    final = list(trajectory(mixture(path), AnnealedLangevin(10, 0.2), x, grid, None, generator))[-1]
    right = final.x[:, 0] > 0
    assert right.double().mean().item() == pytest.approx(0.7, abs=0.03)
    assert final.x[right][:, 0].mean().item() == pytest.approx(1, abs=0.03)
    assert final.x[:, 1].std().item() == pytest.approx(0.3, abs=0.02)
    # Ten steps at each of 60 levels, and one look at the clean point each.
    assert final.nfe == 660


def test_annealing_keeps_the_point_in_data_units_from_level_to_level() -> None:
    path = Linear()
    grid = torch.tensor([0.8, 0.3, 0.2], dtype=torch.float64)
    x = normal(32, 2)
    _, state, _ = trajectory(Gaussian(path), AnnealedLangevin(1, 1e-12), x, grid, None, seeded())
    torch.testing.assert_close(state.x / path.alpha(grid[1]), x / path.alpha(grid[0]), rtol=0, atol=1e-3)


@pytest.mark.parametrize("solver", SOLVERS, ids=str)
def test_a_generator_repeats_a_trajectory_and_global_randomness_is_left_alone(solver: Solver) -> None:
    torch.manual_seed(1)
    before = torch.get_rng_state()
    first = drawn(Linear(), solver, 5, 16)[-1].x
    torch.manual_seed(2)
    assert torch.equal(drawn(Linear(), solver, 5, 16)[-1].x, first)
    torch.manual_seed(1)
    assert not torch.equal(drawn(Linear(), solver, 5, 16, seed=4)[-1].x, first)
    assert torch.equal(torch.get_rng_state(), before)


@pytest.mark.parametrize("solver", SOLVERS, ids=str)
def test_a_sampler_without_a_generator_is_refused(solver: Solver) -> None:
    with pytest.raises(ValueError, match="needs a generator"):
        list(trajectory(mixture(Linear()), solver, normal(4, 2), times(Linear(), 3)))

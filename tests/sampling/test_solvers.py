"""What all solvers have in common, and how they differ."""

from __future__ import annotations

from itertools import pairwise

import pytest
import torch
from torch import Tensor

from genlab.bench.table_path import Table, linear_betas
from genlab.sampling.condition import Conditions
from genlab.sampling.denoiser import Prediction
from genlab.sampling.ideal import GaussianMixtureDenoiser
from genlab.sampling.path import Cosine, Linear, Path, VarianceExploding
from genlab.sampling.solvers import Solver, trajectory
from genlab.sampling.solvers.base import State
from genlab.sampling.spacing import start, times
from tests.solver_table import SOLVERS

PATHS: list[Path] = [Linear(), Cosine(), VarianceExploding(), Table(linear_betas(1000))]
MEANS = torch.tensor([[-1.0, 0.0], [1.0, 0.0]], dtype=torch.float64)


def run(solver: Solver, path: Path, steps: int, n: int = 64, seed: int = 0) -> list[State]:
    generator = torch.Generator().manual_seed(seed)
    grid = times(path, steps)
    x = start(path, grid, (n, 2), generator, torch.float64)
    return list(trajectory(GaussianMixtureDenoiser(MEANS, 0.3, path), solver, x, grid, None, generator))


@pytest.mark.parametrize("name", SOLVERS)
@pytest.mark.parametrize("path", PATHS, ids=lambda p: type(p).__name__)
def test_a_trajectory_is_its_start_and_one_state_per_step(path: Path, name: str) -> None:
    for steps in (1, 9):
        states = run(SOLVERS[name].build(), path, steps)
        assert [s.index for s in states] == list(range(steps + 1))
        assert [s.done for s in states] == [False] * steps + [True]
        assert states[0].x0 is None
        assert all(s.x.isfinite().all() for s in states)
        evaluations = SOLVERS[name].evaluations * steps - (name == "heun")
        assert states[-1].nfe == evaluations
        assert states[-1].x0 is not None
        torch.testing.assert_close(states[-1].x, states[-1].x0)


@pytest.mark.parametrize("name", SOLVERS)
def test_a_seed_repeats_a_trajectory_bit_for_bit(name: str) -> None:
    first, second = (run(SOLVERS[name].build(), Linear(), 12)[-1].x for _ in range(2))
    assert torch.equal(first, second)
    assert not torch.equal(first, run(SOLVERS[name].build(), Linear(), 12, seed=1)[-1].x)


@pytest.mark.parametrize("name", SOLVERS)
def test_only_stochastic_solvers_need_a_generator(name: str) -> None:
    path = Linear()
    grid = times(path, 5)
    x = torch.zeros(3, 2, dtype=torch.float64)
    states = trajectory(GaussianMixtureDenoiser(MEANS, 0.3, path), SOLVERS[name].build(), x, grid)
    if SOLVERS[name].stochastic:
        with pytest.raises(ValueError, match="needs a generator"):
            list(states)
    else:
        assert list(states)[-1].done


@pytest.mark.parametrize("name", SOLVERS)
@pytest.mark.parametrize("path", PATHS, ids=lambda p: type(p).__name__)
def test_samples_have_the_moments_of_the_data(path: Path, name: str) -> None:
    x = run(SOLVERS[name].build(), path, 200, 3000)[-1].x
    assert (x[:, 0] > 0).double().mean().item() == pytest.approx(0.5, abs=0.05)
    assert x[:, 0].abs().mean().item() == pytest.approx(1.0, abs=0.03)
    assert x[:, 1].std().item() == pytest.approx(0.3, abs=0.02)


class Gaussian:
    """The exact denoiser of data `N(0, 1)`."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def predict(self, x: Tensor, t: Tensor, condition: Conditions | None = None) -> Prediction:
        alpha, sigma = self.path.alpha(t), self.path.sigma(t)
        return Prediction(self.path, t, x, "x0", alpha * x / (alpha**2 + sigma**2))


@pytest.mark.parametrize("name", ["ddpm", "euler-ancestral", "heun"])
@pytest.mark.parametrize("path", PATHS[:3], ids=lambda p: type(p).__name__)
def test_fresh_noise_keeps_the_marginals_of_a_gaussian_at_every_time(path: Path, name: str) -> None:
    options = {"churn": 40.0} if name == "heun" else {}
    generator = torch.Generator().manual_seed(0)
    grid = times(path, 200, "karras")
    x = start(path, grid, (20000, 1), generator, torch.float64)
    solver = SOLVERS[name].build(**options)
    for state in trajectory(Gaussian(path), solver, x, grid, None, generator):
        expected = float(path.scale(state.t))
        # The posterior variance leaves out the spread of x0, which many steps make small.
        assert state.x.std().item() == pytest.approx(expected, rel=0.05)


def test_ancestral_sampling_is_ddim_with_all_its_noise() -> None:
    ddpm = run(SOLVERS["ddpm"].build(), Linear(), 12)[-1].x
    torch.testing.assert_close(run(SOLVERS["ddim"].build(eta=1.0), Linear(), 12)[-1].x, ddpm)
    torch.testing.assert_close(run(SOLVERS["euler-ancestral"].build(), Linear(), 12)[-1].x, ddpm)
    assert not torch.allclose(run(SOLVERS["ddim"].build(eta=0.0), Linear(), 12)[-1].x, ddpm)


def test_churn_adds_noise_only_between_its_levels_and_never_beyond_the_path() -> None:
    path = VarianceExploding()
    plain = run(SOLVERS["heun"].build(), path, 12)
    churned = run(SOLVERS["heun"].build(churn=40.0), path, 12)
    outside = run(SOLVERS["heun"].build(churn=40.0, churn_min=100.0), path, 12)
    bounded = run(SOLVERS["heun"].build(churn=40.0, churn_max=1.0), path, 12)
    assert torch.equal(outside[-1].x, plain[-1].x)
    assert not torch.allclose(churned[-1].x, plain[-1].x)
    levels = path.noise_level(plain[0].times)
    same = [torch.equal(a.x, b.x) for a, b in zip(bounded, plain, strict=True)]
    assert same == [i == 0 or bool(levels[i - 1] > 1) for i in range(13)]
    # At the very first step there is no room above t_max.
    assert torch.equal(churned[1].x, plain[1].x)


def test_solvers_run_without_gradients_and_leave_the_callers_mode_alone() -> None:
    weight = torch.ones((), dtype=torch.float64, requires_grad=True)

    class Learned(Gaussian):
        def predict(self, x: Tensor, t: Tensor, condition: Conditions | None = None) -> Prediction:
            return Prediction(self.path, t, x, "noise", weight * x)

    path = VarianceExploding()
    x = torch.ones(2, 1, dtype=torch.float64)
    for state in trajectory(Learned(path), SOLVERS["dpm++2m"].build(), x, times(path, 4)):
        assert torch.is_grad_enabled()
        assert not state.x.requires_grad


@pytest.mark.parametrize("churn", [4.0, 40.0])
def test_churned_heun_is_the_published_algorithm(churn: float) -> None:
    path, noise_factor = VarianceExploding(), 1.003
    solver = SOLVERS["heun"].build(churn=churn, churn_min=0.05, churn_max=50.0, churn_noise=noise_factor)
    result = run(solver, path, 12)[-1].x

    generator = torch.Generator().manual_seed(0)
    grid = times(path, 12)
    x = start(path, grid, (64, 2), generator, torch.float64)
    mixture = GaussianMixtureDenoiser(MEANS, 0.3, path)
    levels = grid.tolist()
    for now, after in pairwise(levels):
        gamma = min(churn / 12, 2**0.5 - 1) if 0.05 <= now <= 50 else 0.0
        raised = now + gamma * now
        if gamma:
            fresh = torch.randn(64, 2, generator=generator, dtype=torch.float64)
            x = x + (raised**2 - now**2) ** 0.5 * noise_factor * fresh
        slope = (x - mixture.predict(x, torch.tensor(raised).double()).x0) / raised
        trial = x + (after - raised) * slope
        if after > 0:
            second = (trial - mixture.predict(trial, torch.tensor(after).double()).x0) / after
            trial = x + (after - raised) * 0.5 * (slope + second)
        x = trial
    torch.testing.assert_close(result, x, rtol=1e-5, atol=1e-5)

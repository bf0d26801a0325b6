"""Solvers beside diffusers' schedulers, over random steps, variances and spacings."""

from __future__ import annotations

from typing import Any

import diffusers
import numpy as np
import pytest
import torch
from torch import Tensor

from genlab.bench.table_path import Table, table_times
from genlab.sampling.condition import Conditions
from genlab.sampling.denoiser import Kind, Prediction
from genlab.sampling.path import VarianceExploding
from genlab.sampling.solvers import Solver, trajectory
from genlab.sampling.spacing import times
from tests.solver_table import SOLVERS

pytestmark = pytest.mark.filterwarnings("ignore:__array__:DeprecationWarning")

NAMES = {"linear": "linspace", "leading": "leading", "trailing": "trailing"}
KINDS: dict[str, Kind] = {"epsilon": "noise", "sample": "x0", "v_prediction": "v"}


def model(x: Tensor, t: float) -> Tensor:
    return torch.sin(2 * x + 0.01 * t) * (0.3 + t / 1000)


class Toy:
    def __init__(self, path: Table, kind: Kind) -> None:
        self.path, self.kind = path, kind

    def predict(self, x: Tensor, t: Tensor, condition: Conditions | None = None) -> Prediction:
        return Prediction(self.path, t, x, self.kind, model(x, float(t)))


def draw(case: int) -> tuple[Tensor, np.random.Generator]:
    rng = np.random.default_rng(case)
    levels = int(rng.choice([200, 500, 1000]))
    low, high = rng.uniform(5e-5, 5e-4), rng.uniform(5, 25) / levels
    return torch.linspace(low, high, levels, dtype=torch.float32), rng


def ours(solver: Solver, betas: Tensor, grid: Tensor, kind: Kind, x: Tensor) -> Tensor:
    generator = torch.Generator().manual_seed(7)
    states = trajectory(Toy(Table(betas), kind), solver, x, grid, generator=generator)
    return list(states)[-1].x


def theirs(scheduler: Any, steps: int, x: Tensor, unscale: bool, **options: Any) -> Tensor:
    """Their trajectory, in variance-preserving coordinates from start to end."""
    scheduler.set_timesteps(steps)
    if unscale:
        x = x * float(torch.sqrt(scheduler.sigmas[0] ** 2 + 1))
    generator = torch.Generator().manual_seed(7)
    if "generator" in options:
        options["generator"] = generator
    for t in scheduler.timesteps:
        output = model(scheduler.scale_model_input(x, t), float(t))
        x = scheduler.step(output, t, x, **options).prev_sample
    return x


def close(a: Tensor, b: Tensor) -> None:
    assert torch.allclose(a, b, rtol=1e-3, atol=1e-3 * b.abs().max().item()), (a - b).abs().max()


def start() -> Tensor:
    return torch.randn(5, 3, generator=torch.Generator().manual_seed(1))


@pytest.mark.parametrize("prediction", list(KINDS))
@pytest.mark.parametrize("case", range(4))
def test_ddim_follows_diffusers(case: int, prediction: str) -> None:
    betas, rng = draw(case)
    steps, spacing = (int(rng.integers(3, 60)), "leading") if case % 2 else (25, "trailing")
    eta = [0.0, 0.5, 1.0, 0.0][case]
    scheduler = diffusers.DDIMScheduler(
        len(betas), trained_betas=betas.numpy(), clip_sample=False, prediction_type=prediction,
        timestep_spacing=NAMES[spacing], steps_offset=0,
    )  # fmt: skip
    grid = table_times(Table(betas), steps, spacing)  # type: ignore[arg-type]
    expected = theirs(scheduler, steps, start(), False, eta=eta, generator=None)
    assert grid[:-1].tolist() == scheduler.timesteps.tolist()
    close(ours(SOLVERS["ddim"].build(eta=eta), betas, grid, KINDS[prediction], start()), expected)


@pytest.mark.parametrize("prediction", list(KINDS))
@pytest.mark.parametrize("case", range(4, 7))
def test_ddpm_follows_diffusers_with_the_same_noise(case: int, prediction: str) -> None:
    betas, rng = draw(case)
    steps = int(rng.integers(3, 60))
    scheduler = diffusers.DDPMScheduler(
        len(betas), trained_betas=betas.numpy(), clip_sample=False, prediction_type=prediction,
        timestep_spacing="leading", variance_type="fixed_small",
    )  # fmt: skip
    grid = table_times(Table(betas), steps, "leading")
    expected = theirs(scheduler, steps, start(), False, generator=None)
    close(ours(SOLVERS["ddpm"].build(), betas, grid, KINDS[prediction], start()), expected)


@pytest.mark.parametrize("spacing", ["leading", "trailing", "karras"])
@pytest.mark.parametrize("name", ["euler", "heun"])
@pytest.mark.parametrize("case", range(7, 10))
def test_euler_and_heun_follow_diffusers(case: int, name: str, spacing: str) -> None:
    betas, rng = draw(case)
    steps = int(rng.integers(3, 40))
    cls = {"euler": diffusers.EulerDiscreteScheduler, "heun": diffusers.HeunDiscreteScheduler}[name]
    scheduler = cls(
        len(betas), trained_betas=betas.numpy(), use_karras_sigmas=spacing == "karras",
        timestep_spacing=NAMES.get(spacing, "linspace"), prediction_type="epsilon",
    )  # fmt: skip
    grid = table_times(Table(betas), steps, spacing)  # type: ignore[arg-type]
    expected = theirs(scheduler, steps, start(), True)
    close(ours(SOLVERS[name].build(), betas, grid, "noise", start()), expected)


@pytest.mark.parametrize("spacing", ["leading", "trailing"])
@pytest.mark.parametrize("case", range(10, 13))
def test_ancestral_euler_follows_diffusers_with_the_same_noise(case: int, spacing: str) -> None:
    betas, rng = draw(case)
    steps = int(rng.integers(3, 40))
    scheduler = diffusers.EulerAncestralDiscreteScheduler(
        len(betas), trained_betas=betas.numpy(), timestep_spacing=spacing
    )
    grid = table_times(Table(betas), steps, spacing)  # type: ignore[arg-type]
    expected = theirs(scheduler, steps, start(), True, generator=None)
    close(ours(SOLVERS["euler-ancestral"].build(), betas, grid, "noise", start()), expected)


@pytest.mark.parametrize("prediction", list(KINDS))
@pytest.mark.parametrize("spacing", ["linear", "leading", "trailing"])
@pytest.mark.parametrize("case", range(13, 15))
def test_dpm_solver_follows_diffusers(case: int, spacing: str, prediction: str) -> None:
    betas, rng = draw(case)
    steps, final = int(rng.integers(3, 40)), bool(case % 2)
    scheduler = diffusers.DPMSolverMultistepScheduler(
        len(betas), trained_betas=betas.numpy(), prediction_type=prediction, solver_order=2,
        timestep_spacing=NAMES[spacing], final_sigmas_type="sigma_min", euler_at_final=final,
        lower_order_final=False,
    )  # fmt: skip
    grid = table_times(Table(betas), steps, spacing, "t_min")  # type: ignore[arg-type]
    expected = theirs(scheduler, steps, start(), False)
    assert grid[:-1].tolist() == scheduler.timesteps.tolist()
    solver = SOLVERS["dpm++2m"].build(lower_order_final=final)
    close(ours(solver, betas, grid, KINDS[prediction], start()), expected)


class Preconditioned:
    """EDM preconditioning as diffusers applies it, for data of unit variance."""

    def __init__(self, path: VarianceExploding) -> None:
        self.path = path

    def predict(self, x: Tensor, t: Tensor, condition: Conditions | None = None) -> Prediction:
        scale = torch.sqrt(t**2 + 1)
        x0 = x / scale**2 + t / scale * model(x / scale, float(0.25 * t.log()))
        return Prediction(self.path, t, x, "x0", x0)


@pytest.mark.parametrize("name", ["euler", "dpm++2m"])
@pytest.mark.parametrize("steps", [4, 18, 37])
def test_the_edm_grid_follows_diffusers(name: str, steps: int) -> None:
    cls = {"euler": diffusers.EDMEulerScheduler, "dpm++2m": diffusers.EDMDPMSolverMultistepScheduler}[name]
    scheduler = cls(sigma_data=1.0)
    scheduler.set_timesteps(steps)
    path = VarianceExploding()
    x = start() * 80
    states = trajectory(Preconditioned(path), SOLVERS[name].build(), x, times(path, steps, "karras"))
    result = list(states)[-1].x
    for t in scheduler.timesteps:
        x = scheduler.step(model(scheduler.scale_model_input(x, t), float(t)), t, x).prev_sample
    close(result, x)

"""Solvers against the constants that diffusers' own test-suite fixes."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor

from genlab.bench.table_path import Table, linear_betas, table_times
from genlab.sampling.condition import Conditions
from genlab.sampling.denoiser import Kind, Prediction
from genlab.sampling.path import Path, VarianceExploding
from genlab.sampling.solvers import Solver, trajectory
from genlab.sampling.spacing import times
from tests.solver_table import SOLVERS

SAMPLE = (torch.arange(768) / 768).reshape(3, 8, 8, 4).permute(3, 0, 1, 2)


class Toy:
    """The model of the reference: `x * t / (t + 1)`, read as the given kind."""

    def __init__(self, path: Path, kind: Kind) -> None:
        self.path, self.kind = path, kind

    def predict(self, x: Tensor, t: Tensor, condition: Conditions | None = None) -> Prediction:
        return Prediction(self.path, t, x, self.kind, x * float(t) / (float(t) + 1))


class ToyWithPreconditioning:
    """The same model behind the preconditioning of EDM with data of standard deviation one half."""

    path = VarianceExploding()

    def predict(self, x: Tensor, t: Tensor, condition: Conditions | None = None) -> Prediction:
        total = float(t) ** 2 + 0.25
        c_noise = 0.25 * math.log(float(t))
        network = x / math.sqrt(total) * c_noise / (c_noise + 1)
        x0 = 0.25 / total * x + 0.5 * float(t) / math.sqrt(total) * network
        return Prediction(self.path, t, x, "x0", x0)


def final(denoiser: Toy | ToyWithPreconditioning, solver: Solver, grid: Tensor, x: Tensor) -> Tensor:
    return list(trajectory(denoiser, solver, x, grid))[-1].x


@pytest.mark.parametrize(("kind", "total"), [("noise", 172.0067), ("v", 52.5302)])
def test_ddim_in_ten_leading_steps_gives_the_published_sum(kind: Kind, total: float) -> None:
    path = Table(linear_betas(1000))
    x = final(Toy(path, kind), SOLVERS["ddim"].build(), table_times(path, 10, "leading"), SAMPLE)
    assert x.abs().sum().item() == pytest.approx(total, abs=1e-3)


@pytest.mark.parametrize(("kind", "mean"), [("noise", 0.3301), ("v", 0.2251)])
def test_dpm_solver_in_ten_steps_gives_the_published_mean(kind: Kind, mean: float) -> None:
    path = Table(linear_betas(1000))
    x = final(Toy(path, kind), SOLVERS["dpm++2m"].build(), table_times(path, 10, "linear", "t_min"), SAMPLE)
    assert x.abs().mean().item() == pytest.approx(mean, abs=1e-4)


def test_euler_on_the_edm_grid_gives_the_published_sum() -> None:
    path = ToyWithPreconditioning.path
    x = SAMPLE * math.sqrt(80.0**2 + 1)
    x = final(ToyWithPreconditioning(), SOLVERS["euler"].build(), times(path, 10, "karras"), x)
    assert x.abs().sum().item() == pytest.approx(34.1855, abs=1e-3)

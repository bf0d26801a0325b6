"""Order of convergence on the exact score of a ring of Gaussians."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from torch import Tensor

from genlab.sampling.ideal import GaussianMixtureDenoiser
from genlab.sampling.path import VarianceExploding
from genlab.sampling.solvers import trajectory
from genlab.sampling.spacing import times
from tests.solver_table import SOLVERS

PATH = VarianceExploding(0.002, 5.0)


def ring() -> GaussianMixtureDenoiser:
    angle = torch.arange(8, dtype=torch.float64) * math.pi / 4
    return GaussianMixtureDenoiser(torch.stack([angle.cos(), angle.sin()], 1), 0.05, PATH)


def end(name: str, steps: int) -> Tensor:
    # As spacing does with end="t_min", for any number of steps.
    levels = torch.linspace(5.0 ** (1 / 7), 0.002 ** (1 / 7), steps + 1, dtype=torch.float64) ** 7
    x = 5 * torch.randn(256, 2, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    return list(trajectory(ring(), SOLVERS[name].build(), x, levels))[-1].x


@pytest.fixture(scope="module")
def reference() -> Tensor:
    return end("heun", 2048)


def rms(name: str, steps: int, reference: Tensor) -> float:
    return (end(name, steps) - reference).square().sum(1).mean().sqrt().item()


@pytest.mark.parametrize("name", ["euler", "ddim", "heun", "dpm++2m"])
def test_the_error_falls_with_the_stated_order(name: str, reference: Tensor) -> None:
    steps = [64, 128, 256, 512]
    errors = [rms(name, n, reference) for n in steps]
    slope = -np.polyfit(np.log(steps), np.log(errors), 1)[0]
    assert slope == pytest.approx(SOLVERS[name].order, abs=0.25)


@pytest.mark.parametrize(("name", "error"), [("euler", 0.021), ("heun", 0.0047), ("dpm++2m", 0.0074)])
def test_sixteen_steps_err_as_published(name: str, error: float, reference: Tensor) -> None:
    assert rms(name, 16, reference) == pytest.approx(error, rel=0.6)


def test_the_karras_grid_is_the_published_one() -> None:
    grid = times(PATH, 16, "karras", "t_min")
    expected = (5 ** (1 / 7) + np.arange(17) / 16 * (0.002 ** (1 / 7) - 5 ** (1 / 7))) ** 7
    np.testing.assert_allclose(grid.numpy(), expected, rtol=1e-12)

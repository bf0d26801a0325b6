"""Solvers against constants that diffusers' test-suite fixes, their orders, and conversions."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import get_args

import numpy as np
import torch
from torch import Tensor

from genlab.bench.plan import Plan
from genlab.bench.rows import Row, listed, lower
from genlab.bench.table_path import Table, linear_betas, table_times
from genlab.sampling.condition import Conditions
from genlab.sampling.denoiser import Kind, Prediction
from genlab.sampling.ideal import GaussianMixtureDenoiser
from genlab.sampling.path import Cosine, Linear, Path, VarianceExploding
from genlab.sampling.solvers import Solver, trajectory
from genlab.sampling.solvers.ddim import DDIM
from genlab.sampling.solvers.dpm import DPMMultistep
from genlab.sampling.solvers.euler import Euler
from genlab.sampling.solvers.heun import Heun
from genlab.sampling.spacing import times

SAMPLE = (torch.arange(768) / 768).reshape(3, 8, 8, 4).permute(3, 0, 1, 2)
PUBLISHED = {"DDIM": 172.0067, "DDIM, v": 52.5302, "Euler, EDM": 34.1855, "2M": 0.3301, "2M, v": 0.2251}
STEPS = (64, 128, 256, 512)
SOLVERS: dict[str, type[Solver]] = {"euler": Euler, "ddim": DDIM, "heun": Heun, "dpm++2m": DPMMultistep}
ORDERS = {"euler": 1, "ddim": 1, "heun": 2, "dpm++2m": 2}


class Toy:
    """The reference's model `x t / (t + 1)`, read as the given kind."""

    def __init__(self, path: Path, kind: Kind) -> None:
        self.path, self.kind = path, kind

    def predict(self, x: Tensor, t: Tensor, condition: Conditions | None = None) -> Prediction:
        """The prediction at x."""
        return Prediction(self.path, t, x, self.kind, x * float(t) / (float(t) + 1))


class Preconditioned:
    """The same model behind EDM's preconditioning with data of standard deviation one half."""

    path = VarianceExploding()

    def predict(self, x: Tensor, t: Tensor, condition: Conditions | None = None) -> Prediction:
        """The prediction at x."""
        total, c_noise = float(t) ** 2 + 0.25, 0.25 * math.log(float(t))
        network = x / math.sqrt(total) * c_noise / (c_noise + 1)
        return Prediction(
            self.path, t, x, "x0", 0.25 / total * x + 0.5 * float(t) / math.sqrt(total) * network
        )


def constants() -> dict[str, float]:
    """Sum (2M: mean) of |x| after ten steps of the reference's problem."""
    table = Table(linear_betas(1000))

    def end(denoiser: Toy | Preconditioned, name: str, grid: Tensor, x: Tensor) -> Tensor:
        return list(trajectory(denoiser, SOLVERS[name](), x, grid))[-1].x.abs()

    leading, linear = table_times(table, 10, "leading"), table_times(table, 10, "linear", "t_min")
    karras, far = times(Preconditioned.path, 10, "karras"), SAMPLE * math.sqrt(80.0**2 + 1)
    return {
        "DDIM": end(Toy(table, "noise"), "ddim", leading, SAMPLE).sum().item(),
        "DDIM, v": end(Toy(table, "v"), "ddim", leading, SAMPLE).sum().item(),
        "Euler, EDM": end(Preconditioned(), "euler", karras, far).sum().item(),
        "2M": end(Toy(table, "noise"), "dpm++2m", linear, SAMPLE).mean().item(),
        "2M, v": end(Toy(table, "v"), "dpm++2m", linear, SAMPLE).mean().item(),
    }


def orders() -> dict[str, float]:
    """Slope of log RMS endpoint error against log steps, on a ring of 8 Gaussians of deviation 0.05."""
    path = VarianceExploding(0.002, 5.0)
    angle = torch.arange(8, dtype=torch.float64) * math.pi / 4
    ring = GaussianMixtureDenoiser(torch.stack([angle.cos(), angle.sin()], 1), 0.05, path)
    x = 5 * torch.randn(256, 2, generator=torch.Generator().manual_seed(0), dtype=torch.float64)

    def end(name: str, steps: int) -> Tensor:
        levels = torch.linspace(5.0 ** (1 / 7), 0.002 ** (1 / 7), steps + 1, dtype=torch.float64) ** 7
        return list(trajectory(ring, SOLVERS[name](), x, levels))[-1].x

    reference = end("heun", 2048)
    found = {}
    for name in ORDERS:
        errors = [(end(name, n) - reference).square().sum(1).mean().sqrt().item() for n in STEPS]
        found[name] = -float(np.polyfit(np.log(STEPS), np.log(errors), 1)[0])
    return found


def conversions() -> float:
    """Largest error, relative to 1 + |value|, between any two of the five parametrisations on four paths."""
    worst, generator = 0.0, torch.Generator().manual_seed(0)
    paths: list[Path] = [Linear(), Cosine(), VarianceExploding(0.01, 20.0), Table(linear_betas(1000))]
    for path in paths:
        t = torch.linspace(path.t_min, path.t_max, 12, dtype=torch.float64)[1:-1]
        x0, noise = torch.randn(2, 10, 6, generator=generator, dtype=torch.float64)
        parts = (path.alpha, path.sigma, path.dalpha, path.dsigma)
        alpha, sigma, dalpha, dsigma = (part(t).reshape(-1, 1) for part in parts)
        scale = torch.sqrt(alpha**2 + sigma**2)
        exact = {
            "x0": x0,
            "noise": noise,
            "score": -noise / sigma,
            "v": (alpha * noise - sigma * x0) / scale,
            "velocity": dalpha * x0 + dsigma * noise,
        }
        x = path.diffuse(x0, noise, t)
        for given in get_args(Kind):
            prediction = Prediction(path, t, x, given, exact[given])
            for kind, value in exact.items():
                error = (prediction.to(kind) - value).abs() / (1 + value.abs())  # type: ignore[arg-type]
                worst = max(worst, error.max().item())
    return worst


def measure(plan: Plan) -> Iterator[Row]:
    """Three rows: constants, orders, conversions."""
    found = constants()
    # A sum is published to four decimals, and so is a mean, which single precision holds more tightly.
    limits = {name: 1e-3 if value > 1 else 1e-4 for name, value in PUBLISHED.items()}
    worst = max(abs(found[name] - value) / limits[name] for name, value in PUBLISHED.items())
    yield Row(
        "exact",
        "five solver constants",
        listed(list(PUBLISHED.values()), ".4f"),
        listed(list(found.values()), ".4f"),
        found,
        worst <= 1,
        f"{'; '.join(PUBLISHED)}: sums to 1e-3, means (2M) to 1e-4",
        (lower([worst], 0.05, "largest error, of what is allowed"),),
    )
    slopes = orders()
    off = max(abs(slopes[name] - order) for name, order in ORDERS.items())
    yield Row(
        "exact",
        "order of the solvers",
        listed(list(ORDERS.values())) + " ± 0.25",
        listed(list(slopes.values()), ".2f"),
        slopes,
        off <= 0.25,
        f"{', '.join(ORDERS)}; over {STEPS[0]} to {STEPS[-1]} steps",
        (lower([off], 0.01, "largest deviation"),),
    )
    error = conversions()
    yield Row(
        "exact",
        "conversions, float64",
        "1e-10",
        f"{error:.1e}",
        {"error": error},
        error <= 1e-10,
        figures=(lower([error], 1e-12),),
    )

"""Pieces that several tests of flow matching use: exact velocities in place of networks, and short runs."""

from __future__ import annotations

from functools import cache
from typing import Any

import torch
from scipy.integrate import quad
from torch import Tensor, nn

from genlab.core.requests import SampleRequest
from genlab.metrics.slices import finish
from genlab.paradigms.flow_matching.straightness import Walk, walk
from genlab.sampling.condition import Conditions
from genlab.sampling.denoiser import Denoiser, Prediction
from genlab.sampling.path import Path
from genlab.session.session import Session
from tests.paradigms.conftest import train
from tests.paradigms.time_pieces import asked

SMALL = {"network.width": 64, "training.batch_size": 256, "training.ema": 0.9}


class ExactNet(nn.Module):
    """A network in name: it gives the velocity of a denoiser, and something more."""

    def __init__(self, denoiser: Denoiser, more: float = 0.0) -> None:
        super().__init__()
        self.denoiser = denoiser
        self.more = more

    def forward(self, z: Tensor, c_noise: Tensor, label: Tensor | None) -> Tensor:
        path = self.denoiser.path
        t = path.time_of_noise_level((4 * c_noise.double()).exp())
        x = z * path.scale(t)[:, None]
        return self.denoiser.predict(x, t).velocity.float() + self.more


class Recorder(nn.Module):
    """A network that says 0 and remembers what it was asked."""

    z: Tensor
    level: Tensor

    def forward(self, z: Tensor, c_noise: Tensor, label: Tensor | None) -> Tensor:
        self.z, self.level = z.double(), (4 * c_noise.double()).exp()
        return torch.zeros_like(z)


class Constant:
    """The same velocity everywhere, in standardised units from data to source."""

    def __init__(self, path: Path, velocity: Tensor) -> None:
        self.path = path
        self.velocity = velocity

    def predict(self, x: Tensor, t: Tensor, condition: Conditions | None = None) -> Prediction:
        return Prediction(self.path, t, x, "velocity", self.velocity.expand_as(x))


class BetweenGaussians:
    """The exact velocity of the straight path from N(0, 1) to N(mean, std^2), independent on every axis.

    `x_t` is normal, of mean `(1 - t) mean` and standard deviation `s(t) = sqrt((1 - t)^2 std^2 + t^2)`; a
    point keeps its distance from the mean in units of s."""

    def __init__(self, path: Path, mean: Tensor, std: float) -> None:
        self.path = path
        self.mean, self.std = mean, std

    def predict(self, x: Tensor, t: Tensor, condition: Conditions | None = None) -> Prediction:
        time = float(t)
        variance = (1 - time) ** 2 * self.std**2 + time**2
        slope = (time - (1 - time) * self.std**2) / variance
        velocity = -self.mean + slope * (x - (1 - time) * self.mean)
        return Prediction(self.path, t, x, "velocity", velocity)


def gaussian_energies(mean_squared: float, std: float, dim: int) -> tuple[float, float]:
    """Energy of that flow and of optimal transport, standardised units."""

    def slope_squared(t: float) -> float:
        return (t - (1 - t) * std**2) ** 2 / ((1 - t) ** 2 * std**2 + t**2)

    return mean_squared + dim * quad(slope_squared, 0, 1)[0], mean_squared + dim * (1 - std) ** 2


@cache
def short(dataset: str, steps: int = 400, **values: Any) -> Any:
    """A small model after a few hundred steps, made once; double underscores stand for dots."""
    chosen = {key.replace("__", "."): value for key, value in values.items()}
    return train(Session.default("flow-matching", dataset).with_values({**SMALL, **chosen}), steps)


def walked(model: Any, session: Session, n: int, steps: int = 50, **changes: Any) -> Walk:
    return finish(walk(model.eval(), SampleRequest(n, **asked(session, **changes)), steps))

"""What a path begins from: noise, or another data set."""

from __future__ import annotations

from typing import Protocol

import numpy as np
import torch
from torch import Tensor

from genlab.core.model import NumberModel
from genlab.core.time.process import LogDensity
from genlab.data import load
from genlab.data.catalogue import DATASETS
from genlab.data.dataset import Distribution
from genlab.settings.paradigm import N, O, S
from genlab.settings.spaces import Space


class Source(Protocol):
    """Draws from where paths begin, in the standardised units of a model."""

    def draw(self, model: NumberModel[O, N, S], n: int, rng: torch.Generator) -> Tensor:
        """Independent draws, shape `(n, *event)`."""

    def log_prob(self, model: NumberModel[O, N, S]) -> LogDensity | None:
        """Log density `(n, *event)` to `(n,)`, nats; None for N(0, I)."""


class Noise:
    """Standard normal noise: of the mean and the spread of the data."""

    def draw(self, model: NumberModel[O, N, S], n: int, rng: torch.Generator) -> Tensor:
        return torch.randn((n, *model.event), generator=rng, device=rng.device)

    def log_prob(self, model: NumberModel[O, N, S]) -> None:
        return None


class OtherData:
    """A set of points whose distribution is known, at its default settings.

    Raises:
        ValueError: where its points have another dimension than the data, or its distribution is not known.
    """

    def __init__(self, id: str, space: Space) -> None:
        title = DATASETS[id].title
        if DATASETS[id].info().space != space:
            raise ValueError(f"{title} cannot be the source: its points and the data differ in dimension")
        distribution = load(id, DATASETS[id].settings()).truth
        if distribution is None:
            raise ValueError(f"{title} cannot be the source: its distribution is not known")
        self._distribution: Distribution = distribution

    def draw(self, model: NumberModel[O, N, S], n: int, rng: torch.Generator) -> Tensor:
        seed = torch.randint(2**62, (1,), generator=rng, device=rng.device)
        drawn = self._distribution.draw(n, np.random.default_rng(int(seed)))
        return model.standardise(torch.as_tensor(drawn.x, device=rng.device))

    def log_prob(self, model: NumberModel[O, N, S]) -> LogDensity:
        volume = model.log_volume()

        def of(z: Tensor) -> Tensor:
            points = model.unstandardise(z).double().cpu().numpy()
            return torch.as_tensor(self._distribution.log_prob(points)).to(z) + volume

        return of

"""Guidance: denoisers that wrap a denoiser."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from genlab.sampling.condition import Conditions, concatenate
from genlab.sampling.denoiser import Denoiser, Prediction
from genlab.sampling.path import Path


@dataclass(frozen=True)
class ClassifierFreeGuidance:
    """`unconditional + scale * (conditional - unconditional)`, in any parametrisation alike.

    A scale of 1 is the plain conditional model and 0 the unconditional one, each for one network pass per
    sample; any other takes two, in one call on a doubled batch. Without labels nothing is guided.

    Attributes:
        denoiser: what is guided.
        scale: guidance scale w. (Ho and Salimans write `1 + w` for it.)
        interval: noise levels `sigma / alpha`, lowest and highest, between which guidance acts; outside, the
            plain conditional model (Kynkaanniemi et al. 2024).
        rescale: phi of Lin et al. (2023), eq. 15 and 16: how far the guided prediction, in the network's own
            parametrisation, is brought back to the standard deviation of the conditional one, per sample.

    Raises:
        ValueError: on prediction, where `rescale` is set for data of a single number.

    Source: Ho and Salimans (2022), Classifier-Free Diffusion Guidance, eq. 6.
    """

    denoiser: Denoiser
    scale: float
    interval: tuple[float, float] = (0.0, math.inf)
    rescale: float = 0.0

    @property
    def path(self) -> Path:
        return self.denoiser.path

    def predict(self, x: Tensor, t: Tensor, condition: Conditions | None = None) -> Prediction:
        if condition is None or condition.label is None or self.scale == 1:
            return self.denoiser.predict(x, t, condition)
        level = self.path.noise_level(t)
        low, high = self.interval
        inside = (level >= low) & (level <= high)
        if t.ndim == 0 and not bool(inside):
            return self.denoiser.predict(x, t, condition)
        if self.scale == 0 and t.ndim == 0:
            return self.denoiser.predict(x, t, condition.unconditional())
        both = self.denoiser.predict(
            torch.cat([x, x]),
            t if t.ndim == 0 else torch.cat([t, t]),
            concatenate(condition, condition.unconditional()),
        )
        conditional, unconditional = both.value.chunk(2)
        guided = unconditional + self.scale * (conditional - unconditional)
        if self.rescale:
            guided = guided * (1 - self.rescale + self.rescale * _std(conditional) / _std(guided))
        if t.ndim:
            guided = torch.where(inside.reshape(-1, *(1,) * (x.ndim - 1)), guided, conditional)
        return Prediction(self.path, t, x, both.kind, guided, nfe=2 * both.nfe)


def _std(value: Tensor) -> Tensor:
    """Standard deviation of each sample over its event, shape `(n, 1, ..., 1)`."""
    if value[0].numel() < 2:
        raise ValueError("guidance can be rescaled only where a sample has several numbers")
    return value.std(dim=tuple(range(1, value.ndim)), keepdim=True)

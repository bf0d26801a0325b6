"""A classifier of noisy data, and guidance by its gradient."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from genlab.sampling.condition import Conditions
from genlab.sampling.denoiser import Denoiser, Prediction, network_input
from genlab.sampling.path import Path


@dataclass(frozen=True)
class ClassifierGuidance:
    """The unconditional score plus `scale` times the gradient of `log p(label | x_t)`.

    A scale of 0 is the unconditional model, 1 the conditional one by Bayes' rule. Rows without a label are
    not guided.

    Attributes:
        denoiser: what is guided.
        classifier: gives logits, shape `(n, classes)`, of what `network_input` makes of noisy points.
        scale: guidance scale w.
        interval: noise levels `sigma / alpha` between which guidance acts; outside, the conditional model.

    Source: Dhariwal and Nichol (2021), Diffusion Models Beat GANs, eq. 14, with an unconditional model.
    """

    denoiser: Denoiser
    classifier: nn.Module
    scale: float
    interval: tuple[float, float] = (0.0, math.inf)

    @property
    def path(self) -> Path:
        return self.denoiser.path

    def predict(self, x: Tensor, t: Tensor, condition: Conditions | None = None) -> Prediction:
        low, high = self.interval
        level = self.path.noise_level(t)
        if condition is None or condition.label is None or not bool(((level >= low) & (level <= high)).all()):
            return self.denoiser.predict(x, t, condition)
        plain = self.denoiser.predict(x, t, condition.unconditional())
        gradient = self._gradient(x, t, condition.label)
        noise = plain.noise - self.scale * plain.sigma * gradient
        return Prediction(self.path, t, x, "noise", noise, plain.nfe)

    def _gradient(self, x: Tensor, t: Tensor, label: Tensor) -> Tensor:
        """Of the log probability of the label, shape `(n, *event)`; 0 where there is none."""
        followed = torch.is_grad_enabled() and x.requires_grad
        with torch.enable_grad():
            point = x if followed else x.detach().requires_grad_()
            logits = self.classifier(*network_input(self.path, point, t))
            chosen = F.log_softmax(logits, 1).gather(1, label.clamp(min=0)[:, None])[:, 0]
            total = (chosen * (label >= 0)).sum()
            (gradient,) = torch.autograd.grad(total, point, create_graph=followed)
        return gradient

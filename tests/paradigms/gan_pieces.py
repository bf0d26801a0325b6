"""Pieces that several tests of GANs use."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch

from genlab.core.requests import ProbeRequest, SampleRequest
from genlab.core.training import Batch
from genlab.data.condition import Condition
from genlab.data.payloads import Samples
from genlab.paradigms.gan.probes import PROBES
from genlab.paradigms.gan.settings import GanSampler

Fresh = Callable[..., Any]

PLAIN = {
    "objective.r1": 0.0,
    "objective.r2": 0.0,
    "objective.instance_noise": 0.0,
    "network.width": 16,
    "network.depth": 2,
}


def frames(model: Any, n: int, label: str = "any", **sampler: Any) -> list[Samples]:
    with torch.no_grad():
        found = model.sample(SampleRequest(n, GanSampler(**sampler), Condition(label)))
        return [frame for frame in found if frame is not None]


def probe(model: Any, name: str, examples: Batch | None = None, label: str = "any") -> Any:
    request = ProbeRequest(GanSampler(), {}, 20, examples, Condition(label))
    with torch.no_grad():
        return [payload for payload in PROBES[name](model.eval(), request) if payload is not None][-1]


class Biased(torch.nn.Module):
    """A discriminator that knows the log ratio of N(0, 1) to N(0, 4), as drawn by `Wide`."""

    def forward(self, x: torch.Tensor, labels: Any = None) -> torch.Tensor:
        return -0.5 * x.flatten(1).square().sum(1) * (1 - 1 / 4)


class Wide(torch.nn.Module):
    def forward(self, latent: Any, labels: Any = None) -> torch.Tensor:
        return 2 * latent.z[:, :1]


def biased(fresh_model: Fresh) -> Any:
    values = {"objective.conditional": False, "network.categories": 0, "objective.loss": "non-saturating"}
    _, _, _, model = fresh_model("gan", "mixture-1d", values)
    model.generator, model.critic = Wide(), Biased()
    return model

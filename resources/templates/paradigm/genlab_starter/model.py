"""The model: its parameters, its loss, its samples, its density."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping

import torch
from torch import Tensor, nn

from genlab.core.classes import Classes
from genlab.core.model import ModelData, NumberModel
from genlab.core.random import generator
from genlab.core.requests import Ask, DensityRequest, LogProb, NoDensity, SampleRequest
from genlab.core.training import Batch, Context, Player
from genlab.data.payloads import Samples
from genlab.settings.paradigm import Capabilities
from genlab_starter.settings import StarterNetwork, StarterObjective, StarterSampler, capabilities

SLICE = 2048
"""Points whose density takes one slice of about 20 ms."""


class StarterModel(NumberModel[StarterObjective, StarterNetwork, StarterSampler]):
    """A mixture of Gaussians with axes along the coordinates for each class, and one for hidden labels."""

    def __init__(self, objective: StarterObjective, network: StarterNetwork, data: ModelData) -> None:
        super().__init__(objective, network, data)
        (dim,) = self.event
        kinds, components = self.classes.count + 1, network.components
        self.centres = nn.Parameter(torch.randn(kinds, components, dim))
        self.log_std = nn.Parameter(torch.zeros(kinds, components, dim))
        self.logits = nn.Parameter(torch.zeros(kinds, components))

    def able(self, ask: Ask[StarterSampler]) -> Capabilities:
        return capabilities(self.chosen(ask), self.data)

    @property
    def classes(self) -> Classes:
        """Labels are learned where data have any, and hidden from a share of the examples."""
        return Classes.hidden(self.data.labels, self.class_prior, self.objective.drop_label)

    def kinds(self, labels: Tensor | None, n: int) -> Tensor:
        """Which mixture answers for each of n labels, (n,): the last one where a label is hidden."""
        last = self.classes.count
        if labels is None:
            return torch.full((n,), last, device=self.device)
        return torch.where(labels < 0, last, labels)

    def log_density(self, z: Tensor, labels: Tensor | None) -> Tensor:
        """Log density of standardised points z (n, dim), (n,), nats. labels: (n,), -1 where hidden."""
        kind = self.kinds(labels, len(z))
        error = (z[:, None] - self.centres[kind]) / self.log_std[kind].exp()  # (n, components, dim)
        normal = -0.5 * (error**2 + math.log(2 * math.pi)) - self.log_std[kind]
        return (normal.sum(-1) + self.logits[kind].log_softmax(-1)).logsumexp(-1)

    def loss(self, batch: Batch, player: Player, context: Context) -> Mapping[str, Tensor]:
        """`total`: negative log density of a batch, mean, nats in data units."""
        labels = self.classes.drop(batch.labels, context.noise)
        value = self.log_density(self.standardise(batch.x), labels) - self.log_volume()
        return {"total": -value.mean()}

    def sample(self, request: SampleRequest[StarterSampler]) -> Iterator[Samples]:
        """One frame: a Gaussian is picked by its weight, then a point of it."""
        sampler = request.sampler
        rng = generator(sampler.seed, "sampling", self.device)
        labels = self.classes.shown(request.n, request.condition.label, rng)
        kind = self.kinds(labels, request.n)
        component = torch.multinomial(self.logits[kind].softmax(-1), 1, generator=rng)[:, 0]
        noise = torch.randn((request.n, *self.event), generator=rng, device=self.device)
        spread = sampler.temperature * self.log_std[kind, component].exp()
        x = self.unstandardise(self.centres[kind, component] + spread * noise)
        yield Samples(
            x=x.detach().cpu().numpy(),
            clean=None,
            labels=None if labels is None else labels.cpu().numpy(),
            index=0,
            total=0,
            time=0.0,
            nfe=1,
            biased="" if sampler.temperature == 1 else f"temperature {sampler.temperature:g}",
        )

    def log_prob(self, x: Tensor, request: DensityRequest[StarterSampler]) -> Iterator[LogProb | None]:
        """Exact log density of x (n, dim), nats in data units: of a class, or of the mixture of all."""
        try:
            mixture = self.classes.mixture(request.condition.label)
        except ValueError as refused:
            raise NoDensity(str(refused)) from refused
        z = self.standardise(x.to(self.device, torch.float32))
        for first in range(0, len(z), SLICE):
            part = z[first : first + SLICE]
            value = self.log_density(mixture.repeated(part), mixture.labels_of(len(part)))
            yield LogProb(first, mixture.total(value) - self.log_volume(), "exact")

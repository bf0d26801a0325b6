"""Normalizing flows: an invertible map between a simple base and the data."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Mapping, Sequence
from math import prod

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from genlab.core.classes import Classes
from genlab.core.model import ModelData, NumberModel
from genlab.core.random import generator
from genlab.core.requests import Ask, DensityRequest, LogProb, NoDensity, SampleRequest
from genlab.core.training import Batch, Context, LossReference, Player
from genlab.data.payloads import Array, Samples
from genlab.data.truths.base import Truth
from genlab.nets.glow_marginals import Marginals
from genlab.paradigms.flow.continuous import EXACT_UP_TO, Velocity, ode_layers, random_signs
from genlab.paradigms.flow.dequantisation import UniformDequantisation, VariationalDequantisation
from genlab.paradigms.flow.glow import glow_layers
from genlab.paradigms.flow.layers import Layer, normal_log_prob, to_base
from genlab.paradigms.flow.settings import FlowNetwork, FlowObjective, FlowSampler, capabilities
from genlab.paradigms.flow.target import check_target, truth_log_prob
from genlab.paradigms.flow.transforms import build_layers
from genlab.sampling.pieces import in_pieces
from genlab.sampling.slices import Work
from genlab.settings.paradigm import Capabilities
from genlab.settings.spaces import Images

DENSITY_ROWS = 4096
ODE_ROWS = 1024
IMAGE_ROWS = 512
REFERENCE_POINTS = 5000
REFERENCE_ROWS = 512
RICHARDSON = 15.0
"""2^4 - 1: a fourth-order result differs this much more from one with half the steps."""
LEAST_ODE_STEPS = 16
"""Of a likelihood."""
INITIALISED_WITH = 1024
"""Images from which the layers of a Glow begin."""


class Flow(NumberModel[FlowObjective, FlowNetwork, FlowSampler]):
    """Layers that carry a standard normal base to standardised points, or to images whose pixels are each
    made normal by themselves.

    Sources: Dinh et al. (2014), NICE; Rezende and Mohamed (2015); Dinh et al. (2017), RealNVP; Kingma et al.
    (2016), IAF; Papamakarios et al. (2017), MAF; Durkan et al. (2019), neural spline flows; Grathwohl et al.
    (2019), FFJORD; Kingma and Dhariwal (2018), Glow; Ho et al. (2019), Flow++.

    Raises:
        ValueError: for reverse KL where the truth is not known or vanishes somewhere; for a Glow of points,
            or of images with an odd side.
    """

    def __init__(self, objective: FlowObjective, network: FlowNetwork, data: ModelData) -> None:
        super().__init__(objective, network, data)
        self.target: Truth | None = None
        if objective.divergence == "reverse":
            self.target = check_target(self.truth, data.info.id)
        labels = self.classes.count
        self.dim = dim = prod(self.event)
        self.velocity: Velocity | None = None
        self.stack = nn.ModuleList()
        space = self.space
        if isinstance(space, Images):
            levels = torch.as_tensor(data.reference.x)
            self.marginals = Marginals(levels, space.levels)
            learned = objective.dequantisation == "variational"
            self.dequantiser = (
                VariationalDequantisation(self.event, space.levels) if learned else UniformDequantisation()
            )
        if network.kind == "continuous":
            self.velocity = Velocity(dim, labels, network.width, network.depth)
        elif network.kind == "glow":
            if not isinstance(space, Images):
                raise ValueError("a Glow needs images; for points choose another map")
            seen, _ = self.encode(levels[:INITIALISED_WITH], generator(data.seed, "init"))
            self.stack = nn.ModuleList(glow_layers(network, self.event, labels, seen))
        else:
            self.stack = nn.ModuleList(build_layers(network, dim, labels, self.target is not None))

    def able(self, ask: Ask[FlowSampler]) -> Capabilities:
        return capabilities(self.chosen(ask), self.data)

    @property
    def classes(self) -> Classes:
        return Classes.hidden(self.data.labels, self.class_prior, self.objective.condition_dropout)

    def layers(self, steps: int = 0) -> Sequence[Layer]:
        """The layers, nearest to the data first; of a continuous flow, so many Runge-Kutta steps."""
        if self.velocity is not None:
            return ode_layers(self.velocity, steps)
        return [layer for layer in self.stack if isinstance(layer, Layer)]

    def context(self, labels: Tensor | None) -> Tensor | None:
        """Labels `(n,)` as the layers take them: one-hot `(n, classes)`, zeros for -1."""
        count = self.classes.count
        if labels is None or not count:
            return None
        return F.one_hot(labels + 1, count + 1)[:, 1:].to(self.mean.dtype)

    def loss(self, batch: Batch, player: Player, context: Context) -> Mapping[str, Tensor]:
        """`total`, nats per datum in data units: the negative log likelihood, mean over the batch; or the
        reverse KL divergence, mean over as many samples of the model as the batch is large."""
        rng = context.noise
        if self.target is not None:
            return {"total": self._reverse_kl(len(batch.x), self.target, rng)}
        x, gained = self.encode(batch.x, rng)
        labels = self.classes.drop(batch.labels, rng)
        z, log_det = to_base(self._training_layers(x, rng), x, self.context(labels))
        return {"total": -(normal_log_prob(z) + log_det + gained).mean()}

    def encode(self, x: Tensor, rng: torch.Generator) -> tuple[Tensor, Tensor]:
        """Data `(n, *event)` as the numbers that layers take `(n, d)`, and the log of the change of volume,
        `(n,)` or a scalar: points standardised; levels dequantised, each pixel made normal by itself. Of
        learned noise its log density is taken off: what the layers add to it is a bound."""
        if not self.images:
            return self.standardise(x), -self.log_volume()
        x, log_q = self.dequantiser(x, rng)
        y, log_det = self.marginals.to_base(x)
        return y.flatten(1), log_det - log_q

    def encoded(self, x: Tensor, rng: torch.Generator) -> Work[tuple[Tensor, Tensor]]:
        """As `encode`, in slices."""
        if not self.images:
            return self.encode(x, rng)
        x, log_q = self.dequantiser(x, rng)
        yield
        parts = yield from in_pieces(self, "encoded", len(x), lambda rows: self.marginals.to_base(x[rows]))
        y, log_det = (torch.cat(values) for values in zip(*parts, strict=True))
        return y.flatten(1), log_det - log_q

    def decoded(self, y: Tensor, rounded: bool) -> Work[Tensor]:
        """As `decode`, in slices. rounded: images to whole levels."""

        def work(rows: slice) -> Tensor:
            return self.quantise(self.decode(y[rows])) if rounded else self.decode(y[rows])

        return torch.cat((yield from in_pieces(self, "decoded", len(y), work)))

    def decode(self, y: Tensor) -> Tensor:
        """Data units `(n, *event)` of the numbers `(n, d)` that layers give; levels are not rounded."""
        if not self.images:
            return self.unstandardise(y)
        return self.marginals.to_data(y.reshape(-1, *self.event))

    def _training_layers(self, x: Tensor, rng: torch.Generator) -> Sequence[Layer]:
        if self.velocity is None:
            return self.layers()
        signs = random_signs(x, rng) if x.shape[1] > EXACT_UP_TO else None
        return ode_layers(self.velocity, self.network.ode_steps, signs)

    def _reverse_kl(self, n: int, target: Truth, rng: torch.Generator) -> Tensor:
        """E[log q(x) - log p(x)] over samples x of the model (Rezende and Mohamed 2015, equation 15)."""
        labels = None
        if self.classes.learned:
            labels = self.classes.drop(self.classes.draw(n, "any", rng), rng)
        x = torch.randn((n, self.dim), generator=rng, device=self.device, dtype=self.mean.dtype)
        given = self.context(labels)
        log_q = normal_log_prob(x) - self.log_volume()
        for layer in reversed(self._training_layers(x, rng)):
            x, log_det = layer.to_data_with_log_det(x, given)
            log_q = log_q - log_det
        return (log_q - truth_log_prob(self.unstandardise(x), target, labels)).mean()

    def sample(self, request: SampleRequest[FlowSampler]) -> Iterator[Samples | None]:
        """The base sample, then one frame for each layer, or Runge-Kutta step of a continuous flow.

        Every frame is in data units: the base has mean and spread of the data. Frames are marked as biased
        where the temperature is not 1. `nfe` counts layers.

        Raises:
            ValueError: for a class that the data or the training do not have.
        """
        self.refuse(request)
        sampler = request.sampler
        rng = generator(sampler.seed, "sampling", self.device)
        labels = self.classes.shown(request.n, request.condition.label, rng)
        given = self.context(labels)
        x = sampler.temperature * torch.randn((request.n, self.dim), generator=rng, device=self.device)
        layers = self.layers(sampler.steps)
        shown = None if labels is None else labels.cpu().numpy()
        biased = "" if sampler.temperature == 1 else f"temperature {sampler.temperature:g}"
        for index in range(len(layers) + 1):
            if index:
                x = yield from layers[-index].data_in_slices(x, given)
                if self.images:
                    yield None
            shown_x = yield from self.decoded(x, index == len(layers))
            yield Samples(
                x=_array(shown_x),
                clean=None,
                labels=shown,
                index=index,
                total=len(layers),
                time=index / len(layers),
                nfe=index,
                biased=biased,
            )

    def log_prob(self, x: Tensor, request: DensityRequest[FlowSampler]) -> Iterator[LogProb | None]:
        """Log density by the change of variables, nats in data units.

        A class: its conditional density. `none`, or data without labels: the unconditional one. `any` with
        labels: their mixture by total probability, one pass for each class. A temperature scales the base.
        Of a continuous flow the log-determinant is the integral of the divergence (exact trace), by at least
        16 Runge-Kutta steps; its error is estimated by Richardson's extrapolation from half as many."""
        able = self.able(request)
        kind = able.density
        if kind == "none":
            raise NoDensity(able.density_reason)
        try:
            mixture = self.classes.mixture(request.condition.label)
        except ValueError as refused:
            raise NoDensity(str(refused)) from refused
        sampler = request.sampler
        rng = generator(sampler.seed, "evaluation", self.device)
        most = IMAGE_ROWS if self.images else DENSITY_ROWS if self.velocity is None else ODE_ROWS
        rows = max(1, most // mixture.size)
        steps = max(LEAST_ODE_STEPS, sampler.steps)
        for first in range(0, len(x), rows):
            part, gained = yield from self.encoded(
                x[first : first + rows].to(self.device, torch.float32), rng
            )
            given = self.context(mixture.labels_of(len(part)))
            gained = mixture.repeated(gained.expand(len(part)))
            part = mixture.repeated(part)
            value = gained + (yield from self._log_prob(part, given, sampler.temperature, steps))
            gap = None
            if request.error and self.velocity is not None:
                coarse = gained + (yield from self._log_prob(part, given, sampler.temperature, steps // 2))
                gap = mixture.mean(value, (value - coarse).abs() / RICHARDSON)
            yield LogProb(first, mixture.total(value), kind, error=gap)

    def _log_prob(
        self, x: Tensor, given: Tensor | None, temperature: float, steps: int
    ) -> Generator[None, None, Tensor]:
        """Log density (n,) of encoded data, a slice for each layer."""
        total = x.new_zeros(len(x))
        for layer in self.layers(steps):
            x, log_det = yield from layer.base_in_slices(x, given)
            total = total + log_det
            yield
        return normal_log_prob(x, temperature) + total

    def loss_reference(
        self, batch: Batch, rng: torch.Generator
    ) -> Generator[None, None, LossReference | None]:
        """The loss of a perfect flow: 0 for the reverse KL, else the entropy of the data, of which the share
        that trains with labels takes the mean entropy of a class. Estimated from 5,000 draws."""
        if self.target is not None:
            return LossReference("perfect flow", {"total": 0.0})
        truth = self.truth
        if truth is None:
            return None
        x = batch.x[:REFERENCE_POINTS].cpu().numpy()
        labels = None if batch.labels is None else batch.labels[:REFERENCE_POINTS].cpu().numpy()
        conditional = self.classes.learned and labels is not None
        dropped = self.objective.condition_dropout if conditional else 1.0
        total = 0.0
        for first in range(0, len(x), REFERENCE_ROWS):
            rows = slice(first, first + REFERENCE_ROWS)
            if dropped > 0:
                total -= dropped * truth.log_prob(x[rows]).sum()
                yield
            if dropped < 1 and labels is not None:
                for label in np.unique(labels[rows]):
                    chosen = x[rows][labels[rows] == label]
                    total -= (1 - dropped) * truth.log_prob(chosen, int(label)).sum()
                    yield
        return LossReference("entropy", {"total": float(total / len(x))})


def _array(x: Tensor) -> Array:
    return x.detach().cpu().numpy()

"""The baselines: densities that are counted or fitted in closed form, and the data themselves."""

from __future__ import annotations

import math
from collections.abc import Generator, Iterator, Mapping, Sequence

import torch
from torch import Tensor

from genlab.core.classes import Classes
from genlab.core.model import ModelData, NumberModel
from genlab.core.random import generator
from genlab.core.requests import Ask, DensityRequest, LogProb, NoDensity, SampleRequest
from genlab.core.training import Batch, Check, Context, LossReference, Player
from genlab.data.payloads import Samples
from genlab.paradigms.baselines.estimator import Estimator, wide
from genlab.paradigms.baselines.guidance import draw_guided, guided_log_prob, log_constants
from genlab.paradigms.baselines.histogram import Histogram, Pixels
from genlab.paradigms.baselines.kernel import Kernel
from genlab.paradigms.baselines.mixture import Mixture
from genlab.paradigms.baselines.settings import (
    BaselinesNetwork,
    BaselinesObjective,
    BaselinesSampler,
    capabilities,
)
from genlab.paradigms.baselines.store import Nearest, Store
from genlab.settings.paradigm import Capabilities
from genlab.settings.spaces import Images


class Baselines(NumberModel[BaselinesObjective, BaselinesNetwork, BaselinesSampler]):
    """One of four fits, each of all data (label 'none') and of every class; 'any' mixes the classes.

    Before training, a method that counts or keeps points has those of one Gaussian as wide as the data, and a
    mixture its start. On a line the training points are kept beside the fit, so that all methods can be
    compared on them.

    Raises:
        ValueError: where the method cannot be fitted to such data, in one sentence.
    """

    fitted: Estimator

    def __init__(self, objective: BaselinesObjective, network: BaselinesNetwork, data: ModelData) -> None:
        super().__init__(objective, network, data)
        x, labels = torch.as_tensor(data.reference.x).flatten(1), None
        if self.data.labels and data.reference.labels is not None:
            labels = torch.as_tensor(data.reference.labels)
        batch = Batch(x, labels)
        rng = torch.Generator().manual_seed(torch.initial_seed())
        self.fitted = self._make(objective, batch, data.rows, rng)
        size = min(network.stored, len(x))
        groups = self.fitted.groups
        self.store = Store(size, 1, groups, data.seed) if self.event == (1,) else None
        if self.store is not None:
            self.store.take(batch)
        if not isinstance(self.fitted, Mixture):
            self._begin(batch, rng)

    def _make(
        self, objective: BaselinesObjective, reference: Batch, n: int, rng: torch.Generator
    ) -> Estimator:
        """A method before its fit to n points. reference: flat training data, some of these."""
        space = self.space
        groups = 1 + (len(self.data.labels) if reference.labels is not None else 0)
        d = reference.x.shape[1]
        size = min(self.network.stored, len(reference.x))
        match objective.method:
            case "histogram" if isinstance(space, Images):
                return Pixels(d, space.levels, groups, objective)
            case "histogram":
                return Histogram(reference.x, groups, objective, n)
            case "kernel":
                return Kernel(size, d, groups, objective, self.seed, self.images, self.images)
            case "nearest":
                return Nearest(size, d, groups, self.seed)
        centre, scale = (value.flatten().double().expand(d) for value in (self.mean, self.std))
        noise = 1 / 12 / float(scale[0]) ** 2 if self.images else 0.0
        return Mixture(reference, groups, centre, scale, noise, objective, rng)

    def able(self, ask: Ask[BaselinesSampler]) -> Capabilities:
        return capabilities(self.chosen(ask), self.data)

    @property
    def classes(self) -> Classes:
        """Those with training points can be drawn; every point is fitted without its label too."""
        if self.fitted.groups == 1:
            return Classes(self.data.labels, self.class_prior)
        prior = wide(self.class_prior) * (self.fitted.rows[1:] > 0)
        return Classes(self.data.labels, (prior / prior.sum()).float(), learned=True, dropout=1.0)

    def sibling(self, objective: BaselinesObjective, kept: Batch) -> Estimator:
        """Another method, not yet fitted, for the same data. kept: flat training points."""
        rng = generator(self.seed, "preview")
        return self._make(objective, Batch(kept.x.cpu(), _cpu(kept.labels)), len(kept.x), rng).to(self.device)

    def _begin(self, reference: Batch, rng: torch.Generator) -> None:
        spread = reference.x.std(0) if len(reference.x) > 1 else torch.ones(reference.x.shape[1])
        x = reference.x.mean(0) + spread * torch.randn(reference.x.shape, generator=rng)
        x = self.quantise(x.view(-1, *self.event)).flatten(1)
        start = Batch(x, reference.labels)
        if isinstance(self.fitted, Kernel):
            self.fitted.take(start)
        else:
            self.fitted.fit(start)
            self.fitted.done.fill_(False)

    def players(self) -> Sequence[Player]:
        """One, fitted in closed form."""
        return (Player("fit"),)

    def fit(self, pool: Batch, player: Player, context: Context) -> Mapping[str, Tensor]:
        """One iteration of the method's fit; see there."""
        flat = Batch(pool.x.flatten(1), pool.labels if self.fitted.groups > 1 else None)
        return self.fitted.fit(flat)

    @property
    def finished(self) -> bool:
        """Whether the counts are taken, the candidates tried, or EM gains nothing more."""
        return bool(self.fitted.done)

    def loss(self, batch: Batch, player: Player, context: Context) -> Mapping[str, Tensor]:
        """Negative log density of a batch without its labels, mean, nats in data units: `total`."""
        x = self.dequantise(batch.x, context.noise) if self._dequantised else batch.x
        return {"total": -self.fitted.log_prob(x.flatten(1), {0: 1.0}).mean()}

    def check(self, validation: Batch | None, context: Context) -> Check:
        """The loss on held-out data, once there is a fit."""
        if validation is None or context.step == 0 or self.objective.method == "nearest":
            return Check({})
        held_out = self.loss(validation, self.players()[0], context)["total"].item()
        return Check({"validation": held_out} if math.isfinite(held_out) else {})

    def refuse(self, ask: Ask[BaselinesSampler]) -> None:
        super().refuse(ask)
        self.weights_of(ask.condition.label)

    def sample(self, request: SampleRequest[BaselinesSampler]) -> Iterator[Samples]:
        """One frame: exact draws, guided ones by rejection.

        Raises:
            ValueError: for a class that the data do not have.
        """
        self.refuse(request)
        sampler = request.sampler
        rng = generator(sampler.seed, "sampling", self.device)
        labels = self.classes.shown(request.n, request.condition.label, rng)
        none = torch.zeros(request.n, dtype=torch.long, device=self.device)
        groups = none if labels is None else labels + 1
        guided = self._guided(request)
        if guided:
            x = draw_guided(self.fitted, groups, sampler.guidance, self.weights_of("any"), rng)
        else:
            x = self.fitted.draw(groups, rng)
        yield Samples(
            x=self.quantise(x.float().reshape(-1, *self.event)).cpu().numpy(),
            clean=None,
            labels=None if labels is None else labels.cpu().numpy(),
            index=0,
            total=0,
            time=0.0,
            nfe=0,
            biased=f"guidance {sampler.guidance:g}" if guided else "",
        )

    def log_prob(self, x: Tensor, request: DensityRequest[BaselinesSampler]) -> Iterator[LogProb | None]:
        """Exact log density, nats in data units; guided, an estimate: its constant is a mean over draws.

        Images: the histogram gives the probability of the whole levels x; kernels and mixtures a density at
        `x + u`, with u uniform on [-1/2, 1/2) drawn from the sampler's seed (uniform dequantisation: the mean
        over u is a lower bound on the log probability of the levels)."""
        able = self.able(request)
        if able.density == "none":
            raise NoDensity(able.density_reason)
        try:
            weights = self.weights_of(request.condition.label)
        except ValueError as refused:
            raise NoDensity(str(refused)) from refused
        fit, scale = self.fitted, request.sampler.guidance
        rng = generator(request.sampler.seed, "evaluation", self.device)
        x = x.to(self.device, torch.float32)
        flat = (self.dequantise(x, rng) if self._dequantised else x).flatten(1)
        slices = [(first, flat[first : first + fit.chunk]) for first in range(0, len(flat), fit.chunk)]
        if not self._guided(request):
            for first, part in slices:
                yield LogProb(first, (yield from fit.log_prob_in_slices(part, weights)), "exact")
            return
        prior = self.weights_of("any")
        constants: dict[int, float] = {}
        spread = 0.0
        for found in log_constants(fit, weights, scale, prior, rng):
            if found is not None:
                group, constants[group], spread_here = found
                spread = max(spread, spread_here)
            yield None
        for first, part in slices:
            value = guided_log_prob(fit, part, weights, scale, prior, constants)
            yield LogProb(first, value, "estimate", None, torch.full_like(value, spread))

    def loss_reference(
        self, batch: Batch, rng: torch.Generator
    ) -> Generator[None, None, LossReference | None]:
        """The entropy of the data, where it is known, and that given the class as these data tell."""
        if self.truth is None or self.objective.method == "nearest":
            return None
        values = {"total": self.truth.entropy}
        yield None
        if batch.labels is not None and self.fitted.groups > 1:
            total, labels, x = 0.0, batch.labels.cpu().numpy(), batch.x.cpu().numpy()
            for c in range(len(self.data.labels)):
                mine = x[labels == c]
                for first in range(0, len(mine), 2048):
                    total -= float(self.truth.log_prob(mine[first : first + 2048], c).sum())
                    yield None
            values["given the class"] = total / len(x)
        return LossReference("entropy", values)

    @property
    def _dequantised(self) -> bool:
        return self.images and not isinstance(self.fitted, Pixels)

    def _guided(self, ask: Ask[BaselinesSampler]) -> bool:
        able = self.fitted.groups > 1 and self.objective.method != "nearest"
        return able and ask.sampler.guidance != 1 and ask.condition.label != "none"

    def weights_of(self, label: str) -> dict[int, float]:
        """Groups and their probabilities for a label. Raises ValueError."""
        mixture = self.classes.mixture(label)
        groups = [0] if mixture.labels is None else (mixture.labels + 1).tolist()
        if len(groups) == 1 and int(self.fitted.rows[groups[0]]) == 0:
            raise ValueError(f"class '{label}' has no training examples to fit")
        return dict(zip(groups, wide(mixture.log_prior).exp().tolist(), strict=True))


def _cpu(x: Tensor | None) -> Tensor | None:
    return None if x is None else x.cpu()

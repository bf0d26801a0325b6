"""The baselines: densities that are counted or fitted in closed form, and the data themselves."""

from __future__ import annotations

import math
from collections.abc import Generator, Iterator, Mapping, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from genlab.core.model import (
    Batch,
    Check,
    Context,
    LogProb,
    LossReference,
    Model,
    NoDensity,
    Player,
    ProbeRequest,
    SampleRequest,
    generator,
)
from genlab.data.dataset import Dataset, Draw
from genlab.data.payloads import Payload, Samples
from genlab.paradigms.baselines.estimator import Estimator, wide
from genlab.paradigms.baselines.histogram import Histogram, Pixels
from genlab.paradigms.baselines.kernel import Kernel
from genlab.paradigms.baselines.mixture import Mixture
from genlab.paradigms.baselines.settings import BaselinesNetwork, BaselinesObjective, BaselinesSampler
from genlab.paradigms.baselines.store import Nearest, Store
from genlab.paradigms.baselines.tilt import draw_tilted, log_constants
from genlab.session.session import Session
from genlab.settings.sampler import SamplerSettings
from genlab.settings.spaces import Images


class Baselines(Model):
    """One of four fits, each of all data (label 'none') and of every class; 'any' mixes the classes.

    Before training, a method that counts or keeps points has those of one Gaussian as wide as the data, and a
    mixture its start. On a line the training points are kept beside the fit, so that all methods can be
    compared on them.

    Raises:
        ValueError: where the method cannot be fitted to such data, in one sentence.
    """

    fitted: Estimator

    def __init__(self, session: Session, dataset: Dataset, reference: Draw) -> None:
        super().__init__(session, dataset, reference)
        objective, network = session.objective, session.network
        assert isinstance(objective, BaselinesObjective)
        assert isinstance(network, BaselinesNetwork)
        self.objective = objective
        self.images = isinstance(session.space, Images)
        x = torch.as_tensor(reference.x).flatten(1)
        labels = None
        if self.label_names and reference.labels is not None:
            labels = torch.as_tensor(reference.labels)
        n = len(x) if dataset.truth is None else session.training.pool
        batch = Batch(x, labels)
        rng = torch.Generator().manual_seed(torch.initial_seed())
        self.fitted = self._make(objective, batch, n, rng)
        size = min(network.stored, len(x))
        groups = self.fitted.groups
        self.store = Store(size, 1, groups, session.seed) if self.event == (1,) else None
        if self.store is not None:
            self.store.take(batch)
        if not isinstance(self.fitted, Mixture):
            self._begin(batch, rng)

    def _make(
        self, objective: BaselinesObjective, reference: Batch, n: int, rng: torch.Generator
    ) -> Estimator:
        """A method before its fit to n points. reference: flat training data, some of these."""
        space, seed = self.session.space, self.session.seed
        network = self.session.network
        assert isinstance(network, BaselinesNetwork)
        groups = 1 + (len(self.label_names) if reference.labels is not None else 0)
        d = reference.x.shape[1]
        size = min(network.stored, len(reference.x))
        match objective.method:
            case "histogram" if isinstance(space, Images):
                return Pixels(d, space.levels, groups, objective)
            case "histogram":
                return Histogram(reference.x, groups, objective, n)
            case "kernel":
                return Kernel(size, d, groups, objective, seed, self.images, self.images)
            case "nearest":
                return Nearest(size, d, groups, seed)
        centre, scale = (value.flatten().double().expand(d) for value in (self.mean, self.std))
        noise = 1 / 12 / float(scale[0]) ** 2 if self.images else 0.0
        return Mixture(reference, groups, centre, scale, noise, objective, rng)

    def sibling(self, values: Mapping[str, object], kept: Batch) -> Estimator:
        """Another method, not yet fitted, for the same data. kept: flat training points."""
        objective = self.session.with_values(values).objective
        assert isinstance(objective, BaselinesObjective)
        rng = generator(self.session.seed, "preview")
        return self._make(objective, Batch(kept.x.cpu(), _cpu(kept.labels)), len(kept.x), rng).to(self.device)

    def fitted_points(self, weights: Mapping[int, float]) -> NDArray[np.float32]:
        """The stored points of these groups, (m, d)."""
        assert isinstance(self.fitted, Kernel | Nearest)
        return torch.cat([self.fitted.store.of(group) for group in weights]).cpu().numpy()

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

    def sample(self, request: SampleRequest) -> Iterator[Samples]:
        """One frame: exact draws, guided ones by rejection.

        Raises:
            ValueError: for a class that the data do not have.
        """
        sampler = request.sampler
        assert isinstance(sampler, BaselinesSampler)
        rng = generator(sampler.seed, "sampling", self.device)
        labels = self._labels(request.n, sampler.label, rng)
        groups = torch.zeros(request.n, dtype=torch.long, device=self.device)
        if labels is not None and self.fitted.groups > 1:
            groups = labels + 1
        guided = self._guided(sampler)
        if guided:
            x = draw_tilted(self.fitted, groups, sampler.guidance, self._prior(), rng)
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
            tilted=f"guidance {sampler.guidance:g}" if guided else "",
        )

    def log_prob(self, x: Tensor, sampler: SamplerSettings, error: bool = True) -> Iterator[LogProb | None]:
        """Exact log density, nats in data units; guided, an estimate: its constant is a mean over draws.

        Images: the histogram gives the probability of the whole levels x; kernels and mixtures a density at
        `x + u`, with u uniform on [-1/2, 1/2) drawn from the sampler's seed (uniform dequantisation: the mean
        over u is a lower bound on the log probability of the levels)."""
        assert isinstance(sampler, BaselinesSampler)
        fit = self.fitted
        if self.objective.method == "nearest":
            fit.group_log_prob(x, 0)
        try:
            weights = self.weights_of(sampler.label)
        except ValueError as refused:
            raise NoDensity(str(refused)) from refused
        rng = generator(sampler.seed, "evaluation", self.device)
        x = x.to(self.device, torch.float32)
        flat = (self.dequantise(x, rng) if self._dequantised else x).flatten(1)
        guided = self._guided(sampler)
        constants: dict[int, float] = {}
        spread = 0.0
        prior = self._prior()
        if guided:
            for found in log_constants(fit, weights, sampler.guidance, prior, rng):
                if found is not None:
                    group, constants[group], spread_here = found
                    spread = max(spread, spread_here)
                yield None
        for first in range(0, len(flat), fit.chunk):
            part = flat[first : first + fit.chunk]
            if not guided:
                yield LogProb(first, fit.log_prob(part, weights), "exact")
                continue
            classes = {g: fit.group_log_prob(part, g) for g in prior}
            total = torch.stack([value + math.log(prior[g]) for g, value in classes.items()]).logsumexp(0)
            tilted = [
                classes[g]
                + (sampler.guidance - 1) * (classes[g] + math.log(prior[g]) - total)
                + math.log(weight)
                - constants[g]
                for g, weight in weights.items()
            ]
            value = torch.stack(tilted).nan_to_num(-math.inf, posinf=math.inf).logsumexp(0)
            yield LogProb(first, value, "estimate", None, torch.full_like(value, spread))

    def probe(self, name: str, request: ProbeRequest) -> Iterator[Payload | None]:
        """The panels 'fit', 'interval', 'criterion' and 'memorised'."""
        from genlab.paradigms.baselines.probes import PROBES

        yield from PROBES[name](self, request)

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
            for c in range(len(self.label_names)):
                mine = x[labels == c]
                for first in range(0, len(mine), 2048):
                    total -= float(self.truth.log_prob(mine[first : first + 2048], c).sum())
                    yield None
            values["given the class"] = total / len(x)
        return LossReference("entropy", values)

    @property
    def _dequantised(self) -> bool:
        return self.images and not isinstance(self.fitted, Pixels)

    def _guided(self, sampler: BaselinesSampler) -> bool:
        able = self.fitted.groups > 1 and self.objective.method != "nearest"
        return able and sampler.guidance != 1 and sampler.label != "none"

    def _prior(self) -> dict[int, float]:
        """Groups of classes that have training points, with the probabilities of the classes."""
        here = self.fitted.rows[1:] > 0
        if self.fitted.groups == 1:
            return {}
        prior = wide(self.class_prior) * here
        prior = prior / prior.sum()
        return {1 + int(c): float(prior[c]) for c in (prior > 0).nonzero()[:, 0]}

    def weights_of(self, label: str) -> dict[int, float]:
        """Groups and their probabilities for a label. Raises ValueError."""
        if self.fitted.groups == 1 or label == "none":
            self.labels_for(1, label, generator(0, "evaluation", self.device))
            return {0: 1.0}
        if label == "any":
            return self._prior()
        chosen = self.labels_for(1, label, generator(0, "evaluation", self.device))
        assert chosen is not None
        group = 1 + int(chosen)
        if int(self.fitted.rows[group]) == 0:
            raise ValueError(f"class '{label}' has no training examples to fit")
        return {group: 1.0}

    def _labels(self, n: int, label: str, rng: torch.Generator) -> Tensor | None:
        weights = self.weights_of(label)
        if label == "any" and self.fitted.groups > 1:
            prior = torch.tensor(list(weights.values()), device=self.device)
            classes = torch.tensor(list(weights), device=self.device) - 1
            return classes[torch.multinomial(prior, n, replacement=True, generator=rng)]
        return self.labels_for(n, label, rng)


def _cpu(x: Tensor | None) -> Tensor | None:
    return None if x is None else x.cpu()

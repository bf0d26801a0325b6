"""A model of numbers whose samples come from a time process: diffusion, score and flow matching."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator, Mapping
from typing import TypeVar

import torch
from torch import Tensor, nn

from genlab.core.classes import Classes
from genlab.core.model import ModelData, NumberModel
from genlab.core.random import generator
from genlab.core.requests import Ask, DensityRequest, LogProb, NoDensity, SampleRequest
from genlab.core.time.process import LogDensity, TimeProcess
from genlab.data.payloads import Samples
from genlab.nets.mlp import MLP
from genlab.nets.unet import UNet
from genlab.sampling.condition import Conditions
from genlab.sampling.denoiser import Denoiser, Target
from genlab.sampling.guidance import ClassifierFreeGuidance
from genlab.sampling.path import Path
from genlab.sampling.solvers import Solver
from genlab.sampling.spacing import start
from genlab.settings.fields import Settings
from genlab.settings.spaces import Images, Points
from genlab.settings.time import TimeNetwork, TimeSampler

TO = TypeVar("TO", bound=Settings)
TS = TypeVar("TS", bound=TimeSampler)


class TimeModel(NumberModel[TO, TimeNetwork, TS]):
    """A network on standardised data, its path, and everything that follows from both.

    path: between data and noise, in standardised units. target: what the network predicts.

    Raises:
        ValueError: for a U-Net on data that are not images.
    """

    path: Path
    target: Target
    damped = True
    """Whether noise damps the features of the position: the source of the path is noise."""

    def __init__(self, objective: TO, network: TimeNetwork, data: ModelData) -> None:
        super().__init__(objective, network, data)
        self.net = self.backbone()

    @property
    @abstractmethod
    def label_dropout(self) -> float:
        """Share of examples that train without their label."""

    @property
    def classes(self) -> Classes:
        return Classes.hidden(self.data.labels, self.class_prior, self.label_dropout)

    def backbone(self) -> nn.Module:
        """A network as the settings describe it."""
        network, labels = self.network, self.classes.count
        if network.kind == "mlp":
            shape = (self.event, network.width, network.depth, labels, network.fourier, network.dropout)
            return MLP(*shape, damped=self.damped)
        match self.space:
            case Images():
                return UNet(self.event, network.width, network.depth, labels, network.dropout)
            case Points():
                raise ValueError("a U-Net needs images; points take network.kind mlp")

    @property
    def process(self) -> TimeProcess:
        """The network with its path."""
        return TimeProcess(self.net, self.path, self.target, self.event)

    @abstractmethod
    def solver(self, sampler: TS) -> Solver:
        """What walks from noise to data."""

    @abstractmethod
    def times(self, sampler: TS) -> Tensor:
        """The falling times of a trajectory's frames, float64 on the CPU."""

    def begin(self, times: Tensor, shape: tuple[int, ...], rng: torch.Generator) -> Tensor:
        """What a trajectory begins from, in the path's coordinates."""
        return start(self.path, times, shape, rng)

    def shown(self, x: Tensor, t: Tensor) -> Tensor:
        """Points of the path as frames show them, in data units: in variance-preserving coordinates
        `x_t / sqrt(alpha^2 + sigma^2)`, so that the start has the spread of the data."""
        return self.unstandardise(x / float(self.path.scale(t)))

    def shown_time(self, t: Tensor) -> float:
        """The time that frames carry: the noise level `sigma / alpha`, in standardised units."""
        return float(self.path.noise_level(t))

    def biased(self, ask: Ask[TS]) -> str:
        """Why samples are not draws from the model's distribution, or ''."""
        return f"guidance {ask.sampler.guidance:g}" if self.guided(ask) else ""

    def base_log_prob(self) -> LogDensity | None:
        """Log density of what trajectories begin from; None for N(0, I)."""
        return None

    def process_of(self, sampler: TS) -> TimeProcess:
        """What walks with these settings."""
        return self.process

    def plain_denoiser(self, sampler: TS) -> Denoiser:
        """The network as a denoiser of standardised data, unguided."""
        return self.process_of(sampler).denoiser

    def denoiser(self, ask: Ask[TS]) -> Denoiser:
        """The network as a denoiser of standardised data, guided as the settings say. Raises ValueError as
        `refuse` does."""
        self.refuse(ask)
        plain = self.plain_denoiser(ask.sampler)
        return self.guide(plain, ask.sampler) if self.guided(ask) else plain

    def guide(self, plain: Denoiser, sampler: TS) -> Denoiser:
        """A denoiser with guidance around it."""
        interval = (sampler.guidance_from, sampler.guidance_to)
        return ClassifierFreeGuidance(plain, sampler.guidance, interval, sampler.guidance_rescale)

    def ways_to_guide(self, sampler: TS) -> Mapping[str, Denoiser]:
        """The network with each kind of guidance that it can have, by name."""
        return {"classifier-free": self.guide(self.plain_denoiser(sampler), sampler)}

    def guided(self, ask: Ask[TS]) -> bool:
        """Whether guidance acts."""
        return self.classes.learned and ask.sampler.guidance != 1 and ask.condition.label != "none"

    def refuse(self, ask: Ask[TS]) -> None:
        super().refuse(ask)
        self.classes.refuse(ask.condition.label, self.guided(ask))

    def labels(self, n: int, ask: Ask[TS], rng: torch.Generator) -> Tensor | None:
        """Labels (n,) that are asked for, None where the network learns none. Raises ValueError."""
        return self.classes.shown(n, ask.condition.label, rng)

    def sample(self, request: SampleRequest[TS]) -> Iterator[Samples | None]:
        """The start, then one frame for each solver step, as `shown` and `shown_time` say; None between parts
        of a long step.

        The last frame is the sample; images are rounded to their levels there. Frames are marked as biased
        where guidance acts; a stochastic or a coarse solver is not.

        Raises:
            ValueError: for a class that the data or the training do not have, or guidance that they cannot
            give.
        """
        self.refuse(request)
        sampler = request.sampler
        rng = generator(sampler.seed, "sampling", self.device)
        labels = self.labels(request.n, request, rng)
        denoiser, solver, times = self.denoiser(request), self.solver(sampler), self.times(sampler)
        first = self.begin(times, (request.n, *self.event), rng)
        shown_labels = None if labels is None else labels.cpu().numpy()
        total = len(times) - 1
        frames = self.process_of(sampler).frames(denoiser, solver, times, first, Conditions(labels), rng)
        index = 0
        for frame in frames:
            if frame is None:
                yield None
                continue
            x = self.shown(frame.x, times[index])
            x = self.quantise(x) if index == total else x
            yield Samples(
                x=x.detach().cpu().numpy(),
                clean=None if frame.clean is None else self.unstandardise(frame.clean).detach().cpu().numpy(),
                labels=shown_labels,
                index=index,
                total=total,
                time=self.shown_time(times[index]),
                nfe=frame.nfe,
                biased=self.biased(request),
            )
            index += 1

    def log_prob(self, x: Tensor, request: DensityRequest[TS]) -> Iterator[LogProb | None]:
        """Log density of the probability-flow ODE from the least trained noise level on, nats in data units.

        A class: its conditional density. `none`, or data without labels: the unconditional one. `any` with
        labels: their mixture by total probability, an ODE for each class. Guided fields have densities too.
        Points have their exact divergence; images Hutchinson's estimate with its standard error, at `x + u`
        with u uniform on [-1/2, 1/2) drawn from the sampler's seed (uniform dequantisation: the mean over u
        is a lower bound on the log probability of the levels x)."""
        try:
            self.refuse(request)
        except ValueError as refused:
            raise NoDensity(str(refused)) from refused
        able = self.able(request)
        if able.density == "none":
            raise NoDensity(able.density_reason)
        rng = generator(request.sampler.seed, "evaluation", self.device)
        z = self.standardise(self.dequantise(x.to(self.device, torch.float32), rng))
        for part in self.process_of(request.sampler).log_prob(
            self.denoiser(request),
            z,
            self.classes.mixture(request.condition.label),
            rng,
            exact=not self.images,
            error=request.error,
            base=self.base_log_prob(),
        ):
            if part is None:
                yield None
                continue
            value = part.value - self.log_volume()
            yield LogProb(part.start, value, "ode", part.error, part.spread)

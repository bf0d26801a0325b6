"""A network that knows every time between noise and data: what diffusion, score and flow matching share."""

from __future__ import annotations

import math
from abc import abstractmethod
from collections.abc import Callable, Iterator, Mapping
from typing import ClassVar

import numpy as np
import torch
from torch import Tensor, nn

from genlab.core.model import LogProb, Model, NoDensity, ProbeRequest, SampleRequest, generator
from genlab.data.dataset import Dataset, Draw
from genlab.data.payloads import Payload, Samples
from genlab.nets.mlp import MLP
from genlab.nets.unet import UNet
from genlab.sampling.condition import Condition
from genlab.sampling.denoiser import Denoiser, NetworkDenoiser, Target
from genlab.sampling.guidance import ClassifierFreeGuidance
from genlab.sampling.likelihood import ode_log_prob
from genlab.sampling.path import Path
from genlab.sampling.solvers import Solver
from genlab.sampling.spacing import start
from genlab.session.session import Session
from genlab.settings.sampler import SamplerSettings
from genlab.settings.spaces import Images
from genlab.settings.time import TimeNetwork, TimeSampler

SAMPLING_CHUNK = 2048
"""Points in one pass of the network: their activations stay in the processor's cache."""
DENSITY_CHUNK = 1024
DENSITY_PIXELS = 512
DENSITY_STEPS = 32
"""Of Runge-Kutta from data to noise."""
SHARP_STEPS = 128
"""Of the same where the source is no normal noise: near it the field changes fast, and steps are long."""

Probe = Callable[["ContinuousTime", ProbeRequest], Iterator[Payload | None]]


class ContinuousTime(Model):
    """A network, its path, and everything that follows from both.

    path: between data and noise, in standardised units. target: what the network predicts. knows_labels:
    whether it learns them.

    Raises:
        ValueError: for a U-Net on data that are not images.
    """

    PROBES: ClassVar[Mapping[str, Probe]] = {}
    path: Path
    target: Target
    damped = True
    """Whether noise damps the features of the position: the source of the path is noise."""

    def __init__(self, session: Session, dataset: Dataset, reference: Draw) -> None:
        super().__init__(session, dataset, reference)
        self.knows_labels = bool(self.label_names) and self.objective.condition_dropout < 1
        self.net = self.backbone()

    def backbone(self) -> nn.Module:
        """A network as the settings describe it."""
        network, space = self.session.network, self.session.space
        assert isinstance(network, TimeNetwork)
        labels = len(self.label_names) if self.knows_labels else 0
        if network.kind == "mlp":
            shape = (self.event, network.width, network.depth, labels, network.fourier, network.dropout)
            return MLP(*shape, damped=self.damped)
        if not isinstance(space, Images):
            raise ValueError("a U-Net needs images; points take network.kind mlp")
        return UNet(space.event, network.width, network.depth, labels, network.dropout)

    @abstractmethod
    def solver(self, sampler: TimeSampler) -> Solver:
        """What walks from noise to data."""

    @abstractmethod
    def times(self, sampler: TimeSampler) -> Tensor:
        """The falling times of a trajectory's frames, float64 on the CPU."""

    def begin(self, times: Tensor, shape: tuple[int, ...], rng: torch.Generator) -> Tensor:
        """What a trajectory begins from, in the path's coordinates."""
        return start(self.path, times, shape, rng)

    def shown(self, x: Tensor, t: Tensor) -> Tensor:
        """Points of the path as frames show them, in data units: in variance-preserving coordinates
        `x_t / sqrt(alpha^2 + sigma^2)`, so that the start has the spread of the data."""
        return self.unstandardise(x / float(self.path.scale(t)))

    def clock(self, t: Tensor) -> float:
        """The time that frames carry: the noise level `sigma / alpha`, in standardised units."""
        return float(self.path.noise_level(t))

    def tilted(self, sampler: TimeSampler) -> str:
        """Why samples are not draws from the model's distribution, or ''."""
        return f"guidance {sampler.guidance:g}" if self.guided(sampler) else ""

    def base_log_prob(self) -> Callable[[Tensor], Tensor] | None:
        """Log density of what trajectories begin from; None for N(0, I)."""
        return None

    def plain_denoiser(self, sampler: TimeSampler) -> Denoiser:
        """The network as a denoiser of standardised data, unguided."""
        return NetworkDenoiser(self.net, self.path, self.target)

    def denoiser(self, sampler: TimeSampler) -> Denoiser:
        """The network as a denoiser of standardised data, guided as the settings say."""
        plain = self.plain_denoiser(sampler)
        return self.guide(plain, sampler) if self.guided(sampler) else plain

    def guide(self, plain: Denoiser, sampler: TimeSampler) -> Denoiser:
        """A denoiser with guidance around it."""
        interval = (sampler.guidance_from, sampler.guidance_to)
        return ClassifierFreeGuidance(plain, sampler.guidance, interval, sampler.guidance_rescale)

    def sample(self, request: SampleRequest) -> Iterator[Samples]:
        """The start, then one frame for each solver step, as `shown` and `clock` say.

        The last frame is the sample; images are rounded to their levels there. Frames are marked as tilted
        where guidance acts; a stochastic or a coarse solver is not.

        Raises:
            ValueError: for a class that the data or the training do not have, or guidance that they cannot
            give.
        """
        sampler = request.sampler
        assert isinstance(sampler, TimeSampler)
        self.check_sampler(sampler)
        rng = generator(sampler.seed, "sampling", self.device)
        labels = self.known_labels(request.n, sampler.label, rng)
        denoiser, solver = self.denoiser(sampler), self.solver(sampler)
        grid = self.times(sampler)
        first_x = self.begin(grid, (request.n, *self.event), rng)
        states = []
        for first in range(0, request.n, SAMPLING_CHUNK):
            rows = slice(first, first + SAMPLING_CHUNK)
            condition = Condition(None if labels is None else labels[rows])
            states.append(solver.init(first_x[rows], grid, condition, rng))
        shown = None if labels is None else labels.cpu().numpy()
        total = len(grid) - 1
        for index in range(total + 1):
            if index:
                with torch.no_grad():
                    states = [solver.step(denoiser, state) for state in states]
            x = self.shown(torch.cat([state.x for state in states]), grid[index])
            cleans = [self.unstandardise(state.x0) for state in states if state.x0 is not None]
            yield Samples(
                x=_array(self.quantise(x) if index == total else x),
                clean=_array(torch.cat(cleans)) if cleans else None,
                labels=shown,
                index=index,
                total=total,
                time=self.clock(grid[index]),
                nfe=states[0].nfe,
                tilted=self.tilted(sampler),
            )

    def log_prob(self, x: Tensor, sampler: SamplerSettings, error: bool = True) -> Iterator[LogProb | None]:
        """Log density of the probability-flow ODE from the least trained noise level on, nats in data units.

        A class: its conditional density. `none`, or data without labels: the unconditional one. `any` with
        labels: their mixture by total probability, an ODE for each class. Guided fields have densities too.
        Points have their exact divergence; images Hutchinson's estimate with its standard error, at `x + u`
        with u uniform on [-1/2, 1/2) drawn from the sampler's seed (uniform dequantisation: the mean over u
        is a lower bound on the log probability of the levels x)."""
        assert isinstance(sampler, TimeSampler)
        try:
            self.check_sampler(sampler)
        except ValueError as refused:
            raise NoDensity(str(refused)) from refused
        able = self.able(sampler)
        if able.density == "none":
            raise NoDensity(able.density_reason)
        rng = generator(sampler.seed, "evaluation", self.device)
        image = isinstance(self.session.space, Images)
        z = self.standardise(self.dequantise(x.to(self.device, torch.float32), rng))
        mixed = sampler.label == "any" and self.knows_labels
        prior = self.class_prior.log() if mixed else self.class_prior.new_zeros(1)
        classes = prior.isfinite().nonzero()[:, 0]
        k = len(classes)
        if mixed:
            labels: Tensor | None = classes.repeat(len(z))
        else:
            labels = self.known_labels(len(z), sampler.label, rng)
        base = self.base_log_prob()
        steps = DENSITY_STEPS if base is None else SHARP_STEPS
        rows = max(1, DENSITY_PIXELS // math.prod(self.event)) if image else DENSITY_CHUNK
        slices = ode_log_prob(
            self.denoiser(sampler),
            z.repeat_interleave(k, 0),
            Condition(labels),
            steps=steps if error else steps // 2,
            divergence="hutchinson" if image else "exact",
            generator=rng,
            error=error,
            chunk=max(1, rows // k) * k,
            base=base,
        )
        log_volume = self.std.log().expand(self.event).sum()
        for part in slices:
            if part is None:
                yield None
                continue
            joint = part.value.reshape(-1, k) + prior[classes] - log_volume
            share = joint.softmax(1)
            gap = None if part.error is None else (share * part.error.reshape(-1, k)).sum(1)
            spread = part.standard_error
            if spread is not None:
                spread = (share * spread.reshape(-1, k)).square().sum(1).sqrt()
            yield LogProb(part.start // k, joint.logsumexp(1), "ode", gap, spread)

    def probe(self, name: str, request: ProbeRequest) -> Iterator[Payload | None]:
        """What the paradigm's own panels draw: each is a function of the model and the request.

        Raises:
            KeyError: for a name that the paradigm does not have.
            ValueError: as `sample` does.
        """
        assert isinstance(request.sampler, TimeSampler)
        probe = self.PROBES[name]
        self.check_sampler(request.sampler)
        yield from probe(self, request)

    def probe_label(self, sampler: TimeSampler) -> Tensor | None:
        """The label (1,) of a panel that shows one field at a time: for 'any', that of 'none'.

        Raises ValueError where nothing was trained without labels."""
        label = sampler.label if sampler.label != "any" or not self.knows_labels else "none"
        if label == "none" and self.knows_labels and self.objective.condition_dropout == 0:
            raise ValueError("choose a class: this model never trained without labels")
        return self.known_labels(1, label, generator(sampler.seed, "preview", self.device))

    def drop_labels(self, labels: Tensor | None, rng: torch.Generator) -> Tensor | None:
        """Labels (n,) of a batch as the network trains with them: some are hidden."""
        dropout = self.objective.condition_dropout
        if labels is None or not self.knows_labels or dropout == 0:
            return labels if self.knows_labels else None
        return labels.masked_fill(torch.rand(len(labels), generator=rng, device=rng.device) < dropout, -1)

    def guided(self, sampler: TimeSampler) -> bool:
        """Whether guidance acts."""
        return self.knows_labels and sampler.guidance != 1 and sampler.label != "none"

    def check_sampler(self, sampler: TimeSampler) -> None:
        """Refuse what was never trained. Raises ValueError."""
        if not self.label_names:
            return
        dropout = self.objective.condition_dropout
        if dropout == 0 and sampler.label == "none":
            raise ValueError(
                "this model never trained without labels: raise 'Drop label' above 0 and train again"
            )
        if dropout == 0 and self.guided(sampler):
            raise ValueError(
                "guidance needs a model that also trained without labels: raise 'Drop label' above 0"
            )
        if dropout == 1 and sampler.label not in ("any", "none"):
            raise ValueError("this model never saw a label: lower 'Drop label' below 1 and train again")

    def known_labels(self, n: int, label: str, rng: torch.Generator) -> Tensor | None:
        """`labels_for`, None where the network learns none."""
        labels = self.labels_for(n, label, rng)
        return labels if self.knows_labels else None


def _array(x: Tensor) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    return x.detach().cpu().numpy()

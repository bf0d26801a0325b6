"""Diffusion: a network learns to take noise away, and a solver walks from noise to data."""

from __future__ import annotations

import math
from collections.abc import Generator, Iterator, Mapping

import numpy as np
import torch
from torch import Tensor, nn

from genlab.data.dataset import Dataset, Draw
from genlab.data.payloads import Payload, Samples
from genlab.models.base import (
    Batch,
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
from genlab.models.denoising import (
    by_level,
    coefficients,
    log_snr_quantile,
    loss_weight,
    noise_path,
    regression_target,
    stratified,
)
from genlab.models.loss_floor import POINTS, denoising_floor
from genlab.models.score_field import score_field
from genlab.nets.mlp import MLP
from genlab.nets.unet import UNet
from genlab.sampling.condition import Condition
from genlab.sampling.denoiser import Denoiser, NetworkDenoiser
from genlab.sampling.guidance import ClassifierFreeGuidance
from genlab.sampling.likelihood import ode_log_prob
from genlab.sampling.path import Path
from genlab.sampling.solvers import SOLVERS, Solver
from genlab.sampling.spacing import start, times
from genlab.settings.diffusion import DiffusionNetwork, DiffusionObjective, DiffusionSampler
from genlab.settings.sampler import SamplerSettings
from genlab.settings.session import Session
from genlab.settings.spaces import ImageSpace

SAMPLING_CHUNK = 4096
DENSITY_CHUNK = 1024
DENSITY_PIXELS = 512
DENSITY_STEPS = 32


class Diffusion(Model):
    """Gaussian diffusion with a choice of prediction, noise schedule, loss weight and solver.

    Sources: Ho et al. (2020); Song et al. (2021), score-based models through SDEs; Salimans & Ho (2022);
    Karras et al. (2022); Ho & Salimans (2022), classifier-free guidance.

    Raises:
        ValueError: for a U-Net on data that are not images.
    """

    objective: DiffusionObjective

    def __init__(self, session: Session, dataset: Dataset, reference: Draw) -> None:
        super().__init__(session, dataset, reference)
        objective, network = session.objective, session.network
        assert isinstance(objective, DiffusionObjective)
        assert isinstance(network, DiffusionNetwork)
        self.path: Path = noise_path(objective.schedule)
        self.quantile = log_snr_quantile(
            objective.schedule, self.path, objective.level_mean, objective.level_spread
        )
        self.knows_labels = bool(self.label_names) and objective.condition_dropout < 1
        labels = len(self.label_names) if self.knows_labels else 0
        self.net: nn.Module
        if network.kind == "unet":
            if not isinstance(session.space, ImageSpace):
                raise ValueError("a U-Net needs images; points take network.kind mlp")
            self.net = UNet(session.space.event, network.width, network.depth, labels, network.dropout)
        else:
            self.net = MLP(self.event, network.width, network.depth, labels, network.fourier, network.dropout)

    def loss(self, batch: Batch, player: Player, context: Context) -> Mapping[str, Tensor]:
        """The weighted squared error, mean over dimensions and batch: `total`.

        Noise levels are stratified over the batch, and `level 1` (least noise) to `level 4` are the means
        over its quarters. Images are dequantised: uniform noise on [-1/2, 1/2) is added to their levels."""
        rng = context.noise
        x0 = self.standardise(self.dequantise(batch.x, rng))
        labels = batch.labels if self.knows_labels else None
        n, dropout = len(x0), self.objective.condition_dropout
        log_snr = self.quantile(stratified(n, rng))
        noise = torch.randn(x0.shape, generator=rng, device=rng.device)
        if labels is not None and dropout > 0:
            dropped = torch.rand(n, generator=rng, device=rng.device) < dropout
            labels = labels.masked_fill(dropped, -1)
        losses = self.weighted_errors(x0, labels, noise, log_snr)
        names = ("level 1", "level 2", "level 3", "level 4")
        return {"total": losses.mean(), **dict(zip(names, by_level(losses.detach()), strict=True))}

    def weighted_errors(self, x0: Tensor, labels: Tensor | None, noise: Tensor, log_snr: Tensor) -> Tensor:
        """The loss of each example, shape `(n,)`, for standardised data and given noise and `log_snr`."""
        objective = self.objective
        a, b = coefficients(log_snr, x0)
        predicted: Tensor = self.net(a * x0 + b * noise, -0.125 * log_snr, labels)
        wanted = regression_target(objective.target, x0, noise, a, b)
        errors = (predicted - wanted).square().flatten(1).mean(1)
        weight = loss_weight(objective.weight, objective.target, log_snr, objective.gamma)
        weighted: Tensor = errors * weight
        return weighted

    def denoiser(self, sampler: DiffusionSampler) -> Denoiser:
        """The network as a denoiser of standardised data, guided as the settings say."""
        plain = NetworkDenoiser(self.net, self.path, self.objective.target)
        if not self._guided(sampler):
            return plain
        interval = (sampler.guidance_from, sampler.guidance_to)
        return ClassifierFreeGuidance(plain, sampler.guidance, interval, sampler.guidance_rescale)

    def sample(self, request: SampleRequest) -> Iterator[Samples]:
        """The start, then one frame for each solver step.

        Every frame's x is in variance-preserving coordinates, `x_t / sqrt(alpha^2 + sigma^2)`, taken back to
        data units: the start has the spread of the data whatever the schedule. Its time is the noise level
        `sigma / alpha` in standardised units. The last frame is the sample; images are rounded to their
        levels there. Frames are marked as tilted where guidance acts; a stochastic or a coarse solver is not.

        Raises:
            ValueError: for a class that the data or the training do not have, or guidance that they cannot
            give.
        """
        sampler = request.sampler
        assert isinstance(sampler, DiffusionSampler)
        self._check(sampler)
        rng = generator(sampler.seed, "sampling", self.device)
        labels = self._labels_for(request.n, sampler.label, rng)
        denoiser, solver = self.denoiser(sampler), _solver(sampler)
        grid = times(self.path, sampler.steps, sampler.spacing)
        noise = start(self.path, grid, (request.n, *self.event), rng)
        states = []
        for first in range(0, request.n, SAMPLING_CHUNK):
            rows = slice(first, first + SAMPLING_CHUNK)
            condition = Condition(None if labels is None else labels[rows])
            states.append(solver.init(noise[rows], grid, condition, rng))
        shown = None if labels is None else labels.cpu().numpy()
        tilted = f"guidance {sampler.guidance:g}" if self._guided(sampler) else ""
        for index in range(sampler.steps + 1):
            if index:
                with torch.no_grad():
                    states = [solver.step(denoiser, state) for state in states]
            t = grid[index]
            last = index == sampler.steps
            x = self.unstandardise(torch.cat([state.x for state in states]) / float(self.path.scale(t)))
            cleans = [self.unstandardise(state.x0) for state in states if state.x0 is not None]
            yield Samples(
                x=_array(self.quantise(x) if last else x),
                clean=_array(torch.cat(cleans)) if cleans else None,
                labels=shown,
                index=index,
                total=sampler.steps,
                time=float(self.path.noise_level(t)),
                nfe=states[0].nfe,
                tilted=tilted,
            )

    def log_prob(self, x: Tensor, sampler: SamplerSettings, error: bool = True) -> Iterator[LogProb | None]:
        """Log density of the probability-flow ODE from the least trained noise level on, nats in data units.

        A class: its conditional density. `none`, or data without labels: the unconditional one. `any` with
        labels: their mixture by total probability, an ODE for each class. Guided fields have densities too.
        Points have their exact divergence; images Hutchinson's estimate with its standard error, at `x + u`
        with u uniform on [-1/2, 1/2) drawn from the sampler's seed (uniform dequantisation: the mean over u
        is a lower bound on the log probability of the levels x)."""
        assert isinstance(sampler, DiffusionSampler)
        try:
            self._check(sampler)
        except ValueError as refused:
            raise NoDensity(str(refused)) from refused
        rng = generator(sampler.seed, "evaluation", self.device)
        image = isinstance(self.session.space, ImageSpace)
        z = self.standardise(self.dequantise(x.to(self.device, torch.float32), rng))
        mixed = sampler.label == "any" and self.knows_labels
        prior = self.class_prior.log() if mixed else self.class_prior.new_zeros(1)
        classes = prior.isfinite().nonzero()[:, 0]
        k = len(classes)
        if mixed:
            labels: Tensor | None = classes.repeat(len(z))
        else:
            labels = self._labels_for(len(z), sampler.label, rng)
        rows = max(1, DENSITY_PIXELS // math.prod(self.event)) if image else DENSITY_CHUNK
        slices = ode_log_prob(
            self.denoiser(sampler),
            z.repeat_interleave(k, 0),
            Condition(labels),
            steps=DENSITY_STEPS if error else DENSITY_STEPS // 2,
            divergence="hutchinson" if image else "exact",
            generator=rng,
            error=error,
            chunk=max(1, rows // k) * k,
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
        """`score`: the learned score on a grid, and the true one, at a noise level of the sampler's schedule.

        Raises:
            KeyError: for any other name.
            ValueError: as `sample` does.
        """
        if name != "score":
            raise KeyError(name)
        sampler = request.sampler
        assert isinstance(sampler, DiffusionSampler)
        self._check(sampler)
        label = sampler.label if sampler.label != "any" or not self.knows_labels else "none"
        if label == "none" and self.knows_labels and self.objective.condition_dropout == 0:
            raise ValueError("choose a class: this model never trained without labels")
        index = min(round(float(request.values["time"]) * sampler.steps), sampler.steps)
        grid = times(self.path, sampler.steps, sampler.spacing)
        t = grid[index] if index < sampler.steps else grid.new_tensor(self.path.t_min)
        labels = self._labels_for(1, label, generator(sampler.seed, "preview", self.device))
        plain = sampler.guidance == 1 or label == "none"
        yield from score_field(
            self, self.denoiser(sampler), t, labels, request.resolution, self.truth if plain else None
        )

    def loss_reference(
        self, batch: Batch, rng: torch.Generator
    ) -> Generator[None, None, LossReference | None]:
        """The expected loss of the best denoiser, estimated from a large draw; None for images and for
        data too few to tell."""
        if isinstance(self.session.space, ImageSpace) or len(batch.x) < POINTS:
            return None
        objective = self.objective
        labels = batch.labels if self.knows_labels else None
        share = objective.condition_dropout if labels is not None else 1.0
        x0 = self.standardise(batch.x)
        total = 0.0
        for part, given in ((share, None), (1 - share, labels)):
            if part > 0:
                total += part * (yield from denoising_floor(x0, given, objective, self.quantile, rng))
        return LossReference("irreducible", {"total": total})

    def _guided(self, sampler: DiffusionSampler) -> bool:
        return self.knows_labels and sampler.guidance != 1 and sampler.label != "none"

    def _check(self, sampler: DiffusionSampler) -> None:
        """Refuse what was never trained."""
        if not self.label_names:
            return
        dropout = self.objective.condition_dropout
        if dropout == 0 and sampler.label == "none":
            raise ValueError(
                "this model never trained without labels: raise 'Drop label' above 0 and train again"
            )
        if dropout == 0 and self._guided(sampler):
            raise ValueError(
                "guidance needs a model that also trained without labels: raise 'Drop label' above 0"
            )
        if dropout == 1 and sampler.label not in ("any", "none"):
            raise ValueError("this model never saw a label: lower 'Drop label' below 1 and train again")

    def _labels_for(self, n: int, label: str, rng: torch.Generator) -> Tensor | None:
        labels = self.labels_for(n, label, rng)
        return labels if self.knows_labels else None


def _solver(sampler: DiffusionSampler) -> Solver:
    options = {"ddim": {"eta": sampler.eta}, "heun": {"churn": sampler.churn}}
    return SOLVERS[sampler.method].build(**options.get(sampler.method, {}))


def _array(x: Tensor) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    return x.detach().cpu().numpy()

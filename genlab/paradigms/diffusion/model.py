"""Diffusion: a network learns to take noise away, and a solver walks from noise to data."""

from __future__ import annotations

from collections.abc import Generator, Mapping

import torch
from torch import Tensor

from genlab.core.model import ModelData
from genlab.core.requests import Ask
from genlab.core.time.denoising import by_level, loss_weight, stratified, x0_log_weight
from genlab.core.time.loss_floor import denoising_floor
from genlab.core.time.model import TimeModel
from genlab.core.time.solvers import build_solver
from genlab.core.training import Batch, Context, LossReference, Player
from genlab.paradigms.diffusion.schedule import coefficients, log_snr_quantile, noise_path, regression_target
from genlab.paradigms.diffusion.settings import DiffusionObjective, DiffusionSampler, capabilities
from genlab.sampling.solvers import Solver
from genlab.sampling.spacing import times
from genlab.settings.paradigm import Capabilities
from genlab.settings.time import TimeNetwork


class Diffusion(TimeModel[DiffusionObjective, DiffusionSampler]):
    """Gaussian diffusion with a choice of prediction, noise schedule, loss weight and solver.

    Sources: Ho et al. (2020); Song et al. (2021), score-based models through SDEs; Salimans & Ho (2022);
    Karras et al. (2022); Ho & Salimans (2022), classifier-free guidance.
    """

    def __init__(self, objective: DiffusionObjective, network: TimeNetwork, data: ModelData) -> None:
        super().__init__(objective, network, data)
        self.target = objective.target
        self.path = noise_path(objective.schedule)
        self.quantile = log_snr_quantile(
            objective.schedule, self.path, objective.level_mean, objective.level_spread
        )

    @property
    def label_dropout(self) -> float:
        return self.objective.condition_dropout

    def able(self, ask: Ask[DiffusionSampler]) -> Capabilities:
        return capabilities(self.chosen(ask), self.data)

    def loss(self, batch: Batch, player: Player, context: Context) -> Mapping[str, Tensor]:
        """The weighted squared error, mean over dimensions and batch: `total`.

        Noise levels are stratified over the batch, and `level 1` (least noise) to `level 4` are the means
        over its quarters. Images are dequantised: uniform noise on [-1/2, 1/2) is added to their levels."""
        rng = context.noise
        x0 = self.standardise(self.dequantise(batch.x, rng))
        log_snr = self.quantile(stratified(len(x0), rng))
        noise = torch.randn(x0.shape, generator=rng, device=rng.device)
        labels = self.classes.drop(batch.labels, rng)
        losses = self.weighted_errors(x0, labels, noise, log_snr)
        return {"total": losses.mean(), **by_level(losses.detach())}

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

    def solver(self, sampler: DiffusionSampler) -> Solver:
        return build_solver("diffusion", sampler.method, sampler)

    def times(self, sampler: DiffusionSampler) -> Tensor:
        return times(self.path, sampler.steps, sampler.spacing)

    def loss_reference(
        self, batch: Batch, rng: torch.Generator
    ) -> Generator[None, None, LossReference | None]:
        """The expected loss of the best denoiser, estimated from a large draw; None for images and for
        data too few to tell."""
        objective = self.objective

        def log_weight(log_snr: Tensor) -> Tensor:
            return x0_log_weight(objective.weight, objective.target, log_snr, objective.gamma)

        total = yield from denoising_floor(self, batch, self.quantile, log_weight, rng)
        return None if total is None else LossReference("irreducible", {"total": total})

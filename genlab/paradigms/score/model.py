"""Score-based models: a network learns the gradient of the log density under noise."""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

from genlab.core.model import ModelData
from genlab.core.requests import Ask
from genlab.core.time.denoising import Quantile, by_level, loss_weight, stratified
from genlab.core.time.loss_floor import denoising_floor
from genlab.core.time.model import TimeModel
from genlab.core.time.solvers import build_solver
from genlab.core.training import Batch, Context, LossReference, Player
from genlab.nets.mlp import MLP
from genlab.paradigms.score.classifier import ClassifierGuidance
from genlab.paradigms.score.settings import (
    CHAINS,
    EXPLODING,
    LARGEST_TRACE,
    ScoreObjective,
    ScoreSampler,
    capabilities,
    trains_classifier,
)
from genlab.sampling.condition import Conditions
from genlab.sampling.denoiser import Denoiser
from genlab.sampling.path import Linear, Path, SubVP, VarianceExploding
from genlab.sampling.solvers import Solver
from genlab.sampling.spacing import times
from genlab.settings.paradigm import Capabilities
from genlab.settings.time import FRAMES, TimeNetwork

CLASSIFIER_WIDTH, CLASSIFIER_DEPTH, CLASSIFIER_EVERY = 64, 3, 4
CLASSIFIER_OCTAVES = 2
"""At most: finer features of the position, of which cross entropy sees little, spoil the gradient."""
UNCLASSIFIED = "this model trained no classifier: switch on 'Train a classifier' and train again"


class Score(TimeModel[ScoreObjective, ScoreSampler]):
    """A score network with a choice of matching, noise, loss weight and sampler; a classifier beside it.

    Sources: Hyvärinen (2005); Vincent (2011); Song & Ermon (2019), NCSN; Song et al. (2019), sliced score
    matching; Song et al. (2021), score-based models through SDEs; Dhariwal & Nichol (2021).

    Raises:
        ValueError: for implicit matching in more than 16 dimensions.
    """

    def __init__(self, objective: ScoreObjective, network: TimeNetwork, data: ModelData) -> None:
        super().__init__(objective, network, data)
        self.target = objective.predict
        self.path = noise_path(objective)
        self.quantile = level_quantile(objective, self.path)
        dim = self.net_input_size
        if objective.matching == "implicit" and dim > LARGEST_TRACE:
            raise ValueError(
                f"implicit matching takes one backward pass for each of {dim} dimensions: choose sliced"
            )
        self.classifier: MLP | None = None
        if trains_classifier(objective, self.data):
            octaves = 0 if self.images else min(network.fourier, CLASSIFIER_OCTAVES)
            shape = (self.event, CLASSIFIER_WIDTH, CLASSIFIER_DEPTH, 0, octaves)
            self.classifier = MLP(*shape, out=(len(self.data.labels),))

    @property
    def label_dropout(self) -> float:
        return self.objective.condition_dropout

    def able(self, ask: Ask[ScoreSampler]) -> Capabilities:
        return capabilities(self.chosen(ask), self.data)

    @property
    def net_input_size(self) -> int:
        """Numbers of one datum."""
        return int(torch.Size(self.event).numel())

    def players(self) -> Sequence[Player]:
        """The score; and where the data have labels, a classifier that moves in every fourth step."""
        score = Player("score", tuple(self.net.parameters()))
        if self.classifier is None:
            return (score,)
        return (score, Player("classifier", tuple(self.classifier.parameters()), every=CLASSIFIER_EVERY))

    def loss(self, batch: Batch, player: Player, context: Context) -> Mapping[str, Tensor]:
        """Of the score: the weighted squared error of the predicted noise, mean over dimensions and batch.

        Implicit and sliced matching estimate the same number without the noise, by integration by parts.
        `level 1` (least noise) to `level 4` are means over quarters of the batch by noise. Of the classifier:
        the cross entropy over all noise levels, nats, and its `accuracy`."""
        rng = context.noise
        x0 = self.standardise(self.dequantise(batch.x, rng))
        log_snr = self.quantile(stratified(len(x0), rng))
        t = self.path.time_of_log_snr(log_snr)
        noise = torch.randn(x0.shape, generator=rng, device=rng.device)
        x = self.path.diffuse(x0, noise, t)
        if player.name == "classifier":
            return self._classify(x, t, batch.labels)
        labels = self.classes.drop(batch.labels, rng)
        if self.objective.matching == "denoising":
            predicted = self.process.denoiser.predict(x, t, Conditions(labels)).noise
            errors = (predicted - noise).square().flatten(1).mean(1)
        else:
            errors = self._without_noise(x, t, labels, rng)
        losses = errors * self.noise_weight(log_snr)
        return {"total": losses.mean(), **by_level(losses.detach())}

    def noise_weight(self, log_snr: Tensor) -> Tensor:
        """Weight of the squared error of the noise, `(n,)`."""
        match self.objective.weight:
            case "variance":
                return torch.ones_like(log_snr)
            case "likelihood" if self.objective.noise not in EXPLODING:
                t = self.path.time_of_log_snr(log_snr)
                return self.path.diffusion_rate(t) / self.path.sigma(t).square()
            case "likelihood":
                # Levels even in log sigma: g^2 is proportional to sigma^2.
                return torch.ones_like(log_snr)
            case "edm":
                return loss_weight("edm", "noise", log_snr, 0.0)

    def _without_noise(self, x: Tensor, t: Tensor, labels: Tensor | None, rng: torch.Generator) -> Tensor:
        """`(|e|^2 - 2 sigma div e) / d + 1` for the predicted noise e, `(n,)`: in expectation over x the
        squared error of the noise. The divergence is exact, or along one random direction.

        Sources: Hyvärinen (2005), eq. 4; Song et al. (2019), eq. 8 (with reduced variance)."""
        with torch.enable_grad():
            x = x.detach().requires_grad_()
            prediction = self.process.denoiser.predict(x, t, Conditions(labels))
            predicted, dim = prediction.noise, self.net_input_size
            if self.objective.matching == "implicit":
                flat = predicted.flatten(1)
                gradients = [
                    torch.autograd.grad(flat[:, i].sum(), x, create_graph=True)[0].flatten(1)[:, i]
                    for i in range(dim)
                ]
                divergence = torch.stack(gradients).sum(0)
            else:
                bits = torch.randint(2, x.shape, generator=rng, device=rng.device)
                along = (2 * bits - 1).to(x)
                (gradient,) = torch.autograd.grad((predicted * along).sum(), x, create_graph=True)
                divergence = (gradient * along).flatten(1).sum(1)
            sigma = prediction.sigma.reshape(-1)
            return (predicted.square().flatten(1).sum(1) - 2 * sigma * divergence) / dim + 1

    def _classify(self, x: Tensor, t: Tensor, labels: Tensor | None) -> Mapping[str, Tensor]:
        assert self.classifier is not None
        assert labels is not None
        scale = self.path.scale(t).reshape(-1, *(1,) * (x.ndim - 1))
        logits = self.classifier(x / scale, -0.125 * self.path.log_snr(t))
        right = (logits.argmax(1) == labels).float().mean()
        return {"total": F.cross_entropy(logits, labels), "accuracy": right}

    def solver(self, sampler: ScoreSampler) -> Solver:
        return build_solver("score", sampler.method, sampler)

    def times(self, sampler: ScoreSampler) -> Tensor:
        """The sampler's grid; the ladder for annealed Langevin on one; one time over and over for a chain."""
        if sampler.method in CHAINS:
            t = self.path.time_of_noise_level(torch.tensor(sampler.level, dtype=torch.float64))
            return t.expand(sampler.steps + 1)
        if sampler.method == "annealed-langevin" and self.objective.noise == "ncsn":
            rungs = ladder(self.objective).flip(0)
            return torch.cat([rungs, rungs.new_zeros(1)])
        steps = FRAMES if sampler.method == "adaptive" else sampler.steps
        return times(self.path, steps, sampler.spacing)

    def biased(self, ask: Ask[ScoreSampler]) -> str:
        sampler = ask.sampler
        chain = f"chain at noise level {sampler.level:g}" if sampler.method in CHAINS else ""
        return ", ".join(part for part in (super().biased(ask), chain) if part)

    def guide(self, plain: Denoiser, sampler: ScoreSampler) -> Denoiser:
        if sampler.guide == "classifier":
            return self.guide_by_classifier(plain, sampler)
        return super().guide(plain, sampler)

    def guide_by_classifier(self, plain: Denoiser, sampler: ScoreSampler) -> Denoiser:
        """A denoiser with guidance by the classifier around it. Raises ValueError where none was trained."""
        if self.classifier is None:
            raise ValueError(UNCLASSIFIED)
        interval = (sampler.guidance_from, sampler.guidance_to)
        return ClassifierGuidance(plain, self.classifier, sampler.guidance, interval)

    def ways_to_guide(self, sampler: ScoreSampler) -> Mapping[str, Denoiser]:
        plain = self.plain_denoiser(sampler)
        found = {"classifier-free": super().guide(plain, sampler)}
        if self.classifier is not None:
            found["by a classifier"] = self.guide_by_classifier(plain, sampler)
        return found

    def refuse(self, ask: Ask[ScoreSampler]) -> None:
        super().refuse(ask)
        if ask.sampler.guide == "classifier" and self.guided(ask) and self.classifier is None:
            raise ValueError(UNCLASSIFIED)

    def loss_reference(
        self, batch: Batch, rng: torch.Generator
    ) -> Generator[None, None, LossReference | None]:
        """The expected loss of the exact score; None for images and for data too few to tell."""

        def log_weight(log_snr: Tensor) -> Tensor:
            return self.noise_weight(log_snr).log() + log_snr

        total = yield from denoising_floor(self, batch, self.quantile, log_weight, rng)
        column = "total" if self.classifier is None else "score total"
        return None if total is None else LossReference("irreducible", {column: total})


def noise_path(objective: ScoreObjective) -> Path:
    """The path of an SDE, for data of unit variance; the ladder's rungs lie on the exploding one."""
    match objective.noise:
        case "ve" | "ncsn":
            return VarianceExploding(objective.sigma_min, objective.sigma_max)
        case "vp":
            return Linear()
        case "sub-vp":
            return SubVP()


def ladder(objective: ScoreObjective) -> Tensor:
    """The rising noise levels of NCSN, evenly spaced in their logarithm, float64, shape `(levels,)`."""
    low, high = objective.sigma_min, objective.sigma_max
    return torch.logspace(0, 1, objective.levels, base=high / low, dtype=torch.float64) * low


def level_quantile(objective: ScoreObjective, path: Path) -> Quantile:
    """The map from u in (0, 1), least noise first, to the log snr of the training distribution: even in time
    on preserving paths, even in log sigma on exploding ones, each rung alike on a ladder."""
    if objective.noise == "ncsn":
        rungs = -2 * ladder(objective).log().float()
        last = len(rungs) - 1
        return lambda u: rungs.to(u)[(u * len(rungs)).long().clamp(0, last)]
    if objective.noise == "ve":
        ends = path.log_snr(torch.tensor([path.t_min, path.t_max], dtype=torch.float64)).tolist()
        return lambda u: torch.lerp(u.new_tensor(ends[0]), u.new_tensor(ends[1]), u)
    return lambda u: path.log_snr(torch.lerp(u.new_tensor(path.t_min), u.new_tensor(path.t_max), u))

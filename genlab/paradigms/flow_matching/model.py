"""Flow matching: a network learns the velocity of a path, and a solver follows it from source to data."""

from __future__ import annotations

import copy
import math
from collections.abc import Generator, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Self

import torch
from torch import Tensor

from genlab.core.model import ModelData
from genlab.core.random import generator
from genlab.core.requests import Ask
from genlab.core.time.denoising import by_level, stratified
from genlab.core.time.loss_floor import denoising_floor
from genlab.core.time.model import TimeModel
from genlab.core.time.process import LogDensity, TimeProcess
from genlab.core.time.solvers import build_solver
from genlab.core.training import Batch, Check, Context, LossReference, Player, Stage
from genlab.paradigms.flow_matching import students
from genlab.paradigms.flow_matching.pairs import Pairs
from genlab.paradigms.flow_matching.settings import (
    CONSISTENT,
    COUPLED,
    NOISE,
    STUDENTS,
    FlowMatchingObjective,
    FlowMatchingSampler,
    capabilities,
    gaussian,
)
from genlab.paradigms.flow_matching.source import Noise, OtherData, Source
from genlab.paradigms.flow_matching.students import Ends
from genlab.sampling.condition import Conditions
from genlab.sampling.coupling import Index, Points
from genlab.sampling.path import Path, Straight, Trigonometric
from genlab.sampling.solvers import Solver
from genlab.settings.paradigm import Capabilities
from genlab.settings.time import FRAMES, TimeNetwork

TIED = (
    "Transport over all classes ties labels to places of the source, so samples of a label, drawn from all "
    "of it, come out skewed. Couple within classes, or set 'Drop label' to 1."
)


class FlowMatching(TimeModel[FlowMatchingObjective, FlowMatchingSampler]):
    """A velocity with a choice of path, source, coupling, training times and solver; reflow; students.

    Standardisation is the same on every axis, so that distances, and optimal transport with them, are those
    of the data up to a factor.

    Sources: Lipman et al. (2023); Liu et al. (2023), rectified flow; Albergo & Vanden-Eijnden (2023); Tong et
    al. (2024), minibatch optimal transport; Esser et al. (2024), training times; Song et al. (2023),
    consistency models.

    Raises:
        ValueError: for a source whose points have another dimension than the data.
    """

    taught: Tensor
    pair_place: Tensor
    pairs_source: Tensor
    pairs_end: Tensor
    pairs_label: Tensor

    def __init__(self, objective: FlowMatchingObjective, network: TimeNetwork, data: ModelData) -> None:
        self.damped = objective.source == NOISE
        super().__init__(objective, network, data)
        self.std = torch.full_like(self.std, float(self.std.square().mean().sqrt()))
        self.target = objective.predict
        self.path = interpolant(objective)
        self.source: Source = Noise() if self.damped else OtherData(objective.source, self.space)
        self._pairs: Pairs | None = None
        # Number of the pool that serves, and the steps that it has left.
        self.register_buffer("pair_place", torch.tensor([-1, 0]))
        self.register_buffer("taught", torch.tensor(False))
        if objective.method in ("reflow", "student"):
            n = objective.pairs
            self.register_buffer("pairs_source", torch.zeros(n, *self.event))
            self.register_buffer("pairs_end", torch.zeros(n, *self.event))
            self.register_buffer("pairs_label", torch.zeros(n, dtype=torch.long))
        if objective.method in STUDENTS and objective.method != "consistency-training":
            self.student = self.backbone()
            self.teacher = students.frozen(copy.deepcopy(self.net))

    @property
    def label_dropout(self) -> float:
        return self.objective.condition_dropout

    def able(self, ask: Ask[FlowMatchingSampler]) -> Capabilities:
        return capabilities(self.chosen(ask), self.data)

    @property
    def student_process(self) -> TimeProcess:
        """Of what goes the whole way in one pass: a network of its own, or without a teacher the only one."""
        alone = self.objective.method == "consistency-training"
        return self.process if alone else replace(self.process, net=self.student)

    @property
    def teacher_process(self) -> TimeProcess:
        """Of the flow as it was when its student began."""
        return replace(self.process, net=self.teacher)

    @property
    def taught_pairs(self) -> Ends:
        """The pairs that a teacher draws, as they are kept."""
        labels = self.pairs_label if self.classes.learned else None
        return Ends(self.pairs_end, self.pairs_source, labels)

    def stages(self) -> Sequence[Stage]:
        """The flow; then rounds of reflow, or a student."""
        flow = Player("velocity", tuple(self.net.parameters()))
        match self.objective.method:
            case "reflow":
                rounds = [Stage(f"reflow {k + 1}", (flow,)) for k in range(self.objective.rounds)]
                return (Stage("flow", (flow,)), *rounds)
            case "student" | "consistency-distillation":
                student = Player("student", tuple(self.student.parameters()))
                return (Stage("teacher", (flow,)), Stage("student", (student,), share=2.0))
            case "consistency-training":
                return (Stage("", (replace(flow, rate=students.TRAINING_RATE),)),)
        return (Stage("", (flow,)),)

    def players(self) -> Sequence[Player]:
        return self.stages()[0].players

    def prepare(self, stage: Stage, averaged: Self) -> Iterator[None]:
        """Before a later stage the flow as it is becomes the teacher: it draws pairs, or is kept.

        A round of reflow goes on from its averaged weights, a student begins with them."""
        number = [s.name for s in self.stages()].index(stage.name)
        if number == 0:
            return
        weights = averaged.net.state_dict()
        if self.objective.method in ("reflow", "student"):
            rng = generator(self.seed, "data", self.device, part=number)

            def begin(n: int) -> tuple[Tensor, Tensor | None]:
                labels = self.classes.draw(n, "any", rng) if self.classes.learned else None
                labels = self.classes.drop(labels, rng)
                return self.source.draw(self, n, rng), labels

            yield from students.draw_pairs(averaged.process, self.taught_pairs, begin, rng)
        if self.objective.method == "reflow":
            self.net.load_state_dict(weights)
        else:
            self.teacher.load_state_dict(weights)
            self.student.load_state_dict(weights)
        self.taught.fill_(True)

    def batch(self, pool: Batch, size: int, rng: torch.Generator) -> Batch:
        """Random examples; with a coupling, random pairs of the pool that serves."""
        if self.objective.coupling not in COUPLED or bool(self.taught):
            return super().batch(pool, size, rng)
        self._pairs = self._pairs or Pairs(self.objective, lambda k, n: self._uncoupled(pool, k, n))
        number, left = self.pair_place.tolist()
        if left == 0:
            number += 1
            left = self._pairs.get(number).steps
        self.pair_place.copy_(torch.tensor([number, left - 1]))
        coupled = self._pairs.get(number)
        chosen = torch.randint(len(coupled.rows), (size,), generator=rng, device=rng.device)
        rows = torch.as_tensor(coupled.rows, device=self.device)[chosen]
        source = torch.as_tensor(coupled.source, device=self.device)[chosen]
        return Batch(pool.x[rows], None if pool.labels is None else pool.labels[rows], source)

    def _uncoupled(self, pool: Batch, number: int, size: int) -> tuple[Index, Points, Points, Index | None]:
        """Rows, source points, standardised data and labels of a pool; by its number alone."""
        rng = generator(self.seed, "data", self.device, part=1000 + number)
        rows = torch.randperm(len(pool.x), generator=rng, device=self.device)[:size]
        rows = rows.repeat(math.ceil(size / len(rows)))[:size]
        source = self.source.draw(self, size, rng).cpu().numpy()
        labels = None if pool.labels is None else pool.labels[rows].cpu().numpy()
        return rows.cpu().numpy(), source, self.standardise(pool.x[rows]).cpu().numpy(), labels

    def loss(self, batch: Batch, player: Player, context: Context) -> Mapping[str, Tensor]:
        """The squared error of the velocity, mean over dimensions and batch: `total`, and `level 1` (nearest
        to the data) to `level 4` over quarters of the batch by time. In a round of reflow its pairs come from
        the flow before it. Of a student: see `students`.

        Images are dequantised: uniform noise on [-1/2, 1/2) is added to their levels."""
        rng = context.noise
        if player.name == "student" or self.objective.method == "consistency-training":
            return self._student_loss(batch, context)
        if context.stage.startswith("reflow"):
            ends = self.taught_pairs.drawn(len(batch.x), rng)
        else:
            ends = self.ends(batch, rng)
        x0, source = ends.data, ends.source
        t = self.training_times(len(x0), rng)
        x = self.path.diffuse(x0, source, t)
        over = (-1, *(1,) * (x0.ndim - 1))
        wanted = self.path.dalpha(t).reshape(over) * x0 + self.path.dsigma(t).reshape(over) * source
        prediction = self.process.denoiser.predict(x, t, Conditions(ends.labels))
        errors = (prediction.velocity - wanted).square().flatten(1).mean(1)
        return {"total": errors.mean(), **by_level(errors.detach())}

    def _student_loss(self, batch: Batch, context: Context) -> Mapping[str, Tensor]:
        student, rng = self.student_process, context.noise
        if self.objective.method == "student":
            return students.regression(student, self.taught_pairs.drawn(len(batch.x), rng))
        distilled = self.objective.method == "consistency-distillation"
        teacher = self.teacher_process if distilled else None
        return students.consistency(student, teacher, self.ends(batch, rng), context)

    def check(self, validation: Batch | None, context: Context) -> Check:
        """The validation loss; and a warning where the coupling ties labels to the source."""
        found = super().check(validation, context)
        tied = self.objective.coupling in ("optimal", "sinkhorn") and self.classes.learned
        return Check(found.values, (TIED,)) if tied else found

    def ends(self, batch: Batch, rng: torch.Generator) -> Ends:
        """Standardised data, the source point of each and their labels, some hidden."""
        x0 = self.standardise(self.dequantise(batch.x, rng))
        source = self.source.draw(self, len(x0), rng) if batch.source is None else batch.source
        return Ends(x0, source, self.classes.drop(batch.labels, rng))

    def training_times(self, n: int, rng: torch.Generator) -> Tensor:
        """Rising times in (0, 1), shape `(n,)`: one from each of n equally likely parts."""
        return self.time_quantile(stratified(n, rng))

    def time_quantile(self, u: Tensor) -> Tensor:
        """The map from u in (0, 1) to the training distribution of times."""
        objective = self.objective
        if objective.times == "uniform":
            return u
        # The literature's time is 1 at the data, ours at the source.
        normal = math.sqrt(2.0) * torch.erfinv(2.0 * u - 1.0)
        return torch.sigmoid(normal * objective.time_spread - objective.time_mean)

    def student_acts(self, sampler: FlowMatchingSampler) -> bool:
        """Whether samples come in one pass, or a few refinements of one."""
        if self.objective.method == "consistency-training":
            return True
        return self.objective.method in STUDENTS and sampler.use == "student" and bool(self.taught)

    def process_of(self, sampler: FlowMatchingSampler) -> TimeProcess:
        return self.student_process if self.student_acts(sampler) else self.process

    def solver(self, sampler: FlowMatchingSampler) -> Solver:
        if self.student_acts(sampler):
            return students.Consistency()
        return build_solver("flow-matching", sampler.method, sampler)

    def times(self, sampler: FlowMatchingSampler) -> Tensor:
        """Even times from the source, 1, to the data, 0."""
        steps = FRAMES if sampler.method == "adaptive" else sampler.steps
        if self.student_acts(sampler):
            steps = sampler.steps if self.refines() else 1
        return torch.linspace(1, 0, steps + 1, dtype=torch.float64)

    def refines(self) -> bool:
        """Whether fresh source points may be mixed in again: they must be drawn independently of the data."""
        return self.objective.method in CONSISTENT and gaussian(self.objective)

    def begin(self, times: Tensor, shape: tuple[int, ...], rng: torch.Generator) -> Tensor:
        return self.source.draw(self, shape[0], rng)

    def shown(self, x: Tensor, t: Tensor) -> Tensor:
        """Points of the path as they are, in data units: straight paths look straight."""
        return self.unstandardise(x)

    def shown_time(self, t: Tensor) -> float:
        """The literature's time: 0 at the source, 1 at the data."""
        return 1 - float(t)

    def base_log_prob(self) -> LogDensity | None:
        return self.source.log_prob(self)

    def guided(self, ask: Ask[FlowMatchingSampler]) -> bool:
        return super().guided(ask) and not self.student_acts(ask.sampler)

    def loss_reference(
        self, batch: Batch, rng: torch.Generator
    ) -> Generator[None, None, LossReference | None]:
        """The expected loss of the exact velocity; None for images, for data too few to tell, and for sources
        or couplings without a score."""
        if not gaussian(self.objective) or self.objective.method == "consistency-training":
            return None

        def quantile(u: Tensor) -> Tensor:
            return self.path.log_snr(self.time_quantile(u))

        def log_weight(log_snr: Tensor) -> Tensor:
            path, t = self.path, self.path.time_of_log_snr(log_snr)
            return 2 * torch.log(path.dsigma(t) * path.alpha(t) / path.sigma(t) - path.dalpha(t))

        total = yield from denoising_floor(self, batch, quantile, log_weight, rng)
        return None if total is None else LossReference("irreducible", {"total": total})


def interpolant(objective: FlowMatchingObjective) -> Path:
    """The path of the settings, for data of unit variance."""
    if objective.path == "trigonometric":
        return Trigonometric(gaussian(objective))
    return Straight(objective.rest if objective.path == "lipman" else 0.0, gaussian(objective))

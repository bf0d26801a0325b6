"""What a model is: the interface between it and everything that trains, samples and draws it.

Whatever takes time is a generator in slices of about 20 ms at most. Whatever crosses the boundary of
a model is in data units.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, Self

import torch
from torch import Tensor, nn

from genlab.core.classes import Classes
from genlab.core.requests import Ask, DensityRequest, LogProb, SampleRequest
from genlab.core.training import Batch, Check, Context, LossReference, Player, Stage, checked_loss
from genlab.data.dataset import Dataset, Distribution, Draw
from genlab.data.payloads import Extent, Samples
from genlab.data.truths.base import Truth
from genlab.settings.data_info import DataInfo
from genlab.settings.paradigm import Capabilities, Chosen, N, O, S
from genlab.settings.spaces import Grid, Images, Points


@dataclass(frozen=True)
class ModelData:
    """What a model is told of the data when it is made.

    distribution: of the data, where it is known. reference: a draw of training data, from which statistics
    are taken, and the class prior where the data set does not know it. rows: how many training data there
    will be. seed: of the run.
    """

    info: DataInfo
    distribution: Distribution | None
    extent: Extent
    reference: Draw
    rows: int
    seed: int = 0

    @classmethod
    def of(cls, info: DataInfo, dataset: Dataset, reference: Draw, rows: int, seed: int = 0) -> ModelData:
        """What there is to tell of a data set."""
        return cls(info, dataset.truth, dataset.extent, reference, rows, seed)

    def class_prior(self) -> Tensor:
        """Probabilities of the classes, (k,); of data without labels (1,). The exact ones where they are
        known: a prior that is off by a third of a percent would show in W2."""
        counts = torch.ones(max(1, len(self.info.labels)))
        if self.distribution is not None and self.info.labels:
            counts = torch.as_tensor(self.distribution.class_prior, dtype=torch.float32)
        elif self.reference.labels is not None:
            counts = torch.bincount(torch.as_tensor(self.reference.labels), minlength=len(counts)).float()
        return counts / counts.sum()


class Model(nn.Module, ABC, Generic[O, N, S]):
    """A generative model of any data.

    objective: read anew at each step, since some of it may change while training. What is not a parameter but
    must be kept is a buffer of fixed shape.
    """

    simultaneous = False
    """Whether all players see each other's parameters of before the step; else they move in turn."""

    title = "this model"
    """The paradigm's, once it is built."""

    class_prior: Tensor

    def __init__(self, objective: O, network: N, data: ModelData) -> None:
        super().__init__()
        self.objective = objective
        self.network = network
        self.data = data.info
        self.extent = data.extent
        self.distribution = data.distribution
        self.seed = data.seed
        self.register_buffer("class_prior", data.class_prior())

    @abstractmethod
    def able(self, ask: Ask[S]) -> Capabilities:
        """What the model can do when it is asked so."""

    def chosen(self, ask: Ask[S]) -> Chosen[O, N, S]:
        """The settings that a request is answered with, as the paradigm's record takes them."""
        return Chosen(self.objective, self.network, ask.sampler, ask.condition.label)

    @property
    def classes(self) -> Classes:
        """The classes of the data; by default the model sees no labels."""
        return Classes(self.data.labels, self.class_prior)

    @property
    def device(self) -> torch.device:
        """Where the weights live."""
        return self.class_prior.device

    @property
    def event(self) -> tuple[int, ...]:
        """Shape of one datum."""
        return self.data.space.event

    def stages(self) -> Sequence[Stage]:
        """The parts of training, one after another; by default one, with the players."""
        return (Stage("", tuple(self.players())),)

    def players(self) -> Sequence[Player]:
        """Who trains; one player with every parameter, unless a paradigm says otherwise."""
        return (Player("model", tuple(self.parameters())),)

    def prepare(self, stage: Stage, averaged: Self) -> Iterator[None]:
        """What precedes a stage of training, in slices: a teacher draws pairs, data are encoded.

        averaged: this model with its averaged weights. Only the last slice changes parameters. What it makes
        is kept in buffers; it may run again from the start where a run was cut off in it."""
        return iter(())

    def batch(self, pool: Batch, size: int, rng: torch.Generator) -> Batch:
        """Examples for one step, from all training data."""
        index = torch.randint(len(pool.x), (size,), generator=rng, device=rng.device)
        return Batch(pool.x[index], None if pool.labels is None else pool.labels[index])

    @abstractmethod
    def loss(self, batch: Batch, player: Player, context: Context) -> Mapping[str, Tensor]:
        """Named scalars of one batch; 'total' is minimised, all are recorded."""

    def fit(self, pool: Batch, player: Player, context: Context) -> Mapping[str, Tensor]:
        """One iteration of a player that is fitted in closed form, on all training data; about 20 ms.

        Changes buffers. Gives named scalars as `loss` does; 'total' falls as the fit gets better."""
        raise NotImplementedError(player.name)

    @property
    def finished(self) -> bool:
        """Whether more training would change nothing."""
        return False

    def check(self, validation: Batch | None, context: Context) -> Check:
        """What is measured of averaged weights every few hundred steps and where a fit converges, in little
        time, and recorded.

        validation: held-out data, where training data are few enough to be learnt by heart. By default
        their loss. The context's noise begins anew at each check."""
        if validation is None:
            return Check({})
        (player, *_) = self.players()
        terms = checked_loss(self.loss(validation, player, context), self.title)
        return Check({"validation": terms["total"].item()})

    def after_step(self, player: Player, context: Context) -> None:
        """What follows an update: weight clipping, target networks, codebooks."""

    def refuse(self, ask: Ask[S]) -> None:
        """Refuse what was never trained, or cannot be given. Raises ValueError, one sentence."""
        self.classes.refuse(ask.condition.label)
        self.refuse_given(ask)

    def refuse_given(self, ask: Ask[S]) -> None:
        """Refuse what is given where no control takes it. Raises ValueError, one sentence."""
        condition = ask.condition
        given = condition.given is not None or condition.mask is not None
        for name, what, there in (
            ("given", "what is given of each sample", given),
            ("prompt", "a prompt", bool(condition.prompt)),
        ):
            if not there:
                continue
            control = self.able(ask).control(f"condition.{name}")
            if control is None or not control.enabled:
                reason = f": {control.reason}" if control is not None and control.reason else ""
                raise ValueError(f"this model cannot use {what}{reason}")

    @abstractmethod
    def sample(self, request: SampleRequest[S]) -> Iterator[Samples | None]:
        """Frames of one trajectory, from the start (index 0) to the samples (index == total), in slices; None
        marks a slice that yields nothing yet."""

    @abstractmethod
    def log_prob(self, x: Tensor, request: DensityRequest[S]) -> Iterator[LogProb | None]:
        """Log density of x (n, *event), in slices; None marks a slice that yields nothing yet.

        Raises NoDensity with the reason."""

    def loss_reference(
        self, batch: Batch, rng: torch.Generator
    ) -> Generator[None, None, LossReference | None]:
        """The loss of the best possible model on these data, by slices; None where it is not known."""
        yield from ()
        return None


class NumberModel(Model[O, N, S]):
    """A model of points or images, which it standardises inside; images it dequantises where it needs that.

    mean, std: statistics of the data, shape () or (dim,) of each axis of points, one for all of an image.
    """

    mean: Tensor
    std: Tensor

    def __init__(self, objective: O, network: N, data: ModelData) -> None:
        super().__init__(objective, network, data)
        self.truth = data.distribution if isinstance(data.distribution, Truth) else None
        x = torch.as_tensor(data.reference.x, dtype=torch.float64)
        axes = 0 if x.ndim == 2 else tuple(range(x.ndim))
        mean, std = x.mean(axes, keepdim=True)[0], x.std(axes, keepdim=True)[0]
        self.register_buffer("mean", mean.float())
        self.register_buffer("std", torch.where(std > 0, std, torch.ones_like(std)).float())

    @property
    def space(self) -> Grid:
        """The space of the data. Raises TypeError for another kind, which the paradigm's record excludes."""
        space = self.data.space
        if isinstance(space, Points | Images):
            return space
        raise TypeError(f"a model of numbers cannot learn {space.noun}")

    @property
    def images(self) -> bool:
        """Whether the data are images."""
        return isinstance(self.space, Images)

    def standardise(self, x: Tensor) -> Tensor:
        """Data units to zero mean and unit variance, (n, *event)."""
        return (x - self.mean) / self.std

    def unstandardise(self, z: Tensor) -> Tensor:
        """The inverse of `standardise`."""
        return z * self.std + self.mean

    def log_volume(self) -> Tensor:
        """Log of the volume in data units of one standardised unit cube."""
        return self.std.log().expand(self.event).sum()

    def dequantise(self, x: Tensor, rng: torch.Generator) -> Tensor:
        """Images with uniform noise on [-1/2, 1/2) added to their levels; points as they are."""
        match self.space:
            case Images():
                return x + torch.rand(x.shape, generator=rng, device=rng.device) - 0.5
            case Points():
                return x

    def quantise(self, x: Tensor) -> Tensor:
        """Images rounded to their levels; points as they are."""
        match self.space:
            case Images(levels=levels):
                return x.round().clamp(0, levels - 1)
            case Points():
                return x

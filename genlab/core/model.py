"""What a paradigm is: the interface between a model and everything that trains, samples and draws it.

Whatever takes time is a generator in slices of about 20 ms at most. Whatever crosses the boundary of
a model is in data units; models standardise inside.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from genlab.data.dataset import Dataset, Draw
from genlab.data.payloads import Exactness, Payload, Samples
from genlab.sampling.condition import Condition
from genlab.session.session import Session
from genlab.settings.paradigm import Capabilities
from genlab.settings.sampler import SamplerSettings
from genlab.settings.spaces import Images

STREAMS = ("init", "data", "noise", "preview", "sampling", "evaluation")


class NoDensity(Exception):
    """The model has no density; the message says why, in plain words."""


def generator(
    seed: int, stream: str, device: torch.device | str = "cpu", part: int | None = None
) -> torch.Generator:
    """The named stream of a seed, or a numbered part of it: streams never touch one another."""
    path = [seed, STREAMS.index(stream), *([] if part is None else [part])]
    entropy = np.random.SeedSequence(path).generate_state(1, np.uint64)[0]
    return torch.Generator(device=device).manual_seed(int(entropy >> np.uint64(1)))


@dataclass(frozen=True)
class Batch:
    """x: (n, *event), data units. labels: (n,) long, or None where the data have none. source: (n, *event),
    standardised, where each datum is coupled to a point that its path begins from."""

    x: Tensor
    labels: Tensor | None
    source: Tensor | None = None


@dataclass
class Context:
    """What surrounds a training step.

    step: steps taken. progress: share of the stage's budget, in [0, 1]. noise: the stream of training
    noise. stage: name of the stage.
    """

    step: int
    progress: float
    noise: torch.Generator
    device: torch.device
    stage: str = ""


@dataclass(frozen=True)
class Player:
    """Parameters that one optimiser moves by the gradient of one loss.

    every: it moves in every so manieth step. rate: its learning rate, relative to the setting. averaged:
    samples see a running average of it. A player without parameters is fitted in closed form: see
    `Model.fit`."""

    name: str
    parameters: Sequence[nn.Parameter] = ()
    every: int = 1
    rate: float = 1.0
    averaged: bool = True


@dataclass(frozen=True)
class Stage:
    """A part of training with players of its own. share: of the budget, relative to the other stages."""

    name: str
    players: tuple[Player, ...]
    share: float = 1.0


@dataclass(frozen=True)
class Check:
    """What was measured of the averaged weights in passing.

    values: name to number; 'validation' decides which weights are the best (lower is better). warnings:
    whole sentences on what goes wrong, in plain words."""

    values: Mapping[str, float]
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True)
class LossReference:
    """What recorded losses would read in the best case: column to value. title: what that case is called."""

    title: str
    values: Mapping[str, float]


@dataclass(frozen=True)
class SampleRequest:
    """n samples with given sampler settings; the seed decides labels and noise alike."""

    n: int
    sampler: SamplerSettings


@dataclass(frozen=True)
class LogProb:
    """Log density of a slice of points: value (m,), nats in data units, for points start .. start + m.

    error: estimated absolute integration error (m,) or None. standard_error: of an estimate, or None.
    """

    start: int
    value: Tensor
    kind: Exactness
    error: Tensor | None = None
    standard_error: Tensor | None = None


@dataclass(frozen=True)
class ProbeRequest:
    """What an extra panel asks for.

    values: of the panel's controls, by key. resolution: columns of a grid. examples: held-out data,
    up to 1,000 of them."""

    sampler: SamplerSettings
    values: Mapping[str, float | str] = field(default_factory=dict)
    resolution: int = 24
    examples: Batch | None = None


class Model(nn.Module, ABC):
    """A generative model.

    session: all settings. reference: a draw of training data, from which the statistics for
    standardisation are taken, and the class prior where the data set does not know it. A prior that is
    off by a third of a percent would show in W2. What is not a parameter but must be kept is a buffer of
    fixed shape.
    """

    simultaneous = False
    """Whether all players see each other's parameters of before the step; else they move in turn."""

    session: Session
    objective: Any
    mean: Tensor
    std: Tensor
    class_prior: Tensor

    def __init__(self, session: Session, dataset: Dataset, reference: Draw) -> None:
        super().__init__()
        self.edit(session)
        self.extent = dataset.extent
        self.truth = dataset.truth
        self.label_names = dataset.label_names
        x = torch.as_tensor(reference.x, dtype=torch.float64)
        axes = 0 if x.ndim == 2 else tuple(range(x.ndim))
        mean, std = x.mean(axes, keepdim=True)[0], x.std(axes, keepdim=True)[0]
        self.register_buffer("mean", mean.float())
        self.register_buffer("std", torch.where(std > 0, std, torch.ones_like(std)).float())
        counts = torch.ones(max(1, len(self.label_names)))
        if dataset.truth is not None and self.label_names:
            counts = torch.as_tensor(dataset.truth.class_prior, dtype=torch.float32)
        elif reference.labels is not None:
            counts = torch.bincount(torch.as_tensor(reference.labels), minlength=len(counts)).float()
        self.register_buffer("class_prior", counts / counts.sum())

    def edit(self, session: Session) -> None:
        """Take up settings, also some that change while training: they are read from here at each step."""
        self.session = session
        self.objective = session.objective

    def able(self, sampler: SamplerSettings) -> Capabilities:
        """What the paradigm can do with these settings of the sampler."""
        return self.session.model_copy(update={"sampler": sampler}).capabilities

    @property
    def device(self) -> torch.device:
        """Where the weights live."""
        return self.mean.device

    @property
    def event(self) -> tuple[int, ...]:
        """Shape of one datum."""
        return self.session.space.event

    def standardise(self, x: Tensor) -> Tensor:
        """Data units to zero mean and unit variance, (n, *event)."""
        return (x - self.mean) / self.std

    def unstandardise(self, z: Tensor) -> Tensor:
        """The inverse of `standardise`."""
        return z * self.std + self.mean

    def labels_for(self, n: int, label: str, rng: torch.Generator) -> Tensor | None:
        """Labels (n,) for 'any' (class prior), 'none' (-1: unconditional) or the name of a class.

        None where the data have no labels. Raises ValueError for an unknown class."""
        if not self.label_names:
            if label not in ("any", "none"):
                raise ValueError(f"there is no class '{label}': this data set has no labels")
            return None
        if label == "none":
            return torch.full((n,), -1, dtype=torch.long, device=self.device)
        if label == "any":
            return torch.multinomial(self.class_prior, n, replacement=True, generator=rng)
        if label not in self.label_names:
            raise ValueError(f"there is no class '{label}'; there are {', '.join(self.label_names)}")
        index = self.label_names.index(label)
        return torch.full((n,), index, dtype=torch.long, device=self.device)

    def dequantise(self, x: Tensor, rng: torch.Generator) -> Tensor:
        """Images with uniform noise on [-1/2, 1/2) added to their levels; points as they are."""
        if not isinstance(self.session.space, Images):
            return x
        return x + torch.rand(x.shape, generator=rng, device=rng.device) - 0.5

    def quantise(self, x: Tensor) -> Tensor:
        """Images rounded to their levels; points as they are."""
        space = self.session.space
        return x.round().clamp(0, space.levels - 1) if isinstance(space, Images) else x

    def stages(self) -> Sequence[Stage]:
        """The parts of training, one after another; by default one, with the players."""
        return (Stage("", tuple(self.players())),)

    def players(self) -> Sequence[Player]:
        """Who trains; one player with every parameter, unless a paradigm says otherwise."""
        return (Player("model", tuple(self.parameters())),)

    def prepare(self, stage: Stage, averaged: Model) -> Iterator[None]:
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
        return Check({"validation": self.loss(validation, player, context)["total"].item()})

    def after_step(self, player: Player, context: Context) -> None:
        """What follows an update: weight clipping, target networks, codebooks."""

    @abstractmethod
    def sample(self, request: SampleRequest) -> Iterator[Samples]:
        """Frames of one trajectory, from the start (index 0) to the samples (index == total)."""

    @abstractmethod
    def log_prob(self, x: Tensor, sampler: SamplerSettings, error: bool = True) -> Iterator[LogProb | None]:
        """Log density of x (n, *event), in slices; None marks a slice that yields nothing yet.

        error: estimate the error of an integration too; without it, a coarser one will do.
        sampler.label chooses what the density is conditioned on. Raises NoDensity with the reason."""

    def probe(self, name: str, request: ProbeRequest) -> Iterator[Payload | None]:
        """What an extra panel draws, in slices. Raises KeyError for a name that the catalogue does not list,
        ValueError with a sentence where these settings give nothing to draw."""
        raise KeyError(name)

    def loss_reference(
        self, batch: Batch, rng: torch.Generator
    ) -> Generator[None, None, LossReference | None]:
        """The loss of the best possible model on these data, by slices; None where it is not known."""
        yield from ()
        return None


def build_model(session: Session, dataset: Dataset, reference: Draw) -> Model:
    """The session's model with its initial weights, drawn from the stream 'init' of its seed."""
    module, _, name = session.entry.implementation.partition(":")
    cls = getattr(import_module(module), name)
    state = torch.get_rng_state()
    try:
        torch.manual_seed(generator(session.seed, "init").initial_seed())
        model = cls(session, dataset, reference)
    finally:
        torch.set_rng_state(state)
    assert isinstance(model, Model)
    return model


__all__ = [
    "STREAMS", "Batch", "Check", "Condition", "Context", "LogProb", "LossReference", "Model", "NoDensity",
    "Player", "ProbeRequest", "SampleRequest", "Stage", "build_model", "generator",
]  # fmt: skip

"""What a paradigm is: the interface between a model and everything that trains, samples and draws it.

Whatever takes time is a generator in slices of about 20 ms at most. Whatever crosses the boundary of
a model is in data units; models standardise inside.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module

import numpy as np
import torch
from torch import Tensor, nn

from genlab.data.dataset import Dataset, Draw, Truth
from genlab.data.payloads import Exactness, Payload, Samples
from genlab.sampling.condition import Condition
from genlab.settings.sampler import SamplerSettings
from genlab.settings.session import Session

STREAMS = ("init", "data", "noise", "preview", "sampling", "evaluation")


class NoDensity(Exception):
    """The model has no density; the message says why, in plain words."""


def generator(seed: int, stream: str, device: torch.device | str = "cpu") -> torch.Generator:
    """The named stream of a seed: streams never touch one another."""
    entropy = np.random.SeedSequence([seed, STREAMS.index(stream)]).generate_state(1, np.uint64)[0]
    return torch.Generator(device=device).manual_seed(int(entropy >> np.uint64(1)))


@dataclass(frozen=True)
class Batch:
    """x: (n, *event), data units. labels: (n,) long, or None where the data have none."""

    x: Tensor
    labels: Tensor | None


@dataclass
class Context:
    """What surrounds a training step.

    step: steps taken. progress: share of the budget, in [0, 1]. noise: the stream of training noise.
    """

    step: int
    progress: float
    noise: torch.Generator
    device: torch.device


@dataclass(frozen=True)
class Player:
    """Parameters that one optimiser moves by the gradient of one loss, every `every` steps."""

    name: str
    parameters: Sequence[nn.Parameter]
    every: int = 1


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
    """What an extra panel asks for. time: position in the sampler's schedule, 0 noise .. 1 data."""

    sampler: SamplerSettings
    time: float = 1.0
    resolution: int = 24


class Model(nn.Module, ABC):
    """A generative model.

    session: all settings. reference: a draw of training data, from which the statistics for
    standardisation are taken, and the class prior where the data set does not know it. A prior that is
    off by a third of a percent would show in W2.
    """

    session: Session
    mean: Tensor
    std: Tensor
    class_prior: Tensor

    def __init__(self, session: Session, dataset: Dataset, reference: Draw) -> None:
        super().__init__()
        self.session = session
        self.extent = dataset.extent
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

    def players(self) -> Sequence[Player]:
        """Who trains; one player with every parameter, unless a paradigm says otherwise."""
        return (Player("model", tuple(self.parameters())),)

    @abstractmethod
    def loss(self, batch: Batch, player: Player, context: Context) -> Mapping[str, Tensor]:
        """Named scalars of one batch; 'total' is minimised, all are recorded."""

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

    def probe(self, name: str, request: ProbeRequest, truth: Truth | None) -> Iterator[Payload | None]:
        """What an extra panel draws. Raises KeyError for a name that the catalogue does not list."""
        raise KeyError(name)

    def loss_floor(self, batch: Batch, rng: torch.Generator) -> Generator[None, None, float | None]:
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
    "STREAMS", "Batch", "Condition", "Context", "LogProb", "Model", "NoDensity", "Player", "ProbeRequest",
    "SampleRequest", "build_model", "generator",
]  # fmt: skip

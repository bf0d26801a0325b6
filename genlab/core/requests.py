"""What a model is asked, and what it says of densities."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Generic, Protocol, TypeVar

from torch import Tensor

from genlab.core.training import Batch
from genlab.data.condition import Condition
from genlab.data.payloads import Exactness
from genlab.settings.paradigm import S

S_co = TypeVar("S_co", covariant=True)

ANY = Condition()


class NoDensity(Exception):
    """The model has no density; the message says why, in plain words."""


class Ask(Protocol[S_co]):
    """What every request says: what is asked for, and how it is drawn."""

    @property
    def sampler(self) -> S_co: ...

    @property
    def condition(self) -> Condition: ...


@dataclass(frozen=True)
class SampleRequest(Generic[S]):
    """n samples; the sampler's seed decides labels and noise alike."""

    n: int
    sampler: S
    condition: Condition = ANY


@dataclass(frozen=True)
class DensityRequest(Generic[S]):
    """The density under a condition. error: estimate the error of an integration too; without it, a coarser
    one will do."""

    sampler: S
    condition: Condition = ANY
    error: bool = True


@dataclass(frozen=True)
class ProbeRequest(Generic[S]):
    """What an extra panel asks for.

    values: of the panel's controls, by key. resolution: columns of a grid. examples: held-out data,
    up to 1,000 of them. detail: the share of the work that a preview can afford, 1 for all of it."""

    sampler: S
    values: Mapping[str, float | str] = field(default_factory=dict)
    resolution: int = 24
    examples: Batch | None = None
    condition: Condition = ANY
    detail: float = 1.0

    def fewer(self, n: int, least: int) -> int:
        """So many of n (samples, steps, points) as the detail allows, but at least `least`, if n has them."""
        return min(n, max(least, round(n * self.detail)))

    def columns(self, n: int, least: int) -> int:
        """So many of the n columns of a square grid, whose cells cost, as the detail allows; see `fewer`."""
        return round(math.sqrt(self.fewer(n * n, least * least)))


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

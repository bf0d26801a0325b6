"""What a metric says of itself: which data it applies to, and how it is computed.

A metric is of one of three kinds, by what it looks at: what a model says of held-out data, pairs of samples,
or all samples of a model. A package offers metrics of its own under the entry point group
`genlab.metrics`, each a record of this module; their randomness is a stream of their own, so that they leave
every other number as it is.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass
from math import prod
from typing import assert_never

import numpy as np
from numpy.typing import NDArray

from genlab.data.dataset import Dataset
from genlab.data.payloads import Data, Exactness, Labels
from genlab.metrics.floors import Statistic
from genlab.metrics.report import Heading, Metric, Progress
from genlab.settings.spaces import Images, Points, Signal, Space, Tokens

Steps = Generator[Progress | None, None, list[Metric]]

Reference = tuple[str, float]
"""A value to read another against, with its name."""


@dataclass(frozen=True)
class LogDensity:
    """Log densities of given points: values (n,), nats in data units; how they are known, in a word and in
    a sentence; mean absolute integration error in nats, where estimated. Of images and text they are log
    probabilities, of images dequantised by the model where it needs that."""

    values: NDArray[np.floating]
    kind: Exactness
    how: str
    error: float | None = None


@dataclass(frozen=True)
class Scored:
    """Held-out data x (n, *event) and their log densities under a model."""

    dataset: Dataset
    x: Data
    density: LogDensity

    @property
    def note(self) -> str:
        """How the density is known, in a sentence; said beside every number that comes of it."""
        bound = "a bound: the true value is no higher" if self.density.kind == "bound" else ""
        note = "; ".join(part for part in (self.density.how, bound) if part)
        error = self.density.error
        return note if error is None else f"{note}, mean integration error {error:.2g} nats"


@dataclass(frozen=True)
class Generated:
    """All samples x (m, *event) of a model, and the labels (m,) that they were asked for: -1 is none."""

    dataset: Dataset
    x: Data
    asked: Labels | None


@dataclass(frozen=True)
class MetricRecord:
    """What every metric says. title: what it is called where it cannot be computed. applies: to which data
    sets, at n samples. Use one of the kinds below."""

    id: str
    title: str
    applies: Callable[[Dataset, int], bool]


@dataclass(frozen=True)
class LikelihoodMetric(MetricRecord):
    """A number about what a model says of held-out data."""

    compute: Callable[[Scored], Metric]


@dataclass(frozen=True)
class PairMetric(MetricRecord):
    """Numbers about two samples, generated and real, with the floor that real samples score.

    statistic: for a data set; headings: of each number that it gives, by key; references: of some of them.
    The id names floors that are kept: change it with what is computed."""

    statistic: Callable[[Dataset], Statistic]
    headings: Mapping[str, Heading]
    references: Callable[[Dataset], Mapping[str, Reference]] = lambda dataset: {}


@dataclass(frozen=True)
class SampleMetric(MetricRecord):
    """Numbers about all samples of a model, by slices."""

    compute: Callable[[Generated, np.random.Generator], Steps]


AnyMetric = LikelihoodMetric | PairMetric | SampleMetric


def coordinates(space: Space) -> int | None:
    """Number of coordinates of data whose distances mean something; None for text, whose tokens are names."""
    match space:
        case Points() | Images() | Signal():
            return prod(space.event)
        case Tokens():
            return None
        case _:
            assert_never(space)

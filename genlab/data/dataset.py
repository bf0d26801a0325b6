"""What a data set is: splits to draw from and, where it is known, the exact distribution behind them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from genlab.data.payloads import Data, Extent, Labels
from genlab.settings.spaces import Space

Float = NDArray[np.float64]

UNIT: Extent = (0.0, 1.0, 0.0, 1.0)
"""The window of data that are not points."""


class DataError(ValueError):
    """Data that cannot be used; the message is one plain sentence that says why."""


@dataclass(frozen=True)
class Draw:
    """x: (n, *event) in the space's dtype, data units. labels: (n,) int64, or None."""

    x: Data
    labels: Labels | None

    def first(self, n: int) -> Draw:
        """The first n of them, or all where there are fewer."""
        return Draw(self.x[:n], None if self.labels is None else self.labels[:n])


class Distribution(ABC):
    """An exactly known distribution: a mixture of labelled classes over any space.

    class_prior: (k,) probabilities of the classes; one class where data have no labels.
    """

    class_prior: Float

    @abstractmethod
    def log_prob(self, x: NDArray[Any], label: int | None = None) -> Float:
        """Log density at x (n, *event), or log probability where the space is countable; nats, (n,).

        label: of that class alone. Raises ValueError for x of another shape, or another label."""

    @abstractmethod
    def draw(self, n: int, rng: np.random.Generator, label: int | None = None) -> Draw:
        """n independent draws with their labels; with a label, from that class alone."""

    @property
    @abstractmethod
    def entropy(self) -> float:
        """Differential entropy in nats per datum, or entropy where the space is countable."""

    def check_label(self, label: int | None) -> None:
        """Raises ValueError where there is no such class."""
        if label is not None and not 0 <= label < len(self.class_prior):
            raise ValueError(f"label {label} is not one of 0 to {len(self.class_prior) - 1}")


class Dataset(ABC):
    """Splits of one data set. fingerprint: SHA-256 (hex) of its definition or of its content."""

    id: str
    title: str
    space: Space
    label_names: tuple[str, ...]
    truth: Distribution | None
    fingerprint: str
    extent: Extent

    @abstractmethod
    def train(self, n: int, rng: np.random.Generator) -> Draw:
        """n fresh draws; a set with fixed parts gives the whole training part and ignores n."""

    @abstractmethod
    def validation(self, n: int, rng: np.random.Generator) -> Draw:
        """n fresh draws; a set with fixed parts gives at most the first n of its validation part."""

    @abstractmethod
    def test(self, n: int, rng: np.random.Generator) -> Draw:
        """n fresh draws; a set with fixed parts gives at most the first n of its test part."""

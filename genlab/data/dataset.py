"""What a data set is: splits to draw from and, where it is known, the exact truth behind them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from genlab.data.payloads import Array, Extent, Labels
from genlab.settings.spaces import Space

Float = NDArray[np.float64]

_CHUNK = 2048
PANEL = 16


class DataError(ValueError):
    """Data that cannot be used; the message is one plain sentence that says why."""


@dataclass(frozen=True)
class Draw:
    """x: (n, *event) float32, data units. labels: (n,) int64, or None."""

    x: Array
    labels: Labels | None


class Truth(ABC):
    """An exactly known distribution: a mixture of labelled classes over R^d.

    class_prior: (k,) probabilities of the classes. modes: (m, d) centres, or None where the set
    has no separate modes. mode_std: standard deviation per axis around a mode, or None.
    extent: a window for plots that holds at least 99.9 % of the mass: square in 2-D,
    (lowest x, highest x, 0, 0) in 1-D.
    """

    dim: int
    class_prior: Float
    modes: Float | None = None
    mode_std: float | None = None
    extent: Extent

    def log_prob(self, x: NDArray[Any], label: int | None = None) -> Float:
        """Log density in nats at x (n, d), (n,); with a label, the density of that class alone."""
        points = self._points(x, label)
        slices = [self._log_prob(points[i : i + _CHUNK], label) for i in range(0, len(points), _CHUNK)]
        return np.concatenate(slices) if slices else np.empty(0)

    def score(self, x: NDArray[Any], label: int | None = None) -> Float:
        """Gradient of `log_prob` with respect to x, (n, d)."""
        points = self._points(x, label)
        slices = [self._score(points[i : i + _CHUNK], label) for i in range(0, len(points), _CHUNK)]
        return np.concatenate(slices) if slices else np.empty((0, self.dim))

    def draw(self, n: int, rng: np.random.Generator, label: int | None = None) -> Draw:
        """n independent draws with their labels; with a label, from that class alone."""
        if label is None:
            labels = rng.choice(len(self.class_prior), size=n, p=self.class_prior)
        else:
            self._check(label)
            labels = np.full(n, label)
        labels = labels.astype(np.int64)
        return Draw(self._place(labels, rng).astype(np.float32), labels)

    @cached_property
    def entropy(self) -> float:
        """Differential entropy in nats, by quadrature over the known structure, to 1e-3 or better."""
        points, weights = self._quadrature()
        log_prob = self.log_prob(points)
        return float(-np.sum(weights * log_prob) / weights.sum())

    def mass(self, extent: Extent) -> float:
        """Probability of the window, by the quadrature of `entropy`, to about 1e-3."""
        points, weights = self._quadrature()
        bounds = np.array(extent).reshape(2, 2)[: self.dim]
        inside = np.all((points >= bounds[:, 0]) & (points <= bounds[:, 1]), axis=1)
        return float(weights[inside].sum() / weights.sum())

    def _points(self, x: NDArray[Any], label: int | None) -> Float:
        if label is not None:
            self._check(label)
        points = np.asarray(x, dtype=np.float64)
        if points.ndim != 2 or points.shape[1] != self.dim:
            raise ValueError(f"points of shape {points.shape}, expected (n, {self.dim})")
        return points

    def _check(self, label: int) -> None:
        if not 0 <= label < len(self.class_prior):
            raise ValueError(f"label {label} is not one of 0 to {len(self.class_prior) - 1}")

    @abstractmethod
    def _log_prob(self, x: Float, label: int | None) -> Float:
        """`log_prob` of one slice."""

    @abstractmethod
    def _score(self, x: Float, label: int | None) -> Float:
        """`score` of one slice."""

    @abstractmethod
    def _place(self, labels: Labels, rng: np.random.Generator) -> Float:
        """One draw per label, (n, d)."""

    @abstractmethod
    def _quadrature(self) -> tuple[Float, Float]:
        """Points (m, d) and weights (m,) whose weighted sums are expectations under the truth."""


class Dataset(ABC):
    """Splits of one data set. fingerprint: SHA-256 (hex) of its definition or of its content."""

    id: str
    title: str
    space: Space
    label_names: tuple[str, ...]
    truth: Truth | None
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


def central_differences(function: Callable[[Float], Float], x: Float, step: float) -> Float:
    """Fourth-order gradient of a function (n, d) -> (n,), (n, d)."""
    gradient = np.empty_like(x)
    for axis in range(x.shape[1]):
        offset = np.zeros(x.shape[1])
        offset[axis] = step
        near = function(x + offset) - function(x - offset)
        far = function(x + 2 * offset) - function(x - 2 * offset)
        gradient[:, axis] = (8 * near - far) / (12 * step)
    return gradient


def combine(log_classes: Float, scores: Float, prior: Float) -> tuple[Float, Float]:
    """Log density (n,) and score (n, d) of a mixture.

    log_classes: (n, k) log density of each class. scores: (n, k, d) its score. prior: (k,).
    Where every class has density 0 the score is 0.
    """
    joint = log_classes + np.log(prior)
    top = joint.max(axis=1, keepdims=True)
    share = np.exp(joint - np.where(np.isfinite(top), top, 0.0))
    total = share.sum(axis=1)
    with np.errstate(divide="ignore"):
        log_prob = np.log(total) + top[:, 0]
    posterior = share / np.where(total > 0, total, 1.0)[:, None]
    return log_prob, np.einsum("nk,nkd->nd", posterior, scores)


def gauss_panels(edges: Float) -> tuple[Float, Float]:
    """Nodes and weights of a 16-point Gauss-Legendre rule between each two neighbouring edges."""
    nodes, weights = np.polynomial.legendre.leggauss(PANEL)
    half = (edges[1:] - edges[:-1])[:, None] / 2
    middle = (edges[1:] + edges[:-1])[:, None] / 2
    return (middle + half * nodes).ravel(), (half * weights).ravel()


def even_edges(low: float, high: float, spacing: float) -> Float:
    """Edges of panels of equal width, for a mean spacing of the nodes of at most `spacing`."""
    return np.linspace(low, high, max(2, int(np.ceil((high - low) / (PANEL * spacing)))) + 1)


def gauss_normal(order: int) -> tuple[Float, Float]:
    """Nodes and weights for expectations under the standard normal distribution."""
    nodes, weights = np.polynomial.hermite_e.hermegauss(order)
    return nodes, weights / np.sqrt(2 * np.pi)


def square_extent(low: Float, high: Float) -> Extent:
    """The smallest square around a box, its half side rounded up to a tenth; or the interval in 1-D."""
    centre = np.round((low + high) / 2, 2)
    half = float(np.ceil(10 * np.max(np.maximum(high - centre, centre - low)) - 1e-9) / 10)
    x = (float(centre[0]) - half, float(centre[0]) + half)
    if len(low) == 1:
        return (*x, 0.0, 0.0)
    return (*x, float(centre[1]) - half, float(centre[1]) + half)

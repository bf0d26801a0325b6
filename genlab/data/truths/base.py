"""An exactly known density over R^d."""

from __future__ import annotations

from abc import abstractmethod
from functools import cached_property
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from genlab.data.dataset import Distribution, Draw, Float
from genlab.data.payloads import Extent, Labels

_CHUNK = 2048


class Truth(Distribution):
    """An exactly known density: a mixture of labelled classes over R^d.

    class_prior: (k,) probabilities of the classes. modes: (m, d) centres, or None where the set
    has no separate modes. mode_std: standard deviation per axis around a mode, or None.
    extent: a window for plots that holds at least 99.9 % of the mass: square in 2-D,
    (lowest x, highest x, 0, 0) in 1-D. edges: the density jumps along lines parallel to the axes.
    """

    dim: int
    edges: ClassVar[bool] = False
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
            self.check_label(label)
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
        self.check_label(label)
        points = np.asarray(x, dtype=np.float64)
        if points.ndim != 2 or points.shape[1] != self.dim:
            raise ValueError(f"points of shape {points.shape}, expected (n, {self.dim})")
        return points

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

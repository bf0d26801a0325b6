"""Curves with Gaussian noise in the plane: the density is Gauss-Legendre quadrature along the curve."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from genlab.data.dataset import Float
from genlab.data.payloads import Labels
from genlab.data.truths.base import Truth
from genlab.data.truths.mixtures import gaussian_nodes
from genlab.data.truths.numerics import combine, even_edges, gauss_normal, gauss_panels, square_extent


@dataclass(frozen=True)
class Arc:
    """One class: t uniform on (low, high), the point at(t), (n,) -> (n, 2)."""

    at: Callable[[Float], Float]
    low: float
    high: float

    def length(self) -> float:
        """Arc length."""
        return float(
            np.linalg.norm(np.diff(self.at(np.linspace(self.low, self.high, 513)), axis=0), axis=1).sum()
        )

    def nodes(self, spacing: float) -> tuple[Float, Float]:
        """Quadrature nodes (m, 2) at most `spacing` apart (in the mean, where fastest) and weights (m,)."""
        t = np.linspace(self.low, self.high, 513)
        speed = float(np.linalg.norm(np.diff(self.at(t), axis=0), axis=1).max()) / (t[1] - t[0])
        t, weights = gauss_panels(even_edges(self.low, self.high, spacing / speed))
        return self.at(t), weights / (self.high - self.low)


class NoisyCurves(Truth):
    """x = scale * (c(t) + std * noise) + shift, with one curve per class.

    scale, shift: (2,). std: before scaling. prior: (k,) probabilities of the classes.
    """

    dim = 2

    def __init__(
        self, arcs: Sequence[Arc], std: float, *, scale: Float, shift: Float, prior: Float | None = None
    ) -> None:
        self.class_prior = np.full(len(arcs), 1 / len(arcs)) if prior is None else prior
        self._arcs, self._std, self._scale, self._shift = arcs, std, scale, shift
        self._nodes = [arc.nodes(0.5 * std) for arc in arcs]
        points = scale * np.concatenate([nodes for nodes, _ in self._nodes]) + shift
        margin = 4 * std * scale
        self.extent = square_extent(points.min(axis=0) - margin, points.max(axis=0) + margin)

    def _log_prob(self, x: Float, label: int | None) -> Float:
        return self._evaluate(x, label)[0]

    def _score(self, x: Float, label: int | None) -> Float:
        return self._evaluate(x, label)[1]

    def _evaluate(self, x: Float, label: int | None) -> tuple[Float, Float]:
        z = (x - self._shift) / self._scale
        classes = range(len(self._arcs)) if label is None else (label,)
        prior = self.class_prior if label is None else np.ones(1)
        parts = [gaussian_nodes(z, self._nodes[k][0], np.log(self._nodes[k][1]), self._std) for k in classes]
        log_classes = np.stack([log_prob for log_prob, _ in parts], axis=1)
        log_prob, score = combine(log_classes, np.stack([score for _, score in parts], axis=1), prior)
        return log_prob - np.log(self._scale).sum(), score / self._scale

    def _place(self, labels: Labels, rng: np.random.Generator) -> Float:
        share = rng.uniform(size=len(labels))
        noise = rng.standard_normal((len(labels), 2))
        z = np.empty((len(labels), 2))
        for k, arc in enumerate(self._arcs):
            rows = labels == k
            z[rows] = arc.at(arc.low + share[rows] * (arc.high - arc.low))
        return self._scale * (z + self._std * noise) + self._shift

    def _quadrature(self) -> tuple[Float, Float]:
        normal, mass = gauss_normal(14)
        across, along = np.meshgrid(normal, normal)
        noise = self._std * np.stack([across.ravel(), along.ravel()], axis=1)
        points, weights = [], []
        for prior, arc in zip(self.class_prior, self._arcs, strict=True):
            nodes, shares = arc.nodes(max(self._std, arc.length() / 256))
            points.append((nodes[:, None] + noise).reshape(-1, 2))
            weights.append((prior * shares[:, None] * np.outer(mass, mass).ravel()).ravel())
        return self._scale * np.concatenate(points) + self._shift, np.concatenate(weights)


def half_circles(noise: float, scale: float, shift: Float) -> NoisyCurves:
    """scikit-learn's `make_moons` with independent uniform angles, times scale, plus shift."""
    upper = Arc(lambda t: np.stack([np.cos(t), np.sin(t)], axis=1), 0.0, np.pi)
    lower = Arc(lambda t: np.stack([1 - np.cos(t), 0.5 - np.sin(t)], axis=1), 0.0, np.pi)
    return NoisyCurves([upper, lower], noise, scale=np.full(2, scale), shift=shift)

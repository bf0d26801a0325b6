"""Mixtures of isotropic Gaussians, with few components (modes) or many (nodes along a curve)."""

from __future__ import annotations

import numpy as np

from genlab.data.dataset import Float
from genlab.data.payloads import Labels
from genlab.data.truths.base import Truth
from genlab.data.truths.numerics import gauss_normal, square_extent


def gaussian_nodes(x: Float, nodes: Float, log_weights: Float, std: float) -> tuple[Float, Float]:
    """Log density (n,) and score (n, d) of sum_j w_j N(x; c_j, std^2 I).

    x: (n, d). nodes: (m, d). log_weights: (m,), of weights that sum to 1.
    """
    shift = nodes.mean(axis=0)
    x, nodes = x - shift, nodes - shift
    exponent = x @ (nodes.T / std**2)
    exponent += log_weights - 0.5 * np.sum(nodes**2, axis=1) / std**2
    top = exponent.max(axis=1, keepdims=True)
    exponent -= top
    share = np.exp(exponent, out=exponent)
    total = share.sum(axis=1)
    norm = 0.5 * x.shape[1] * np.log(2 * np.pi * std**2)
    log_prob = np.log(total) + top[:, 0] - 0.5 * np.sum(x**2, axis=1) / std**2 - norm
    return log_prob, (share @ nodes / total[:, None] - x) / std**2


class GaussianMixture(Truth):
    """Gaussians of one standard deviation; every component is a class and a mode."""

    def __init__(self, centres: Float, weights: Float, std: float) -> None:
        self.modes = centres
        self.mode_std = std
        self.class_prior = weights
        self.dim = centres.shape[1]
        low, high = centres.min(axis=0), centres.max(axis=0)
        margin = max(4 * std, 0.1 * float((high - low).max()))
        self.extent = square_extent(low - margin, high + margin)
        self._centres, self._std = centres, std

    def _log_prob(self, x: Float, label: int | None) -> Float:
        return self._evaluate(x, label)[0]

    def _score(self, x: Float, label: int | None) -> Float:
        return self._evaluate(x, label)[1]

    def _evaluate(self, x: Float, label: int | None) -> tuple[Float, Float]:
        rows = slice(None) if label is None else slice(label, label + 1)
        weights = self.class_prior[rows]
        return gaussian_nodes(x, self._centres[rows], np.log(weights / weights.sum()), self._std)

    def _place(self, labels: Labels, rng: np.random.Generator) -> Float:
        return self._centres[labels] + self._std * rng.standard_normal((len(labels), self.dim))

    def _quadrature(self) -> tuple[Float, Float]:
        nodes, weights = gauss_normal(40)
        axes = np.meshgrid(*[nodes] * self.dim, indexing="ij")
        offsets = self._std * np.stack([axis.ravel() for axis in axes], axis=1)
        factors = np.meshgrid(*[weights] * self.dim, indexing="ij")
        mass = np.prod([factor.ravel() for factor in factors], axis=0)
        points = (self._centres[:, None] + offsets).reshape(-1, self.dim)
        return points, (self.class_prior[:, None] * mass).ravel()


def even(k: int) -> Float:
    """Equal weights of k components, (k,)."""
    return np.full(k, 1 / k, dtype=np.float64)


def on_a_line(k: int, spacing: float) -> Float:
    """k centres about 0, (k,)."""
    return np.linspace(-spacing, spacing, k) * (k - 1) / 2


def on_a_circle(k: int, radius: float, std: float) -> GaussianMixture:
    """k equally likely Gaussians on a circle about 0, the first at angle 0."""
    angle = 2 * np.pi * np.arange(k) / k
    centres = radius * np.stack([np.cos(angle), np.sin(angle)], axis=1)
    return GaussianMixture(centres, even(k), std)


def angles(k: int) -> tuple[str, ...]:
    """Names of k places on a circle: their angles in degrees."""
    return tuple(f"{360 * i / k:.4g}°" for i in range(k))

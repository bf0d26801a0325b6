"""Mixtures of isotropic Gaussians, with few components (modes) or many (nodes along a curve)."""

from __future__ import annotations

import numpy as np

from genlab.data.dataset import Float, Truth, combine, gauss_normal, square_extent
from genlab.data.payloads import Labels


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


class StudentMixture(Truth):
    """Equally likely Student-t distributions on the line, one class and one mode each."""

    def __init__(self, centres: Float, freedom: float, scale: float) -> None:
        from scipy.stats import t

        self.dim = 1
        self.modes = centres[:, None]
        self.class_prior = np.full(len(centres), 1 / len(centres))
        reach = float(t.ppf(0.9995, freedom)) * scale
        self.extent = square_extent(np.array([centres.min() - reach]), np.array([centres.max() + reach]))
        self._centres, self._freedom, self._scale = centres, freedom, scale
        self._t = t(freedom)

    def _log_prob(self, x: Float, label: int | None) -> Float:
        return self._evaluate(x, label)[0]

    def _score(self, x: Float, label: int | None) -> Float:
        return self._evaluate(x, label)[1]

    def _evaluate(self, x: Float, label: int | None) -> tuple[Float, Float]:
        z = (x - self._centres) / self._scale
        log_classes = np.asarray(self._t.logpdf(z)) - np.log(self._scale)
        scores = -(self._freedom + 1) * z / (self._freedom + z**2) / self._scale
        if label is not None:
            return log_classes[:, label], scores[:, label, None]
        return combine(log_classes, scores[:, :, None], self.class_prior)

    def _place(self, labels: Labels, rng: np.random.Generator) -> Float:
        z = rng.standard_t(self._freedom, size=len(labels))
        return (self._centres[labels] + self._scale * z)[:, None]

    def _quadrature(self) -> tuple[Float, Float]:
        # z = sinh(u) turns the polynomial tails into exponential ones.
        u = np.linspace(-16, 16, 4001)
        z = np.sinh(u)
        mass = np.exp(self._t.logpdf(z)) * np.cosh(u) * (u[1] - u[0])
        points = (self._centres[:, None] + self._scale * z).reshape(-1, 1)
        return points, (self.class_prior[:, None] * mass).ravel()

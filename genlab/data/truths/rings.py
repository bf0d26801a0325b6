"""Circles with Gaussian noise in the plane: the angle integrates to a Bessel function."""

from __future__ import annotations

import numpy as np

from genlab.data.dataset import Float
from genlab.data.payloads import Labels
from genlab.data.truths.base import Truth
from genlab.data.truths.numerics import combine, even_edges, gauss_panels, square_extent


class Rings(Truth):
    """Equally likely concentric circles about 0 with uniform angle, plus noise of `std` per axis.

    Density of one: exp(-(r^2 + R^2) / 2 std^2) I_0(r R / std^2) / (2 pi std^2), at r = |x|.
    """

    dim = 2

    def __init__(self, radii: Float, std: float) -> None:
        self.class_prior = np.full(len(radii), 1 / len(radii))
        reach = np.full(2, max(radii.max() + 4 * std, 1.1 * radii.max()))
        self.extent = square_extent(-reach, reach)
        self._radii, self._std = radii, std

    def _log_prob(self, x: Float, label: int | None) -> Float:
        return self._evaluate(x, label)[0]

    def _score(self, x: Float, label: int | None) -> Float:
        return self._evaluate(x, label)[1]

    def _evaluate(self, x: Float, label: int | None) -> tuple[Float, Float]:
        from scipy.special import ive

        radii = self._radii if label is None else self._radii[label : label + 1]
        prior = np.full(len(radii), 1 / len(radii))
        r = np.linalg.norm(x, axis=1, keepdims=True)
        bessel = r * radii / self._std**2
        i0 = ive(0, bessel)
        log_classes = -0.5 * ((r - radii) / self._std) ** 2 + np.log(i0 / (2 * np.pi * self._std**2))
        radial = (radii * ive(1, bessel) / i0 - r) / self._std**2
        direction = x / np.where(r > 0, r, 1.0)
        return combine(log_classes, radial[:, :, None] * direction[:, None, :], prior)

    def _place(self, labels: Labels, rng: np.random.Generator) -> Float:
        angle = rng.uniform(0, 2 * np.pi, size=len(labels))
        circle: Float = self._radii[labels, None] * np.stack([np.cos(angle), np.sin(angle)], axis=1)
        return circle + self._std * rng.standard_normal(circle.shape)

    def _quadrature(self) -> tuple[Float, Float]:
        r, weights = gauss_panels(even_edges(0.0, float(self._radii.max()) + 9 * self._std, self._std / 3))
        points = np.stack([r, np.zeros_like(r)], axis=1)
        return points, 2 * np.pi * weights * r * np.exp(self.log_prob(points))

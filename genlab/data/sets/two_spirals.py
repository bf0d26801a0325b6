"""FFJORD's two spirals: a uniform square of jitter and Gaussian noise around two opposite arms."""

from __future__ import annotations

import numpy as np

from genlab.data.dataset import Float
from genlab.data.known import known_points
from genlab.data.payloads import Labels
from genlab.data.truths.base import Truth
from genlab.data.truths.numerics import PANEL, central_differences, combine, gauss_panels, square_extent
from genlab.settings.fields import Settings, setting

_NEGLIGIBLE = 32.0
"""Nats below the largest term of a sum at which a term is left out."""


class SpiralsSettings(Settings):
    """FFJORD's two spirals."""

    turns: float = setting(1.5, "Turns of each arm.", unit="turns", ge=0.5, le=3)
    jitter: float = setting(
        0.5, "Side of the square over which points are smeared, before division by 3.", ge=0, le=2
    )
    noise: float = setting(0.1, "Standard deviation of the noise.", symbol="σ", ge=0.04, le=1, log=True)


class TwoSpirals(Truth):
    """x = +-(c(a) + u) / 3 + std * noise, c(a) = a (-cos a, sin a), a = limit sqrt(U), u uniform on a square.

    limit: largest angle (radians). jitter: side of the square. Given a, the density factorises into
    differences of normal distribution functions, one per axis; over a it is quadrature.
    """

    dim = 2

    def __init__(self, limit: float, jitter: float, std: float) -> None:
        self.class_prior = np.full(2, 0.5)
        self._limit, self._std = limit, std
        # A square of almost no size stands for none: the kernel is then the Gaussian to 1e-10.
        self._side = max(jitter / 3, 1e-6)
        self._nodes, weights = self._arm(0.55 * std)
        self._log_weights = np.log(weights)
        reach = np.abs(self._nodes).max() + self._side + 4 * std
        self.extent = square_extent(np.full(2, -reach), np.full(2, reach))

    def _arm(self, spacing: float) -> tuple[Float, Float]:
        # Panels of about equal length along the arm, which grows with the square of the angle.
        length = (self._limit + self._limit**2 / 2) / 3
        panels = max(4, int(np.ceil(length / (PANEL * spacing))))
        angle, weights = gauss_panels(self._limit * np.sqrt(np.linspace(0, 1, panels + 1)))
        return _spiral(angle) / 3, weights * 2 * angle / self._limit**2

    def _log_prob(self, x: Float, label: int | None) -> Float:
        if label is not None:
            return self._log_arm(x if label == 0 else -x)
        arms = np.stack([self._log_arm(x), self._log_arm(-x)], axis=1)
        return combine(arms, np.zeros((len(x), 2, 1)), self.class_prior)[0]

    def _score(self, x: Float, label: int | None) -> Float:
        return central_differences(lambda z: self._log_prob(z, label), x, 2e-3 * self._std)

    def _log_arm(self, x: Float) -> Float:
        centres = self._nodes + self._side / 2
        square = np.sum(x**2, axis=1)[:, None] - 2 * x @ centres.T + np.sum(centres**2, axis=1)
        nearest = np.sqrt(np.maximum(square.min(axis=1, keepdims=True), 0))
        half = self._side / np.sqrt(2)
        reach = half + np.sqrt((nearest + half) ** 2 + 2 * _NEGLIGIBLE * self._std**2)
        point, node = np.nonzero(square <= reach**2)
        terms = self._log_weights[node]
        for axis in range(2):
            terms = terms + self._log_kernel(x[point, axis] - self._nodes[node, axis])
        starts = np.searchsorted(point, np.arange(len(x)))
        top = np.maximum.reduceat(terms, starts)
        total = np.add.reduceat(np.exp(terms - top[point]), starts)
        return np.asarray(np.log(total) + top)

    def _log_kernel(self, offset: Float) -> Float:
        """Log density of the jitter plus noise along one axis."""
        from scipy.special import log_ndtr

        high, low = offset / self._std, (offset - self._side) / self._std
        # Both in the left tail, where the difference of the logarithms loses nothing.
        high, low = np.where(low > 0, -low, high), np.where(low > 0, -high, low)
        log_high = log_ndtr(high)
        return np.asarray(log_high + np.log(-np.expm1(log_ndtr(low) - log_high)) - np.log(self._side))

    def _place(self, labels: Labels, rng: np.random.Generator) -> Float:
        n = len(labels)
        arm = _spiral(self._limit * np.sqrt(rng.uniform(size=n))) / 3
        arm += self._side * rng.uniform(size=(n, 2))
        sign = np.where(labels == 0, 1.0, -1.0)[:, None]
        return sign * arm + self._std * rng.standard_normal((n, 2))

    def _quadrature(self) -> tuple[Float, Float]:
        # Both arms contribute alike, so one is enough.
        length = self._limit**2 / 6
        nodes, weights = self._arm(max(self._std, length / 128))
        step = self._std
        offset = np.arange(-5.5 * self._std, self._side + 5.5 * self._std + step, step)
        mass = np.exp(self._log_kernel(offset)) * step
        across, along = np.meshgrid(offset, offset)
        points = nodes[:, None] + np.stack([across.ravel(), along.ravel()], axis=1)
        return points.reshape(-1, 2), np.outer(weights, np.outer(mass, mass)).ravel()


def _spiral(angle: Float) -> Float:
    return np.stack([-angle * np.cos(angle), angle * np.sin(angle)], axis=1)


def _truth(settings: SpiralsSettings) -> TwoSpirals:
    return TwoSpirals(2 * np.pi * settings.turns, settings.jitter, settings.noise)


def _labels(settings: SpiralsSettings) -> tuple[str, ...]:
    return ("arm 1", "arm 2")


RECORD = known_points(
    "2spirals",
    "Two spirals",
    "Two interleaved spirals, as FFJORD (2019) defines them.",
    dim=2,
    settings=SpiralsSettings,
    truth=_truth,
    labels=_labels,
)

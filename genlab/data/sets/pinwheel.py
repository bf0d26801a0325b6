"""FFJORD's pinwheel: Gaussian arms, turned by an angle that grows with the distance along the arm."""

from __future__ import annotations

import numpy as np

from genlab.data.dataset import Float
from genlab.data.known import known_points
from genlab.data.payloads import Labels
from genlab.data.truths.base import Truth
from genlab.data.truths.numerics import central_differences, gauss_normal
from genlab.settings.fields import Settings, setting

_NODES = 128
_DENSE = 8


class PinwheelSettings(Settings):
    """FFJORD's pinwheel."""

    arms: int = setting(5, "Number of arms.", symbol="K", ge=2, le=12)
    radial_noise: float = setting(
        0.3, "Standard deviation along an arm, before the factor 2.", ge=0.05, le=0.5
    )
    tangential_noise: float = setting(
        0.1, "Standard deviation across an arm, before the factor 2.", ge=0.01, le=0.3, log=True
    )
    rate: float = setting(0.25, "How strongly the arms are bent.", ge=0, le=1)


class Pinwheel(Truth):
    """x = 2 R(-(2 pi k / K + rate exp(f_1))) f with f_1 ~ N(1, radial^2), f_2 ~ N(0, tangential^2).

    The map keeps the radius, so with f = r (cos psi, sin psi) the density is a sum over the roots psi
    of psi - rate exp(r cos psi) = (polar angle of x) + 2 pi k / K, each divided by the derivative.
    """

    dim = 2

    def __init__(self, arms: int, radial: float, tangential: float, rate: float) -> None:
        self.class_prior = np.full(arms, 1 / arms)
        reach = float(np.ceil(20 * np.hypot(1 + 3.5 * radial, tangential)) / 10)
        self.extent = (-reach, reach, -reach, reach)
        self._arms, self._radial, self._tangential, self._rate = arms, radial, tangential, rate

    def _log_prob(self, x: Float, label: int | None) -> Float:
        radius = np.linalg.norm(x, axis=1) / 2
        polar = np.arctan2(x[:, 1], x[:, 0])
        edges = np.linspace(-np.pi, np.pi, _NODES + 1)
        turns = self._turns(edges, radius[:, None], polar[:, None])
        lower, upper = turns[:, :-1], turns[:, 1:]
        first = np.floor(np.minimum(lower, upper)) + 1
        count = np.floor(np.maximum(lower, upper)) + 1 - first
        point, cell = np.nonzero((count > 0) & (count <= _DENSE))
        repeats = count[point, cell].astype(np.int64)
        arm = np.repeat(first[point, cell], repeats)
        arm += np.arange(len(arm)) - np.repeat(np.cumsum(repeats) - repeats, repeats)
        point, cell = np.repeat(point, repeats), np.repeat(cell, repeats)
        if label is not None:
            mine = arm % self._arms == label
            point, cell, arm = point[mine], cell[mine], arm[mine]
        psi = self._solve(radius[point], polar[point], arm, edges[cell], edges[cell + 1])
        log_terms = self._log_features(radius[point], psi) - np.log(np.abs(self._slope(radius[point], psi)))
        # Where the arms wind faster than the cells resolve, their sum is the mean over the angle.
        dense_point, dense_cell = np.nonzero(count > _DENSE)
        middle = (edges[dense_cell] + edges[dense_cell + 1]) / 2
        share = np.log(edges[1] - edges[0]) - np.log(2 * np.pi)
        dense = self._log_features(radius[dense_point], middle) + share
        if label is None:
            log_terms = log_terms - np.log(self._arms)
        log_density = _log_sum(
            np.concatenate([log_terms, dense]), np.concatenate([point, dense_point]), len(x)
        )
        return log_density - float(np.log(4))

    def _score(self, x: Float, label: int | None) -> Float:
        return central_differences(lambda z: self._log_prob(z, label), x, 1e-3 * self._tangential)

    def _turns(self, psi: Float, radius: Float, polar: Float) -> Float:
        """How many arm spacings the angle of feature psi is ahead of the point; a root is an integer."""
        # The bound keeps the exponential finite far away, where the winding is averaged anyway.
        winding = self._rate * np.exp(np.minimum(radius * np.cos(psi), 30.0))
        return np.asarray((psi - winding - polar) * self._arms / (2 * np.pi))

    def _slope(self, radius: Float, psi: Float) -> Float:
        return np.asarray(1 + self._rate * radius * np.sin(psi) * np.exp(radius * np.cos(psi)))

    def _solve(self, radius: Float, polar: Float, target: Float, low: Float, high: Float) -> Float:
        """Root of `_turns` = target in (low, high): bisection, then Newton steps kept inside."""
        rising = self._turns(high, radius, polar) >= self._turns(low, radius, polar)
        for _ in range(10):
            middle = (low + high) / 2
            below = (self._turns(middle, radius, polar) < target) == rising
            low, high = np.where(below, middle, low), np.where(below, high, middle)
        psi = (low + high) / 2
        for _ in range(4):
            slope = self._slope(radius, psi) * self._arms / (2 * np.pi)
            step = (self._turns(psi, radius, polar) - target) / np.where(slope == 0, np.inf, slope)
            psi = np.clip(psi - step, low, high)
        return psi

    def _log_features(self, radius: Float, psi: Float) -> Float:
        along = (radius * np.cos(psi) - 1) / self._radial
        across = radius * np.sin(psi) / self._tangential
        norm = np.log(2 * np.pi * self._radial * self._tangential)
        return np.asarray(-0.5 * (along**2 + across**2) - norm)

    def _bend(self, features: Float, arm: Labels) -> Float:
        angle = 2 * np.pi * arm / self._arms + self._rate * np.exp(features[:, 0])
        cos, sin = np.cos(angle), np.sin(angle)
        return 2 * np.stack(
            [features[:, 0] * cos + features[:, 1] * sin, features[:, 1] * cos - features[:, 0] * sin], axis=1
        )

    def _place(self, labels: Labels, rng: np.random.Generator) -> Float:
        features = rng.standard_normal((len(labels), 2)) * [self._radial, self._tangential]
        return self._bend(features + np.array([1.0, 0.0]), labels)

    def _quadrature(self) -> tuple[Float, Float]:
        nodes, weights = gauss_normal(60)
        along, across = np.meshgrid(nodes, nodes, indexing="ij")
        features = np.stack([1 + self._radial * along.ravel(), self._tangential * across.ravel()], axis=1)
        # The arms are images of each other, so one is enough.
        return self._bend(features, np.zeros(len(features), dtype=np.int64)), np.outer(
            weights, weights
        ).ravel()


def _log_sum(terms: Float, owner: Labels, n: int) -> Float:
    """Logarithm of the sum of exp(terms) for each of n owners; -inf for an owner of none."""
    top = np.full(n, -np.inf)
    np.maximum.at(top, owner, terms)
    total = np.bincount(owner, weights=np.exp(terms - top[owner]), minlength=n)
    with np.errstate(divide="ignore"):
        return np.where(total > 0, np.log(total) + np.where(np.isfinite(top), top, 0.0), -np.inf)


def _truth(settings: PinwheelSettings) -> Pinwheel:
    return Pinwheel(settings.arms, settings.radial_noise, settings.tangential_noise, settings.rate)


def _labels(settings: PinwheelSettings) -> tuple[str, ...]:
    return tuple(f"arm {k + 1}" for k in range(settings.arms))


RECORD = known_points(
    "pinwheel",
    "Pinwheel",
    "Five bent arms, as FFJORD (2019) defines them.",
    dim=2,
    settings=PinwheelSettings,
    truth=_truth,
    labels=_labels,
)

"""A rose: petals around a centre, a density that a pencil can integrate."""

from __future__ import annotations

import math

import numpy as np

from genlab.data.dataset import Float
from genlab.data.known import known_points
from genlab.data.payloads import Labels
from genlab.data.truths.base import Truth
from genlab.settings.fields import Settings, setting

ANGLES = 64
"""Of the quadrature, for each petal."""


class RoseSettings(Settings):
    """Petals around a centre."""

    petals: int = setting(5, "Number of petals.", symbol="k", ge=1, le=12)
    depth: float = setting(
        0.9,
        "How deep the valleys between petals are: at 0 there is a ring without petals.",
        symbol="a",
        ge=0,
        le=0.99,
    )
    radius: float = setting(2.0, "Root mean square distance from the centre.", symbol="R", gt=0, le=100)
    shape: float = setting(
        6.0,
        "How thin the ring is that carries the petals: the squared distance from the centre follows a gamma "
        "distribution of this shape. At 1 it is a disc.",
        symbol="m",
        ge=1,
        le=100,
    )


class Rose(Truth):
    """In polar coordinates p(x) = q(r) (1 + a cos(k angle)), with r^2 from a gamma distribution:

    q(r) = r^(2 (m - 1)) exp(-r^2 / s) / (pi s^m Gamma(m)), s = R^2 / m.

    A class is a petal: the sector of 2 pi / k about its middle. The petals are as likely as each other.
    """

    dim = 2

    def __init__(self, petals: int, depth: float, radius: float, shape: float) -> None:
        self.class_prior = np.full(petals, 1 / petals)
        self.petals, self.depth, self.shape = petals, depth, shape
        self.scale = radius**2 / shape
        reach = radius * math.sqrt(1 + 4.5 / math.sqrt(shape) + 6 / shape)
        self.extent = (-reach, reach, -reach, reach)

    def _log_prob(self, x: Float, label: int | None) -> Float:
        square, turn, petal = self._polar(x)
        with np.errstate(divide="ignore"):
            power = (self.shape - 1) * np.log(square) if self.shape > 1 else 0.0
        value = power - square / self.scale + np.log1p(self.depth * np.cos(turn))
        value -= math.log(math.pi) + self.shape * math.log(self.scale) + math.lgamma(self.shape)
        if label is None:
            return np.asarray(value)
        return np.where(petal == label, value + math.log(self.petals), -np.inf)

    def _score(self, x: Float, label: int | None) -> Float:
        square, turn, petal = self._polar(x)
        outwards = 2 * (self.shape - 1) / square - 2 / self.scale  # of x
        across = -self.petals * self.depth * np.sin(turn) / (1 + self.depth * np.cos(turn)) / square
        score = outwards[:, None] * x + across[:, None] * np.stack([-x[:, 1], x[:, 0]], axis=1)
        return score if label is None else np.where((petal == label)[:, None], score, 0.0)

    def _polar(self, x: Float) -> tuple[Float, Float, Labels]:
        """The squared distance (n,); the angle from the middle of the petal, times their number, (n,) in -pi
        to pi; and the petal (n,)."""
        turns = self.petals * np.arctan2(x[:, 1], x[:, 0]) / (2 * np.pi)
        whole = np.round(turns)
        petal = (whole % self.petals).astype(np.int64)
        return np.maximum((x**2).sum(1), 1e-300), 2 * np.pi * (turns - whole), petal

    def _place(self, labels: Labels, rng: np.random.Generator) -> Float:
        turn = rng.uniform(-np.pi, np.pi, len(labels))
        # 1 + a cos(t) and 1 + a cos(t + pi) sum to 2: kept with half the first, a turn has that density
        kept = rng.uniform(size=len(labels)) < (1 + self.depth * np.cos(turn)) / 2
        turn = np.where(kept, turn, np.where(turn < 0, turn + np.pi, turn - np.pi))
        radius = np.sqrt(self.scale * rng.gamma(self.shape, size=len(labels)))
        return self._at(radius, (turn + 2 * np.pi * labels) / self.petals)

    def _at(self, radius: Float, angle: Float) -> Float:
        return np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=1)

    def _quadrature(self) -> tuple[Float, Float]:
        far = math.sqrt(self.scale) * (math.sqrt(self.shape) + 6)
        nodes, weights = np.polynomial.legendre.leggauss(400)
        radius, step = far * (nodes + 1) / 2, far * weights / 2
        angle = np.arange(ANGLES * self.petals) * 2 * np.pi / (ANGLES * self.petals)
        radii, angles = (grid.ravel() for grid in np.meshgrid(radius, angle))
        points = self._at(radii, angles)
        area = radii * np.tile(step, len(angle)) * 2 * np.pi / len(angle)
        return points, area * np.exp(self.log_prob(points))


def _truth(settings: RoseSettings) -> Rose:
    return Rose(settings.petals, settings.depth, settings.radius, settings.shape)


def _labels(settings: RoseSettings) -> tuple[str, ...]:
    return tuple(f"petal {number + 1}" for number in range(settings.petals))


RECORD = known_points(
    "rose",
    "Rose",
    "Petals around a centre, whose density, score and entropy a pencil can find.",
    dim=2,
    settings=RoseSettings,
    truth=_truth,
    labels=_labels,
)

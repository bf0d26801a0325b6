"""FFJORD's checkerboard: uniform on the squares of one colour."""

from __future__ import annotations

import numpy as np

from genlab.data.dataset import Float
from genlab.data.known import known_points
from genlab.data.payloads import Labels
from genlab.data.truths.base import Truth
from genlab.settings.fields import Settings, setting


class CheckerboardSettings(Settings):
    """FFJORD's checkerboard."""

    side: int = setting(4, "Squares per side of the board.", ge=2, le=8)
    scale: float = setting(2.0, "Side of one square.", gt=0, le=5)


def squares(side: int) -> tuple[tuple[int, int], ...]:
    """The occupied (row, column) squares of a board, from the lower left one on."""
    return tuple((row, column) for row in range(side) for column in range(side) if (row + column) % 2 == 0)


class Checkerboard(Truth):
    """Uniform on every second square of a board about 0. Each square is a class.

    side: squares per side of the board. scale: side of a square. The score is 0 within a square,
    and taken as 0 outside, where the density is 0.
    """

    dim = 2
    edges = True

    def __init__(self, side: int, scale: float) -> None:
        places = np.array(squares(side), dtype=np.float64)[:, ::-1]
        self.class_prior = np.full(len(places), 1 / len(places))
        self._corners, self._scale = (places - side / 2) * scale, scale
        # A third more than the board, so that a grid of 128 cells falls in with squares of 4 or 8 a side.
        reach = side * scale / 2 * 4 / 3
        self.extent = (-reach, reach, -reach, reach)

    def _log_prob(self, x: Float, label: int | None) -> Float:
        corners = self._corners if label is None else self._corners[label : label + 1]
        inside = np.zeros(len(x), dtype=bool)
        for corner in corners:
            inside |= np.all((x >= corner) & (x < corner + self._scale), axis=1)
        return np.where(inside, -np.log(len(corners) * self._scale**2), -np.inf)

    def _score(self, x: Float, label: int | None) -> Float:
        return np.zeros_like(x)

    def _place(self, labels: Labels, rng: np.random.Generator) -> Float:
        return self._corners[labels] + self._scale * rng.uniform(size=(len(labels), 2))

    def _quadrature(self) -> tuple[Float, Float]:
        return self._corners + self._scale / 2, self.class_prior


def _truth(settings: CheckerboardSettings) -> Checkerboard:
    return Checkerboard(settings.side, settings.scale)


def _labels(settings: CheckerboardSettings) -> tuple[str, ...]:
    return tuple(f"row {row + 1}, column {column + 1}" for row, column in squares(settings.side))


RECORD = known_points(
    "checkerboard",
    "Checkerboard",
    "Uniform on the dark squares of a board, as FFJORD (2019) defines it.",
    dim=2,
    settings=CheckerboardSettings,
    truth=_truth,
    labels=_labels,
)

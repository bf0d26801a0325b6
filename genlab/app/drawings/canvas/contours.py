"""Iso-lines of a density: marching squares, vectorised, once per data set."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from pyqtgraph.functions import arrayToQPath
from PySide6.QtGui import QPainter, QPainterPath
from PySide6.QtWidgets import QGraphicsItem, QGraphicsPathItem

from genlab.data.payloads import Extent

Floats = NDArray[np.float64]


class Lines(QGraphicsPathItem):
    """A path of hairlines, antialiased whatever the canvas does."""

    def __init__(self) -> None:
        super().__init__()
        self.setCacheMode(QGraphicsItem.CacheMode.DeviceCoordinateCache)

    def paint(self, painter: QPainter, option, widget=None) -> None:
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        super().paint(painter, option, widget)


def segments(values: NDArray[np.floating], level: float, extent: Extent) -> Floats:
    """Line segments (n, 2, 2) of the set where values (rows, columns) at cell centres equal a level.

    Linear interpolation along the edges between centres; a saddle is split by the mean of its corners.
    """
    v = np.asarray(values, np.float64) - level
    rows, columns = v.shape
    x0, x1, y0, y1 = extent
    xs = x0 + (np.arange(columns) + 0.5) * (x1 - x0) / columns
    ys = y0 + (np.arange(rows) + 0.5) * (y1 - y0) / rows
    a, b, c, d = v[:-1, :-1], v[:-1, 1:], v[1:, 1:], v[1:, :-1]  # counter-clockwise from the lower left
    left, right = np.broadcast_to(xs[:-1], a.shape), np.broadcast_to(xs[1:], a.shape)
    low, high = np.broadcast_to(ys[:-1, None], a.shape), np.broadcast_to(ys[1:, None], a.shape)

    def cross(p: Floats, q: Floats, start: Floats, end: Floats) -> Floats:
        with np.errstate(divide="ignore", invalid="ignore"):
            return start + (end - start) * np.where(p == q, 0.5, p / (p - q))

    edges = (
        np.stack([cross(a, b, left, right), low], -1),  # bottom
        np.stack([right, cross(b, c, low, high)], -1),
        np.stack([cross(d, c, left, right), high], -1),  # top
        np.stack([left, cross(a, d, low, high)], -1),
    )
    case = (a > 0) * 1 + (b > 0) * 2 + (c > 0) * 4 + (d > 0) * 8
    centre = a + b + c + d > 0
    saddle = (case == 5) | (case == 10)
    joins = {1: (3, 0), 2: (0, 1), 3: (3, 1), 4: (1, 2), 6: (0, 2), 7: (3, 2)}
    found = []
    for number, (p, q) in joins.items():
        chosen = (case == number) | (case == 15 - number)
        found.append(np.stack([edges[p][chosen], edges[q][chosen]], 1))
    # With the centre on the side of corners a and c, lines cut off b and d; else they cut off a and c.
    cuts_bd = saddle & (centre == (case == 5))
    for cut, corners in ((cuts_bd, ((0, 1), (2, 3))), (saddle & ~cuts_bd, ((3, 0), (1, 2)))):
        found += [np.stack([edges[p][cut], edges[q][cut]], 1) for p, q in corners]
    return np.concatenate(found)


def region_level(density: NDArray[np.floating], mass: float) -> float:
    """The density on the border of the smallest region that holds so much of the mass.

    Kept below 0.6 of the maximum, where a flat density has no such border."""
    sorted_values = np.sort(np.asarray(density, np.float64).ravel())[::-1]
    share = np.cumsum(sorted_values) / sorted_values.sum()
    level = float(sorted_values[int(np.searchsorted(share, mass).clip(0, len(share) - 1))])
    return min(level, 0.6 * float(sorted_values[0]))


def path_of(lines: Floats) -> QPainterPath:
    """Segments (n, 2, 2) as one path."""
    points = lines.reshape(-1, 2)
    return arrayToQPath(points[:, 0].copy(), points[:, 1].copy(), connect="pairs")

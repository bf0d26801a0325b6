"""Many points as one item: mapped to the screen in numpy, drawn by one call."""

from __future__ import annotations

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray
from pyqtgraph.functions import create_qpolygonf, ndarray_from_qpolygonf
from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPen, QPolygonF
from PySide6.QtWidgets import QGraphicsItem


def polygon(points: NDArray[np.floating]) -> QPolygonF:
    """Points (n, 2) as Qt's own list of points."""
    made = create_qpolygonf(len(points))
    ndarray_from_qpolygonf(made)[:] = points
    return made


def finite(points: NDArray[np.floating]) -> NDArray[np.floating]:
    """Those of points (n, 2) that are somewhere."""
    there = np.isfinite(points)
    return points if there.all() else points[there.all(1)]


class Dots(pg.GraphicsObject):
    """Groups of points, each of one colour, later groups on top.

    Square caps of two to three pixels, antialiased, look as dots and draw five times as fast as
    round ones; `round_dots` for few and larger points.
    """

    def __init__(self, size: float = 2.2, round_dots: bool = False) -> None:
        super().__init__()
        self.setCacheMode(QGraphicsItem.CacheMode.DeviceCoordinateCache)
        self.size = size
        self.round_dots = round_dots
        self.groups: list[tuple[NDArray[np.floating], QColor]] = []
        self._rect = QRectF()

    def suit(self, n: int) -> None:
        """Be as large as suits so many dots: the fewer, the larger."""
        self.size = 7.0 if n <= 24 else 4.0 if n <= 400 else 2.2
        self.round_dots = self.size > 3

    def set_groups(self, groups: list[tuple[NDArray[np.floating], QColor]], extent: QRectF) -> None:
        """Show those of points (n, 2) that are finite, data units; extent: a rectangle that every update
        redraws."""
        self.groups = [
            (finite(np.asarray(points, np.float64).reshape(-1, 2)), colour) for points, colour in groups
        ]
        if extent != self._rect:
            self.prepareGeometryChange()
            self._rect = extent
        self.update()

    def boundingRect(self) -> QRectF:
        return self._rect

    def paint(self, painter: QPainter, *_: object) -> None:
        transform = painter.transform()
        matrix = np.array([[transform.m11(), transform.m12()], [transform.m21(), transform.m22()]])
        shift = np.array([transform.dx(), transform.dy()])
        painter.save()
        painter.resetTransform()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        cap = Qt.PenCapStyle.RoundCap if self.round_dots else Qt.PenCapStyle.SquareCap
        for points, colour in self.groups:
            if len(points) == 0:
                continue
            painter.setPen(QPen(colour, self.size, Qt.PenStyle.SolidLine, cap))
            painter.drawPoints(polygon(points @ matrix + shift))
        painter.restore()

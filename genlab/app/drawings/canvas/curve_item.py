"""A curve mapped to the screen in numpy: as fast at any range, its bounds fixed by the view."""

from __future__ import annotations

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray
from PySide6.QtCore import QRectF
from PySide6.QtGui import QColor, QPainter, QPen
from PySide6.QtWidgets import QGraphicsItem

from genlab.app.drawings.canvas.dots_item import polygon

FAR = 20_000.0
"""Screen coordinates beyond this are cut: Qt's rasteriser counts in 32 bits."""


class Curve(pg.GraphicsObject):
    """A hairline through points (n,), in data units, in front of or behind others by its z value.

    Points that are not finite break it."""

    def __init__(self, view: pg.ViewBox, z: float = 0.0, antialias: bool = True) -> None:
        super().__init__()
        self.setCacheMode(QGraphicsItem.CacheMode.DeviceCoordinateCache)
        self.view = view
        self.antialias = antialias
        self.pen = QPen()
        self.points: NDArray[np.float64] = np.zeros((0, 2))
        self._runs: list[tuple[int, int]] = []
        self._rect = QRectF(view.viewRect())
        self.setZValue(z)

    def set_data(self, x: NDArray[np.floating], y: NDArray[np.floating]) -> None:
        """Draw through these points."""
        self.points = np.column_stack([x, y])
        self._runs = whole_runs(np.asarray(np.isfinite(self.points).all(axis=1)))
        self.update()

    def set_colour(self, colour: QColor) -> None:
        """Draw in this colour, one pixel wide: the width that Qt draws fast."""
        self.pen = QPen(colour, 1.0)
        self.pen.setCosmetic(True)
        self.update()

    def viewRangeChanged(self) -> None:
        self.prepareGeometryChange()
        self._rect = QRectF(self.view.viewRect())

    def boundingRect(self) -> QRectF:
        return self._rect

    def paint(self, painter: QPainter, *_: object) -> None:
        if len(self.points) < 2:
            return
        m = painter.transform()
        matrix = np.array([[m.m11(), m.m12()], [m.m21(), m.m22()]])
        screen = np.clip(self.points @ matrix + np.array([m.dx(), m.dy()]), -FAR, FAR)
        painter.save()
        painter.resetTransform()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, self.antialias)
        painter.setPen(self.pen)
        for first, end in self._runs:
            painter.drawPolyline(polygon(screen[first:end]))
        painter.restore()


def whole_runs(whole: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """Where runs of True begin and end, (first, end) with the end excluded."""
    if whole.all():
        return [(0, len(whole))] if len(whole) else []
    edges = np.flatnonzero(np.diff(np.concatenate([[0], whole.astype(np.int8), [0]])))
    return [(int(first), int(end)) for first, end in edges.reshape(-1, 2)]

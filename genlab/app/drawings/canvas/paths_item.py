"""Paths of many points from noise to data, mapped once per view and drawn up to a position."""

from __future__ import annotations

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray
from pyqtgraph.functions import arrayToQPath
from PySide6.QtCore import QRectF
from PySide6.QtGui import QColor, QPainter, QPainterPath, QPen
from PySide6.QtWidgets import QGraphicsItem

MOST_KNOTS = 48
"""A path is drawn through at most so many of its points."""


class Paths(pg.GraphicsObject):
    """Polylines (time, points, 2), all shown from the start to one moment.

    The geometry of a whole trajectory is kept on the screen's own scale until the view moves, so that
    scrubbing only takes a slice of it."""

    def __init__(self) -> None:
        super().__init__()
        self.setCacheMode(QGraphicsItem.CacheMode.DeviceCoordinateCache)
        self.paths: NDArray[np.float64] = np.zeros((0, 0, 2))
        self.position = 0
        self.pen = QPen()
        self._rect = QRectF()
        self._prepared: tuple[tuple[float, ...], NDArray[np.float64], NDArray[np.int64]] | None = None
        self._shown: tuple[int, QPainterPath] | None = None

    def set_paths(self, paths: NDArray[np.floating], rect: QRectF) -> None:
        """Show paths (time, points, 2); rect: what every update redraws, in data units."""
        self.paths = np.asarray(paths, np.float64)
        self._prepared = self._shown = None
        if rect != self._rect:
            self.prepareGeometryChange()
            self._rect = rect
        self.update()

    def set_position(self, position: int) -> None:
        """Show the paths up to this time index."""
        if position != self.position:
            self.position = position
            self._shown = None
            self.update()

    def set_colour(self, colour: QColor) -> None:
        """Translucent lines of this colour."""
        self.pen = QPen(colour, 1.0)
        self.update()

    def boundingRect(self) -> QRectF:
        return self._rect

    def paint(self, painter: QPainter, *_: object) -> None:
        if len(self.paths) < 2 or self.position < 1:
            return
        transform = painter.transform()
        m = transform
        key = (m.m11(), m.m12(), m.m21(), m.m22(), m.dx(), m.dy())
        if self._prepared is None or self._prepared[0] != key:
            self._prepared = (key, *self._prepare(key))
            self._shown = None
        if self._shown is None:
            self._shown = (self.position, self._path(self._prepared[1], self._prepared[2]))
        painter.save()
        painter.resetTransform()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(self.pen)
        painter.drawPath(self._shown[1])
        painter.restore()

    def _prepare(self, key: tuple[float, ...]) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
        m11, m12, m21, m22, dx, dy = key
        times = np.unique(np.linspace(0, len(self.paths) - 1, MOST_KNOTS).astype(np.int64))
        matrix = np.array([[m11, m12], [m21, m22]])
        # Far outside the view nothing shows, and Qt's rasteriser counts in 32 bits.
        return np.clip(self.paths @ matrix + np.array([dx, dy]), -20_000, 20_000), times

    def _path(self, screen: NDArray[np.float64], times: NDArray[np.int64]) -> QPainterPath:
        knots = np.append(times[times < self.position], min(self.position, len(screen) - 1))
        lines = screen[knots].transpose(1, 0, 2)  # (points, knots, 2)
        connect = np.ones(lines.shape[:2], np.int32)
        connect[:, -1] = 0
        flat = lines.reshape(-1, 2)
        return arrayToQPath(flat[:, 0].copy(), flat[:, 1].copy(), connect=connect.ravel())

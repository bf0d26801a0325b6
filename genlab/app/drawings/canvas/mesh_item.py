"""A grid of lines and shaded cells, mapped to the screen in numpy."""

from __future__ import annotations

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray
from pyqtgraph.functions import arrayToQPath
from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPen
from PySide6.QtWidgets import QGraphicsItem

from genlab.app.common.theme import Theme
from genlab.app.drawings.canvas.curve_item import FAR
from genlab.app.drawings.canvas.raster import mixed

SHADES = 20
"""Cells are filled in so many shades, each by one path."""
STRONGEST = 0.45
"""The share of the accent in a cell of weight 1."""
MOST_LINES = 41
"""Of a finer grid every second line is drawn, or every third."""

Floats = NDArray[np.float64]


class MeshItem(pg.GraphicsObject):
    """Nodes (rows, columns, 2) in data units; a weight (rows - 1, columns - 1) in [0, 1] shades the cells."""

    def __init__(self, view: pg.ViewBox, theme: Theme) -> None:
        super().__init__()
        self.setCacheMode(QGraphicsItem.CacheMode.DeviceCoordinateCache)
        self.view = view
        self.nodes: Floats = np.zeros((0, 0, 2))
        self.levels: NDArray[np.intp] | None = None
        self._rect = QRectF(view.viewRect())
        self.apply_theme(theme)

    def show_mesh(self, nodes: Floats, shade: Floats | None) -> None:
        """Draw these nodes and weights."""
        self.nodes = nodes
        self.levels = None
        if shade is not None:
            # The root keeps all but the densest cells from vanishing beside them.
            root = np.sqrt(np.clip(np.nan_to_num(shade), 0.0, 1.0))
            self.levels = np.round(root * SHADES).astype(np.intp)
        self.update()

    def apply_theme(self, theme: Theme) -> None:
        """Take over colours and fonts."""
        self.fills = [mixed(theme.model, theme.surface, STRONGEST * i / SHADES) for i in range(SHADES + 1)]
        line = QColor(theme.muted)
        line.setAlphaF(0.42)
        self.pen = QPen(line, 1.0)
        self.update()

    def viewRangeChanged(self) -> None:
        self.prepareGeometryChange()
        self._rect = QRectF(self.view.viewRect())

    def boundingRect(self) -> QRectF:
        return self._rect

    def paint(self, painter: QPainter, *_: object) -> None:
        if self.nodes.size == 0:
            return
        m = painter.transform()
        matrix = np.array([[m.m11(), m.m12()], [m.m21(), m.m22()]])
        screen = np.clip(np.nan_to_num(self.nodes @ matrix + np.array([m.dx(), m.dy()])), -FAR, FAR)
        painter.save()
        painter.resetTransform()
        if self.levels is not None:
            self._fill(painter, screen, self.levels)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, True)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(self.pen)
        painter.drawPath(lines_path(screen))
        painter.restore()

    def _fill(self, painter: QPainter, screen: Floats, levels: NDArray[np.intp]) -> None:
        # No antialiasing: neighbours then meet without a seam.
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
        painter.setPen(Qt.PenStyle.NoPen)
        a, b, c, d = screen[:-1, :-1], screen[:-1, 1:], screen[1:, 1:], screen[1:, :-1]
        quads = np.stack([a, b, c, d, a], axis=2)  # (rows - 1, columns - 1, 5, 2)
        for level in np.unique(levels):
            if level == 0:
                continue
            chosen = quads[levels == level]
            connect = np.ones(chosen.shape[:2], np.int32)
            connect[:, -1] = 0
            flat = chosen.reshape(-1, 2)
            path = arrayToQPath(flat[:, 0].copy(), flat[:, 1].copy(), connect=connect.ravel())
            path.setFillRule(Qt.FillRule.WindingFill)
            painter.fillPath(path, self.fills[level])


def lines_path(screen: Floats):
    """The rows and columns of a grid (rows, columns, 2) as one path."""
    rows, columns = screen.shape[:2]
    across = screen[:: max(1, -(-rows // MOST_LINES))]
    up = screen[:, :: max(1, -(-columns // MOST_LINES))].transpose(1, 0, 2)
    points, joins = [], []
    for lines in (across, up):
        connect = np.ones(lines.shape[:2], np.int32)
        connect[:, -1] = 0
        points.append(lines.reshape(-1, 2))
        joins.append(connect.ravel())
    flat = np.concatenate(points)
    return arrayToQPath(flat[:, 0].copy(), flat[:, 1].copy(), connect=np.concatenate(joins))

"""A scalar over a plane as a coloured map, its scale beside it, with arrows where there are some."""

from __future__ import annotations

import math

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray
from pyqtgraph.functions import arrayToQPath
from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QColor, QPainterPath

from genlab.app.common.theme import Theme
from genlab.app.drawings.canvas.axes import Axes
from genlab.app.drawings.canvas.colour_bar import HEIGHT, WIDTH, ColourBar
from genlab.app.drawings.canvas.contours import Lines
from genlab.app.drawings.canvas.dots_item import Dots
from genlab.app.drawings.canvas.map_view import colours_of, ends
from genlab.app.drawings.canvas.raster import Raster
from genlab.app.drawings.canvas.rulers import BOTTOM_HEIGHT
from genlab.app.drawings.curves import number
from genlab.app.drawings.plot import PlotDrawing
from genlab.app.drawings.samples.plane import thin
from genlab.app.drawings.scene import Scene
from genlab.data.payloads import Extent, ScalarMap

ARROW = 0.11
"""The longest arrow, as a share of the map's shorter side."""
SHORTEST = 0.12
"""An arrow shorter than so much of the longest has no head."""
REAL_POINTS = 1000
GAP = 16.0

Floats = NDArray[np.float64]


class ScalarMapDrawing(PlotDrawing):
    """A raster, real data faint over it, arrows, and a colour bar on the right."""

    def __init__(self, theme: Theme, name: str) -> None:
        super().__init__(theme, name, "shrink")
        self.map: ScalarMap | None = None
        self.scene: Scene | None = None
        self.raster = Raster()
        self.real = Dots(1.6)
        self.tails = Dots(3.6, round_dots=True)
        self.halo, self.arrows = Lines(), Lines()
        for item in (self.raster, self.real, self.halo, self.arrows, self.tails):
            self.axes.add(item)
        self.bar = ColourBar(theme)
        self.canvas.sceneObj.addItem(self.bar)
        self.canvas.setCursor(Qt.CursorShape.CrossCursor)

    def set_scene(self, scene: Scene) -> None:
        self.scene = scene
        self.axes.zoomed = False
        self._draw_real()

    def show_payload(self, payload: ScalarMap) -> tuple[str, ...]:
        known, self.map = self.map, payload
        if payload.extent != self.axes.home:
            self.axes.set_home(payload.extent)
            self.canvas.lay_out()
        self.show_heading(payload.title)
        self._paint(payload)
        if known is None or (known.data_space, known.extent) != (payload.data_space, payload.extent):
            self._draw_real()
        low, high = float(np.nanmin(payload.values)), float(np.nanmax(payload.values))
        return (f"{number(low)} to {number(high)} {payload.unit}".rstrip(),)

    def reading(self) -> tuple[str, ...]:
        value = None if self.pointer is None or self.map is None else value_at(self.map, *self.pointer)
        self.bar.show_value(value)
        if value is None or self.map is None or self.pointer is None:
            return ()
        x, y = self.pointer
        place = f"({x:.2f}, {y:.2f})".replace("-", "−")
        return place, f"{number(value)} {self.map.unit}".rstrip()

    def apply_theme(self, theme: Theme) -> None:
        super().apply_theme(theme)
        self.bar.apply_theme(theme)
        if self.map is not None:
            self._paint(self.map)
        self._draw_real()

    def _paint(self, payload: ScalarMap) -> None:
        colours, limits = colours_of(payload, self.theme), ends(payload)
        self.raster.set_values(np.nan_to_num(payload.values), payload.extent, *limits, colours)
        self.bar.show_scale(colours, limits, payload.unit)
        path, tails = QPainterPath(), np.zeros((0, 2))
        if payload.points is not None:
            tails = np.asarray(payload.points, np.float64)
            if payload.vectors is not None:
                path = arrows_at(tails, np.asarray(payload.vectors, np.float64), payload.extent)
        over, under = self._ink(payload)
        self.halo.setPath(path)
        self.arrows.setPath(path)
        self.halo.setPen(pg.mkPen(under, width=2.6))
        self.arrows.setPen(pg.mkPen(over, width=1.2))
        self.tails.size = 3.6 if len(tails) <= 100 else 2.4
        self.tails.set_groups([(tails, over)], _rect(payload.extent))

    def _ink(self, payload: ScalarMap) -> tuple[QColor, QColor]:
        """What stands out from the map's colours, and what surrounds it."""
        over = QColor(self.theme.text if payload.diverging else "#ffffff")
        under = QColor(self.theme.surface if payload.diverging else "#000000")
        under.setAlphaF(0.5)
        return over, under

    def _draw_real(self) -> None:
        points: NDArray[np.floating] = np.zeros((0, 2))
        scene, payload = self.scene, self.map
        plane = scene is not None and scene.space.drawable and scene.space.event == (2,)
        if plane and payload is not None and payload.data_space and scene is not None and scene.reference:
            points = thin(scene.reference.x, REAL_POINTS)
        colour = QColor(self.theme.muted if payload is not None and payload.diverging else "#ffffff")
        colour.setAlphaF(0.4)
        self.real.set_groups([(points, colour)], _rect(self.axes.home))

    def _arrange(self, width: float, height: float) -> list[tuple[Axes, QRectF, bool, bool]]:
        # The colour bar stands where it leaves the map larger.
        ways = []
        for self.beside, self.under in ((GAP + WIDTH - 16.0, 0.0), (0.0, HEIGHT)):
            placed = super()._arrange(width, height)
            ways.append((placed[0][1].width(), self.beside, self.under))
        _, self.beside, self.under = max(ways)
        placed = super()._arrange(width, height)
        rect = placed[0][1]
        if self.under:
            self.bar.set_rect(QRectF(rect.left(), rect.bottom() + BOTTOM_HEIGHT, rect.width(), HEIGHT))
        else:
            self.bar.set_rect(QRectF(rect.right() + GAP, rect.top(), WIDTH, rect.height()))
        return placed


def value_at(payload: ScalarMap, x: float, y: float) -> float | None:
    """The value in the cell of a point; None outside the grid, or where there is no value."""
    rows, columns = payload.values.shape
    x0, x1, y0, y1 = payload.extent
    column, row = math.floor((x - x0) / (x1 - x0) * columns), math.floor((y - y0) / (y1 - y0) * rows)
    if not (0 <= column < columns and 0 <= row < rows):
        return None
    value = float(payload.values[row, column])
    return value if math.isfinite(value) else None


def arrows_at(tails: Floats, vectors: Floats, extent: Extent) -> QPainterPath:
    """Arrows from points (n, 2) along vectors (n, 2), the longest a fixed share of the extent."""
    lengths = np.linalg.norm(vectors, axis=1)
    longest = float(np.nanmax(lengths, initial=0.0))
    if longest <= 0:
        return QPainterPath()
    size = ARROW * min(extent[1] - extent[0], extent[3] - extent[2])
    drawn = np.nan_to_num(vectors) * (size / longest)
    # Heads of one size on all but the shortest: the length alone tells how strong.
    along = drawn / np.maximum(np.linalg.norm(drawn, axis=1, keepdims=True), 1e-30) * (0.16 * size)
    along *= (lengths > SHORTEST * longest)[:, None]
    across = np.stack([-along[:, 1], along[:, 0]], axis=1) * 0.6
    tip = tails + drawn
    lines = np.stack([tails, tip, tip, tip - along + across, tip, tip - along - across], axis=1)
    flat = lines.reshape(-1, 2)
    return arrayToQPath(flat[:, 0].copy(), flat[:, 1].copy(), connect="pairs")


def _rect(extent: Extent) -> QRectF:
    x0, x1, y0, y1 = extent
    return QRectF(x0, y0, x1 - x0, y1 - y0)

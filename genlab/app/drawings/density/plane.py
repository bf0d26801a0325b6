"""A density of the plane: truth | model | log-ratio, on shared axes and one colour scale."""

from __future__ import annotations

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray
from PySide6.QtCore import QRectF
from PySide6.QtGui import QColor, QPainterPath
from PySide6.QtWidgets import QGraphicsItem

from genlab.app.common.theme import Theme
from genlab.app.drawings.canvas.axes import Note
from genlab.app.drawings.canvas.canvas import Canvas
from genlab.app.drawings.canvas.contours import Lines, path_of, region_level, segments
from genlab.app.drawings.canvas.dots_item import Dots
from genlab.app.drawings.canvas.raster import Raster, density_colours, ratio_colours
from genlab.app.drawings.scene import Scene, window_of
from genlab.data.payloads import Density

RATIO = 2.0
"""The log-ratio at which the diverging map ends, nats either way."""
FADE = (0.002, 0.01)
"""Where both densities are below so much of the truth's maximum the log-ratio says nothing: it fades."""
REGIONS = (0.5, 0.95)
"""Iso-lines enclose so much of the truth's mass."""

Floats = NDArray[np.float64]


class DensityPlane(Canvas):
    """Three linked views; what is known of the truth is drawn once, the model as often as it comes."""

    def __init__(self, theme: Theme, name: str) -> None:
        super().__init__(theme, name)
        self.truth_axes = self.add_axes("shrink", "truth")
        self.model_axes = self.add_axes("shrink", "model")
        self.ratio_axes = self.add_axes("shrink", f"log p / q, ±{RATIO:g}")
        self.arrange = self.side_by_side
        self.truth_raster, self.model_raster, self.ratio_raster = Raster(), Raster(), Raster()
        self.lines: list[Lines] = []
        self.data = Dots(1.6)
        self.cross: list[pg.InfiniteLine] = []
        self.level = 1.0
        self.show_lines = True
        self.notes = []
        for axes, raster in zip(
            self.axes, (self.truth_raster, self.model_raster, self.ratio_raster), strict=True
        ):
            axes.add(raster)
            note = Note("", theme)
            axes.view.addItem(note, ignoreBounds=True)
            note.setParentItem(axes.view)
            axes.view.sigResized.connect(lambda view, note=note: note.set_rect(QRectF(view.rect())))
            self.notes.append(note)
            for angle in (0, 90):
                line = pg.InfiniteLine(angle=angle, movable=False)
                line.setZValue(50)
                line.hide()
                axes.add(line)
                self.cross.append(line)
        for axes in (self.truth_axes, self.model_axes):
            path = Lines()
            path.setCacheMode(QGraphicsItem.CacheMode.DeviceCoordinateCache)
            path.setZValue(10)
            axes.add(path)
            self.lines.append(path)
        self.model_axes.add(self.data)
        for axes in self.axes[1:]:
            axes.view.setXLink(self.truth_axes.view)
            axes.view.setYLink(self.truth_axes.view)
        self._colour()

    def show_scene(self, scene: Scene) -> None:
        """Draw the truth; without one, the model's view alone, over points of the data."""
        known = scene.truth is not None
        shown = list(self.axes) if known else [self.model_axes]
        for axes in (self.truth_axes, self.model_axes, self.ratio_axes):
            axes.zoomed = False
            axes.set_home(window_of(scene))
            axes.set_visible(axes in shown)
        self.arrange = self.side_by_side if known else self._model_alone
        x0, x1, y0, y1 = scene.extent
        path = QPainterPath()
        points = np.zeros((0, 2), np.float32)
        if scene.truth is not None:
            density = np.exp(scene.truth.log_prob.astype(np.float64))
            self.level = float(density.max())
            self.truth_raster.set_values(density, scene.truth.extent, 0.0, self.level, self._viridis())
            for mass in REGIONS:
                path.addPath(path_of(segments(density, region_level(density, mass), scene.truth.extent)))
        else:
            self.level = 0.0
            self.truth_raster.clear()
            if scene.reference is not None:
                points = scene.reference.x[:1000]
        for line in self.lines:
            line.setPath(path)
        colour = QColor("#ffffff")
        colour.setAlphaF(0.55)
        self.data.set_groups([(points, colour)], QRectF(x0, y0, x1 - x0, y1 - y0))
        self.lay_out()

    def show_model(self, model: Density | None, truth: Floats | None, note: str, apart: str) -> None:
        """Draw the model's density; truth: log density (rows, columns) at the same cells. note: stands where
        there is no model; apart: why the truth that is in view is not compared with it."""
        self.notes[1].set_text(note)
        self.notes[2].set_text(apart)
        self.lines[1].setVisible(model is not None and self.show_lines)
        if model is None:
            self.model_raster.clear()
            self.ratio_raster.clear()
            if self.truth_raster.image is None:
                self.level = 0.0
            return
        density = np.exp(model.log_prob.astype(np.float64))
        level = (not apart and self.level) or float(np.quantile(density, 0.999)) or 1.0
        if truth is None and not apart:
            self.level = level  # the first picture of a run fixes the scale
        self.model_raster.set_values(density, model.extent, 0.0, level, self._viridis())
        if truth is not None:
            self._show_ratio(model, density, truth)
        else:
            self.ratio_raster.clear()

    def _show_ratio(self, model: Density, density: Floats, truth: Floats) -> None:
        both = np.maximum(np.exp(truth), density) / self.level
        with np.errstate(invalid="ignore"):
            ratio = np.clip(truth - model.log_prob, -RATIO, RATIO)
        low, high = FADE
        weight = np.clip((both - low) / (high - low), 0.0, 1.0)
        shown = np.where(np.isfinite(ratio), ratio, 0.0) * weight
        self.ratio_raster.set_values(shown, model.extent, -RATIO, RATIO, ratio_colours(self.theme))

    def show_cross(self, x: float, y: float, on: bool) -> None:
        """A crosshair at the same point of every view."""
        for i, line in enumerate(self.cross):
            line.setVisible(on)
            if on:
                line.setValue(y if i % 2 == 0 else x)

    def set_lines(self, on: bool) -> None:
        """Draw iso-lines of the truth over both densities, or not."""
        self.show_lines = on
        self.lines[0].setVisible(on)
        self.lines[1].setVisible(on and self.model_raster.image is not None)

    def apply_theme(self, theme: Theme) -> None:
        super().apply_theme(theme)
        self._colour()

    def _colour(self) -> None:
        for note in self.notes:
            note.apply_theme(self.theme)
        white = QColor("#ffffff")
        white.setAlphaF(0.5)
        for line in self.lines:
            line.setPen(pg.mkPen(white, width=1))
        muted = QColor(self.theme.muted)
        muted.setAlphaF(0.8)
        for line in self.cross:
            line.setPen(pg.mkPen(muted, width=1))

    def _viridis(self) -> NDArray[np.uint32]:
        return density_colours(self.theme.density_map)

    def _model_alone(self, width: float, height: float):
        rect = QRectF(0, 0, width - 12, height)
        return [(self.model_axes, self.model_axes.inner(rect, True, True), True, True)]

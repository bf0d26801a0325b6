"""A density of the line: truth and model as filled curves, their log-ratio below."""

from __future__ import annotations

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray
from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QColor

from genlab.app.common.theme import Theme
from genlab.app.drawings.canvas.axes import Note
from genlab.app.drawings.canvas.canvas import Canvas
from genlab.app.drawings.canvas.legend import Legend
from genlab.app.drawings.density.plane import FADE, RATIO
from genlab.app.drawings.scene import Scene
from genlab.data.payloads import Array, Density, Extent

Floats = NDArray[np.float64]


def centres(extent: Extent, n: int) -> Floats:
    """Cell centres (n,) of a line."""
    x0, x1 = extent[:2]
    return x0 + (np.arange(n) + 0.5) * (x1 - x0) / n


class DensityLine(Canvas):
    """Curves above, log-ratio below, on one x axis."""

    def __init__(self, theme: Theme, name: str) -> None:
        super().__init__(theme, name)
        self.curves = self.add_axes("free", grid=True)
        self.ratio = self.add_axes("free", "log p / q", grid=True)
        self.arrange = self.stacked(0.68, 0.32)
        self.ratio.view.setXLink(self.curves.view)
        self.ratio.left.spacing = 28.0
        self.truth_curve, self.model_curve, self.ratio_curve = (
            pg.PlotCurveItem(fillLevel=0.0) for _ in range(3)
        )
        self.curves.add(self.truth_curve)
        self.curves.add(self.model_curve)
        self.ratio.add(self.ratio_curve)
        self.zero = pg.InfiniteLine(0.0, angle=0, movable=False)
        self.ratio.add(self.zero)
        self.cross = [pg.InfiniteLine(angle=90, movable=False) for _ in self.axes]
        for axes, line in zip(self.axes, self.cross, strict=True):
            line.hide()
            axes.add(line)
        self.legend = Legend(self.curves.view, theme)
        self.note = Note("", theme)
        self.note.setParentItem(self.ratio.view)
        self.ratio.view.sigResized.connect(lambda view: self.note.set_rect(QRectF(view.rect())))
        self.level = 1.0
        self._colour()

    def show_scene(self, scene: Scene) -> None:
        """Draw the truth; without one, a histogram of the data in its place."""
        x0, x1 = scene.extent[:2]
        x, height = reference_curve(scene)
        self.level = float(height.max()) if len(height) else 1.0
        for axes in self.axes:
            axes.zoomed = False
        self.curves.set_home((x0, x1, 0.0, 1.25 * self.level))
        self.ratio.set_home((x0, x1, -RATIO * 1.1, RATIO * 1.1))
        self.truth_curve.setData(x, height)
        self.ratio.set_visible(scene.truth is not None)
        self.arrange = self.stacked(0.68, 0.32) if scene.truth is not None else self.in_one
        self.truth_name = "truth" if scene.truth is not None else "data"
        self._name()
        self.lay_out()

    def show_model(self, model: Density | None, truth: Floats | None, note: str, apart: str) -> None:
        """Draw the model's density; truth: log density (columns,) at the same cells. note, apart: as on the
        plane."""
        self.note.set_text(note or apart)
        if model is None:
            self.model_curve.setData([], [])
            self.ratio_curve.setData([], [])
            return
        x, density = centres(model.extent, len(model.log_prob)), np.exp(model.log_prob.astype(np.float64))
        self.model_curve.setData(x, density)
        if truth is None:
            self.ratio_curve.setData([], [])
            return
        weight = np.clip(
            (np.maximum(np.exp(truth), density) / self.level - FADE[0]) / (FADE[1] - FADE[0]), 0, 1
        )
        with np.errstate(invalid="ignore"):
            ratio = np.clip(truth - model.log_prob, -RATIO, RATIO)
        self.ratio_curve.setData(x, np.where(np.isfinite(ratio), ratio, 0.0) * weight)

    def show_cross(self, x: float, y: float, on: bool) -> None:
        """A line at the same x in both views."""
        for line in self.cross:
            line.setVisible(on)
            line.setValue(x)

    def set_lines(self, on: bool) -> None:
        """Draw the truth's curve, or not."""
        self.truth_curve.setVisible(on)

    def apply_theme(self, theme: Theme) -> None:
        super().apply_theme(theme)
        self._colour()

    truth_name = "truth"

    def _name(self) -> None:
        self.legend.show_entries([(self.truth_name, self.theme.real), ("model", self.theme.model)])

    def _colour(self) -> None:
        theme = self.theme
        self.legend.apply_theme(theme)
        self._name()
        self.note.apply_theme(theme)
        for curve, colour, strength in (
            (self.truth_curve, theme.real, 0.22),
            (self.model_curve, theme.model, 0.22),
            (self.ratio_curve, theme.ratio_high, 0.3),
        ):
            fill = QColor(colour)
            fill.setAlphaF(strength)
            curve.setPen(pg.mkPen(QColor(colour), width=1))
            curve.setBrush(pg.mkBrush(fill))
        self.zero.setPen(pg.mkPen(QColor(theme.muted), width=1, style=Qt.PenStyle.DashLine))
        for line in self.cross:
            line.setPen(pg.mkPen(QColor(theme.muted), width=1))


def reference_curve(scene: Scene, bins: int = 60) -> tuple[Floats, Floats]:
    """x and density of the truth on the line; without one, a histogram of the real data."""
    if scene.truth is not None:
        log_prob = scene.truth.log_prob
        return centres(scene.truth.extent, len(log_prob)), np.exp(log_prob.astype(np.float64))
    if scene.reference is None:
        return np.zeros(0), np.zeros(0)
    return steps(scene.reference.x[:, 0], scene.extent, bins)


def steps(x: Array | Floats, extent: Extent, bins: int) -> tuple[Floats, Floats]:
    """A histogram of x (n,) as the outline of its bars: density over the extent, 2 bins + 2 points."""
    counts, edges = np.histogram(x, bins=bins, range=extent[:2])
    height = counts / max(len(x), 1) / (edges[1] - edges[0])
    return np.repeat(edges, 2), np.concatenate([[0.0], np.repeat(height, 2), [0.0]])

"""A vector field of the model beside the exact one: arrows on one grid, at a noise level of one's choice."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray
from pyqtgraph.functions import arrayToQPath
from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QPainterPath
from PySide6.QtWidgets import QHBoxLayout, QLabel, QSlider, QWidget

from genlab.app.panels.base import Panel
from genlab.app.panels.canvas import Canvas
from genlab.app.panels.contours import Lines
from genlab.app.panels.raster import mixed
from genlab.app.panels.scene import Scene
from genlab.app.theme import Theme
from genlab.data.payloads import Extent, Field
from genlab.engine.protocol import Answer, Probe, Request
from genlab.settings.catalogue import PanelInfo

RESOLUTION = 24
LENGTH = 0.95
"""Longest arrow, in cells."""
SHADES = 5

Floats = NDArray[np.float64]


class FieldPanel(Panel):
    """Learned arrows, coloured by their error, over the true ones in grey."""

    def __init__(self, info: PanelInfo, theme: Theme) -> None:
        super().__init__(info, theme)
        self.field: Field | None = None
        self.step: int | None = None
        self.canvas = Canvas(theme, f"{self.objectName()}.plot")
        self.axes = self.canvas.add_axes("shrink", " ")
        self.truth = Lines()
        self.axes.add(self.truth)
        self.arrows = [Lines() for _ in range(SHADES)]
        for item in self.arrows:
            self.axes.add(item)
        self.body.addWidget(self.canvas)
        self.body.addWidget(self._build_slider())
        self.error_action = self.add_switch("Colour by error", True, self._changed)
        self.truth_action = self.add_switch("True field", True, self._changed)
        self.menu.addAction("Reset zoom").triggered.connect(lambda: self.axes.go_home())
        self.add_standard_actions()
        self._colour()

    def _build_slider(self) -> QWidget:
        row = QWidget()
        layout = QHBoxLayout(row)
        layout.setContentsMargins(10, 2, 12, 0)
        layout.setSpacing(8)
        label = QLabel("Noise")
        self.slider = QSlider(Qt.Orientation.Horizontal)
        self.slider.setObjectName(f"{self.objectName()}.time")
        self.slider.setAccessibleName("Noise level of the field")
        self.slider.setToolTip("Noise level at which the field is taken: left pure noise, right data")
        self.slider.setRange(0, 100)
        self.slider.setValue(80)
        self.slider.valueChanged.connect(lambda _: self.request_changed.emit())
        label.setBuddy(self.slider)
        end = QLabel("data")
        for text in (label, end):
            text.setProperty("role", "small")
        for widget in (label, self.slider, end):
            layout.addWidget(widget, 1 if widget is self.slider else 0)
        return row

    # -- feeding -----------------------------------------------------------------------------

    def set_scene(self, scene: Scene) -> None:
        self.axes.zoomed = False
        self.axes.set_home(scene.extent)
        self.canvas.lay_out()
        if self.field is not None and not np.allclose(self.field.extent, scene.extent, rtol=1e-3):
            self.clear_run()
        super().set_scene(scene)

    def request(self, sampler: dict[str, Any], live: bool) -> Request | None:
        """The field at the slider's noise level."""
        return Probe(
            run="",
            channel=self.info.id,
            request=0,
            sampler=dict(sampler),
            name=self.info.probe,
            time=self.slider.value() / 100,
            resolution=RESOLUTION,
        )

    def show_answer(self, answer: Answer) -> None:
        if isinstance(answer.payload, Field):
            self.field, self.step = answer.payload, answer.step
            self.touch()

    def clear_run(self) -> None:
        self.field = self.step = None
        self.touch()

    def _changed(self, _: bool) -> None:
        self.touch()

    # -- drawing -----------------------------------------------------------------------------

    def _draw(self) -> None:
        field = self.field
        if field is None:
            self.truth.setPath(QPainterPath())
            for item in self.arrows:
                item.setPath(QPainterPath())
            self.header.set_info("not trained yet" if self.scene is not None else "")
            self._caption("")
            return
        vectors = field.vectors.astype(np.float64)
        truth = field.truth.astype(np.float64) if field.truth is not None else None
        scale = typical(truth if truth is not None else vectors)
        under = truth if self.truth_action.isChecked() else None
        self.truth.setPath(QPainterPath() if under is None else arrows(under, field.extent, scale))
        shade = np.zeros(vectors.shape[:2], np.intp)
        if truth is not None and self.error_action.isChecked():
            error = np.linalg.norm(vectors - truth, axis=-1) / (np.linalg.norm(truth, axis=-1) + 0.1 * scale)
            shade = np.clip((error * SHADES).astype(np.intp), 0, SHADES - 1)
        for i, item in enumerate(self.arrows):
            item.setPath(arrows(vectors, field.extent, scale, shade == i))
        self._write(field, vectors, truth)

    def _write(self, field: Field, vectors: Floats, truth: Floats | None) -> None:
        parts = []
        if truth is not None:
            cosine, error = agreement(vectors, truth)
            parts += [f"cosine {cosine:.3f}", f"relative error {error:.3f}"]
        parts += [f"σ = {field.time:.3g}", f"step {self.step:,}" if self.step is not None else ""]
        self.header.set_info(*parts)
        words = ["model"]
        if truth is not None and self.error_action.isChecked():
            words = ["model, redder where wrong"]
        if truth is not None and self.truth_action.isChecked():
            words.append("truth in grey")
        self._caption("  ·  ".join(words))

    def _caption(self, text: str) -> None:
        if self.axes.title is not None:
            self.axes.title.set_text(text)

    def apply_theme(self, theme: Theme) -> None:
        super().apply_theme(theme)
        self.canvas.apply_theme(theme)
        self._colour()

    def _colour(self) -> None:
        grey = QColor(self.theme.real)
        grey.setAlphaF(0.55)
        self.truth.setPen(pg.mkPen(grey, width=2))
        for i, item in enumerate(self.arrows):
            item.setPen(pg.mkPen(mixed(self.theme.bad, self.theme.model, i / (SHADES - 1)), width=1))


def typical(vectors: Floats) -> float:
    """The median length of vectors (rows, columns, 2)."""
    return float(np.median(np.linalg.norm(vectors, axis=-1))) or 1.0


def agreement(vectors: Floats, truth: Floats) -> tuple[float, float]:
    """Mean cosine of two fields (rows, columns, 2); norm of their difference over the truth's."""
    lengths = np.linalg.norm(vectors, axis=-1) * np.linalg.norm(truth, axis=-1)
    known = lengths > 1e-12
    cosine = float(np.mean((vectors * truth).sum(-1)[known] / lengths[known])) if known.any() else math.nan
    norm = float(np.sqrt((truth**2).sum()))
    return cosine, float(np.sqrt(((vectors - truth) ** 2).sum())) / norm if norm > 0 else math.nan


def arrows(
    vectors: Floats, extent: Extent, scale: float, chosen: NDArray[np.bool_] | None = None
) -> QPainterPath:
    """Arrows from cell centres as one path: vectors (rows, columns, 2), lengths compressed.

    A vector of length r is drawn r / (r + scale) of the longest: order is kept, none is out of view."""
    rows, columns = vectors.shape[:2]
    x0, x1, y0, y1 = extent
    size = min((x1 - x0) / columns, (y1 - y0) / rows)
    x = x0 + (np.arange(columns) + 0.5) * (x1 - x0) / columns
    y = y0 + (np.arange(rows) + 0.5) * (y1 - y0) / rows
    tail = np.stack(np.meshgrid(x, y), axis=-1)
    length = np.linalg.norm(vectors, axis=-1, keepdims=True)
    drawn = vectors * (LENGTH * size / (length + scale))
    if chosen is not None:
        tail, drawn = tail[chosen], drawn[chosen]
    tail, drawn = tail.reshape(-1, 2), drawn.reshape(-1, 2)
    tip = tail + drawn
    across = np.stack([-drawn[:, 1], drawn[:, 0]], axis=-1)
    lines = np.stack(
        [tail, tip, tip, tip - 0.35 * drawn + 0.22 * across, tip, tip - 0.35 * drawn - 0.22 * across], axis=1
    ).reshape(-1, 2)
    return arrayToQPath(lines[:, 0].copy(), lines[:, 1].copy(), connect="pairs")

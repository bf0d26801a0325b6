"""A vector field of the model beside the exact one: arrows on one grid."""

from __future__ import annotations

import math

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray
from pyqtgraph.functions import arrayToQPath
from PySide6.QtGui import QColor, QPainterPath

from genlab.app.common.theme import Theme
from genlab.app.drawings.canvas.contours import Lines
from genlab.app.drawings.canvas.raster import mixed
from genlab.app.drawings.plot import PlotDrawing
from genlab.app.drawings.scene import Scene
from genlab.data.payloads import Extent, Field

LENGTH = 0.95
"""Longest arrow, in cells."""
SHADES = 5

Floats = NDArray[np.float64]


class FieldDrawing(PlotDrawing):
    """Learned arrows, coloured by their error, over the true ones in grey."""

    def __init__(self, theme: Theme, name: str) -> None:
        super().__init__(theme, name, "shrink")
        self.field: Field | None = None
        self.truth = Lines()
        self.axes.add(self.truth)
        self.arrows = [Lines() for _ in range(SHADES)]
        for item in self.arrows:
            self.axes.add(item)
        self._colour()

    def set_scene(self, scene: Scene) -> None:
        self.axes.zoomed = False
        self.axes.set_home(scene.extent)
        self.canvas.lay_out()

    def show_payload(self, payload: Field) -> tuple[str, ...]:
        self.field = payload
        vectors = payload.vectors.astype(np.float64)
        truth = payload.truth.astype(np.float64) if payload.truth is not None else None
        scale = typical(truth if truth is not None else vectors)
        self.truth.setPath(QPainterPath() if truth is None else arrows(truth, payload.extent, scale))
        shade = np.zeros(vectors.shape[:2], np.intp)
        if truth is not None:
            error = np.linalg.norm(vectors - truth, axis=-1) / (np.linalg.norm(truth, axis=-1) + 0.1 * scale)
            shade = np.clip((error * SHADES).astype(np.intp), 0, SHADES - 1)
        for i, item in enumerate(self.arrows):
            item.setPath(arrows(vectors, payload.extent, scale, shade == i))
        parts = []
        if truth is not None:
            cosine, relative = agreement(vectors, truth)
            parts += [f"cosine {cosine:.3f}", f"relative error {relative:.3f}"]
        words = "model" if truth is None else "model, redder where wrong  ·  truth in grey"
        self.show_heading(words)
        return (*parts, f"{payload.symbol} = {payload.time:.3g}")

    def apply_theme(self, theme: Theme) -> None:
        super().apply_theme(theme)
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

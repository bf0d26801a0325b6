"""Groups of points in one plane: dots, lines and segments, in the colours of their roles or classes."""

from __future__ import annotations

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray
from pyqtgraph.functions import arrayToQPath
from PySide6.QtCore import QRectF
from PySide6.QtGui import QColor, QPainterPath

from genlab.app.common.theme import Theme
from genlab.app.drawings.canvas.contours import Lines, path_of, region_level, segments
from genlab.app.drawings.canvas.dots_item import Dots
from genlab.app.drawings.canvas.key_row import Key
from genlab.app.drawings.canvas.raster import mixed
from genlab.app.drawings.plot import PlotDrawing
from genlab.app.drawings.samples.plane import thin
from genlab.app.drawings.scene import Scene
from genlab.data.payloads import Extent, Group, Plane

MOST = 2500
"""At most so many dots of a group are drawn."""
CLASSES = 10
REGIONS = (0.5, 0.95)
"""Contours of the truth enclose so much of its mass."""
MARKS, MODELS = (1, 3, 6), (2, 4, 5)
"""Colours of Okabe-Ito for what is to stand out, and for what else the model made."""


class PlaneDrawing(PlotDrawing):
    """Layers are made once, in the order of the groups, and fed afterwards."""

    def __init__(self, theme: Theme, name: str) -> None:
        super().__init__(theme, name, "widen")
        self.plane: Plane | None = None
        self.classes: tuple[str, ...] = ()
        self.contours = Lines()
        self.contours.setZValue(-10)
        self.axes.add(self.contours)
        self.layers: list[tuple[Lines, Dots]] = []
        self._truth = QPainterPath()
        self._colour()

    def set_scene(self, scene: Scene) -> None:
        self.classes = scene.labels
        self._truth = QPainterPath()
        if scene.truth is not None and scene.truth.log_prob.ndim == 2:
            density = np.exp(scene.truth.log_prob.astype(np.float64))
            for mass in REGIONS:
                level = region_level(density, mass)
                self._truth.addPath(path_of(segments(density, level, scene.truth.extent)))
        if self.plane is not None:
            self.contours.setPath(self._truth if self.plane.data_space else QPainterPath())

    def show_payload(self, payload: Plane) -> tuple[str, ...]:
        known, self.plane = self.plane, payload
        x0, x1, y0, y1 = payload.extent
        stretched = max((x1 - x0) / (y1 - y0), (y1 - y0) / (x1 - x0)) > 2.5
        self.axes.fit = "free" if stretched and not payload.data_space else "widen"
        if known is None or known.extent != payload.extent:
            self.axes.set_home(payload.extent, glide=known is not None)
        if known is None or known.data_space != payload.data_space:
            self.contours.setPath(self._truth if payload.data_space else QPainterPath())
        self.show_heading(payload.title)
        self._paint(payload)
        self.show_across(payload.x_label)
        self.remark.show_text(payload.note)
        return ()

    def reading(self) -> tuple[str, ...]:
        if self.pointer is None:
            return ()
        return (f"({self.pointer[0]:.2f}, {self.pointer[1]:.2f})".replace("-", "−"),)

    def apply_theme(self, theme: Theme) -> None:
        super().apply_theme(theme)
        self._colour()
        if self.plane is not None:
            self._paint(self.plane)

    def _colour(self) -> None:
        faint = QColor(self.theme.real)
        faint.setAlphaF(0.45)
        self.contours.setPen(pg.mkPen(faint, width=1))

    def _paint(self, payload: Plane) -> None:
        while len(self.layers) < len(payload.groups):
            layer = (Lines(), Dots())
            for item in layer:
                item.setZValue(len(self.layers))
                self.axes.add(item)
            self.layers.append(layer)
        colours = group_colours(payload.groups, self.theme)
        rect = bounds(payload.extent)
        keys: dict[tuple[str, str], Key] = {}
        for i, (lines, dots) in enumerate(self.layers):
            if i >= len(payload.groups):
                lines.setPath(QPainterPath())
                dots.set_groups([], rect)
                continue
            group, colour = payload.groups[i], colours[i]
            points = np.asarray(group.x, np.float64).reshape(-1, 2)
            lines.setPath(QPainterPath() if group.style == "dots" else line_path(points, group.style))
            lines.setPen(pg.mkPen(QColor(colour), width=1))
            if group.style != "dots":
                dots.set_groups([], rect)
                if group.name:
                    keys[group.name, colour] = Key(group.name, colour, "line")
                continue
            dots.suit(len(points))
            if group.labels is None:
                dots.set_groups([(thin(points, MOST), QColor(colour))], rect)
                if group.name:
                    keys[group.name, colour] = Key(group.name, colour, "dot")
            else:
                classed = self._by_class(group, points)
                dots.set_groups([(part, QColor(c)) for _, part, c in classed], rect)
                for name, _, c in classed[:CLASSES]:
                    if name:
                        keys[name, c] = Key(name, c, "dot")
        shown = list(keys.values())
        self.keys.show_keys(shown if len(shown) > 1 else [], payload.y_label)

    def _by_class(
        self, group: Group, points: NDArray[np.float64]
    ) -> list[tuple[str, NDArray[np.floating], str]]:
        """Name, points and colour of each class of a group that has labels."""
        assert group.labels is not None
        palette, found = self.theme.okabe_ito, []
        for label in np.unique(group.labels):
            known = 0 <= label < len(self.classes)
            name = self.classes[label] if known else ""
            part = thin(points[group.labels == label], MOST)
            found.append((name, part, palette[int(label) % len(palette)]))
        return found


def group_colours(groups: tuple[Group, ...], theme: Theme) -> list[str]:
    """A colour for each group: its role's, and another where two of one role and style would be alike."""
    palette = theme.okabe_ito
    seen: dict[tuple[str, str], int] = {}
    colours = []
    for group in groups:
        before = seen.get((group.role, group.style), 0) if group.labels is None else 0
        if group.labels is None:
            seen[group.role, group.style] = before + 1
        match group.role:
            case "real":
                soft = 0.75 if group.style == "dots" else 1.0
                colours.append(mixed(theme.real, theme.surface, soft).name())
            case "mark":
                colours.append(palette[MARKS[before % len(MARKS)]])
            case "muted":
                colours.append(mixed(theme.muted, theme.surface, 0.45).name())
            case _:
                colours.append(palette[MODELS[(before - 1) % len(MODELS)]] if before else theme.model)
    return colours


def line_path(points: NDArray[np.float64], style: str) -> QPainterPath:
    """Points (n, 2) as one line, broken where a row is not finite, or as separate segments."""
    if len(points) < 2:
        return QPainterPath()
    whole = np.asarray(np.isfinite(points).all(axis=1))
    if style == "segments":
        pairs = points[: len(points) // 2 * 2].reshape(-1, 2, 2)
        return path_of(pairs[np.isfinite(pairs).all(axis=(1, 2))])
    connect = np.append(whole[:-1] & whole[1:], False).astype(np.int32)
    filled = np.nan_to_num(points)
    return arrayToQPath(filled[:, 0].copy(), filled[:, 1].copy(), connect=connect)


def bounds(extent: Extent) -> QRectF:
    """A rectangle far around an extent: what lies beyond shows where a zoom reaches it."""
    x0, x1, y0, y1 = extent
    width, height = x1 - x0, y1 - y0
    return QRectF(x0 - 5 * width, y0 - 5 * height, 11 * width, 11 * height)

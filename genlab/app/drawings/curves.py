"""Named curves over one axis, or bars beside each other, with dashed marks."""

from __future__ import annotations

import math

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray
from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QColor, QFontMetricsF

from genlab.app.common.theme import Theme, font
from genlab.app.drawings.canvas.axes import Axes
from genlab.app.drawings.canvas.curve_item import Curve, whole_runs
from genlab.app.drawings.canvas.curve_marks import Bars, Marks, spacing
from genlab.app.drawings.canvas.dots_item import Dots
from genlab.app.drawings.canvas.key_row import Key, colours_of
from genlab.app.drawings.canvas.rulers import tick_text
from genlab.app.drawings.plot import PlotDrawing, steady
from genlab.data.payloads import Curves

FEW = 24
"""Up to so many points, each is marked by a dot."""

TINY = 1e-9
FINE = 8
"""Points between two places, to tell where a curve passes."""

Floats = NDArray[np.float64]
NOTHING: Floats = np.zeros((0, 2))


class CurvesDrawing(PlotDrawing):
    """Items are made once for each name and fed afterwards; the range moves rarely."""

    def __init__(self, theme: Theme, name: str) -> None:
        super().__init__(theme, name, "free", grid=True)
        self.curves: Curves | None = None
        self.lines: dict[str, Curve] = {}
        self.bars = Bars()
        self.dots = Dots(5.0, round_dots=True)
        self.dots.setZValue(20)
        self.marks = Marks(self.axes.view, theme)
        self.cross = pg.InfiniteLine(angle=90, movable=False)
        self.cross.hide()
        for item in (self.bars, self.dots, self.marks, self.cross):
            self.axes.add(item)
        self.axes.view.sigResized.connect(lambda _: self._caption())
        self._home: tuple[float, float, float, float] | None = None
        self._colour()

    def show_payload(self, payload: Curves) -> tuple[str, ...]:
        self.curves = payload
        self._fit(payload)
        self._paint(payload)
        self.show_across(payload.x_label)
        self._caption()
        return ()

    def apply_theme(self, theme: Theme) -> None:
        super().apply_theme(theme)
        self.marks.apply_theme(theme)
        self._colour()
        if self.curves is not None:
            self._paint(self.curves)

    def _colour(self) -> None:
        muted = QColor(self.theme.muted)
        muted.setAlphaF(0.6)
        self.cross.setPen(pg.mkPen(muted, width=1))

    def _paint(self, payload: Curves) -> None:
        colours = colours_of(payload.curves, self.theme)
        x = np.asarray(payload.x, np.float64)
        ys = {name: np.asarray(y, np.float64) for name, y in payload.curves.items()}
        # The range follows the data later, smoothly: dots beyond the one of now are to be drawn too.
        view = self.axes.view.viewRect()
        for name, line in self.lines.items():
            line.setVisible(name in ys and not payload.bars)
        groups: list[tuple[NDArray[np.floating], QColor]] = []
        for order, (name, y) in enumerate(ys.items()):
            if payload.bars:
                continue
            if name not in self.lines:
                self.lines[name] = Curve(self.axes.view)
                self.axes.add(self.lines[name])
            line, colour = self.lines[name], colours[name]
            # The truth lies behind; the model, and else what was named first, in front.
            depth = 0 if colour == self.theme.real else 10 - min(order, 8)
            line.setZValue(12 if colour == self.theme.accent else depth)
            line.set_colour(QColor(colour))
            line.set_data(x, y)
            whole = np.isfinite(y)
            alone = np.zeros(len(y), bool)
            for first, end in whole_runs(whole):
                alone[first] |= end - first == 1
            chosen = whole if len(x) <= FEW else alone
            if chosen.any():
                groups.append((np.column_stack([x, y])[chosen], QColor(colour)))
        self.dots.set_groups(groups, view.united(around([points for points, _ in groups])))
        bars = list(ys.values()) if payload.bars else []
        self.bars.show_bars(x, bars, [QColor(colours[name]) for name in ys])
        marks = {name: float(value) for name, value in payload.marks.items()}
        self.marks.show_marks(marks, outline(x, list(ys.values()), payload.bars) if marks else NOTHING)
        mark = "bar" if payload.bars else "line"
        several = len(ys) > 1
        keys = [Key(name, colours[name], mark) for name in ys] if several else []  # type: ignore[arg-type]
        self.keys.show_keys(keys, payload.y_label)

    def _fit(self, payload: Curves) -> None:
        x = np.asarray(payload.x, np.float64)
        values = np.concatenate([np.zeros(0), *(np.ravel(y) for y in payload.curves.values())])
        values = values[np.isfinite(values)]
        marks = [value for value in payload.marks.values() if math.isfinite(value)]
        reach = [float(values.min()), float(values.max()), *marks] if len(values) else marks
        if payload.bars:
            reach = [*reach, 0.0]
        if not reach or len(x) == 0:
            return
        x0, x1 = float(x.min()), float(x.max())
        if payload.bars or payload.captions or x1 <= x0:
            pad = spacing(x) * (0.5 if payload.bars or payload.captions else 1.0)
        else:
            pad = 0.025 * (x1 - x0) if len(x) <= FEW else 0.0
        x0, x1 = x0 - pad, x1 + pad
        shown = (math.nan, math.nan) if self._home is None else self._home[2:]
        y0, y1 = steady(min(reach), max(reach), shown)
        if payload.bars and min(reach) >= 0:
            y0 = 0.0
        known, self._home = self._home, (x0, x1, y0, y1)
        glide = known is not None and known[:2] == (x0, x1)
        if not glide:
            self.axes.zoomed = False
        self.axes.set_home(self._home, glide=glide)

    def _caption(self) -> None:
        """Names of the places under the axis, shortened or thinned to the room there is."""
        ruler = self.axes.bottom
        if self.curves is None or not self.curves.captions:
            ruler.setTicks(None)
            return
        x = np.asarray(self.curves.x, np.float64)
        x0, x1, *_ = self.axes.home
        room = self.axes.view.width() * spacing(x) / max(x1 - x0, 1e-12) - 6
        metrics = QFontMetricsF(font(self.theme.font_small))
        widest = max(metrics.horizontalAdvance(name) for name in self.curves.captions)
        # Every second name in full tells more than the beginnings of all.
        every = max(min(math.ceil(widest / max(room, 1.0)), 2), math.ceil(26 / max(room, 1.0)))
        elide = Qt.TextElideMode.ElideMiddle
        places = list(zip(x.tolist(), self.curves.captions, strict=False))[::every]
        ruler.setTicks([[(at, metrics.elidedText(name, elide, room * every)) for at, name in places]])

    def _hover(self, axes: Axes | None, x: float, y: float) -> None:
        self.cross.setVisible(axes is not None and self.curves is not None and len(self.curves.x) > 0)
        super()._hover(axes, x, y)

    def reading(self) -> tuple[str, ...]:
        payload = self.curves
        if self.pointer is None or payload is None or len(payload.x) == 0:
            return ()
        at = int(np.argmin(np.abs(payload.x - self.pointer[0])))
        self.cross.setValue(float(payload.x[at]))
        place = payload.captions[at] if payload.captions else number(float(payload.x[at]))
        parts = [place if payload.captions else f"{payload.x_label} {place}".strip()]
        for name, values in payload.curves.items():
            if math.isfinite(values[at]):
                shown = name if len(payload.curves) > 1 else ""
                parts.append(f"{shown} {number(float(values[at]))}".strip())
        return tuple(parts)


def around(groups: list[NDArray[np.floating]]) -> QRectF:
    """The smallest rectangle about groups of points (n, 2), a little wider than nothing; empty without."""
    if not groups:
        return QRectF()
    points = np.concatenate(groups)
    (x0, y0), (x1, y1) = points.min(0).tolist(), points.max(0).tolist()
    return QRectF(x0, y0, max(x1 - x0, TINY), max(y1 - y0, TINY))


def outline(x: Floats, ys: list[Floats], bars: bool) -> Floats:
    """Points (n, 2) along curves, or up bars."""
    share = np.arange(FINE) / FINE
    if bars:
        found = [np.stack(np.broadcast_arrays(x[:, None], y[:, None] * share), -1) for y in ys]
    elif len(x) > 400:
        found = [np.column_stack([x, y]) for y in ys]
    else:
        place = (np.arange(len(x) - 1)[:, None] + share).ravel()
        at = np.arange(len(x))
        found = [np.column_stack([np.interp(place, at, x), np.interp(place, at, y)]) for y in ys]
    points = np.concatenate([part.reshape(-1, 2) for part in found]) if found else NOTHING
    return points[np.isfinite(points).all(axis=1)]


def number(value: float) -> str:
    """A value as the header shows it, to three digits."""
    return tick_text(float(f"{value:.3g}"))

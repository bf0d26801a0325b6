"""The loss of a run: total, terms, by noise level, against the loss of the best possible model."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray
from PySide6.QtCore import Qt
from PySide6.QtGui import QColor

from genlab.app.panels.base import Panel
from genlab.app.panels.canvas import Canvas
from genlab.app.panels.curve_item import Curve
from genlab.app.panels.history import History, envelope, smoothed, thinned
from genlab.app.panels.legend import Legend
from genlab.app.panels.points_item import Points
from genlab.app.theme import Theme
from genlab.settings.paradigm import PanelInfo

VIEWS = ("Total", "By noise level", "Terms", "Gradient norm")
SMOOTHING = {"None": 0.0, "Light (10 rows)": 10.0, "Medium (50 rows)": 50.0, "Strong (250 rows)": 250.0}
X_AXES = ("Steps", "Seconds")
GRADIENT = "gradient norm"
LADDER = (1.0, 1.2, 1.5, 1.8, 2.2, 2.7, 3.3, 4.0, 5.0, 6.0, 7.5, 9.0)
OTHER_COLOURS = (1, 2, 3, 5, 6, 0, 4, 7)
"""Okabe-Ito in an order that begins far from the accent."""
FRAME = 50
"""Least time between two drawings, ms: a curve of a whole run moves by less than a pixel in it."""


class LossPanel(Panel):
    """Curves over steps or seconds, drawn from at most two points per pixel column."""

    def __init__(self, info: PanelInfo, theme: Theme) -> None:
        super().__init__(info, theme)
        self._timer.setInterval(FRAME)
        self.history = History()
        self.floor: float | None = None
        self.view_name = "By noise level"
        self.smoothing = "Medium (50 rows)"
        self.x_name = "Steps"
        self.log = False
        self.canvas = Canvas(theme, f"{self.objectName()}.plot")
        self.axes = self.canvas.add_axes("free", grid=True)
        self.axes.view.sigResized.connect(lambda _: self.touch())
        self.axes.view.sigRangeChangedManually.connect(lambda _: self.touch())
        self.axes.view.went_home.connect(self.touch)
        self.body.addWidget(self.canvas)
        self.lines: dict[str, tuple[Curve, Curve]] = {}
        self.floor_line = pg.InfiniteLine(angle=0, movable=False)
        self.floor_line.hide()
        self.axes.add(self.floor_line)
        self.best = Points(7.0, round_dots=True)
        self.best.setZValue(20)
        self.axes.add(self.best)
        self.legend = Legend(self.axes.view, theme)
        self.add_choices("Show", VIEWS, self.view_name, self.set_view)
        self.add_choices("Smoothing", tuple(SMOOTHING), self.smoothing, self.set_smoothing)
        self.add_choices("Across", X_AXES, self.x_name, self.set_x)
        self.menu.addSeparator()
        self.log_action = self.add_switch("Logarithmic scale", self.log, self.set_log)
        self.menu.addAction("Reset zoom").triggered.connect(lambda: self.axes.go_home())
        self.add_standard_actions()
        self.apply_theme(theme)

    # -- feeding -----------------------------------------------------------------------------

    def show_metrics(self, names: tuple[str, ...], rows: NDArray[np.float64]) -> None:
        self.history.add(names, rows)
        self.touch()

    def show_reference(self, title: str, values: Mapping[str, float]) -> None:
        value = values.get("total", math.nan)
        self.floor = value if math.isfinite(value) else None
        self.touch()

    def clear_run(self) -> None:
        self.history.clear()
        self.floor = None
        self.axes.zoomed = False
        self.axes.set_home((0.0, 100.0, 0.0, 1.0))
        self.touch()

    # -- the menu ----------------------------------------------------------------------------

    def set_view(self, name: str) -> None:
        """Show one of `VIEWS`."""
        self.view_name = name
        self._refit()

    def set_smoothing(self, name: str) -> None:
        """Smooth by one of `SMOOTHING`: the number of rows over which the average forgets 63 %."""
        self.smoothing = name
        self.touch()

    def set_x(self, name: str) -> None:
        """Across: 'Steps' or 'Seconds' of training."""
        self.x_name = name
        self._refit()

    def set_log(self, on: bool) -> None:
        """Draw the logarithm of the loss; values that are not positive are left out."""
        self.log = on
        self.axes.left.log = on
        self._refit()

    def _refit(self) -> None:
        self.axes.zoomed = False
        self.axes.home = (0.0, 0.0, 0.0, 0.0)
        self.touch()

    # -- drawing -----------------------------------------------------------------------------

    def shown_columns(self) -> tuple[str, ...]:
        """The columns that the chosen view draws; the total comes last, on top."""
        names = self.history.names
        levels = [name for name in names if name.startswith("level ")]
        terms = [name for name in names if name not in ("total", GRADIENT, *levels)]
        total = ["total"] if "total" in names else []
        match self.view_name:
            case "By noise level":
                return tuple(levels + total)
            case "Terms":
                return tuple(terms + total)
            case "Gradient norm":
                return (GRADIENT,) if GRADIENT in names else ()
        return tuple(total)

    def colour(self, name: str) -> str:
        """The colour of a column: the accent for the total, one of Okabe-Ito for any other."""
        if name in ("total", GRADIENT):
            return self.theme.accent
        others = [column for column in self.history.names if column not in ("total", GRADIENT)]
        palette = self.theme.okabe_ito
        return palette[OTHER_COLOURS[others.index(name) % len(OTHER_COLOURS)] % len(palette)]

    def _draw(self) -> None:
        history, columns = self.history, self.shown_columns()
        x = history.step if self.x_name == "Steps" else history.seconds
        width = max(int(self.axes.view.width()), 50)
        tau = SMOOTHING[self.smoothing]
        weight = math.exp(-history.stride / tau) if tau else 0.0
        for name, lines in self.lines.items():
            if name not in columns:
                for line in lines:
                    line.hide()
        curves = {}
        for name in columns:
            low, high, mean = history.column(name)
            curves[name] = (low, high, smoothed(mean, weight))
        if len(history):
            self._fit(x, curves)
        left, right, *_ = self.axes.home if not self.axes.zoomed else self.axes.shown()
        for name, (low, high, smooth) in curves.items():
            raw, line = self._lines(name)
            line.setVisible(True)
            show_raw = name in ("total", GRADIENT) or len(columns) == 1
            raw.setVisible(show_raw and weight > 0)
            if weight > 0:
                line.set_data(*thinned(x, self._y(smooth), left, right, width))
                if show_raw:
                    raw.set_data(*envelope(x, self._y(low), self._y(high), left, right, width))
            else:
                line.set_data(*envelope(x, self._y(low), self._y(high), left, right, width))
        self._draw_marks(x, curves)
        entries = [(name.replace("level", "noise level"), self.colour(name)) for name in reversed(columns)]
        self.legend.show_entries(entries)

    def _y(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        if not self.log:
            return values
        return np.log10(values, out=np.full(len(values), np.nan), where=values > 0)

    def _lines(self, name: str) -> tuple[Curve, Curve]:
        if name not in self.lines:
            raw = Curve(self.axes.view, z=0, antialias=False)
            line = Curve(self.axes.view, z=10 if name == "total" else 5)
            self.axes.add(raw)
            self.axes.add(line)
            self.lines[name] = (raw, line)
            self._colour_lines(name)
        return self.lines[name]

    def _draw_marks(self, x, curves) -> None:
        main = "total" if "total" in curves else next(iter(curves), None)
        floor = self.floor if self.view_name != "Gradient norm" else None
        self.floor_line.setVisible(floor is not None and (floor > 0 or not self.log))
        if floor is not None and self.floor_line.isVisible():
            self.floor_line.setValue(math.log10(floor) if self.log else floor)
        parts, best = [], np.zeros((0, 2))
        known = np.isfinite(curves[main][2]) if main else np.zeros(0, bool)
        if known.any():
            smooth = np.where(known, curves[main][2], np.inf)
            at = int(np.argmin(smooth))
            parts += [f"{main} {smooth[known][-1]:.3g}", f"best {smooth[at]:.3g}"]
            height = self._y(smooth[at : at + 1])[0]
            show = main == "total" and math.isfinite(height)
            if show:
                best = np.array([[x[at], height]])
        self.best.set_groups([(best, QColor(self.theme.accent))], self.axes.view.viewRect())
        if floor is not None:
            parts.append(f"irreducible {floor:.3g}")
        self.header.set_info(*parts)

    def _fit(self, x, curves) -> None:
        """Move the ranges rarely: only when a curve leaves them, or fills little of them."""
        _, x1, y0, y1 = self.axes.home
        last = float(x[-1])
        if not x1 * 0.5 < last <= x1 or x1 <= 0:
            x1 = ladder(max(last * 1.05, 100.0 if self.x_name == "Steps" else 2.0))
        low, high = math.inf, -math.inf
        for _, _, smooth in curves.values():
            values = self._y(smooth)
            values = values[np.isfinite(values)]
            if len(values) == 0:
                continue
            low = min(low, float(values.min()))
            settled = float(values[len(values) // 50 :].max())
            first = float(values.max())
            high = max(high, first if first - low <= 4 * (settled - low) else settled)
        if self.floor is not None and self.view_name != "Gradient norm" and (self.floor > 0 or not self.log):
            low = min(low, math.log10(self.floor) if self.log else self.floor)
        if not math.isfinite(low):
            return
        span = max(high - low, 1e-6 * max(abs(high), 1e-12), 0.02 if self.log else 1e-9)
        if low < y0 or high > y1 or span < 0.5 * (y1 - y0) or y1 <= y0:
            y0, y1 = low - 0.07 * span, high + 0.12 * span
        self.axes.set_home((0.0, x1, y0, y1), glide=True)

    # -- look --------------------------------------------------------------------------------

    def apply_theme(self, theme: Theme) -> None:
        super().apply_theme(theme)
        self.canvas.apply_theme(theme)
        self.legend.apply_theme(theme)
        self.floor_line.setPen(pg.mkPen(QColor(theme.muted), width=1, style=Qt.PenStyle.DashLine))
        for name in self.lines:
            self._colour_lines(name)

    def _colour_lines(self, name: str) -> None:
        raw, line = self.lines[name]
        colour = QColor(self.colour(name))
        line.set_colour(colour)
        faint = QColor(colour)
        faint.setAlphaF(0.22)
        raw.set_colour(faint)


def ladder(value: float) -> float:
    """The least number of a geometric ladder that is not below `value`."""
    power = 10.0 ** math.floor(math.log10(value))
    return next((power * rung for rung in LADDER if power * rung >= value), power * 10)

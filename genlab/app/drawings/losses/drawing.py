"""The losses of a run: totals, terms, by noise level, against what they would read in the best case."""

from __future__ import annotations

import copy
import math
from collections.abc import Iterable, Mapping

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray
from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QColor

from genlab.app.common.theme import Theme
from genlab.app.drawings.canvas.canvas import Canvas
from genlab.app.drawings.canvas.curve_item import Curve
from genlab.app.drawings.canvas.decimation import envelope, thinned
from genlab.app.drawings.canvas.dots_item import Dots
from genlab.app.drawings.canvas.legend import Legend
from genlab.app.drawings.drawing import Drawing, Told
from genlab.app.drawings.losses.columns import GRADIENT, TOTAL, TOTALS, VIEWS, Columns, chosen, losses
from genlab.app.drawings.losses.history import History, ladder, smoothed
from genlab.app.drawings.scene import ModelInfo
from genlab.engine.protocol import Metrics
from genlab.settings.panels import PanelInfo

SMOOTHING = {"None": 0.0, "Light (10 rows)": 10.0, "Medium (50 rows)": 50.0, "Strong (250 rows)": 250.0}
X_AXES = ("Steps", "Seconds")
OTHER_COLOURS = (1, 2, 3, 5, 6, 0, 4, 7)
"""Okabe-Ito in an order that begins far from the accent."""
FRAME = 100
"""Least time between two drawings, ms: a curve of a whole run moves by less than a pixel in it."""


class LossDrawing(Drawing):
    """Curves over steps or seconds, drawn from at most two points per pixel column.

    In a panel whose info names columns those alone are drawn, on a scale of their own."""

    pace = FRAME

    def __init__(self, theme: Theme, name: str) -> None:
        super().__init__(theme, name)
        self.history = History()
        self.reference: dict[str, float] = {}
        self.reference_title = ""
        self.columns = Columns()
        self.only: tuple[str, ...] = ()
        self._view = ""
        self.smoothing = "Medium (50 rows)"
        self.x_name = "Steps"
        self.log = False
        self.canvas = Canvas(theme, f"{name}.plot")
        self.axes = self.canvas.add_axes("free", grid=True)
        self.axes.view.sigResized.connect(lambda _: self.stale.emit())
        self.axes.view.sigRangeChangedManually.connect(lambda _: self.stale.emit())
        self.axes.view.went_home.connect(self.stale)
        self.body.addWidget(self.canvas)
        self.lines: dict[str, tuple[Curve, Curve]] = {}
        self.marks: dict[str, pg.InfiniteLine] = {}
        self.best = Dots(7.0, round_dots=True)
        self.best.setZValue(20)
        self.axes.add(self.best)
        self.least: float | None = None
        self.legend = Legend(self.axes.view, theme)
        self._views = self.add_choices("Show", VIEWS, "", self.set_view)
        self._section = self.entries[0]
        self._smoothings = self.add_choices("Smoothing", tuple(SMOOTHING), self.smoothing, self.set_smoothing)
        self.add_choices("Across", X_AXES, self.x_name, self.set_x)
        self.add_rule()
        self.log_action = self.add_switch("Logarithmic scale", self.log, self.set_log)
        self._offer()

    # -- feeding -----------------------------------------------------------------------------

    def set_info(self, info: PanelInfo) -> None:
        super().set_info(info)
        self.only = info.columns
        if info.columns and not losses(info.columns):
            self.set_smoothing("None")
            self._smoothings["None"].setChecked(True)

    def set_model(self, model: ModelInfo) -> None:
        super().set_model(model)
        self._show_columns(Columns(self.columns.names, model.elsewhere))

    def take(self, payload: Metrics | History, step: int) -> None:
        """Take new rows, or all that a run recorded before there was this drawing."""
        if isinstance(payload, History):
            self.history = copy.deepcopy(payload)
        else:
            self.history.add(payload.names, payload.rows)
        self.step = int(self.history.step[-1]) if self.shows else 0
        self._show_columns(Columns(self.history.names, self.columns.elsewhere))

    @property
    def shows(self) -> bool:
        return len(self.history) > 0

    def _show_columns(self, columns: Columns) -> None:
        if columns == self.columns:
            return
        before, self.columns = self.view_name, columns
        self._colour()
        self._offer()
        if self.view_name != before:
            self._refit()
        self.stale.emit()

    def _offer(self) -> None:
        """Offer the views that have something to draw."""
        views = () if self.only else self.columns.views()
        self._section.setVisible(len(views) > 1)
        for name, action in self._views.items():
            action.setVisible(name in views and len(views) > 1)
            action.setChecked(name == self.view_name)

    def show_reference(self, title: str, values: Mapping[str, float]) -> None:
        self.reference_title = title
        self.reference = {name: value for name, value in values.items() if math.isfinite(value)}
        self.stale.emit()

    def go_home(self) -> None:
        self.axes.go_home()

    def clear_run(self) -> None:
        self.history.clear()
        self.columns = Columns((), self.columns.elsewhere)
        self._offer()
        self.axes.zoomed = False
        self.axes.set_home((0.0, 100.0, 0.0, 1.0))
        self.stale.emit()

    # -- the menu ----------------------------------------------------------------------------

    @property
    def view_name(self) -> str:
        """The view that is drawn: the chosen one, or where nobody chose the one that tells most."""
        return self._view if self._view in self.columns.views() else self.columns.default()

    def set_view(self, name: str) -> None:
        """Show one of the views; where a run has nothing to draw in it, another is drawn."""
        self._view = name
        self._offer()
        self._refit()

    def set_smoothing(self, name: str) -> None:
        """Smooth by one of `SMOOTHING`: the number of rows over which the average forgets 63 %."""
        self.smoothing = name
        self.stale.emit()

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
        self.stale.emit()

    # -- drawing -----------------------------------------------------------------------------

    def shown_columns(self) -> tuple[str, ...]:
        """The columns that are drawn; the total comes last, on top."""
        if self.only:
            return tuple(name for name in self.columns.names if chosen(name, self.only))
        return self.columns.of(self.view_name)

    def colour(self, name: str) -> str:
        """The colour of a column: the accent for the total, one of Okabe-Ito for any other; each player's
        totals and gradients in a colour of its own."""
        players = self.columns.players
        if self.columns.bare(name) in (TOTAL, GRADIENT):
            player = self.columns.player(name)
            place = (players.index(player) if player else len(players)) - 1
        elif self.only and not losses(self.only):
            place = list(self.shown_columns()).index(name) - 1
        else:
            others = [n for n in self.columns.names if self.columns.bare(n) not in (TOTAL, GRADIENT)]
            place = others.index(name)
        if place < 0:
            return self.theme.accent
        palette = self.theme.okabe_ito
        return palette[OTHER_COLOURS[place % len(OTHER_COLOURS)] % len(palette)]

    def draw(self) -> Told:
        history, columns = self.history, self.shown_columns()
        x = history.step if self.x_name == "Steps" else history.seconds
        width = max(int(self.axes.view.width()), 50)
        # A short run is smoothed less: over a dozen rows a long memory would hide what happens.
        tau = min(SMOOTHING[self.smoothing], len(history) * history.stride / 10)
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
            show_raw = self.columns.bare(name) in (TOTAL, GRADIENT) or len(columns) == 1
            raw.setVisible(show_raw and weight > 0)
            if weight > 0:
                line.set_data(*thinned(x, self._y(smooth), left, right, width))
                if show_raw:
                    raw.set_data(*envelope(x, self._y(low), self._y(high), left, right, width))
            else:
                line.set_data(*envelope(x, self._y(low), self._y(high), left, right, width))
        self._draw_reference(columns)
        self._draw_best(x, curves)
        entries = [(self._title(name), self.colour(name)) for name in reversed(columns)]
        self.legend.show_entries(entries)
        return Told(self._numbers(curves))

    def _title(self, name: str) -> str:
        kinds = {self.columns.kind(column) for column in self.shown_columns()}
        return self.columns.title(name, kinds.pop() if len(kinds) == 1 else "")

    def _y(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        if not self.log:
            return values
        return np.log10(values, out=np.full(len(values), np.nan), where=values > 0)

    def _lines(self, name: str) -> tuple[Curve, Curve]:
        if name not in self.lines:
            raw = Curve(self.axes.view, z=0, antialias=False)
            line = Curve(self.axes.view, z=10 if self.columns.bare(name) == TOTAL else 5)
            self.axes.add(raw)
            self.axes.add(line)
            self.lines[name] = (raw, line)
            self._colour_lines(name)
        return self.lines[name]

    def _known_reference(self, columns: Iterable[str]) -> dict[str, float]:
        """What the drawn columns would read in the best case, as far as it can be drawn."""
        found = {name: self.reference[name] for name in columns if name in self.reference}
        return {name: value for name, value in found.items() if value > 0 or not self.log}

    def _draw_reference(self, columns: tuple[str, ...]) -> None:
        known = self._known_reference(columns)
        for name, line in self.marks.items():
            line.setVisible(name in known)
        for name, value in known.items():
            if name not in self.marks:
                self.marks[name] = line = pg.InfiniteLine(angle=0, movable=False)
                self.axes.add(line)
                self._colour_mark(name)
            self.marks[name].setValue(math.log10(value) if self.log else value)

    def _draw_best(self, x, curves) -> None:
        """A dot at the least value of a single total: of players against each other less is not better."""
        best = np.zeros((0, 2))
        smooth = curves[TOTAL][2] if TOTAL in curves and not self.columns.players else np.zeros(0)
        known = np.isfinite(smooth)
        self.least = None
        if known.any():
            at = int(np.argmin(np.where(known, smooth, np.inf)))
            self.least = float(smooth[at])
            height = self._y(smooth[at : at + 1])[0]
            if math.isfinite(height):
                best = np.array([[x[at], height]])
        # The view may still glide to where the dot is: it is drawn over both ranges.
        x0, x1, y0, y1 = self.axes.home
        bounds = self.axes.view.viewRect().united(QRectF(x0, y0, x1 - x0, y1 - y0))
        self.best.set_groups([(best, QColor(self.theme.accent))], bounds)

    def _numbers(self, curves) -> tuple[str, ...]:
        """The last values of what matters most, and what they would read in the best case."""
        totals = [name for name in reversed(list(curves)) if self.columns.kind(name) == TOTALS]
        parts = []
        for name in totals or list(curves):
            smooth = curves[name][2]
            known = smooth[np.isfinite(smooth)]
            if len(known):
                parts.append(f"{self._title(name)} {known[-1]:.3g}")
            if name == TOTAL and self.least is not None:
                parts.append(f"best {self.least:.3g}")
        values = dict.fromkeys(
            f"{value:.3g}" for value in self._known_reference(reversed(list(curves))).values()
        )
        if values:
            parts.append(f"{self.reference_title} {' and '.join(values)}")
        return tuple(parts)

    def _fit(self, x, curves) -> None:
        """Move the ranges rarely: only when a curve leaves them, or fills little of them."""
        _, x1, y0, y1 = self.axes.home
        last = float(x[-1])
        if not x1 * 0.5 < last <= x1 or x1 <= 0:
            x1 = ladder(max(last * 1.05, 20.0 if self.x_name == "Steps" else 2.0))
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
        for value in self._known_reference(curves).values():
            height = math.log10(value) if self.log else value
            low, high = min(low, height), max(high, height)
        if not math.isfinite(low):
            return
        span = max(high - low, 1e-3 * max(abs(high), 1e-12), 0.02 if self.log else 1e-9)
        if low < y0 or high > y1 or span < 0.5 * (y1 - y0) or y1 <= y0:
            y0, y1 = low - 0.07 * span, high + 0.12 * span
        self.axes.set_home((0.0, x1, y0, y1), glide=True)

    # -- look --------------------------------------------------------------------------------

    def apply_theme(self, theme: Theme) -> None:
        super().apply_theme(theme)
        self.canvas.apply_theme(theme)
        self.legend.apply_theme(theme)
        self._colour()

    def _colour(self) -> None:
        """Colour what is drawn of the columns there are; the rest is hidden until its column comes back."""
        for name in set(self.lines).intersection(self.columns.names):
            self._colour_lines(name)
        for name in set(self.marks).intersection(self.columns.names):
            self._colour_mark(name)

    def _colour_mark(self, name: str) -> None:
        colour = self.colour(name) if self.columns.players else self.theme.muted
        self.marks[name].setPen(pg.mkPen(QColor(colour), width=1, style=Qt.PenStyle.DashLine))

    def _colour_lines(self, name: str) -> None:
        raw, line = self.lines[name]
        colour = QColor(self.colour(name))
        line.set_colour(colour)
        faint = QColor(colour)
        faint.setAlphaF(0.22)
        raw.set_colour(faint)

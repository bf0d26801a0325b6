"""Quiet rulers: thin, muted, a few ticks, plain numbers."""

from __future__ import annotations

import math
from collections.abc import Sequence

import pyqtgraph as pg
from PySide6.QtCore import QLineF, QRectF
from PySide6.QtGui import QColor, QPainter, QResizeEvent
from PySide6.QtWidgets import QGraphicsItem

from genlab.app.common.theme import Theme, font

LEFT_WIDTH = 40
BOTTOM_HEIGHT = 22
CLOSEST = 30.0
"""Pixels between two numbers, at least."""


class Ruler(pg.AxisItem):
    """An axis of a few labelled ticks, in plain numbers, drawn once per change of range."""

    _bounds: QRectF | None = None

    def __init__(self, orientation: str) -> None:
        super().__init__(orientation, maxTickLength=4)
        self.enableAutoSIPrefix(False)
        self.setStyle(
            maxTickLevel=0, tickTextOffset=4, autoExpandTextSpace=False, hideOverlappingLabels=False
        )
        self.log = False
        self.spacing = 54.0 if orientation == "bottom" else 40.0
        if orientation == "left":
            self.setWidth(LEFT_WIDTH)
        else:
            self.setHeight(BOTTOM_HEIGHT)
        self.setCacheMode(QGraphicsItem.CacheMode.DeviceCoordinateCache)

    def resizeEvent(self, event: QResizeEvent | None = None) -> None:
        self._bounds = None
        super().resizeEvent(event)

    def boundingRect(self) -> QRectF:
        """Of the size alone; it is asked for many times in every frame."""
        if self._bounds is None:
            self._bounds = super().boundingRect()
        return self._bounds

    def tickSpacing(self, low: float, high: float, size: float) -> list[tuple[float, float]]:
        span = abs(high - low)
        if span == 0 or size <= 0:
            return []
        least = span / max(size / self.spacing, 2.2)
        power = 10.0 ** math.floor(math.log10(least))
        step = next(power * factor for factor in (1, 2, 5, 10) if power * factor >= least * 0.999)
        finer = step * 0.4 if math.isclose(step, 5 * power) else step / 2  # 5 to 2, 2 to 1, 10 to 5
        # One number alone tells no scale.
        lonely = math.floor(high / step + 1e-9) - math.ceil(low / step - 1e-9) < 1
        if lonely and finer / span * size >= CLOSEST:
            step = finer
        return [(step, 0.0)]

    def tickValues(self, low: float, high: float, size: float) -> list[tuple[float, list[float]]]:
        if not self.log:
            return super().tickValues(low, high, size)
        most = max(size / self.spacing, 2.0)
        for digits in ((1, 2, 3, 4, 5, 6, 7, 8, 9), (1, 2, 5), (1, 3), (1,)):
            powers = range(math.floor(low), math.ceil(high) + 1)
            values = [power + math.log10(digit) for power in powers for digit in digits]
            values = [value for value in values if low <= value <= high]
            if len(values) <= most:
                break
        return [(1.0, values[:: max(1, math.ceil(len(values) / most))])]

    def tickStrings(self, values: Sequence[float], scale: float, spacing: float) -> list[str]:
        return [
            tick_text(10**value if self.log else value, None if self.log else spacing) for value in values
        ]

    def apply_theme(self, theme: Theme) -> None:
        """Take over colours and fonts."""
        self.setPen(pg.mkPen(QColor(theme.line), width=1))
        self.setTickPen(pg.mkPen(QColor(theme.line), width=1))
        self.setTextPen(pg.mkPen(QColor(theme.muted)))
        self.setStyle(tickFont=font(theme.font_small))


def tick_text(value: float, spacing: float | None = None) -> str:
    """A number as an axis shows it: '0.5', '−2', '20k', '1e-5'. spacing: fixes the decimals."""
    size = abs(value)
    if size < 1e-12:
        return "0"
    if size >= (9999.5 if spacing is None or spacing < 500 else 999.5):
        unit, letter = (1e6, "M") if size >= 999_500 else (1e3, "k")
        text = f"{value / unit:.4g}{letter}"
    elif size < 1e-3 or spacing is None:
        text = f"{value:.3g}"
    else:
        text = f"{value:.{max(0, -math.floor(math.log10(spacing) + 1e-9))}f}"
    return text.replace("-", "−", 1) if text.startswith("-") else text


class Grid(pg.GraphicsObject):
    """Hairlines at the ticks of a ruler, across the view."""

    def __init__(self, view: pg.ViewBox, ruler: Ruler) -> None:
        super().__init__()
        self.setCacheMode(QGraphicsItem.CacheMode.DeviceCoordinateCache)
        self.view = view
        self.ruler = ruler
        self.colour = QColor()
        self.setZValue(-100)

    def boundingRect(self):
        return self.view.viewRect()

    def viewRangeChanged(self):
        self.prepareGeometryChange()
        self.update()

    def paint(self, painter: QPainter, *_: object) -> None:
        rect = self.view.viewRect()
        painter.setPen(pg.mkPen(self.colour, width=1))
        for _spacing, values in self.ruler.tickValues(rect.top(), rect.bottom(), self.view.height()):
            for value in values:
                painter.drawLine(QLineF(rect.left(), value, rect.right(), value))

"""The scale of a coloured map: a strip beside it with its ends, its middle and its unit."""

from __future__ import annotations

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QImage, QPainter, QPen
from PySide6.QtWidgets import QGraphicsItem

from genlab.app.panels.raster import Colours
from genlab.app.panels.rulers import tick_text
from genlab.app.theme import Theme, font

STRIP = 10.0
WIDTH = 64.0
"""The room that a bar takes, its numbers included."""
TALLEST = 220.0


class ColourBar(pg.GraphicsObject):
    """Painted in pixels of the scene, from `set_rect` down."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self.setCacheMode(QGraphicsItem.CacheMode.DeviceCoordinateCache)
        self.theme = theme
        self.limits = (0.0, 1.0)
        self.unit = ""
        self.value: float | None = None
        self._rect = QRectF()
        self._image: QImage | None = None
        self._pixels: Colours | None = None

    def show_scale(self, colours: Colours, limits: tuple[float, float], unit: str) -> None:
        """Show these colours from the low to the high limit."""
        pixels = np.ascontiguousarray(colours[::-1, None])
        same = self._pixels is not None and np.array_equal(pixels, self._pixels)
        if same and (limits, unit) == (self.limits, self.unit):
            return
        self.limits, self.unit = limits, unit
        self._pixels = pixels  # QImage does not copy
        self._image = QImage(pixels.data, 1, len(pixels), 4, QImage.Format.Format_ARGB32_Premultiplied)
        self.update()

    def show_value(self, value: float | None) -> None:
        """Point at a value on the scale."""
        if value != self.value:
            self.value = value
            self.update()

    def set_rect(self, rect: QRectF) -> None:
        """Where to show it."""
        if rect != self._rect:
            self.prepareGeometryChange()
            self._rect = rect

    def apply_theme(self, theme: Theme) -> None:
        """Take over colours and fonts."""
        self.theme = theme
        self.update()

    def boundingRect(self) -> QRectF:
        return self._rect.adjusted(-8, -8, 8, 24)

    def strip(self) -> QRectF:
        """The coloured part."""
        tall = min(self._rect.height(), TALLEST)
        top = self._rect.top() + (self._rect.height() - tall) / 2
        return QRectF(self._rect.left(), top, STRIP, tall)

    def paint(self, painter: QPainter, *_: object) -> None:
        if self._image is None:
            return
        strip = self.strip()
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, True)
        painter.drawImage(strip, self._image)
        painter.setPen(QPen(QColor(self.theme.line), 1))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawRect(strip.adjusted(-0.5, -0.5, 0.5, 0.5))
        painter.setFont(font(self.theme.font_small))
        painter.setPen(QColor(self.theme.muted))
        low, high = self.limits
        middle = (low + high) / 2
        align = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
        values = (low, middle, high) if strip.height() > 60 else (low, high)
        for value in values:
            y = strip.bottom() - (value - low) / max(high - low, 1e-30) * strip.height()
            y = min(max(y, strip.top() + 5), strip.bottom() - 5)
            text = tick_text(float(f"{value:.3g}"))
            painter.drawText(QRectF(strip.right() + 5, y - 8, WIDTH, 16), align, text)
        if self.unit:
            painter.drawText(QRectF(strip.left() - 1, strip.bottom() + 5, WIDTH, 16), align, self.unit)
        if self.value is not None:
            share = min(max((self.value - low) / max(high - low, 1e-30), 0.0), 1.0)
            y = strip.bottom() - share * strip.height()
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(QColor(self.theme.text))
            tip = strip.left() - 1
            painter.drawPolygon([QPointF(tip - 5, y - 3.5), QPointF(tip, y), QPointF(tip - 5, y + 3.5)])

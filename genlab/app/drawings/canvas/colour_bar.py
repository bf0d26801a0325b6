"""The scale of a coloured map: a strip beside it with its ends, its middle and its unit."""

from __future__ import annotations

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QImage, QPainter, QPen, QTransform
from PySide6.QtWidgets import QGraphicsItem

from genlab.app.common.theme import Theme, font
from genlab.app.drawings.canvas.raster import Colours
from genlab.app.drawings.canvas.rulers import tick_text

STRIP = 10.0
WIDTH, HEIGHT = 64.0, 34.0
"""The room that a bar takes beside a map, or under it, its numbers included."""
LONGEST = 220.0


class ColourBar(pg.GraphicsObject):
    """Painted in pixels of the scene: beside a map, or under it where its rectangle is wider than high."""

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

    @property
    def lying(self) -> bool:
        """Whether it runs from left to right."""
        return self._rect.width() > self._rect.height()

    def strip(self) -> QRectF:
        """The coloured part."""
        rect = self._rect
        if self.lying:
            wide = min(rect.width(), LONGEST)
            return QRectF(rect.center().x() - wide / 2, rect.top() + 6, wide, STRIP)
        tall = min(rect.height(), LONGEST)
        return QRectF(rect.left(), rect.center().y() - tall / 2, STRIP, tall)

    def _at(self, value: float) -> QPointF:
        """Where a value is: on the edge of the strip where its number stands."""
        strip, (low, high) = self.strip(), self.limits
        share = min(max((value - low) / max(high - low, 1e-30), 0.0), 1.0)
        if self.lying:
            return QPointF(strip.left() + share * strip.width(), strip.bottom())
        return QPointF(strip.right(), strip.bottom() - share * strip.height())

    def paint(self, painter: QPainter, *_: object) -> None:
        if self._image is None:
            return
        strip = self.strip()
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, True)
        image = self._image.transformed(QTransform().rotate(90)) if self.lying else self._image
        painter.drawImage(strip, image)
        painter.setPen(QPen(QColor(self.theme.line), 1))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawRect(strip.adjusted(-0.5, -0.5, 0.5, 0.5))
        painter.setFont(font(self.theme.font_small))
        painter.setPen(QColor(self.theme.muted))
        low, high = self.limits
        long = strip.width() if self.lying else strip.height()
        for value in (low, (low + high) / 2, high) if long > 60 else (low, high):
            self._number(painter, value, strip)
        if self.value is not None:
            self._pointer(painter, self._at(self.value))

    def _number(self, painter: QPainter, value: float, strip: QRectF) -> None:
        low, high = self.limits
        text = tick_text(float(f"{value:.3g}"))
        at = self._at(value)
        if self.lying:
            text = f"{text} {self.unit}".rstrip() if value == high else text
            left, right = Qt.AlignmentFlag.AlignLeft, Qt.AlignmentFlag.AlignRight
            side = left if value == low else right if value == high else Qt.AlignmentFlag.AlignHCenter
            x = strip.left() if value == low else strip.right() - 100 if value == high else at.x() - 50
            painter.drawText(QRectF(x, strip.bottom() + 3, 100, 16), side | Qt.AlignmentFlag.AlignTop, text)
            return
        y = min(max(at.y(), strip.top() + 5), strip.bottom() - 5)
        align = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
        painter.drawText(QRectF(strip.right() + 5, y - 8, WIDTH, 16), align, text)
        if value == low:
            painter.drawText(QRectF(strip.left() - 1, strip.bottom() + 5, WIDTH, 16), align, self.unit)

    def _pointer(self, painter: QPainter, at: QPointF) -> None:
        """A small triangle on the side away from the numbers."""
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(self.theme.text))
        x, y = at.x(), at.y()
        if self.lying:
            y -= STRIP + 1
            painter.drawPolygon([QPointF(x - 3.5, y - 5), QPointF(x, y), QPointF(x + 3.5, y - 5)])
        else:
            x -= STRIP + 1
            painter.drawPolygon([QPointF(x - 5, y - 3.5), QPointF(x, y), QPointF(x - 5, y + 3.5)])

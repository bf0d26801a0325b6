"""Bars, and dashed marks across a view, beside the curves of an extra panel."""

from __future__ import annotations

import math

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPen
from PySide6.QtWidgets import QGraphicsItem

from genlab.app.common.theme import Theme, font
from genlab.app.drawings.canvas.curve_item import FAR

SHARE = 0.78
"""Of the room of one place on the axis, what its bars take together."""

Floats = NDArray[np.float64]


class Bars(pg.GraphicsObject):
    """Bars side by side at each place, on whole pixels."""

    def __init__(self) -> None:
        super().__init__()
        self.setCacheMode(QGraphicsItem.CacheMode.DeviceCoordinateCache)
        self.boxes: list[tuple[Floats, QColor]] = []
        self._rect = QRectF()

    def show_bars(self, x: Floats, heights: list[Floats], colours: list[QColor]) -> None:
        """Draw heights (n,) at x (n,), each row of them in a colour."""
        room = spacing(x) * SHARE
        wide = room / max(len(heights), 1)
        self.boxes = []
        for i, (height, colour) in enumerate(zip(heights, colours, strict=False)):
            left = x - room / 2 + i * wide
            self.boxes.append((np.column_stack([left, left + wide, np.nan_to_num(height)]), colour))
        rect = QRectF()
        if heights and len(x):
            tall = max(max(float(np.nanmax(h)), 0.0) for h in heights)
            low = min(min(float(np.nanmin(h)), 0.0) for h in heights)
            rect = QRectF(float(x.min()) - room, low, float(np.ptp(x)) + 2 * room, max(tall - low, 1e-12))
        if rect != self._rect:
            self.prepareGeometryChange()
            self._rect = rect
        self.update()

    def boundingRect(self) -> QRectF:
        return self._rect

    def paint(self, painter: QPainter, *_: object) -> None:
        m = painter.transform()
        painter.save()
        painter.resetTransform()
        painter.setPen(Qt.PenStyle.NoPen)
        ground = round(m.dy())
        for boxes, colour in self.boxes:
            gap = 1 if len(boxes) and abs(boxes[0, 1] - boxes[0, 0]) * m.m11() > 4 else 0
            painter.setBrush(colour)
            for left, right, height in boxes:
                a, b = round(left * m.m11() + m.dx()), round(right * m.m11() + m.dx())
                top = round(max(-FAR, min(FAR, height * m.m22() + m.dy())))
                painter.drawRect(a, min(top, ground), max(b - a - gap, 1), max(abs(ground - top), 1))
        painter.restore()


class Marks(pg.GraphicsObject):
    """Dashed lines across the view at given heights, their names at the right end."""

    def __init__(self, view: pg.ViewBox, theme: Theme) -> None:
        super().__init__()
        self.setCacheMode(QGraphicsItem.CacheMode.DeviceCoordinateCache)
        self.setZValue(30)
        self.view = view
        self.theme = theme
        self.marks: dict[str, float] = {}
        self.avoided: Floats = np.zeros((0, 2))
        self._rect = QRectF(view.viewRect())

    def show_marks(self, marks: dict[str, float], avoided: Floats) -> None:
        """Draw these, name to height; the names stay clear of points (n, 2) where they can."""
        if marks or self.marks:
            self.marks, self.avoided = marks, avoided
            self.update()

    def apply_theme(self, theme: Theme) -> None:
        """Take over colours and fonts."""
        self.theme = theme
        self.update()

    def viewRangeChanged(self) -> None:
        self.prepareGeometryChange()
        self._rect = QRectF(self.view.viewRect())

    def boundingRect(self) -> QRectF:
        return self._rect

    def paint(self, painter: QPainter, *_: object) -> None:
        m = painter.transform()
        left, right = self._rect.left() * m.m11() + m.dx(), self._rect.right() * m.m11() + m.dx()
        top = min(self._rect.top() * m.m22(), self._rect.bottom() * m.m22()) + m.dy()
        painter.save()
        painter.resetTransform()
        painter.setFont(font(self.theme.font_small))
        taken: list[QRectF] = []
        screen = self.avoided * [m.m11(), m.m22()] + [m.dx(), m.dy()]
        for name, height in sorted(self.marks.items(), key=lambda item: -item[1]):
            y = round(height * m.m22() + m.dy()) + 0.5
            if not math.isfinite(y) or abs(y) > FAR:
                continue
            pen = QPen(QColor(self.theme.muted), 1)
            pen.setDashPattern([4, 3])
            painter.setPen(pen)
            painter.drawLine(QPointF(left, y), QPointF(right, y))
            wide = painter.fontMetrics().horizontalAdvance(name)
            middle = (left + right - wide) / 2
            tries = [
                QRectF(x, y + dy, wide, 14) for x in (right - wide - 4, left + 6, middle) for dy in (-15, 1)
            ]
            box = min(tries, key=lambda box: self._crowded(box, top, taken, screen))
            taken.append(box)
            painter.setPen(QColor(self.theme.muted))
            painter.drawText(box, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, name)
        painter.restore()

    @staticmethod
    def _crowded(box: QRectF, top: float, taken: list[QRectF], screen: Floats) -> int:
        """How much a name here would hide."""
        if box.top() < top or any(box.intersects(other) for other in taken):
            return len(screen) + 1
        x, y = screen[:, 0], screen[:, 1]
        inside = (x > box.left() - 2) & (x < box.right() + 2) & (y > box.top()) & (y < box.bottom())
        return int(np.count_nonzero(inside))


def spacing(x: Floats) -> float:
    """The least distance between two places."""
    gaps = np.diff(np.unique(x))
    return float(gaps.min()) if len(gaps) else 1.0

"""Names of curves in their colours, in a corner of a view."""

from __future__ import annotations

from collections.abc import Sequence

import pyqtgraph as pg
from PySide6.QtCore import QPointF, QRectF
from PySide6.QtGui import QColor, QFontMetricsF, QPainter, QPen
from PySide6.QtWidgets import QGraphicsItem

from genlab.app.common.theme import Theme, font

LINE = 16.0
MARK = 14.0


class Legend(pg.GraphicsObject):
    """Right-aligned entries (name, colour), below the top right corner of a view."""

    def __init__(self, view: pg.ViewBox, theme: Theme) -> None:
        super().__init__(view)
        self.setCacheMode(QGraphicsItem.CacheMode.DeviceCoordinateCache)
        self.view = view
        self.theme = theme
        self.entries: tuple[tuple[str, str], ...] = ()
        self._rect = QRectF()
        self.setZValue(100)
        view.sigResized.connect(self._place)

    def show_entries(self, entries: Sequence[tuple[str, str]]) -> None:
        """Show these names, each '#rrggbb'; fewer than two need no legend."""
        entries = tuple(entries) if len(entries) > 1 else ()
        if entries != self.entries:
            self.entries = entries
            self._measure()

    def apply_theme(self, theme: Theme) -> None:
        """Take over colours and fonts."""
        self.theme = theme
        self._measure()

    def _measure(self) -> None:
        self.prepareGeometryChange()
        metrics = QFontMetricsF(font(self.theme.font_small))
        width = max((metrics.horizontalAdvance(name) for name, _ in self.entries), default=0.0) + MARK + 16
        self._rect = QRectF(-width, 0, width, LINE * len(self.entries) + 4)
        self.update()

    def _place(self, *_: object) -> None:
        self.setPos(QPointF(self.view.width(), 0.0))

    def boundingRect(self) -> QRectF:
        return self._rect

    def paint(self, painter: QPainter, *_: object) -> None:
        painter.setFont(font(self.theme.font_small))
        rect = self._rect
        for i, (name, colour) in enumerate(self.entries):
            y = 2 + i * LINE + LINE / 2
            painter.setPen(QPen(QColor(colour), 2))
            painter.drawLine(QPointF(rect.left(), y), QPointF(rect.left() + MARK, y))
            painter.setPen(QColor(self.theme.muted))
            painter.drawText(QPointF(rect.left() + MARK + 6, y + 4), name)

"""One view on data units: its rulers, its place, and a range that moves rarely and glides."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QObject, QRectF, Qt, QTimer, Signal
from PySide6.QtGui import QColor, QMouseEvent, QPainter
from PySide6.QtWidgets import QGraphicsItem

from genlab.app.common.theme import Theme, font
from genlab.app.drawings.canvas.rulers import BOTTOM_HEIGHT, LEFT_WIDTH, Grid, Ruler
from genlab.data.payloads import Extent

Fit = Literal["free", "widen", "shrink"]
"""How a view takes its extent: stretched over its place; with equal units, by a wider range; with
equal units, by a smaller place."""

TITLE_HEIGHT = 20.0
TOP_MARGIN = 6.0
GLIDE_FRAMES = 8


class View(pg.ViewBox):
    """A view that a wheel zooms, a drag moves and a double click brings home."""

    went_home = Signal()

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self.setFlag(self.GraphicsItemFlag.ItemHasNoContents)  # its children are what is painted

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        event.accept()
        self.went_home.emit()


class Note(pg.GraphicsObject):
    """A line of muted text in the middle, or at the right end, of a rectangle of the scene."""

    def __init__(self, text: str, theme: Theme, right: bool = False) -> None:
        super().__init__()
        self.setCacheMode(QGraphicsItem.CacheMode.DeviceCoordinateCache)
        self.text = text
        self.align = Qt.AlignmentFlag.AlignCenter
        if right:
            self.align = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        self.colour = theme.muted
        self.size = theme.font_small
        self.rect = QRectF()

    def set_text(self, text: str) -> None:
        """Show this text."""
        if text != self.text:
            self.text = text
            self.update()

    def set_rect(self, rect: QRectF) -> None:
        """Where to show it."""
        self.prepareGeometryChange()
        self.rect = rect

    def apply_theme(self, theme: Theme) -> None:
        """Take over colours and fonts."""
        self.colour, self.size = theme.muted, theme.font_small
        self.update()

    def boundingRect(self) -> QRectF:
        return self.rect

    def paint(self, painter: QPainter, *_: object) -> None:
        painter.setFont(font(self.size))
        painter.setPen(QColor(self.colour))
        text = painter.fontMetrics().elidedText(
            self.text, Qt.TextElideMode.ElideRight, int(self.rect.width())
        )
        painter.drawText(self.rect, self.align, text)


class Axes(QObject):
    """A view with its rulers. It shows `home` unless a person zooms; a double click goes home."""

    def __init__(
        self, scene: pg.GraphicsScene, theme: Theme, fit: Fit, title: str = "", grid: bool = False
    ) -> None:
        super().__init__(scene)
        self.fit = fit
        self.view = View(enableMenu=False)
        self.view.disableAutoRange()
        self.view.setDefaultPadding(0)
        self.view.went_home.connect(self.go_home)
        self.view.sigRangeChangedManually.connect(self._on_zoom)
        self.left, self.bottom = Ruler("left"), Ruler("bottom")
        self.title = Note(title, theme) if title else None
        for item in (self.view, self.left, self.bottom, self.title):
            if item is not None:
                scene.addItem(item)
        self.left.linkToView(self.view)
        self.bottom.linkToView(self.view)
        self.grid = Grid(self.view, self.left) if grid else None
        if self.grid is not None:
            self.add(self.grid)
        self.home: Extent = (0.0, 1.0, 0.0, 1.0)
        self.zoomed = False
        self._from: Extent = self.home
        self._frame = 0
        self._glide = QTimer(self, interval=16)
        self._glide.timeout.connect(self._glide_on)
        self.apply_theme(theme)

    def add(self, item: pg.GraphicsObject) -> None:
        """Draw an item in data units; it never changes the range."""
        self.view.addItem(item, ignoreBounds=True)

    def set_visible(self, on: bool) -> None:
        """Show or hide the view with all that belongs to it."""
        for item in (self.view, self.left, self.bottom, self.title):
            if item is not None:
                item.setVisible(on)

    # -- place -------------------------------------------------------------------------------

    @property
    def top(self) -> float:
        """Pixels above the view."""
        return TITLE_HEIGHT if self.title is not None else TOP_MARGIN

    def inner(self, cell: QRectF, left: bool, bottom: bool) -> QRectF:
        """The place of the view in its cell: rulers and title taken off, equal units kept."""
        rect = cell.adjusted(LEFT_WIDTH if left else 0, self.top, 0, -BOTTOM_HEIGHT if bottom else 0)
        x0, x1, y0, y1 = self.home
        if self.fit == "shrink" and y1 > y0 and x1 > x0:
            wanted = (x1 - x0) / (y1 - y0)
            width = min(rect.width(), rect.height() * wanted)
            height = min(rect.height(), rect.width() / wanted)
            rect = QRectF(
                rect.x() + (rect.width() - width) / 2, rect.y() + (rect.height() - height) / 2, width, height
            )
        return QRectF(
            round(rect.x()), round(rect.y()), max(8, round(rect.width())), max(8, round(rect.height()))
        )

    def place(self, rect: QRectF, left: bool = True, bottom: bool = True) -> None:
        """Put the view here, its rulers beside it."""
        self.left.setVisible(left)
        self.bottom.setVisible(bottom)
        self.view.setGeometry(rect)
        self.left.setGeometry(QRectF(rect.left() - LEFT_WIDTH, rect.top(), LEFT_WIDTH, rect.height()))
        self.bottom.setGeometry(QRectF(rect.left(), rect.bottom(), rect.width(), BOTTOM_HEIGHT))
        if self.title is not None:
            self.title.set_rect(QRectF(rect.left(), rect.top() - TITLE_HEIGHT, rect.width(), TITLE_HEIGHT))
        if not self.zoomed:
            self._show(self.home)

    # -- range -------------------------------------------------------------------------------

    def set_home(self, extent: Extent, glide: bool = False) -> None:
        """The range to show: at once, or over a few frames."""
        if extent == self.home:
            return
        self._from, self.home = self.shown(), extent
        if self.zoomed:
            return
        if glide and self.view.isVisible():
            self._frame = 0
            self._glide.start()
        else:
            self._glide.stop()
            self._show(extent)

    def shown(self) -> Extent:
        """The range in view."""
        (x0, x1), (y0, y1) = self.view.viewRange()
        return x0, x1, y0, y1

    def go_home(self) -> None:
        """Undo a person's zoom."""
        self.zoomed = False
        self._show(self.home)

    def _on_zoom(self, *_: object) -> None:
        self._glide.stop()
        self.zoomed = True

    def _glide_on(self) -> None:
        self._frame += 1
        share = 1 - (1 - self._frame / GLIDE_FRAMES) ** 3
        if self._frame >= GLIDE_FRAMES:
            self._glide.stop()
            self._show(self.home)
        else:
            a, b = np.array(self._from), np.array(self.home)
            x0, x1, y0, y1 = (a + (b - a) * share).tolist()
            self._show((x0, x1, y0, y1))

    def _show(self, extent: Extent) -> None:
        x0, x1, y0, y1 = extent
        if x1 <= x0 or y1 <= y0:
            return
        rect = self.view.geometry()
        if self.fit == "widen" and rect.width() > 0 and rect.height() > 0:
            unit = max((x1 - x0) / rect.width(), (y1 - y0) / rect.height())
            x, y = unit * rect.width() / 2, unit * rect.height() / 2
            x0, x1, y0, y1 = (x0 + x1) / 2 - x, (x0 + x1) / 2 + x, (y0 + y1) / 2 - y, (y0 + y1) / 2 + y
        self.view.setRange(xRange=(x0, x1), yRange=(y0, y1), padding=0, disableAutoRange=False)

    # -- look --------------------------------------------------------------------------------

    def apply_theme(self, theme: Theme) -> None:
        """Take over colours and fonts."""
        self.left.apply_theme(theme)
        self.bottom.apply_theme(theme)
        if self.grid is not None:
            self.grid.colour = QColor(theme.grid)
            self.grid.update()
        if self.title is not None:
            self.title.apply_theme(theme)

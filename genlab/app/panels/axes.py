"""Quiet axes: a view on data units with thin rulers, fixed ranges that glide, and no frame."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QObject, Qt, QTimer, Signal
from PySide6.QtGui import QColor, QFontMetricsF, QMouseEvent, QPainter
from PySide6.QtWidgets import QGraphicsItem, QSizePolicy

from genlab.app.theme import Theme, font
from genlab.data.payloads import Extent

LEFT_WIDTH = 40
BOTTOM_HEIGHT = 22
GLIDE_FRAMES = 8


class Ruler(pg.AxisItem):
    """An axis of a few labelled ticks, in plain numbers, drawn once per change of range."""

    def __init__(self, orientation: str) -> None:
        super().__init__(orientation, maxTickLength=4)
        self.enableAutoSIPrefix(False)
        self.setStyle(maxTickLevel=0, tickTextOffset=4, autoExpandTextSpace=False, hideOverlappingLabels=True)
        self.log = False
        self.spacing = 58.0 if orientation == "bottom" else 44.0
        if orientation == "left":
            self.setWidth(LEFT_WIDTH)
        else:
            self.setHeight(BOTTOM_HEIGHT)
        self.setCacheMode(QGraphicsItem.CacheMode.DeviceCoordinateCache)

    def tickSpacing(self, low: float, high: float, size: float) -> list[tuple[float, float]]:
        span = abs(high - low)
        if span == 0 or size <= 0:
            return []
        least = span / max(size / self.spacing, 1.5)
        power = 10.0 ** math.floor(math.log10(least))
        step = next(power * factor for factor in (1, 2, 5, 10) if power * factor >= least * 0.999)
        return [(max(step, 1.0) if self.log and span > 1.5 else step, 0.0)]

    def tickStrings(self, values: Sequence[float], scale: float, spacing: float) -> list[str]:
        return [tick_text(10**value if self.log else value, None if self.log else spacing) for value in values]

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
    if size >= 9999.5 or (spacing is not None and spacing >= 1000):
        unit, letter = (1e6, "M") if size >= 999_500 else (1e3, "k")
        text = f"{value / unit:.4g}{letter}"
    elif size < 1e-3:
        text = f"{value:.3g}"
    elif spacing is None:
        text = f"{value:.3g}"
    else:
        text = f"{value:.{max(0, -math.floor(math.log10(spacing) + 1e-9))}f}"
    return text.replace("-", "−", 1) if text.startswith("-") else text


class Grid(pg.GraphicsObject):
    """Hairlines at the ticks of a ruler, across the view."""

    def __init__(self, view: pg.ViewBox, ruler: Ruler) -> None:
        super().__init__()
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
        pen = pg.mkPen(self.colour, width=1)
        painter.setPen(pen)
        size = self.view.height()
        for _spacing, values in self.ruler.tickValues(rect.top(), rect.bottom(), size):
            for value in values:
                painter.drawLine(pg.QtCore.QLineF(rect.left(), value, rect.right(), value))


class Axes(QObject):
    """One view with its rulers. The view shows `home` unless a person zooms; a double click goes home."""

    hovered = Signal(object)  # (x, y) in data units, or None when the cursor leaves

    def __init__(
        self,
        canvas: Canvas,
        row: int,
        column: int,
        *,
        equal: bool = False,
        left: bool = True,
        bottom: bool = True,
        title: str = "",
        grid: bool = False,
    ) -> None:
        super().__init__(canvas)
        self.canvas = canvas
        self.view = View(enableMenu=False, lockAspect=1.0 if equal else False)
        self.view.disableAutoRange()
        self.view.setDefaultPadding(0)
        self.view.went_home.connect(lambda: self.go_home())
        self.view.sigRangeChangedManually.connect(self._zoomed)
        self.rulers: list[Ruler] = []
        self.home: Extent = (0.0, 1.0, 0.0, 1.0)
        self.zoomed = False
        self._glide = QTimer(self, interval=16)
        self._glide.timeout.connect(self._glide_on)
        self._from: Extent = self.home
        self._frame = 0
        layout = canvas.ci
        self.title = None
        if title:
            self.title = pg.LabelItem(title)
            self.title.setMaximumHeight(20)
            layout.addItem(self.title, row, column + 1)
        self.view.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        layout.addItem(self.view, row + 1, column + 1)
        self.left = self._ruler("left", row + 1, column) if left else None
        self.bottom = self._ruler("bottom", row + 2, column + 1) if bottom else None
        self.grid = None
        if grid and self.left is not None:
            self.grid = Grid(self.view, self.left)
            self.view.addItem(self.grid, ignoreBounds=True)
        canvas.axes.append(self)

    def _ruler(self, side: str, row: int, column: int) -> Ruler:
        ruler = Ruler(side)
        ruler.linkToView(self.view)
        self.canvas.ci.addItem(ruler, row, column)
        self.rulers.append(ruler)
        return ruler

    def add(self, item: pg.GraphicsObject) -> None:
        """Draw an item in data units; it never changes the range."""
        self.view.addItem(item, ignoreBounds=True)

    def set_home(self, extent: Extent, glide: bool = False) -> None:
        """The range to show: at once, or over a few frames."""
        if extent == self.home and not self.zoomed:
            return
        self._from = self.shown()
        self.home = extent
        if self.zoomed:
            return
        if glide and self.canvas.isVisible():
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

    def apply_theme(self, theme: Theme) -> None:
        """Take over colours and fonts."""
        for ruler in self.rulers:
            ruler.apply_theme(theme)
        if self.grid is not None:
            self.grid.colour = QColor(theme.grid)
        if self.title is not None:
            self.title.setText(self.title.text, color=theme.muted, size=f"{theme.font_small}px")

    def _zoomed(self, *_: object) -> None:
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
            self._show(tuple((a + (b - a) * share).tolist()))

    def _show(self, extent: Extent) -> None:
        x0, x1, y0, y1 = extent
        self.view.setRange(xRange=(x0, x1), yRange=(y0, y1), padding=0, disableAutoRange=False)


class View(pg.ViewBox):
    """A view that a wheel zooms, a drag moves and a double click brings home."""

    went_home = Signal()

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        event.accept()
        self.went_home.emit()


class Canvas(pg.GraphicsLayoutWidget):
    """The drawing surface of a panel: opaque, so that nothing behind it is painted again."""

    def __init__(self, theme: Theme, name: str) -> None:
        super().__init__()
        self.axes: list[Axes] = []
        self.setObjectName(name)
        self.setFrameShape(self.Shape.NoFrame)
        self.setAntialiasing(False)
        self.setFocusPolicy(Qt.FocusPolicy.ClickFocus)
        self.ci.setContentsMargins(0, 0, 0, 0)
        self.ci.layout.setSpacing(0)
        self.hover: Callable[[Axes | None, float, float], None] | None = None
        self.viewport().setMouseTracking(True)
        self.apply_theme(theme)

    def apply_theme(self, theme: Theme) -> None:
        """Take over colours and fonts."""
        self.setBackground(theme.surface)
        for axes in self.axes:
            axes.apply_theme(theme)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        super().mouseMoveEvent(event)
        if self.hover is None:
            return
        where = self.mapToScene(event.position().toPoint())
        for axes in self.axes:
            if axes.view.sceneBoundingRect().contains(where):
                point = axes.view.mapSceneToView(where)
                self.hover(axes, point.x(), point.y())
                return
        self.hover(None, 0.0, 0.0)

    def leaveEvent(self, event: object) -> None:
        super().leaveEvent(event)
        if self.hover is not None:
            self.hover(None, 0.0, 0.0)


def text_width(text: str, size: int) -> float:
    """Pixels that a text takes at a size."""
    return QFontMetricsF(font(size)).horizontalAdvance(text)

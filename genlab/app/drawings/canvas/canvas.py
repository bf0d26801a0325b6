"""The drawing surface of a panel, and how its views share the room."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import pyqtgraph as pg
from PySide6.QtCore import QRectF, Qt, Signal
from PySide6.QtGui import QMouseEvent, QPixmapCache, QResizeEvent
from PySide6.QtWidgets import QGraphicsItem

from genlab.app.common.theme import Theme
from genlab.app.drawings.canvas.axes import Axes, Fit
from genlab.app.drawings.canvas.rulers import LEFT_WIDTH

GAP = 14.0
RIGHT = 12.0
"""Room for half a number at the right end of a ruler."""
PICTURES = 128 * 1024
"""Kilobytes that the cached pictures of all items may take. With less than those in view need, each frame
drops what the next one wants: Qt's own 10 MB are too few from 1920 x 1080 pixels on."""

Arrange = Callable[[float, float], Sequence[tuple[Axes, QRectF, bool, bool]]]
"""(width, height) to (axes, place of the view, left ruler shown, bottom ruler shown)."""


class Canvas(pg.GraphicsView):
    """Opaque, so that nothing behind it is painted again; only what changed is."""

    hovered = Signal(object, float, float)  # axes or None, x, y in data units

    def __init__(self, theme: Theme, name: str) -> None:
        super().__init__()
        QPixmapCache.setCacheLimit(PICTURES)
        self.axes: list[Axes] = []
        self.theme = theme
        self.arrange: Arrange = self.in_one
        self.setObjectName(name)
        self.setFrameShape(self.Shape.NoFrame)
        self.setAntialiasing(False)
        self.setFocusPolicy(Qt.FocusPolicy.ClickFocus)
        self.setMinimumSize(80, 60)
        self.viewport().setMouseTracking(True)
        for each in (self, self.viewport()):
            each.setAcceptDrops(False)  # what is dropped here is for the window
        self.setBackground(theme.surface)

    def add_axes(self, fit: Fit, title: str = "", grid: bool = False) -> Axes:
        """One more view."""
        axes = Axes(self.sceneObj, self.theme, fit, title, grid)
        self.axes.append(axes)
        return axes

    def apply_theme(self, theme: Theme) -> None:
        """Take over colours and fonts."""
        self.theme = theme
        self.setBackground(theme.surface)
        for axes in self.axes:
            axes.apply_theme(theme)

    def lay_out(self) -> None:
        """Put every view in its place."""
        for axes, rect, left, bottom in self.arrange(self.width(), self.height()):
            axes.place(rect, left, bottom)

    def in_one(self, width: float, height: float) -> list[tuple[Axes, QRectF, bool, bool]]:
        """One view takes all the room."""
        return [
            (self.axes[0], self.axes[0].inner(QRectF(0, 0, width - RIGHT, height), True, True), True, True)
        ]

    def side_by_side(self, width: float, height: float) -> list[tuple[Axes, QRectF, bool, bool]]:
        """Views of one size share a left ruler: in a row, or in rows of two where that draws larger."""
        best: list[tuple[Axes, QRectF, bool, bool]] = []
        for columns in {len(self.axes), min(2, len(self.axes))}:
            placed = self._grid(columns, width, height)
            if not best or placed[0][1].width() > best[0][1].width():
                best = placed
        return best

    def _grid(self, columns: int, width: float, height: float) -> list[tuple[Axes, QRectF, bool, bool]]:
        rows = -(-len(self.axes) // columns)
        cell_width = (width - RIGHT - LEFT_WIDTH - GAP * (columns - 1)) / columns
        cell_height = (height - GAP / 2 * (rows - 1)) / rows
        sample = self.axes[0].inner(QRectF(0, 0, cell_width, cell_height), False, True)
        above, below = self.axes[0].top, cell_height - sample.height() - self.axes[0].top
        spare = min(below, 22.0)
        total_width = LEFT_WIDTH + columns * sample.width() + GAP * (columns - 1)
        total_height = rows * (above + sample.height() + spare) + GAP / 2 * (rows - 1)
        x = max(0.0, (width - RIGHT - total_width) / 2) + LEFT_WIDTH
        y = max(0.0, (height - total_height) / 2)
        placed = []
        for i, axes in enumerate(self.axes):
            row, column = divmod(i, columns)
            rect = QRectF(
                round(x + column * (sample.width() + GAP)),
                round(y + row * (above + sample.height() + spare + GAP / 2) + above),
                sample.width(),
                sample.height(),
            )
            placed.append((axes, rect, column == 0, True))
        return placed

    def stacked(self, *shares: float) -> Arrange:
        """Views above one another on one bottom ruler, by shares of the height."""

        def arrange(width: float, height: float) -> list[tuple[Axes, QRectF, bool, bool]]:
            placed, y = [], 0.0
            for axes, share in zip(self.axes, shares, strict=True):
                last = axes is self.axes[-1]
                cell = QRectF(0, y, width - RIGHT, height * share / sum(shares))
                placed.append((axes, axes.inner(cell, True, last), True, last))
                y += cell.height()
            return placed

        return arrange

    @contextmanager
    def uncached(self) -> Iterator[None]:
        """Items paint themselves, not their cached pictures: for export."""
        cached = [
            item for item in self.scene().items() if item.cacheMode() != QGraphicsItem.CacheMode.NoCache
        ]
        modes = [item.cacheMode() for item in cached]
        for item in cached:
            item.setCacheMode(QGraphicsItem.CacheMode.NoCache)
        try:
            yield
        finally:
            for item, mode in zip(cached, modes, strict=True):
                item.setCacheMode(mode)

    def resizeEvent(self, event: QResizeEvent | None) -> None:
        super().resizeEvent(event)
        if event is not None and self.axes:
            self.lay_out()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        super().mouseMoveEvent(event)
        where = self.mapToScene(event.position().toPoint())
        for axes in self.axes:
            if axes.view.isVisible() and axes.view.sceneBoundingRect().contains(where):
                point = axes.view.mapSceneToView(where)
                self.hovered.emit(axes, point.x(), point.y())
                return
        self.hovered.emit(None, 0.0, 0.0)

    def leaveEvent(self, event: object) -> None:
        super().leaveEvent(event)
        self.hovered.emit(None, 0.0, 0.0)

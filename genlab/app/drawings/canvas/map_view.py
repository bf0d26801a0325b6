"""One map among several: its colours, its title, and what is read at the crosshair that all share."""

from __future__ import annotations

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QPainter

from genlab.app.common.theme import Theme, font
from genlab.app.drawings.canvas.axes import TITLE_HEIGHT, Note
from genlab.app.drawings.canvas.canvas import Canvas
from genlab.app.drawings.canvas.raster import Colours, Raster, density_colours, ratio_colours
from genlab.data.payloads import ScalarMap


class Title(Note):
    """A text on the lower edge of its rectangle; wrapped where the rectangle holds two lines, else cut."""

    def __init__(self, theme: Theme) -> None:
        super().__init__("", theme)
        self.align = Qt.AlignmentFlag.AlignHCenter | Qt.AlignmentFlag.AlignBottom

    def lines(self, width: float) -> int:
        """How many lines the text takes in a width; three where a word alone does not fit."""
        metrics = QFontMetricsF(font(self.size))
        if any(metrics.horizontalAdvance(word) > width for word in self.text.split()):
            return 3
        room = QRectF(0, 0, width, 1000)
        wrapped = metrics.boundingRect(room, int(Qt.TextFlag.TextWordWrap), self.text)
        return round(wrapped.height() / metrics.lineSpacing())

    def paint(self, painter: QPainter, *options: object) -> None:
        if self.lines(self.rect.width()) != 2 or self.rect.height() < TITLE_HEIGHT:
            super().paint(painter, *options)
            return
        painter.setFont(font(self.size))
        painter.setPen(QColor(self.colour))
        painter.drawText(self.rect, self.align | Qt.TextFlag.TextWordWrap, self.text)


class Chip(Note):
    """A short text on a plate in the upper left corner of its rectangle."""

    def __init__(self, theme: Theme) -> None:
        super().__init__("", theme)
        self.setZValue(60)
        self.apply_theme(theme)

    def apply_theme(self, theme: Theme) -> None:
        super().apply_theme(theme)
        self.colour = theme.text
        self.plate = QColor(theme.surface)
        self.plate.setAlphaF(0.85)

    def paint(self, painter: QPainter, *_: object) -> None:
        if not self.text:
            return
        wide = QFontMetricsF(font(self.size)).horizontalAdvance(self.text) + 10
        plate = QRectF(self.rect.left() + 4, self.rect.top() + 4, min(wide, self.rect.width() - 8), 17)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(self.plate)
        painter.drawRoundedRect(plate, 3, 3)
        painter.setFont(font(self.size))
        painter.setPen(QColor(self.colour))
        painter.drawText(plate, Qt.AlignmentFlag.AlignCenter, self.text)


class MapView:
    """One of several maps on a canvas: raster, title above it, crosshair, and the value at the crosshair."""

    def __init__(self, canvas: Canvas, theme: Theme) -> None:
        self.axes = canvas.add_axes("shrink")
        self.raster = Raster()
        self.axes.add(self.raster)
        self.cross = [pg.InfiniteLine(angle=angle, movable=False) for angle in (0, 90)]
        for line in self.cross:
            line.setZValue(50)
            line.hide()
            self.axes.add(line)
        self.title, self.chip = Title(theme), Chip(theme)
        for item in (self.title, self.chip):
            canvas.sceneObj.addItem(item)
        self.apply_theme(theme)

    def set_visible(self, on: bool) -> None:
        """Show or hide all that belongs to it."""
        self.axes.set_visible(on)
        self.title.setVisible(on)
        self.chip.setVisible(on)

    def paint(self, payload: ScalarMap, theme: Theme) -> None:
        """Draw these values."""
        colours = colours_of(payload, theme)
        self.raster.set_values(np.nan_to_num(payload.values), payload.extent, *ends(payload), colours)
        self.title.set_text(payload.title)

    def show_cross(self, at: tuple[float, float] | None, text: str) -> None:
        """A crosshair at a point, and what is read there; None hides it."""
        for line, value in zip(self.cross, at[::-1] if at else (0.0, 0.0), strict=True):
            line.setVisible(at is not None)
            line.setValue(value)
        self.chip.set_text(text)

    def apply_theme(self, theme: Theme) -> None:
        """Take over colours and fonts."""
        muted = QColor(theme.muted)
        muted.setAlphaF(0.8)
        for line in self.cross:
            line.setPen(pg.mkPen(muted, width=1))
        self.title.apply_theme(theme)
        self.chip.apply_theme(theme)


def colours_of(payload: ScalarMap, theme: Theme) -> Colours:
    """The colours of a map, from its low end to its high end."""
    return ratio_colours(theme) if payload.diverging else density_colours(theme.density_map)


def ends(payload: ScalarMap) -> tuple[float, float]:
    """The values at both ends of a map's colours; zero is the middle of a diverging one."""
    low, high = payload.limits
    reach = max(abs(low), abs(high))
    return (-reach, reach) if payload.diverging else (low, high)

"""A drawing with one view: names and a heading above it, the axis across named below, a remark under all."""

from __future__ import annotations

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QPainter

from genlab.app.common.theme import Theme, font
from genlab.app.drawings.canvas.axes import Axes, Fit, Note
from genlab.app.drawings.canvas.canvas import RIGHT, Canvas
from genlab.app.drawings.canvas.key_row import KeyRow
from genlab.app.drawings.canvas.rulers import BOTTOM_HEIGHT, LEFT_WIDTH
from genlab.app.drawings.drawing import Drawing, Remark

LABEL_HEIGHT = 15.0
HEADING_HEIGHT, LINE = 20.0, 14.0


class Heading(Note):
    """A line of muted text above a view; a second one where the first is too short."""

    def lines(self, width: float) -> int:
        """How many lines the text takes in a width: none, one or two."""
        fits = QFontMetricsF(font(self.size)).horizontalAdvance(self.text) <= width
        return 0 if not self.text else 1 if fits else 2

    def paint(self, painter: QPainter, *options: object) -> None:
        if self.lines(self.rect.width()) < 2:
            super().paint(painter, *options)
            return
        painter.setFont(font(self.size))
        painter.setPen(QColor(self.colour))
        painter.drawText(self.rect, self.align | Qt.TextFlag.TextWordWrap, self.text)


class PlotDrawing(Drawing):
    """What drawings on one pair of axes have in common. beside, under: room beside the view, in pixels."""

    beside = 0.0
    under = 0.0

    def __init__(self, theme: Theme, name: str, fit: Fit, grid: bool = False) -> None:
        super().__init__(theme, name)
        self.keys = KeyRow(theme, f"{name}.keys")
        self.canvas = Canvas(theme, f"{name}.plot")
        self.axes = self.canvas.add_axes(fit, grid=grid)
        self.across = Heading("", theme, right=True)
        self.heading = Heading("", theme)
        for item in (self.across, self.heading):
            self.canvas.sceneObj.addItem(item)
        self.remark = Remark(f"{name}.note")
        self.pointer: tuple[float, float] | None = None
        self.canvas.arrange = self._arrange
        self.canvas.hovered.connect(self._hover)
        self.body.addWidget(self.keys)
        self.body.addWidget(self.canvas, 1)
        self.body.addWidget(self.remark)

    def show_across(self, text: str) -> None:
        """Name the axis across."""
        if text != self.across.text:
            self.across.set_text(text)
            self.canvas.lay_out()

    def show_heading(self, text: str) -> None:
        """Say above the view what it shows, where the panel's own title does not."""
        text = "" if text.casefold() == self.title.casefold() else text
        before = self.heading.lines(self.heading.rect.width())
        self.heading.set_text(text)
        if self.heading.lines(self.heading.rect.width()) != before:
            self.canvas.lay_out()

    def go_home(self) -> None:
        self.axes.go_home()

    def apply_theme(self, theme: Theme) -> None:
        super().apply_theme(theme)
        self.keys.apply_theme(theme)
        self.canvas.apply_theme(theme)
        self.across.apply_theme(theme)
        self.heading.apply_theme(theme)

    def _arrange(self, width: float, height: float) -> list[tuple[Axes, QRectF, bool, bool]]:
        below = LABEL_HEIGHT * self.across.lines(width - RIGHT - 4)
        # Centred on the view where that leaves most of the width, else on all of it.
        middle = (LEFT_WIDTH + width - RIGHT - self.beside) / 2
        half = max(min(middle, width - middle), 0.4 * width) - 4
        left = min(max(middle - half, 4.0), max(width - 2 * half - 4, 4.0))
        lines = self.heading.lines(2 * half)
        tall = HEADING_HEIGHT + LINE * (lines - 1) if lines else 0.0
        above = tall - self.axes.top if lines else 0.0
        cell = QRectF(0, above, width - RIGHT - self.beside, height - above - below - self.under)
        rect = self.axes.inner(cell, True, True)
        self.heading.set_rect(QRectF(left, rect.top() - tall, 2 * half, tall))
        bottom = rect.bottom() + BOTTOM_HEIGHT - 3
        # Under the view where it fits there, else across the whole width.
        right = max(rect.right(), 4 + width - RIGHT - 4 if below > LABEL_HEIGHT else 0.0)
        self.across.set_rect(QRectF(4, bottom, right - 4, max(below, LABEL_HEIGHT)))
        return [(self.axes, rect, True, True)]

    def _hover(self, axes: Axes | None, x: float, y: float) -> None:
        self.pointer = None if axes is None else (x, y)
        self.moved.emit()


def steady(low: float, high: float, shown: tuple[float, float]) -> tuple[float, float]:
    """The range for values from low to high: what is shown already while they fill half of it or more."""
    span = high - low
    if span <= 0:
        span = abs(high) or 1.0
        low, high = low - span / 2, high + span / 2
    if shown[0] <= low and high <= shown[1] and span >= 0.5 * (shown[1] - shown[0]):
        return shown
    base = 0.0 if 0 <= low < 0.4 * high else low - 0.07 * span
    return base, high + 0.1 * span

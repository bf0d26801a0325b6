"""Names beside their colours in a row above a plot, where they hide nothing of it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QPainter, QPaintEvent, QPen, QResizeEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from genlab.app.common.theme import Theme, font

Mark = Literal["line", "dash", "dot", "bar"]

LINE = 18.0
MARK, SPACE, GAP = 14.0, 6.0, 14.0
INDENT, END = 6.0, 12.0
MOST_LINES = 3
TRUE = ("truth", "true", "exact", "real", "data", "ideal", "target")
"""A name that begins with one of these words is of the data, not of the model."""
MADE = ("model", "generated", "learned", "samples")
"""One that begins with one of these is of the model."""
OTHERS = (1, 2, 3, 5, 4, 6, 7, 0)
"""Okabe-Ito in an order that begins far from the accent."""


@dataclass(frozen=True)
class Key:
    """One name in its colour '#rrggbb'; mark: how the thing is drawn."""

    name: str
    colour: str
    mark: Mark = "line"


def colours_of(names: Iterable[str], theme: Theme) -> dict[str, str]:
    """Grey for the truth, the accent for the model, for others one of Okabe-Ito each."""
    names = list(names)
    first = {name: (name.lower().split() or [""])[0].rstrip(":,") for name in names}
    free = [name for name in names if first[name] not in TRUE]
    main = next((name for name in free if first[name] in MADE), free[0] if free else "")
    rest = [name for name in free if name != main]
    palette = theme.okabe_ito
    found = {name: palette[OTHERS[i % len(OTHERS)] % len(palette)] for i, name in enumerate(rest)}
    return {name: theme.accent if name == main else found.get(name, theme.real) for name in names}


class KeyRow(QWidget):
    """A caption on the left, such as the name of the upward axis, then keys; wrapped to the width."""

    def __init__(self, theme: Theme, name: str) -> None:
        super().__init__()
        self.theme = theme
        self.caption = ""
        self.keys: tuple[Key, ...] = ()
        self._places: list[QPointF] = []
        self.setObjectName(name)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.hide()

    def show_keys(self, keys: Iterable[Key], caption: str = "") -> None:
        """Show these; nothing at all takes no room."""
        shown = tuple(keys)
        if (shown, caption) == (self.keys, self.caption):
            return
        self.keys, self.caption = shown, caption
        self.setAccessibleName(", ".join([caption, *(key.name for key in shown)]).strip(", "))
        self.setVisible(bool(shown or caption))
        self._place()

    def apply_theme(self, theme: Theme) -> None:
        """Take over colours and fonts."""
        self.theme = theme
        self._place()

    def resizeEvent(self, event: QResizeEvent) -> None:
        self._place()

    def _place(self) -> None:
        metrics = QFontMetricsF(font(self.theme.font_small))
        x, y = INDENT, 0.0
        if self.caption:
            x += metrics.horizontalAdvance(self.caption) + GAP + 4
        self._places = []
        for key in self.keys:
            wide = MARK + SPACE + metrics.horizontalAdvance(key.name)
            if x > INDENT and x + wide > self.width() - END:
                x, y = INDENT, y + LINE
            if y >= MOST_LINES * LINE:
                break
            self._places.append(QPointF(x, y))
            x += wide + GAP
        lines = round(max((place.y() for place in self._places), default=0.0) / LINE) + 1
        self.setFixedHeight(round(LINE * lines))
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setFont(font(self.theme.font_small))
        align = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
        painter.setPen(QColor(self.theme.muted))
        painter.drawText(QRectF(INDENT, 0, self.width() - INDENT, LINE), align, self.caption)
        for place, key in zip(self._places, self.keys, strict=False):
            middle = place.y() + LINE / 2
            paint_mark(painter, key, QRectF(place.x(), middle - 5, MARK, 10))
            painter.setPen(QColor(self.theme.muted))
            left = place.x() + MARK + SPACE
            room = QRectF(left, place.y(), self.width() - left, LINE)
            name = painter.fontMetrics().elidedText(
                key.name, Qt.TextElideMode.ElideRight, max(int(room.width()), 0)
            )
            painter.drawText(room, align, name)


def paint_mark(painter: QPainter, key: Key, box: QRectF) -> None:
    """Paint the sample of a key: a line, a dashed line, a dot or a bar."""
    middle = round(box.center().y()) + 0.5
    colour = QColor(key.colour)
    if key.mark in ("dot", "bar"):
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(colour)
        if key.mark == "dot":
            painter.drawEllipse(QPointF(box.right() - 4, middle), 3.5, 3.5)
        else:
            painter.drawRoundedRect(QRectF(box.right() - 9, middle - 4.5, 9, 9), 2, 2)
        return
    pen = QPen(colour, 1.0 if key.mark == "dash" else 2.0)
    if key.mark == "dash":
        pen.setDashPattern([4, 3])
    painter.setPen(pen)
    painter.drawLine(QPointF(box.left(), middle), QPointF(box.right(), middle))

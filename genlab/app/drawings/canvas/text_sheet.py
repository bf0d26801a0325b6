"""Sequences of tokens as text: monospaced, a line each, side by side where there is room."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QFont,
    QFontDatabase,
    QFontMetricsF,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QResizeEvent,
)
from PySide6.QtWidgets import QAbstractScrollArea, QFrame

from genlab.app.common.theme import Theme, font
from genlab.app.common.words import visible
from genlab.app.drawings.canvas.raster import Colours

LEFT, GAP, LEADING = 6.0, 20.0, 4.0
BETWEEN = 0.4
"""Room between samples that take several lines, in lines."""


@dataclass(frozen=True)
class Line:
    """A sample in words. shades: a share from 0 to 1 for each token, which colours it, or None. fresh:
    which tokens are to stand out, or None."""

    tokens: tuple[str, ...]
    shades: NDArray[np.float64] | None = None
    fresh: NDArray[np.bool_] | None = None


@dataclass(frozen=True)
class Block:
    """Lines under a heading, in its colour '#rrggbb'; without one where its name is empty."""

    lines: tuple[Line, ...]
    name: str = ""
    colour: str = ""


@dataclass(frozen=True)
class Piece:
    """Tokens first to end of a line of a block, and where they stand, in pixels. line: -1 for the heading."""

    block: int
    line: int
    first: int
    end: int
    x: float
    y: float


class TextSheet(QAbstractScrollArea):
    """Paints only what is seen. `hovered` carries block, line and token under the cursor; -1 for none."""

    hovered = Signal(int, int, int)

    def __init__(self, theme: Theme, name: str) -> None:
        super().__init__()
        self.theme = theme
        self.blocks: tuple[Block, ...] = ()
        self._room_for: tuple[Line, ...] = ()
        self.pieces: list[Piece] = []
        self.columns = 1
        self._colours: Colours = np.zeros(1, np.uint32)
        self._widths: dict[str, float] = {}
        self._height = 0.0
        self.setObjectName(name)
        self.setAccessibleName("Samples as text")
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.viewport().setMouseTracking(True)
        self.apply_theme(theme)

    def minimumSizeHint(self) -> QSize:
        return QSize(80, 60)

    def show_blocks(self, blocks: Sequence[Block], colours: Colours, room_for: Sequence[Line] = ()) -> None:
        """Show these, shades in these colours. room_for: lines that have room too, so that nothing moves
        when they come."""
        self.blocks, self._colours, self._room_for = tuple(blocks), colours, tuple(room_for)
        self._place()

    def apply_theme(self, theme: Theme) -> None:
        """Take over colours and fonts."""
        self.theme = theme
        self._font = QFont(QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont))
        self._font.setPixelSize(theme.font_body)
        self._metrics = QFontMetricsF(self._font)
        self._widths.clear()
        self._place()

    @property
    def row(self) -> float:
        """The height of a line, pixels."""
        return self._metrics.height() + LEADING

    def width_of(self, token: str) -> float:
        """The width of a token, pixels."""
        if token not in self._widths:
            self._widths[token] = self._metrics.horizontalAdvance(visible(token))
        return self._widths[token]

    def token_at(self, x: float, y: float) -> tuple[int, int, int]:
        """Block, line and token at a point of the viewport; -1 each where there is none."""
        y += self.verticalScrollBar().value()
        for piece in self.pieces:
            if piece.line < 0 or not (piece.y <= y < piece.y + self.row) or x < piece.x:
                continue
            left = piece.x
            tokens = self.blocks[piece.block].lines[piece.line].tokens
            for place in range(piece.first, piece.end):
                left += self.width_of(tokens[place])
                if x < left:
                    return piece.block, piece.line, place
        return -1, -1, -1

    def _place(self) -> None:
        """Break lines that are too long, and put all in their places: row by row, in columns."""
        room = max(self.viewport().width() - 2 * LEFT, 40.0)
        lines = [*self._room_for, *(line for block in self.blocks for line in block.lines)]
        widest = max((sum(map(self.width_of, line.tokens)) for line in lines), default=0.0)
        self.columns = max(1, int((room + GAP) / (widest + GAP)))
        self.pieces, y = [], 2.0
        for number, block in enumerate(self.blocks):
            if block.name:
                self.pieces.append(Piece(number, -1, 0, 0, LEFT, y))
                y += self.row
            for index, line in enumerate(block.lines):
                x = LEFT + (index % self.columns) * (widest + GAP)
                parts = self._broken(line.tokens, room)
                for first, end in parts:
                    self.pieces.append(Piece(number, index, first, end, x, y))
                    y += self.row if len(parts) > 1 else 0.0
                if len(parts) > 1:
                    y += BETWEEN * self.row
                elif index % self.columns == self.columns - 1 or index == len(block.lines) - 1:
                    y += self.row
            y += LEADING
        self._height = y
        bar = self.verticalScrollBar()
        bar.setRange(0, max(0, round(y - self.viewport().height())))
        bar.setPageStep(self.viewport().height())
        bar.setSingleStep(round(self.row))
        self.viewport().update()

    def _broken(self, tokens: tuple[str, ...], room: float) -> list[tuple[int, int]]:
        parts, first, used = [], 0, 0.0
        for place, token in enumerate(tokens):
            wide = self.width_of(token)
            if used + wide > room and place > first:
                parts.append((first, place))
                first, used = place, 0.0
            used += wide
        return [*parts, (first, len(tokens))]

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._place()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self.viewport())
        painter.fillRect(self.viewport().rect(), QColor(self.theme.surface))
        top = self.verticalScrollBar().value()
        for piece in self.pieces:
            y = piece.y - top
            if y + self.row < 0 or y > self.viewport().height():
                continue
            block = self.blocks[piece.block]
            if piece.line < 0:
                painter.setFont(font(self.theme.font_small, bold=True))
                painter.setPen(QColor(block.colour or self.theme.muted))
                box = QRectF(piece.x, y, self.viewport().width() - 2 * LEFT, self.row)
                painter.drawText(box, Qt.AlignmentFlag.AlignVCenter, block.name)
            else:
                painter.setFont(self._font)
                self._paint_tokens(painter, piece, block.lines[piece.line], y)
        painter.end()

    def _paint_tokens(self, painter: QPainter, piece: Piece, line: Line, y: float) -> None:
        base = y + LEADING / 2 + self._metrics.ascent()
        painter.setPen(QColor(self.theme.text))
        tokens = line.tokens[piece.first : piece.end]
        if line.shades is None and line.fresh is None:
            painter.drawText(QPointF(piece.x, base), "".join(map(visible, tokens)))
            return
        x = piece.x
        for place, token in enumerate(tokens, piece.first):
            wide = self.width_of(token)
            if line.shades is not None:
                colour = QColor.fromRgb(
                    int(self._colours[round(float(line.shades[place]) * (len(self._colours) - 1))])
                )
                painter.fillRect(QRectF(x, y + 1, wide, self.row - 2), colour)
                painter.setPen(QColor(ink(colour)))
            elif line.fresh is not None:
                fresh = bool(line.fresh[place])
                painter.setPen(QColor(self.theme.accent if fresh else self.theme.text))
            painter.drawText(QPointF(x, base), visible(token))
            x += wide

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        self.hovered.emit(*self.token_at(event.position().x(), event.position().y()))

    def viewportEvent(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Leave:
            self.hovered.emit(-1, -1, -1)
        return super().viewportEvent(event)


def ink(colour: QColor) -> str:
    """Black or white, whichever is easier to read on a colour."""
    light = 0.299 * colour.redF() + 0.587 * colour.greenF() + 0.114 * colour.blueF()
    return "#101010" if light > 0.5 else "#ffffff"

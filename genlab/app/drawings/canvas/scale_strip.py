"""A colour scale in one line: what it is of, its lower end, the colours, its upper end."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QImage, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from genlab.app.common.theme import Theme, font
from genlab.app.drawings.canvas.raster import Colours

HEIGHT, STRIP, WIDEST, GAP = 20, 8.0, 160.0, 6.0


class ScaleStrip(QWidget):
    """Takes no room while there is nothing to tell."""

    def __init__(self, theme: Theme, name: str) -> None:
        super().__init__()
        self.theme = theme
        self.words = ("", "", "")
        self._pixels: Colours = np.zeros((1, 1), np.uint32)
        self.setObjectName(name)
        self.setFixedHeight(HEIGHT)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.hide()

    def show_scale(self, title: str, low: str, high: str, colours: Colours) -> None:
        """Show these colours between two ends in words."""
        self.words = (title, low, high)
        self._pixels = np.ascontiguousarray(colours[None])
        self.setAccessibleName(f"{title}: from {low} to {high}")
        self.show()
        self.update()

    def apply_theme(self, theme: Theme) -> None:
        """Take over colours and fonts."""
        self.theme = theme
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        made = font(self.theme.font_small)
        painter.setFont(made)
        painter.setPen(QColor(self.theme.muted))
        metrics = QFontMetricsF(made)
        title, low, high = self.words
        taken = sum(metrics.horizontalAdvance(word) for word in self.words) + 4 * GAP + 12
        strip = max(min(WIDEST, self.width() - taken), 20.0)
        x = GAP
        for text, wide in ((title, 0.0), (low, strip), (high, 0.0)):
            room = metrics.horizontalAdvance(text) + 1
            painter.drawText(QRectF(x, 0, room, HEIGHT), Qt.AlignmentFlag.AlignVCenter, text)
            x += room + (GAP if wide else 2 * GAP)
            if wide:
                image = QImage(
                    self._pixels.data, self._pixels.shape[1], 1, 4 * self._pixels.shape[1],
                    QImage.Format.Format_ARGB32_Premultiplied,
                )  # fmt: skip
                painter.drawImage(QRectF(x, (HEIGHT - STRIP) / 2, wide, STRIP), image)
                x += wide + GAP
        painter.end()

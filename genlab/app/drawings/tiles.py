"""Images in rows, each row with its title: one picture with whole pixels."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent

from genlab.app.common.theme import Theme, font
from genlab.app.drawings.canvas.montage import GAP, TITLE, WHOLE, Montage, fitted
from genlab.app.drawings.drawing import Drawing, Remark
from genlab.app.drawings.scene import Scene
from genlab.data.payloads import Tiles
from genlab.settings.spaces import Images

LINE = 16
"""Pixels for a title above its row."""
GAIN = 1.15
"""How much larger images are with titles above them where these stand there."""


class Rows(Montage):
    """A montage in rows, their titles beside them, or above them where that shows the images larger.

    A row that is alone has no other to be compared with: it wraps as other montages do."""

    def shape_of(self, counts: Sequence[int]) -> tuple[int, int]:
        return super().shape_of(counts) if len(counts) == 1 else (len(counts), max(counts))

    def above(self) -> float:
        """The scale of the images with titles above the rows; 0 where beside is as good."""
        if self._image is None or len(self.names) < 2 or not any(self.names):
            return 0.0
        top = TITLE if self.title else 4
        wide = (self.width() - 8) / self._image.width()
        tall = (self.height() - top - 2 - LINE * len(self.names)) / self._image.height()
        scale = fitted(min(wide, tall), self.devicePixelRatioF())
        return scale if scale > GAIN * self.place()[1] else 0.0

    def paintEvent(self, event: QPaintEvent) -> None:
        scale = self.above()
        if self._image is None or not scale:
            super().paintEvent(event)
            return
        painter = QPainter(self)
        painter.fillRect(self.rect(), QColor(self.theme.surface))
        painter.setRenderHint(
            QPainter.RenderHint.SmoothPixmapTransform, scale * self.devicePixelRatioF() < WHOLE
        )
        painter.setFont(font(self.theme.font_small))
        painter.setPen(QColor(self.theme.muted))
        tile, wide = self._pixels.shape[1], self._image.width()
        step = LINE + (tile + GAP) * scale
        top = TITLE if self.title else 4
        left = round((self.width() - wide * scale) / 2)
        start = top + round(max(0.0, self.height() - top - 2 - step * len(self.names)) / 2)
        elide = Qt.TextElideMode.ElideRight
        across = self.width() - 8
        if self.title:
            title = painter.fontMetrics().elidedText(self.title, elide, across)
            painter.drawText(QRectF(4, start - TITLE, across, TITLE), Qt.AlignmentFlag.AlignCenter, title)
        for row, name in enumerate(self.names):
            y = start + row * step
            text = painter.fontMetrics().elidedText(name, elide, across)
            painter.drawText(QRectF(left, y, across, LINE), Qt.AlignmentFlag.AlignVCenter, text)
            part = QRectF(0, row * (tile + GAP), wide, tile)
            painter.drawImage(QRectF(left, y + LINE, wide * scale, tile * scale), self._image, part)


class TilesDrawing(Drawing):
    """A montage whose rows are the payload's own."""

    def __init__(self, theme: Theme, name: str) -> None:
        super().__init__(theme, name)
        self.levels: int | None = None
        self.montage = Rows(theme, f"{name}.montage")
        self.remark = Remark(f"{name}.note")
        self.body.addWidget(self.montage, 1)
        self.body.addWidget(self.remark)

    def set_scene(self, scene: Scene) -> None:
        self.levels = scene.space.levels if isinstance(scene.space, Images) else None

    def show_payload(self, payload: Tiles) -> tuple[str, ...]:
        images = payload.images if payload.images.ndim == 5 else payload.images[:, :, None]
        rows, columns, channels, height, width = images.shape
        levels = self.levels or int(np.ceil(np.nanmax(images, initial=1.0))) + 1
        names = payload.row_titles or ("",) * rows
        self.montage.title = "" if payload.title.casefold() == self.title.casefold() else payload.title
        self.montage.setAccessibleName(payload.title)
        self.montage.show_images(
            images.reshape(rows * columns, channels, height, width),
            Images(channels, height, width, levels),
            np.repeat(np.arange(rows), columns),
            names,
        )
        self.remark.show_text(payload.note)
        return ()

    def apply_theme(self, theme: Theme) -> None:
        super().apply_theme(theme)
        self.montage.apply_theme(theme)

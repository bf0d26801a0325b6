"""Grids of images as one picture, with square pixels, and by class with the classes' names."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFontMetrics, QImage, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from genlab.app.common.theme import Theme, font
from genlab.data.payloads import Array, Labels
from genlab.settings.spaces import Images

GAP = 1
"""Image pixels between two tiles."""
TITLE = 20


def to_pixels(x: Array, space: Images) -> NDArray[np.uint32]:
    """Images (n, channels, height, width) in levels as (n, height, width) of 0xffRRGGBB: grey or RGB."""
    shade = (
        np.clip(np.nan_to_num(x, posinf=space.levels, neginf=0) * (255.0 / (space.levels - 1)), 0, 255)
        .round()
        .astype(np.uint32)
    )
    red, green, blue = (shade[:, c if space.channels >= 3 else 0] for c in range(3))
    return np.uint32(0xFF000000) | (red << np.uint32(16)) | (green << np.uint32(8)) | blue


def by_class(labels: Labels, classes: int, columns: int) -> NDArray[np.int64]:
    """Which image goes where, (classes, columns): one row to a class, -1 for an empty place."""
    places = np.full((classes, columns), -1, np.int64)
    for label in range(classes):
        found = np.flatnonzero(labels == label)[:columns]
        places[label, : len(found)] = found
    return places


def in_order(n: int, columns: int) -> NDArray[np.int64]:
    """Which image goes where, (rows, columns), row by row, -1 for an empty place."""
    rows = max(1, -(-n // columns))
    places = np.full(rows * columns, -1, np.int64)
    places[:n] = np.arange(n)
    return places.reshape(rows, columns)


def best_columns(n: int, tile: tuple[int, int], width: float, height: float) -> int:
    """The columns for which n tiles (height, width) show largest in whole screen pixels, squarest first."""

    def merit(columns: int) -> tuple[float, float]:
        rows = -(-n // columns)
        scale = min(width / (columns * (tile[1] + GAP)), height / (rows * (tile[0] + GAP)))
        return math.floor(scale) if scale >= 1 else scale, -abs(columns - rows)

    return max(range(1, max(n, 1) + 1), key=merit)


def compose(pixels: NDArray[np.uint32], places: NDArray[np.int64]) -> NDArray[np.uint32]:
    """One picture (rows (h + 1) - 1, columns (w + 1) - 1) of tiles (n, h, w), transparent between them."""
    _, height, width = pixels.shape
    rows, columns = places.shape
    tiles = np.zeros((rows, columns, height + GAP, width + GAP), np.uint32)
    used = places >= 0
    tiles[used, :height, :width] = pixels[places[used]]
    picture = tiles.transpose(0, 2, 1, 3).reshape(rows * (height + GAP), columns * (width + GAP))
    return np.ascontiguousarray(picture[: rows * (height + GAP) - GAP, : columns * (width + GAP) - GAP])


class Montage(QWidget):
    """Images of one space, as large as whole screen pixels allow."""

    def __init__(self, theme: Theme, name: str, title: str = "") -> None:
        super().__init__()
        self.theme = theme
        self.title = title
        self.setObjectName(name)
        self.setAccessibleName(title or "Grid of images")
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.names: tuple[str, ...] = ()
        self._pixels: NDArray[np.uint32] = np.zeros((0, 1, 1), np.uint32)
        self._labels: Labels | None = None
        self._image: QImage | None = None
        self._picture: NDArray[np.uint32] | None = None
        self._places = np.zeros((0, 0), np.int64)

    def minimumSizeHint(self) -> QSize:
        return QSize(80, 80)

    def show_images(self, x: Array, space: Images, labels: Labels | None, names: tuple[str, ...]) -> None:
        """Show images (n, *event); with labels and their names, a row to each class."""
        self._pixels = to_pixels(x, space)
        self._labels = labels if names else None
        self.names = names if labels is not None else ()
        self._compose()

    def clear(self) -> None:
        """Show nothing."""
        self._pixels = self._pixels[:0]
        self._compose()

    def apply_theme(self, theme: Theme) -> None:
        """Take over colours and fonts."""
        self.theme = theme
        self.update()

    def _room(self) -> QRectF:
        left = 0.0
        if self.names:
            metrics = QFontMetrics(font(self.theme.font_small))
            left = max(metrics.horizontalAdvance(name) for name in self.names) + 14.0
        top = TITLE if self.title else 4
        return QRectF(left, top, max(self.width() - left - 8, 8), max(self.height() - top - 2, 8))

    def _compose(self) -> None:
        n, height, width = self._pixels.shape
        room = self._room()
        if n == 0:
            self._image = self._picture = None
        else:
            if self._labels is not None:
                columns = max(1, math.ceil(n / len(self.names)))
                self._places = by_class(self._labels, len(self.names), columns)
            else:
                columns = best_columns(n, (height, width), room.width(), room.height())
                self._places = in_order(n, columns)
            self._picture = compose(self._pixels, self._places)
            tall, wide = self._picture.shape
            self._image = QImage(self._picture.data, wide, tall, 4 * wide, QImage.Format.Format_ARGB32)
        self.update()

    def resizeEvent(self, event: object) -> None:
        if self._labels is None:
            self._compose()

    def place(self) -> tuple[QRectF, float]:
        """Where the picture is drawn, and how many screen pixels one of its pixels takes."""
        room = self._room()
        if self._image is None:
            return room, 0.0
        scale = min(room.width() / self._image.width(), room.height() / self._image.height())
        device = self.devicePixelRatioF()
        if scale * device >= 1:
            scale = math.floor(scale * device) / device
        width, height = self._image.width() * scale, self._image.height() * scale
        left = (
            round((self.width() - 8 + room.left() - width) / 2)
            if not self.names
            else room.left() + round(max(0.0, room.width() - width) / 2)
        )
        return QRectF(left, room.top() + round(max(0.0, room.height() - height) / 2), width, height), scale

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.fillRect(self.rect(), QColor(self.theme.surface))
        painter.setFont(font(self.theme.font_small))
        painter.setPen(QColor(self.theme.muted))
        if self._image is None:
            return
        where, scale = self.place()
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, scale * self.devicePixelRatioF() < 1)
        painter.drawImage(where, self._image)
        if self.title:
            middle = where.center().x()
            half = min(middle, self.width() - middle) - 4
            box = QRectF(middle - half, where.top() - TITLE, 2 * half, TITLE)
            elide = Qt.TextElideMode.ElideRight
            title = painter.fontMetrics().elidedText(self.title, elide, int(box.width()))
            painter.drawText(box, Qt.AlignmentFlag.AlignCenter, title)
        tall = (self._pixels.shape[1] + GAP) * scale
        for row, name in enumerate(self.names):
            line = QRectF(0, where.top() + row * tall, where.left() - 8, tall - GAP * scale)
            painter.drawText(line, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, name)

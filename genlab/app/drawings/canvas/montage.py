"""Grids of images as one picture, with square pixels, and by class with the classes' names."""

from __future__ import annotations

import math
from collections.abc import Sequence

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
LONGEST = 140
"""Pixels of the longest name that is written whole beside its class."""
WHOLE = 3
"""Screen pixels of an image's pixel from which on they are whole: of fewer, too much room would be lost."""
BETWEEN = 16
"""Pixels at most between two bands of classes, where there is room."""


def to_pixels(x: Array, space: Images) -> NDArray[np.uint32]:
    """Images (n, channels, height, width) in levels as (n, height, width) of 0xffRRGGBB: grey or RGB."""
    shade = (
        np.clip(np.nan_to_num(x, posinf=space.levels, neginf=0) * (255.0 / (space.levels - 1)), 0, 255)
        .round()
        .astype(np.uint32)
    )
    red, green, blue = (shade[:, c if space.channels >= 3 else 0] for c in range(3))
    return np.uint32(0xFF000000) | (red << np.uint32(16)) | (green << np.uint32(8)) | blue


def of_classes(labels: Labels, names: Sequence[str]) -> list[tuple[str, NDArray[np.int64]]]:
    """Name and images of each class that there is; those of no known class come last, without a name."""
    found = [(name, np.flatnonzero(labels == label)) for label, name in enumerate(names)]
    found.append(("", np.flatnonzero((labels < 0) | (labels >= len(names)))))
    return [(name, images) for name, images in found if len(images)]


def in_order(n: int, columns: int) -> NDArray[np.int64]:
    """Which image goes where, (rows, columns), row by row, -1 for an empty place."""
    rows = max(1, -(-n // columns))
    places = np.full(rows * columns, -1, np.int64)
    places[:n] = np.arange(n)
    return places.reshape(rows, columns)


def fitted(scale: float, device: float = 1.0) -> float:
    """The largest scale to draw images at, of those that fit. device: pixels of the screen in one of Qt's."""
    return math.floor(scale * device) / device if scale * device >= WHOLE else scale


def best_shape(
    counts: Sequence[int], tile: tuple[int, int], width: float, height: float, beside: float = 0.0
) -> tuple[int, int]:
    """Classes below one another, and columns, for which tiles (height, width) show largest, see `fitted`;
    of those the fewest bands of classes side by side, then the squarest. counts: tiles of each
    class, which begins a line of its own. beside: for the names to the left of each band. All in pixels of
    the screen."""
    columns = np.arange(1, max(counts) + 1)
    lines = -(-np.asarray(counts)[:, None] // columns)
    found = []
    for classes in {-(-len(counts) // bands) for bands in range(1, len(counts) + 1)}:
        starts = np.arange(0, len(counts), classes)
        rows = np.add.reduceat(lines, starts).max(axis=0)
        across = len(starts) * columns
        room = max(width - len(starts) * beside, 1.0)
        scale = np.minimum(room / (across * (tile[1] + GAP)), height / (rows * (tile[0] + GAP)))
        merit = np.where(scale >= WHOLE, np.floor(scale), scale).tolist()
        uneven = (-np.abs(across - rows)).tolist()
        found += [(best, classes, *rest) for best, *rest in zip(merit, uneven, columns.tolist(), strict=True)]
    _, classes, _, most = max(found)
    return classes, most


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
    """Images of one space, as large as they fit, in whole screen pixels where that loses little.

    names: of the classes that they are laid out by, each beside its first line; as many bands of classes
    stand side by side as make tiles largest."""

    def __init__(self, theme: Theme, name: str, title: str = "") -> None:
        super().__init__()
        self.theme = theme
        self.title = title
        self.setObjectName(name)
        self.setAccessibleName(title or "Grid of images")
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self._pixels: NDArray[np.uint32] = np.zeros((0, 1, 1), np.uint32)
        self._classes: list[tuple[str, NDArray[np.int64]]] = []
        self._image: QImage | None = None
        self._picture: NDArray[np.uint32] | None = None
        self._places = np.zeros((0, 0), np.int64)
        self._bands = 1
        self._lines: list[tuple[int, int]] = []

    @property
    def names(self) -> tuple[str, ...]:
        """Of the classes in view, in their order; empty where images are not laid out by class."""
        return tuple(name for name, _ in self._classes)

    def minimumSizeHint(self) -> QSize:
        return QSize(80, 80)

    def show_images(self, x: Array, space: Images, labels: Labels | None, names: tuple[str, ...]) -> None:
        """Show images (n, *event); with labels (n,) and the names of all classes, laid out by class."""
        self._pixels = to_pixels(x, space)
        self._classes = of_classes(labels, names) if labels is not None and names else []
        self._compose()

    def clear(self) -> None:
        """Show nothing."""
        self._pixels, self._classes = self._pixels[:0], []
        self._compose()

    def apply_theme(self, theme: Theme) -> None:
        """Take over colours and fonts."""
        self.theme = theme
        self.update()

    def _beside(self) -> float:
        """Pixels for the names to the left of a band."""
        if not self._classes:
            return 0.0
        metrics = QFontMetrics(font(self.theme.font_small))
        return min(max(metrics.horizontalAdvance(name) for name in self.names), LONGEST) + 14.0

    def _room(self) -> QRectF:
        top = TITLE if self.title else 4
        return QRectF(0, top, max(self.width() - 8, 8), max(self.height() - top - 2, 8))

    def shape_of(self, counts: Sequence[int]) -> tuple[int, int]:
        """Classes below one another, and columns, for so many images of each class."""
        _, height, width = self._pixels.shape
        room = self._room()
        device = self.devicePixelRatioF()
        across, down, beside = (device * each for each in (room.width(), room.height(), self._beside()))
        return best_shape(counts, (height, width), across, down, beside)

    def _compose(self) -> None:
        if len(self._pixels) == 0:
            self._image = self._picture = None
        else:
            groups = [images for _, images in self._classes] or [np.arange(len(self._pixels))]
            self._lay_out(groups, *self.shape_of([len(images) for images in groups]))
            self._picture = compose(self._pixels, self._places)
            tall, wide = self._picture.shape
            self._image = QImage(self._picture.data, wide, tall, 4 * wide, QImage.Format.Format_ARGB32)
        self.update()

    def _lay_out(self, groups: list[NDArray[np.int64]], classes: int, columns: int) -> None:
        """Give every image its place, and every class its first line: its band and its row."""
        bands: list[NDArray[np.int64]] = []
        self._lines = []
        for start in range(0, len(groups), classes):
            blocks = [
                np.where((at := in_order(len(images), columns)) < 0, -1, images[at])
                for images in groups[start : start + classes]
            ]
            rows = np.cumsum([0, *(len(block) for block in blocks)]).tolist()
            self._lines += [(len(bands), row) for row in rows[:-1]]
            bands.append(np.concatenate(blocks))
        deepest = max(map(len, bands))
        padded = [np.pad(band, ((0, deepest - len(band)), (0, 0)), constant_values=-1) for band in bands]
        self._places, self._bands = np.concatenate(padded, axis=1), len(bands)

    def resizeEvent(self, event: object) -> None:
        self._compose()

    def place(self) -> tuple[list[QRectF], float]:
        """Where each band is drawn, and how many screen pixels one of an image's pixels takes."""
        room, beside = self._room(), self._beside()
        if self._image is None:
            return [], 0.0
        tall = self._image.height()
        wide = (self._image.width() + GAP) // self._bands - GAP
        scale = min(max(room.width() / self._bands - beside, 1.0) / wide, room.height() / tall)
        scale = fitted(scale, self.devicePixelRatioF())
        spare = room.width() - self._bands * (beside + wide * scale)
        step = beside + wide * scale + min(max(spare, 0.0) / self._bands, BETWEEN)
        left = beside + max(0.0, room.width() - (self._bands - 1) * step - beside - wide * scale) / 2
        top = room.top() + round(max(0.0, room.height() - tall * scale) / 2)
        return [
            QRectF(round(left + band * step), top, wide * scale, tall * scale) for band in range(self._bands)
        ], scale

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.fillRect(self.rect(), QColor(self.theme.surface))
        painter.setFont(font(self.theme.font_small))
        painter.setPen(QColor(self.theme.muted))
        if self._image is None:
            return
        bands, scale = self.place()
        painter.setRenderHint(
            QPainter.RenderHint.SmoothPixmapTransform, scale * self.devicePixelRatioF() < WHOLE
        )
        wide = (self._image.width() + GAP) // self._bands
        for band, where in enumerate(bands):
            part = QRectF(band * wide, 0, wide - GAP, self._image.height())
            painter.drawImage(where, self._image, part)
        elide = Qt.TextElideMode.ElideRight
        if self.title:
            middle = (bands[0].left() + bands[-1].right()) / 2
            half = min(middle, self.width() - middle) - 4
            box = QRectF(middle - half, bands[0].top() - TITLE, 2 * half, TITLE)
            title = painter.fontMetrics().elidedText(self.title, elide, int(box.width()))
            painter.drawText(box, Qt.AlignmentFlag.AlignCenter, title)
        tall, beside = (self._pixels.shape[1] + GAP) * scale, self._beside()
        for name, (band, row) in zip(self.names, self._lines, strict=False):
            where = bands[band]
            line = QRectF(where.left() - beside, where.top() + row * tall, beside - 8, tall - GAP * scale)
            text = painter.fontMetrics().elidedText(name, elide, int(beside - 8))
            painter.drawText(line, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, text)

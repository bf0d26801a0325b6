"""Arrays as coloured pictures in data units, with levels that never move by themselves."""

from __future__ import annotations

import functools

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray
from PySide6.QtCore import QRectF
from PySide6.QtGui import QColor, QImage, QPainter
from PySide6.QtWidgets import QGraphicsItem

from genlab.app.common.theme import Theme
from genlab.data.payloads import Extent

Colours = NDArray[np.uint32]
"""(n,) colours as 0xAARRGGBB, premultiplied."""


@functools.cache
def density_colours(name: str) -> Colours:
    """A named colour map in 256 steps."""
    table = pg.colormap.get(name).getLookupTable(nPts=256, alpha=False).astype(np.uint32)
    return _packed(table)


def _packed(table: NDArray[np.uint32]) -> Colours:
    """Colours (n, 3) of 0 .. 255 as opaque 0xffRRGGBB."""
    return np.asarray((0xFF << 24) | (table[:, 0] << 16) | (table[:, 1] << 8) | table[:, 2], np.uint32)


def ratio_colours(theme: Theme) -> Colours:
    """A diverging map in 257 steps whose zero is the panel's background: the middle entry."""
    low, zero, high = (rgb(colour) for colour in (theme.ratio_low, theme.surface, theme.ratio_high))
    share = np.abs(np.linspace(-1, 1, 257))[:, None]
    ends = np.where(np.linspace(-1, 1, 257)[:, None] < 0, low, high)
    table = np.round(zero + (ends - zero) * share**0.85).astype(np.uint32)
    return _packed(table)


def rgb(colour: str) -> NDArray[np.float64]:
    """'#rrggbb' as three numbers 0 .. 255."""
    made = QColor(colour)
    return np.array([made.red(), made.green(), made.blue()], float)


def mixed(colour: str, behind: str, share: float) -> QColor:
    """An opaque colour that looks as `colour` does at this opacity before `behind`.

    Qt draws opaque points twice as fast as translucent ones."""
    return QColor(*(round(value) for value in rgb(behind) + (rgb(colour) - rgb(behind)) * share))


class Raster(pg.GraphicsObject):
    """A picture over an extent; row 0 of the array is at the bottom."""

    def __init__(self, smooth: bool = True) -> None:
        super().__init__()
        self.setCacheMode(QGraphicsItem.CacheMode.DeviceCoordinateCache)
        self.smooth = smooth
        self.rect = QRectF()
        self.image: QImage | None = None
        self._pixels: Colours | None = None

    def set_values(
        self, values: NDArray[np.floating], extent: Extent, low: float, high: float, colours: Colours
    ) -> None:
        """Colour values (rows, columns) from low to high; what lies outside takes the end's colour, and where
        there is no number nothing is drawn."""
        last = len(colours) - 1
        place = np.clip((values - low) * (last / max(high - low, 1e-30)) + 0.5, 0, last)
        unknown = np.isnan(place)
        pixels = colours[np.where(unknown, 0, place).astype(np.intp)]
        pixels[unknown] = 0
        self.set_pixels(pixels, extent)

    def set_pixels(self, pixels: Colours, extent: Extent) -> None:
        """Show pixels (rows, columns), 0xAARRGGBB premultiplied."""
        pixels = np.ascontiguousarray(pixels[::-1], dtype=np.uint32)
        x0, x1, y0, y1 = extent
        rect = QRectF(x0, y0, x1 - x0, y1 - y0)
        if rect != self.rect:
            self.prepareGeometryChange()
            self.rect = rect
        self._pixels = pixels  # QImage does not copy
        height, width = pixels.shape
        self.image = QImage(pixels.data, width, height, 4 * width, QImage.Format.Format_ARGB32_Premultiplied)
        self.update()

    def clear(self) -> None:
        """Show nothing."""
        if self.image is not None:
            self.image = None
            self.update()

    def boundingRect(self) -> QRectF:
        return self.rect

    def paint(self, painter: QPainter, *_: object) -> None:
        if self.image is None:
            return
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, self.smooth)
        painter.save()
        # The view's y axis points up, an image's down.
        painter.translate(self.rect.left(), self.rect.bottom())
        painter.scale(1.0, -1.0)
        painter.drawImage(QRectF(0, 0, self.rect.width(), self.rect.height()), self.image)
        painter.restore()

"""Several scalars over one plane: maps side by side on shared axes, their scales under or beside them."""

from __future__ import annotations

import math

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QPainter

from genlab.app.panels.axes import TITLE_HEIGHT, Axes, Note
from genlab.app.panels.canvas import GAP, RIGHT, Canvas
from genlab.app.panels.colour_bar import HEIGHT, WIDTH, ColourBar
from genlab.app.panels.curves_drawing import number
from genlab.app.panels.drawing import Drawing, Remark
from genlab.app.panels.plot_drawing import LINE, Heading
from genlab.app.panels.raster import Raster, density_colours, ratio_colours
from genlab.app.panels.rulers import BOTTOM_HEIGHT, LEFT_WIDTH
from genlab.app.panels.scalar_map_drawing import value_at
from genlab.app.panels.scene import Scene
from genlab.app.theme import Theme, font
from genlab.data.payloads import Extent, Maps, ScalarMap

TALLEST_UNDER = 96.0
"""Bars stand beside the maps only where each has so many pixels of height."""
NARROWEST = 120.0
"""A lying bar takes so many pixels, where there are so many, for its numbers."""

Placed = list[tuple[Axes, QRectF, bool, bool]]


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


class OneMap:
    """The view of one map: raster, title above it, crosshair, and the value at the crosshair."""

    def __init__(self, canvas: Canvas, theme: Theme) -> None:
        self.axes = canvas.add_axes("shrink")
        self.raster = Raster()
        self.axes.add(self.raster)
        self.cross = [pg.InfiniteLine(angle=angle, movable=False) for angle in (0, 90)]
        for line in self.cross:
            line.setZValue(50)
            line.hide()
            self.axes.add(line)
        self.title, self.chip = Heading("", theme), Chip(theme)
        self.title.align = Qt.AlignmentFlag.AlignHCenter | Qt.AlignmentFlag.AlignBottom
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
        colours = ratio_colours(theme) if payload.diverging else density_colours(theme.density_map)
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


class MapsDrawing(Drawing):
    """Views and bars are made once and fed afterwards; who zooms one map zooms all."""

    def __init__(self, theme: Theme, name: str) -> None:
        super().__init__(theme, name)
        self.payload: Maps | None = None
        self.pointer: tuple[int, float, float] | None = None
        """The map under the cursor, and where in data units."""
        self.canvas = Canvas(theme, f"{name}.plot")
        self.canvas.setCursor(Qt.CursorShape.CrossCursor)
        self.canvas.arrange = self._arrange
        self.canvas.hovered.connect(self._hover)
        self.remark = Remark(f"{name}.note")
        self.body.addWidget(self.canvas, 1)
        self.body.addWidget(self.remark)
        self.views: list[OneMap] = []
        self.bars: list[ColourBar] = []

    def set_scene(self, scene: Scene) -> None:
        for view in self.views:
            view.axes.zoomed = False

    def show_payload(self, payload: Maps) -> tuple[str, ...]:
        known, self.payload = self.payload, payload
        self._make(len(payload.maps), len(scales(payload.maps)))
        self._paint(payload)
        if known is None or _outline(known) != _outline(payload):
            for view in self.views:
                view.axes.set_home(payload.maps[0].extent)
            self.canvas.lay_out()
        self.remark.show_text(payload.note)
        return ()

    def reading(self) -> tuple[str, ...]:
        maps = () if self.payload is None else self.payload.maps
        at = None if self.pointer is None else self.pointer[1:]
        values = [None if at is None else value_at(each, *at) for each in maps]
        texts = ["" if value is None else number(value) for value in values]
        inside = any(texts)
        for view, text in zip(self.views, texts, strict=False):
            view.show_cross(at if inside else None, text)
        for bar, group in zip(self.bars, scales(maps), strict=False):
            # Of maps on one scale, the one under the cursor.
            under = [i for i in group if len(group) == 1 or (self.pointer and self.pointer[0] == i)]
            bar.show_value(values[under[0]] if under else None)
        if at is None or not inside:
            return ()
        place = f"({at[0]:.2f}, {at[1]:.2f})".replace("-", "−")
        read = zip(maps, texts, strict=True)
        return place, *(f"{each.title} {text or '–'} {each.unit}".strip() for each, text in read)

    def go_home(self) -> None:
        for view in self.views:
            view.axes.go_home()

    def apply_theme(self, theme: Theme) -> None:
        super().apply_theme(theme)
        self.canvas.apply_theme(theme)
        for part in (*self.views, *self.bars):
            part.apply_theme(theme)
        if self.payload is not None:
            self._paint(self.payload)

    def _make(self, maps: int, bars: int) -> None:
        while len(self.views) < maps:
            made = OneMap(self.canvas, self.theme)
            made.axes.view.sigRangeChangedManually.connect(lambda *_, axes=made.axes: self._follow(axes))
            made.axes.view.went_home.connect(self.go_home)
            self.views.append(made)
        while len(self.bars) < bars:
            self.bars.append(ColourBar(self.theme))
            self.canvas.sceneObj.addItem(self.bars[-1])
        for i, view in enumerate(self.views):
            view.set_visible(i < maps)
        for i, bar in enumerate(self.bars):
            bar.setVisible(i < bars)

    def _paint(self, payload: Maps) -> None:
        for view, each in zip(self.views, payload.maps, strict=False):
            view.paint(each, self.theme)
        for bar, group in zip(self.bars, scales(payload.maps), strict=False):
            first = payload.maps[group[0]]
            colours = (
                ratio_colours(self.theme) if first.diverging else density_colours(self.theme.density_map)
            )
            bar.show_scale(colours, ends(first), first.unit)

    def _follow(self, zoomed: Axes) -> None:
        x0, x1, y0, y1 = zoomed.shown()
        for view in self.views:
            view.axes.zoomed = True
            if view.axes is not zoomed:
                view.axes.view.setRange(xRange=(x0, x1), yRange=(y0, y1), padding=0)

    def _hover(self, axes: Axes | None, x: float, y: float) -> None:
        found = [i for i, view in enumerate(self.views) if view.axes is axes]
        self.pointer = (found[0], x, y) if found else None
        self.moved.emit()

    # -- place -------------------------------------------------------------------------------

    def _arrange(self, width: float, height: float) -> Placed:
        """The rows, and the side for the bars, that draw the maps largest."""
        if self.payload is None:
            return []
        count = len(self.payload.maps)
        ways = [
            self._laid(columns, beside, width, height)
            for columns in sorted({count, -(-count // 2)}, reverse=True)
            for beside in (False, True)
        ]
        placed, bars, titles = max(
            (way for way in ways if way is not None), key=lambda way: way[0][0][1].width()
        )
        for view, rect in zip(self.views, titles, strict=False):
            view.title.set_rect(rect)
        for view, (_, rect, _, _) in zip(self.views, placed, strict=False):
            view.chip.set_rect(rect)
        for bar, rect in zip(self.bars, bars, strict=False):
            bar.set_rect(rect)
        return placed

    def _laid(
        self, columns: int, beside: bool, width: float, height: float
    ) -> tuple[Placed, list[QRectF], list[QRectF]] | None:
        """Places of the maps in so many columns, of the bars and of the titles; None where bars have none."""
        assert self.payload is not None
        maps = self.payload.maps
        groups = scales(maps)
        x0, x1, y0, y1 = maps[0].extent
        rows = -(-len(maps) // columns)
        across = LEFT_WIDTH + RIGHT + GAP * (columns - 1) + (GAP + WIDTH - RIGHT if beside else 0.0)
        for lines in (1, 2):
            above = TITLE_HEIGHT + LINE * (lines - 1)
            down = rows * above + BOTTOM_HEIGHT + (0.0 if beside else HEIGHT)
            unit = min(
                max(width - across, 8.0) / columns / (x1 - x0), max(height - down, 8.0) / rows / (y1 - y0)
            )
            wide, high = max(8, math.floor(unit * (x1 - x0))), max(8, math.floor(unit * (y1 - y0)))
            if all(view.title.lines(wide + GAP - 4) <= 1 for view in self.views[: len(maps)]):
                break
        left = round(max(0.0, (width - across - columns * wide) / 2)) + LEFT_WIDTH
        top = round(max(0.0, (height - down - rows * high) / 2))
        placed: Placed = []
        titles = []
        for i, view in enumerate(self.views[: len(maps)]):
            row, column = divmod(i, columns)
            rect = QRectF(left + column * (wide + GAP), top + above + row * (above + high), wide, high)
            placed.append((view.axes, rect, column == 0, i + columns >= len(maps)))
            titles.append(QRectF(rect.left() - GAP / 2 + 2, rect.top() - above, wide + GAP - 4, above - 4))
        block = QRectF(
            left, top + above, columns * wide + GAP * (columns - 1), rows * high + above * (rows - 1)
        )
        if not beside:
            return placed, lying(block, [len(group) for group in groups], width), titles
        each = block.height() / len(groups)
        if each < TALLEST_UNDER:
            return None
        return placed, standing(block, len(groups)), titles


def scales(maps: tuple[ScalarMap, ...]) -> list[tuple[int, ...]]:
    """Which maps share a colour bar: all that are not diverging; each diverging one has its own."""
    common = tuple(i for i, each in enumerate(maps) if not each.diverging)
    own = [(i,) for i, each in enumerate(maps) if each.diverging]
    return sorted([common, *own] if common else own)


def ends(payload: ScalarMap) -> tuple[float, float]:
    """The values at both ends of a map's colours; zero is the middle of a diverging one."""
    low, high = payload.limits
    reach = max(abs(low), abs(high))
    return (-reach, reach) if payload.diverging else (low, high)


def lying(block: QRectF, weights: list[int], width: float) -> list[QRectF]:
    """Places of colour bars in a row under a block of maps, by the number of maps that each belongs to."""
    gap = 2 * GAP
    room = block.width() - gap * (len(weights) - 1)
    least = min(NARROWEST, (width - 2 * RIGHT - gap * (len(weights) - 1)) / len(weights))
    shares = [max(room * weight / sum(weights), least) for weight in weights]
    over = sum(shares) - max(room, least * len(weights))
    shares = [
        share - over * (share - least) / max(sum(shares) - least * len(shares), 1e-9) for share in shares
    ]
    x = block.center().x() - (sum(shares) + gap * (len(weights) - 1)) / 2
    x = max(x, RIGHT)
    placed = []
    for share in shares:
        placed.append(QRectF(x, block.bottom() + BOTTOM_HEIGHT, share, HEIGHT))
        x += share + gap
    return placed


def standing(block: QRectF, count: int) -> list[QRectF]:
    """Places of colour bars above one another on the right of a block of maps."""
    each = (block.height() - (count - 1) * BOTTOM_HEIGHT) / count
    return [
        QRectF(block.right() + GAP, block.top() + i * (each + BOTTOM_HEIGHT), WIDTH, each)
        for i in range(count)
    ]


def _outline(payload: Maps) -> tuple[object, ...]:
    """What the places of the maps depend on."""
    extent: Extent = payload.maps[0].extent
    return extent, tuple(each.title for each in payload.maps), scales(payload.maps)

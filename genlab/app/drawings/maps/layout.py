"""Where maps side by side stand in a canvas, with their titles and colour bars: as large as they can be."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from PySide6.QtCore import QRectF

from genlab.app.drawings.canvas.axes import TITLE_HEIGHT
from genlab.app.drawings.canvas.canvas import GAP, RIGHT
from genlab.app.drawings.canvas.colour_bar import HEIGHT, WIDTH
from genlab.app.drawings.canvas.rulers import BOTTOM_HEIGHT, LEFT_WIDTH
from genlab.app.drawings.plot import LINE

ROW_GAP = 6.0
SHORTEST = 96.0
"""Bars stand beside the maps only where each has so many pixels of height."""
NARROWEST = 120.0
"""A bar lies under its own maps where that gives it so many pixels for its numbers."""
SMALLEST = 48.0
"""Maps that would be smaller have no bars."""

Side = Literal["under", "beside", "none"]


@dataclass(frozen=True)
class Layout:
    """Places of the maps in so many columns, of a title for each, and of the bars; without room, no bars."""

    columns: int
    maps: tuple[QRectF, ...]
    titles: tuple[QRectF, ...]
    bars: tuple[QRectF, ...]


def layout(
    count: int,
    aspect: float,
    weights: tuple[int, ...],
    title_lines: Callable[[float], int],
    width: float,
    height: float,
) -> Layout:
    """The layout of a number of maps, width to height `aspect`, that draws them largest, in pixels.

    One row or two. weights: of each bar, the number of maps that it belongs to. title_lines: how many lines
    the longest title takes in a width.
    """

    def laid(columns: int, side: Side) -> Layout:
        return _laid(count, columns, side, aspect, weights, title_lines, width, height)

    columns = sorted({count, -(-count // 2)}, reverse=True)
    sides: tuple[Side, ...] = ("under", "beside")
    ways = [laid(number, side) for number in columns for side in sides]
    bare = [laid(number, "none") for number in columns]
    return max([way for way in ways if way.bars and _size(way) >= SMALLEST] or bare, key=_size)


def _size(way: Layout) -> float:
    return min(way.maps[0].width(), way.maps[0].height())


def _laid(
    count: int,
    columns: int,
    side: Side,
    aspect: float,
    weights: tuple[int, ...],
    title_lines: Callable[[float], int],
    width: float,
    height: float,
) -> Layout:
    rows = -(-count // columns)
    right = GAP + WIDTH if side == "beside" else RIGHT
    across = LEFT_WIDTH + right + GAP * (columns - 1)
    above = TITLE_HEIGHT
    wide, high, down = 0, 0, 0.0
    for lines in (1, 2):
        above = TITLE_HEIGHT + LINE * (lines - 1)
        down = rows * above + ROW_GAP * (rows - 1) + BOTTOM_HEIGHT + (HEIGHT if side == "under" else 0.0)
        most = min((width - across) / columns, (height - down) / rows * aspect)
        wide, high = max(8, math.floor(most)), max(8, math.floor(most / aspect))
        if title_lines(_title_width(wide)) <= 1 or title_lines(_title_width(wide)) > 2:
            break
    left = round(max(0.0, (width - across - columns * wide) / 2)) + LEFT_WIDTH
    top = round(max(0.0, (height - down - rows * high) / 2) + above)
    step_x, step_y = wide + GAP, high + above + ROW_GAP
    places = [divmod(i, columns) for i in range(count)]
    maps = tuple(QRectF(left + column * step_x, top + row * step_y, wide, high) for row, column in places)
    titles = tuple(
        QRectF(rect.center().x() - _title_width(wide) / 2, rect.top() - above, _title_width(wide), above - 4)
        for rect in maps
    )
    block = QRectF(left, top, columns * step_x - GAP, rows * step_y - above - ROW_GAP)
    bars: list[QRectF] = []
    if side == "under":
        bars = _lying(block, weights, width)
    elif side == "beside":
        bars = _standing(block, len(weights))
    return Layout(columns, maps, titles, tuple(bars))


def _title_width(wide: float) -> float:
    """A title may reach a little beyond its map."""
    return wide + GAP - 4


def _lying(block: QRectF, weights: tuple[int, ...], width: float) -> list[QRectF]:
    """Bars in a row under a block of maps: each under as many as it belongs to, or all of one width."""
    count, total = len(weights), sum(weights)
    wide = block.width()
    if (wide + GAP) * min(weights) / total - GAP < NARROWEST:
        wide = max(wide, min(count * (NARROWEST + GAP) - GAP, width - 2 * RIGHT))
        weights, total = (1,) * count, count
    x = max(RIGHT, min(block.center().x() - wide / 2, width - RIGHT - wide))
    placed = []
    for weight in weights:
        share = (wide + GAP) * weight / total
        placed.append(QRectF(x, block.bottom() + BOTTOM_HEIGHT, share - GAP, HEIGHT))
        x += share
    return placed


def _standing(block: QRectF, count: int) -> list[QRectF]:
    """Bars above one another on the right of a block of maps; none where they would be too short."""
    step = (block.height() + BOTTOM_HEIGHT) / count
    if step - BOTTOM_HEIGHT < SHORTEST:
        return []
    x = block.right() + GAP
    return [QRectF(x, block.top() + i * step, WIDTH, step - BOTTOM_HEIGHT) for i in range(count)]

"""Pictures of text without a window: samples under each other in columns, every character in a cell of one
width."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from genlab.runs.plot import FRAME, INK

MOST = 100
"""Texts in a picture."""
WIDEST = 80
"""Characters of a line; a longer text is cut, and ends in '…'."""
_SIZE, _CELL, _LINE, _MARGIN = 18, 11, 26, 28
"""Of letters, the cell of one, a line and the margin; pixels."""
_WIDTH = 1200
"""Of a picture of several columns, pixels."""
_MONOSPACED = ("DejaVuSansMono.ttf", "Menlo.ttc", "consola.ttf", "LiberationMono-Regular.ttf")
"""Fonts of Linux, macOS and Windows; Pillow's own stands in where there is none of them."""


def plot_text(
    texts: Sequence[str],
    labels: NDArray[np.int64] | None = None,
    *,
    columns: int | None = None,
    title: str = "",
) -> Image.Image:
    """The first texts, at most 100, in columns of equal width, read downwards; where some are
    left out, how many are shown is said.

    labels: (n,), a column for each in their order, as many as fit. columns: how many, by default as fit. Line
    breaks and tabs in a text are shown by their signs."""
    shown = [_line(text) for text in texts[:MOST]]
    widest = max(map(len, shown), default=1) + 3
    fit = max(1, _WIDTH // (widest * _CELL))
    if labels is not None:
        given = labels[: len(shown)]
        groups = [[shown[i] for i in np.flatnonzero(given == label)] for label in np.unique(given)[:fit]]
    else:
        rows = max(1, -(-len(shown) // (columns or fit)))
        groups = [shown[i : i + rows] for i in range(0, len(shown), rows)]
    count = sum(map(len, groups))
    heading = " · ".join(filter(None, (title, f"{count} shown" if len(texts) > count else "")))
    top = _MARGIN + (2 * _LINE if heading else 0)
    wide = max(1, len(groups)) * widest * _CELL
    high = max((len(group) for group in groups), default=1) * _LINE
    plain = ImageFont.load_default(_SIZE)
    least = int(plain.getlength(heading)) if heading else 0
    picture = Image.new("RGB", (max(wide, least) + 2 * _MARGIN, top + high + _MARGIN), "white")
    draw, font = ImageDraw.Draw(picture), _font()
    if heading:
        draw.text((_MARGIN, _MARGIN + _LINE // 2), heading, INK, font=plain, anchor="lm")
        draw.line((_MARGIN, top - _LINE // 2, picture.width - _MARGIN, top - _LINE // 2), fill=FRAME)
    for column, group in enumerate(groups):
        for row, text in enumerate(group):
            base = top + row * _LINE + _LINE // 2 + _SIZE // 3
            for place, character in enumerate(text):
                x = _MARGIN + (column * widest + place + 0.5) * _CELL
                draw.text((x, base), character, INK, font=font, anchor="ms")
    return picture


@cache
def _font() -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    for name in _MONOSPACED:
        try:
            return ImageFont.truetype(name, _SIZE)
        except OSError:
            continue
    return ImageFont.load_default(_SIZE)


def _line(text: str) -> str:
    text = text.replace("\n", "⏎").replace("\t", "⇥")
    return text if len(text) <= WIDEST else text[: WIDEST - 1] + "…"

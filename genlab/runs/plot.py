"""Pictures of points without a window: dots over the data they should resemble, or histograms.

Dots are laid down by their analytic coverage of each pixel, so that edges are smooth and the order
of drawing does not matter."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from genlab.data.payloads import Array, Extent

Float = NDArray[np.float64]

INK = (22, 26, 34)
FRAME = (190, 197, 208)
REAL = (154, 163, 178)
MODEL = (37, 99, 235)
MOST_AXES = 4


def plot_points(
    x: Array, reference: Array | None = None, extent: Extent | None = None, size: int = 900, title: str = ""
) -> Image.Image:
    """Points x (n, d) in the accent colour over reference points in grey, as a square picture.

    One axis gives a histogram, two a scatter, more a matrix of both over the first four axes.
    extent: window of the plot in data units, where d <= 2; else that of nearly all points."""
    axes = min(x.shape[1], MOST_AXES)
    low, high = _window(x if reference is None else reference, extent)
    picture = Image.new("RGB", (size, size), "white")
    top = _header(picture, title, reference is not None)
    if axes <= 2:
        left = size // 12
        side = size - left - size // 30
        box = (left, top, left + side, min(top + side, size - size // 18))
        if axes == 2:
            box = (left, top, left + box[3] - top, box[3])
            left = (size - (box[3] - top)) // 2
            box = (left, top, left + box[3] - top, box[3])
        _panel(picture, box, x, reference, low, high, (0, axes - 1), ticks=True)
        return picture
    gap = size // 60
    cell = (size - top - gap) // axes
    left = (size - cell * axes) // 2
    for row in range(axes):
        for column in range(axes):
            corner = (left + column * cell, top + row * cell)
            box = (*corner, corner[0] + cell - gap, corner[1] + cell - gap)
            _panel(picture, box, x, reference, low, high, (column, row), ticks=False)
    return picture


Box = tuple[int, int, int, int]


def _panel(
    picture: Image.Image, box: Box, x: Array, reference: Array | None, low: Float, high: Float,
    axes: tuple[int, int], ticks: bool,
) -> None:  # fmt: skip
    """Axis against axis, or the histogram of one axis, inside a frame."""
    i, j = axes
    width, height = box[2] - box[0], box[3] - box[1]
    canvas = np.full((height, width, 3), 255.0)
    clouds = [(reference, REAL), (x, MODEL)]
    if i == j:
        bars = [_bars(points[:, i], low[i], high[i], width) for points, _ in clouds if points is not None]
        tallest = 1.08 * max(float(b.max()) for b in bars) or 1.0
        if reference is not None:
            _histogram(canvas, bars[0] / tallest, REAL, 0.5)
        _histogram(canvas, bars[-1] / tallest, MODEL, 0.3)
        _outline(canvas, bars[-1] / tallest, MODEL)
    else:
        window = np.array([[low[i], low[j]], [high[i], high[j]]])
        # in a matrix, the data mirror the model across the diagonal, where neither hides the other
        shown = clouds if ticks else clouds[:1] if i > j and reference is not None else clouds[1:]
        for points, colour in shown:
            if points is not None:
                _scatter(canvas, points[:, [i, j]], window, colour)
    picture.paste(Image.fromarray(np.clip(np.rint(canvas), 0, 255).astype(np.uint8)), box[:2])
    draw = ImageDraw.Draw(picture)
    draw.rectangle((box[0] - 1, box[1] - 1, box[2], box[3]), outline=FRAME)
    if ticks:
        _ticks(draw, box, low, high, picture.width, vertical=i != j)


def _scatter(canvas: Float, points: Array, window: Float, colour: tuple[int, int, int]) -> None:
    """Lay translucent dots over the canvas; the more there are, the smaller and fainter each."""
    height, width = canvas.shape[:2]
    n = max(1, len(points))
    radius = float(np.clip(110 / np.sqrt(n), 0.9, 2.6)) * min(height, width) / 800 + 0.3
    opacity = float(np.clip(25 / np.sqrt(n), 0.12, 0.75))
    unit = (np.asarray(points, np.float64) - window[0]) / (window[1] - window[0])
    inside = np.isfinite(unit).all(1) & (np.abs(unit - 0.5) <= 0.55).all(1)
    centre = np.stack([unit[inside, 0] * width, (1 - unit[inside, 1]) * height], 1)
    corner = np.floor(centre).astype(np.int64)
    reach = int(np.ceil(radius)) + 1
    clear = np.zeros(height * width)
    for dy in range(-reach, reach + 1):
        for dx in range(-reach, reach + 1):
            column, row = corner[:, 0] + dx, corner[:, 1] + dy
            away = np.hypot(column + 0.5 - centre[:, 0], row + 0.5 - centre[:, 1])
            cover = np.clip(radius + 0.5 - away, 0, 1) * opacity
            seen = (cover > 0) & (column >= 0) & (column < width) & (row >= 0) & (row < height)
            clear += np.bincount(
                row[seen] * width + column[seen], np.log1p(-cover[seen]), minlength=height * width
            )
    _blend(canvas, 1 - np.exp(clear.reshape(height, width)), colour)


def _bars(values: Array, low: float, high: float, width: int) -> Float:
    """Density of values in bins over the window, one height per pixel column, (width,)."""
    bins = 80 if width > 400 else 40
    counts, _ = np.histogram(values[np.isfinite(values)], bins=bins, range=(low, high))
    share = counts / max(1, len(values)) * bins / (high - low)
    return np.asarray(share[np.minimum(np.arange(width) * bins // width, bins - 1)], np.float64)


def _histogram(canvas: Float, share: Float, colour: tuple[int, int, int], opacity: float) -> None:
    """Bars over the canvas: share (width,) of its height."""
    height = canvas.shape[0]
    above_floor = height - np.arange(height)[:, None]
    _blend(canvas, np.clip(share * height - above_floor + 1, 0, 1) * opacity, colour)


def _outline(canvas: Float, share: Float, colour: tuple[int, int, int]) -> None:
    """A line along the tops of bars: share (width,) of the canvas' height."""
    height = canvas.shape[0]
    thick = max(2, height // 350)
    tops = np.clip(np.rint((1 - share) * height), 0, height - 1).astype(np.int64)
    before = np.concatenate([tops[:1], tops[:-1]])
    rows = np.arange(height)[:, None]
    line = (rows >= np.minimum(tops, before)) & (rows < np.maximum(tops, before) + thick)
    jumps = line & (tops != before)
    for shift in range(1, thick):
        line[:, shift:] |= jumps[:, :-shift]
    _blend(canvas, line * 0.9, colour)


def _blend(canvas: Float, alpha: Float, colour: tuple[int, int, int]) -> None:
    canvas += alpha[..., None] * (np.array(colour, np.float64) - canvas)


def _header(picture: Image.Image, title: str, reference: bool) -> int:
    """Write title and legend; the row below them, in pixels."""
    size = picture.width
    draw, font = ImageDraw.Draw(picture), ImageFont.load_default(size / 45)
    middle, right = size // 26, size - size // 30
    draw.text((size // 30, middle), title, INK, font=font, anchor="lm")
    for name, colour in [("model", MODEL)] + [("data", REAL)] * reference:
        right -= int(draw.textlength(name, font))
        draw.text((right, middle), name, INK, font=font, anchor="lm")
        dot = size / 130
        _dot(picture, right - 2.2 * dot, middle, dot, colour)
        right -= size // 18
    return size // 13


def _dot(picture: Image.Image, x: float, y: float, radius: float, colour: tuple[int, int, int]) -> None:
    """A disc with a smooth edge."""
    left, top, side = int(x - radius) - 1, int(y - radius) - 1, int(2 * radius) + 4
    across = np.arange(side) + 0.5
    away = np.hypot(left + across[None, :] - x, top + across[:, None] - y)
    mask = Image.fromarray(np.rint(255 * np.clip(radius + 0.5 - away, 0, 1)).astype(np.uint8))
    picture.paste(colour, (left, top), mask)


def _ticks(draw: ImageDraw.ImageDraw, box: Box, low: Float, high: Float, size: int, vertical: bool) -> None:
    font, length = ImageFont.load_default(size / 52), size // 180
    for value, text in _round_numbers(low[0], high[0]):
        at = box[0] + (value - low[0]) / (high[0] - low[0]) * (box[2] - box[0])
        draw.line((at, box[3], at, box[3] + length), fill=FRAME)
        draw.text((at, box[3] + 2 * length), text, INK, font=font, anchor="ma")
    if vertical:
        for value, text in _round_numbers(low[1], high[1]):
            at = box[3] - (value - low[1]) / (high[1] - low[1]) * (box[3] - box[1])
            draw.line((box[0] - length, at, box[0], at), fill=FRAME)
            draw.text((box[0] - 2 * length, at), text, INK, font=font, anchor="rm")


def _round_numbers(low: float, high: float) -> list[tuple[float, str]]:
    """Five or so round values between low and high, with their text."""
    rough = (high - low) / 5
    power = 10.0 ** np.floor(np.log10(rough))
    step = power * min((1, 2, 5, 10), key=lambda m: abs(np.log(m * power / rough)))
    values = step * np.arange(np.ceil(low / step), np.floor(high / step) + 1)
    return [(float(v), f"{0.0 if abs(v) < step / 2 else v:.6g}") for v in values]


def _window(points: Array, extent: Extent | None) -> tuple[Float, Float]:
    """Lowest and highest value of each axis to show; the same span for all but one axis alone."""
    if extent is not None and points.shape[1] <= 2:
        axes = points.shape[1]
        return np.array(extent[0::2][:axes], np.float64), np.array(extent[1::2][:axes], np.float64)
    finite = np.asarray(points, np.float64)
    finite = finite[np.isfinite(finite).all(1)]
    if not len(finite):
        finite = np.array([[-1.0], [1.0]]).repeat(points.shape[1], 1)
    low, high = np.quantile(finite, 0.001, 0), np.quantile(finite, 0.999, 0)
    half = np.maximum((high - low) * 0.56, 1e-9)
    if points.shape[1] == 2:
        half = np.full_like(half, half.max())
    return (low + high) / 2 - half, (low + high) / 2 + half

"""Pictures of signals without a window: each sample as a line over time."""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from genlab.data.payloads import Array
from genlab.runs.plot import FRAME, INK, MODEL

MOST = 16
"""Signals in a picture."""
_WIDE, _HIGH, _GAP, _FINE = 440, 120, 16, 2
"""Of one frame and between frames, pixels; how much finer lines are drawn, for smooth edges."""


def plot_lines(x: Array, seconds: float, *, columns: int | None = None, title: str = "") -> Image.Image:
    """The first signals x (n, length), at most 16, each in a frame of its own, on one scale.

    seconds: the time that each takes. Values that are not finite leave gaps."""
    values = np.asarray(x[:MOST], np.float64)
    across = min(columns or 2, max(1, len(values)))
    down = max(1, -(-len(values) // across))
    finite = values[np.isfinite(values)]
    low, high = np.quantile(finite, [0.001, 0.999]) if len(finite) else (-1.0, 1.0)
    pad = 0.08 * (high - low) or 1.0
    low, high = low - pad, high + pad
    top = 4 * _GAP
    size = (across * (_WIDE + _GAP) + _GAP, top + down * (_HIGH + _GAP) + 2 * _GAP)
    picture = Image.new("RGB", size, "white")
    draw, font = ImageDraw.Draw(picture), ImageFont.load_default(18)
    note = f"{len(values)} shown" if len(x) > len(values) else ""
    heading = " · ".join(filter(None, (title, note)))
    draw.text((_GAP, 2 * _GAP), heading, INK, font=font, anchor="lm")
    scale = f"{seconds:.3g} s across, {low:.3g} to {high:.3g} upwards"
    draw.text((_GAP, size[1] - 3 * _GAP // 2), scale, INK, font=ImageFont.load_default(15), anchor="lm")
    for index, signal in enumerate(values):
        corner = (_GAP + index % across * (_WIDE + _GAP), top + index // across * (_HIGH + _GAP))
        picture.paste(_frame(signal, low, high), corner)
    return picture


def _frame(signal: np.ndarray[tuple[int, ...], np.dtype[np.float64]], low: float, high: float) -> Image.Image:
    wide, tall = _WIDE * _FINE, _HIGH * _FINE
    frame = Image.new("RGB", (wide, tall), "white")
    draw = ImageDraw.Draw(frame)
    draw.rectangle((0, 0, wide - 1, tall - 1), outline=FRAME, width=_FINE)
    across = np.linspace(0, wide - 1, len(signal)) if len(signal) > 1 else np.array([wide / 2])
    up = np.clip((high - signal) / (high - low), -1, 2) * (tall - 1)
    breaks = np.flatnonzero(~np.isfinite(up))
    for part in np.split(np.arange(len(up)), breaks):
        kept = part[np.isfinite(up[part])]
        points = list(zip(across[kept].tolist(), up[kept].tolist(), strict=True))
        if len(points) > 1:
            draw.line(points, fill=MODEL, width=_FINE + 1, joint="curve")
        elif points:
            draw.point(points, fill=MODEL)
    return frame.resize((_WIDE, _HIGH), Image.Resampling.BOX)

"""Long lines in few points: at most two for each column of pixels."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def thinned(x: Floats, y: Floats, left: float, right: float, columns: int) -> tuple[Floats, Floats]:
    """A smooth line (n,) as the mean of each of so many pixel columns of [left, right]."""
    known = np.isfinite(y)
    x, y = x[known], y[known]
    if len(x) <= columns:
        return x, y
    column = np.floor((x - left) * (columns / max(right - left, 1e-30)))
    starts = np.flatnonzero(np.diff(column, prepend=column[0] - 1))
    count = np.diff(np.append(starts, len(x)))
    thin_x, thin_y = np.add.reduceat(x, starts) / count, np.add.reduceat(y, starts) / count
    # The ends stay where they are, so that the line begins and ends with the data.
    thin_x[0], thin_y[0], thin_x[-1], thin_y[-1] = x[0], y[0], x[-1], y[-1]
    return thin_x, thin_y


def envelope(
    x: Floats, low: Floats, high: Floats, left: float, right: float, columns: int
) -> tuple[Floats, Floats]:
    """A line of at most two points per pixel column that covers every value between low and high.

    x (n,) rising; low, high (n,). Values outside [left, right] are left out, but for one on each side.
    """
    a = max(int(np.searchsorted(x, left)) - 1, 0)
    b = min(int(np.searchsorted(x, right, side="right")) + 1, len(x))
    x, low, high = x[a:b], low[a:b], high[a:b]
    known = np.isfinite(low) & np.isfinite(high)
    x, low, high = x[known], low[known], high[known]
    if len(x) > columns:
        column = np.floor((x - left) * (columns / max(right - left, 1e-30)))
        starts = np.flatnonzero(np.diff(column, prepend=column[0] - 1))
        x, low, high = x[starts], np.minimum.reduceat(low, starts), np.maximum.reduceat(high, starts)
    elif np.array_equal(low, high):
        return x, low
    up = np.empty(2 * len(x))
    # Alternating which end comes first keeps the joining lines short.
    flip = np.arange(len(x)) % 2 == 0
    up[0::2], up[1::2] = np.where(flip, low, high), np.where(flip, high, low)
    return np.repeat(x, 2), up

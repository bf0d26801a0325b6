"""The losses of a run of any length, in a bounded number of buckets."""

from __future__ import annotations

import functools
import math

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
CAPACITY = 4096
CHUNK = 65_536
LADDER = (1.0, 1.2, 1.5, 1.8, 2.2, 2.7, 3.3, 4.0, 5.0, 6.0, 7.5, 9.0)


class History:
    """Rows of metrics, kept as least, largest and mean of buckets of `stride` consecutive rows.

    One row to a bucket until `capacity` rows, then two, four and so on: least and largest are never
    lost, memory never grows. Rows whose step is not above the last one replace what they repeat;
    where a bucket straddles the seam, it keeps the rows of both.
    """

    def __init__(self, capacity: int = CAPACITY) -> None:
        self.capacity = capacity
        self.clear()

    def clear(self) -> None:
        """Forget every row."""
        self.names: tuple[str, ...] = ()
        self.stride = 1
        self.buckets = 0
        self._filled = 0  # rows in the last bucket
        self._step = np.zeros(self.capacity)
        self._seconds = np.zeros(self.capacity)
        self._low = np.zeros((self.capacity, 0))
        self._high = np.zeros((self.capacity, 0))
        self._sum = np.zeros((self.capacity, 0))
        self._count = np.zeros((self.capacity, 0))

    def __len__(self) -> int:
        return self.buckets

    @property
    def step(self) -> Floats:
        """Last step of each bucket, (buckets,)."""
        return self._step[: self.buckets]

    @property
    def seconds(self) -> Floats:
        """Time of the last row of each bucket, (buckets,), seconds of training."""
        return self._seconds[: self.buckets]

    def column(self, name: str) -> tuple[Floats, Floats, Floats]:
        """Least, largest and mean of a column in each bucket, (buckets,); NaN where it has no value."""
        k, n = self.names.index(name), self.buckets
        count = self._count[:n, k]
        mean = np.divide(self._sum[:n, k], count, out=np.full(n, np.nan), where=count > 0)
        return self._low[:n, k], self._high[:n, k], mean

    def add(self, names: tuple[str, ...], rows: Floats) -> None:
        """Take rows (k, len(names)); 'step' and 'seconds' are columns, the others are drawn."""
        if len(rows) == 0:
            return
        rows = np.asarray(rows, np.float64)
        order = {name: i for i, name in enumerate(names)}
        for name in names:
            if name not in ("step", "seconds") and name not in self.names:
                self._widen(name)
        falls = np.flatnonzero(np.diff(rows[:, order["step"]]) <= 0) + 1
        for part in np.split(rows, falls):
            values = np.full((len(part), len(self.names)), np.nan)
            for i, name in enumerate(self.names):
                if name in order:
                    values[:, i] = part[:, order[name]]
            step, seconds = part[:, order["step"]], part[:, order["seconds"]]
            self._cut(step[0])
            for start in range(0, len(part), CHUNK):
                some = slice(start, start + CHUNK)
                self._append(step[some], seconds[some], values[some])

    def _widen(self, name: str) -> None:
        self.names = (*self.names, name)
        empty = np.full((self.capacity, 1), np.nan)
        self._low = np.hstack([self._low, empty])
        self._high = np.hstack([self._high, empty])
        self._sum = np.hstack([self._sum, np.zeros((self.capacity, 1))])
        self._count = np.hstack([self._count, np.zeros((self.capacity, 1))])

    def _cut(self, step: float) -> None:
        left = int(np.searchsorted(self.step, step))  # buckets that end before the first new row
        if left == self.buckets:
            return
        straddles = self.stride > 1 and (left == 0 or self.step[left - 1] < step - 1)
        self.buckets = left + 1 if straddles else left
        if straddles:
            self._step[left] = step - 1
        self._filled = self.stride

    def _append(self, step: Floats, seconds: Floats, values: Floats) -> None:
        while True:
            room = (self.stride - self._filled) if self.buckets else 0
            needed = self.buckets + -(-max(0, len(step) - room) // self.stride)
            if needed <= self.capacity:
                break
            self._halve()
        place = np.arange(len(step))
        bucket = np.where(place < room, self.buckets - 1, self.buckets + (place - room) // self.stride)
        starts = np.flatnonzero(np.diff(bucket, prepend=-1))
        ends = np.append(starts[1:], len(step)) - 1
        ids = bucket[starts]
        finite = np.isfinite(values)
        clean = np.where(finite, values, 0.0)
        values = np.where(finite, values, np.nan)
        fresh = ids[ids >= self.buckets]
        self._low[fresh] = self._high[fresh] = np.nan
        self._sum[fresh] = self._count[fresh] = 0.0
        self._low[ids] = np.fmin(self._low[ids], np.fmin.reduceat(values, starts))
        self._high[ids] = np.fmax(self._high[ids], np.fmax.reduceat(values, starts))
        self._sum[ids] += np.add.reduceat(clean, starts)
        self._count[ids] += np.add.reduceat(finite.astype(np.float64), starts)
        self._step[ids] = step[ends]
        self._seconds[ids] = seconds[ends]
        joined = bool(len(ids)) and self.buckets > 0 and ids[-1] == self.buckets - 1
        self._filled = self._filled + len(step) if joined else int(ends[-1] - starts[-1] + 1)
        self.buckets = int(ids[-1]) + 1

    def _halve(self) -> None:
        n = self.buckets
        pairs = np.arange(0, n, 2)
        last = np.minimum(pairs + 1, n - 1)
        odd = n % 2 == 1
        half = len(pairs)
        self._low[:half] = np.fmin(self._low[pairs], self._low[last])
        self._high[:half] = np.fmax(self._high[pairs], self._high[last])
        for kept in (self._sum, self._count):
            merged = kept[pairs] + kept[last]
            if odd:
                merged[-1] = kept[n - 1]
            kept[:half] = merged
        self._step[:half] = self._step[last]
        self._seconds[:half] = self._seconds[last]
        if not odd:
            self._filled += self.stride
        self.stride *= 2
        self.buckets = half


def smoothed(mean: Floats, weight: float) -> Floats:
    """Exponential moving average (n,) of a series with gaps (NaN), started without bias.

    weight: of the past, per point, 0 (none) to below 1. Normalised as Adam's (Kingma & Ba 2015,
    section 3), so that the first values are not pulled to zero.
    """
    n = len(mean)
    if weight <= 0 or n < 2:
        return mean
    known = np.isfinite(mean)
    if not known.any():
        return mean
    centre = float(mean[known].mean())
    size = 1 << (2 * n - 1).bit_length()
    spectrum, sums = _kernel(size, weight)

    def decayed(values: Floats) -> Floats:
        return np.fft.irfft(np.fft.rfft(values, size) * spectrum, size)[:n]

    if known.all():
        return centre + decayed(mean - centre) / sums[:n]
    total, norm = decayed(np.where(known, mean - centre, 0.0)), decayed(known.astype(np.float64))
    return np.where(norm > 1e-9, centre + total / np.maximum(norm, 1e-9), np.nan)


@functools.lru_cache(maxsize=2)
def _kernel(size: int, weight: float) -> tuple[NDArray[np.complex128], Floats]:
    """The spectrum of the decaying weights of half a period, and their running sums."""
    powers = np.zeros(size // 2)
    # Beyond 1e-14 they add nothing but slow arithmetic on denormal numbers.
    used = min(size // 2, 1 + int(np.log(1e-14) / np.log(weight)))
    powers[:used] = weight ** np.arange(used)
    return np.fft.rfft(powers, size), np.cumsum(powers)


def ladder(value: float) -> float:
    """The least number of a geometric ladder that is not below `value`."""
    power = 10.0 ** math.floor(math.log10(value))
    return next((power * rung for rung in LADDER if power * rung >= value), power * 10)

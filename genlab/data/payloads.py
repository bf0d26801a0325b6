"""What an engine sends to be drawn: a closed set of frozen arrays, in data units, without torch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float32]
Labels = NDArray[np.int64]
Extent = tuple[float, float, float, float]
"""(x minimum, x maximum, y minimum, y maximum), data units."""

Exactness = Literal["exact", "ode", "bound", "estimate", "samples"]
"""How a density is known: closed form, probability-flow ODE, a bound, a Monte-Carlo estimate,
or only a histogram of samples."""


@dataclass(frozen=True)
class Samples:
    """Samples at one point of a trajectory.

    x: (n, *event). clean: the model's estimate of the finished sample, (n, *event), or None.
    labels: (n,) or None. index of total: position in the trajectory (0 is the start).
    time: the model's own time or noise level there. nfe: network evaluations so far.
    tilted: why these are not draws from the model's distribution ('guidance 4'), or ''.
    """

    x: Array
    clean: Array | None
    labels: Labels | None
    index: int
    total: int
    time: float
    nfe: int
    tilted: str = ""


@dataclass(frozen=True)
class Trajectory:
    """Frames of one trajectory at once, from the start to the samples; of long ones not every frame."""

    frames: tuple[Samples, ...]


@dataclass(frozen=True)
class Density:
    """Log density on a regular grid, in nats per data unit.

    log_prob: (columns,) in 1-D or (rows, columns) in 2-D, row 0 at the lowest y; cell centres
    over `extent`. integral: of its exponential over the extent. error: estimated absolute
    error of log_prob (nats), where known. tilted: as in `Samples`.
    """

    log_prob: Array
    extent: Extent
    kind: Exactness
    integral: float
    error: float | None = None
    tilted: str = ""


@dataclass(frozen=True)
class Field:
    """A vector field on a regular grid: vectors (rows, columns, 2) at cell centres of extent.

    truth: the same field of the exact density, where it is known. time: noise level."""

    vectors: Array
    truth: Array | None
    extent: Extent
    time: float
    title: str


@dataclass(frozen=True)
class Curves:
    """Named curves over a common axis: x (n,), each curve (n,)."""

    x: Array
    curves: dict[str, Array]
    x_label: str
    y_label: str


@dataclass(frozen=True)
class Table:
    """A small table of text: header and rows."""

    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


Payload = Samples | Trajectory | Density | Field | Curves | Table

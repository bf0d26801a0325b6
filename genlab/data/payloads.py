"""What an engine sends to be drawn: a closed set of frozen arrays, in data units, without torch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float32]
Data = NDArray[Any]
"""Data in the dtype of their space, which is known only once the space is: float32, of text int64."""
Labels = NDArray[np.int64]
Extent = tuple[float, float, float, float]
"""(x minimum, x maximum, y minimum, y maximum), data units."""

Exactness = Literal["exact", "ode", "bound", "estimate", "samples"]
"""How a density is known: closed form, probability-flow ODE, a bound, a Monte-Carlo estimate,
or only a histogram of samples."""


@dataclass(frozen=True)
class Samples:
    """Samples at one point of a trajectory.

    x: (n, *event), in the dtype of the space. clean: the model's estimate of the finished sample, alike,
    or None. labels: (n,) or None. index of total: position in the trajectory (0 is the start).
    time: the model's own time or noise level there. nfe: network evaluations so far.
    biased: why these are not draws from the model's distribution ('guidance 4'), or ''.
    token_log_prob: of sequences, log probability of each token given those before it, (n, length), nats.
    """

    x: Data
    clean: Data | None
    labels: Labels | None
    index: int
    total: int
    time: float
    nfe: int
    biased: str = ""
    token_log_prob: Array | None = None


def not_finite(x: Data) -> int:
    """How many samples x (n, *event) hold what is no finite number."""
    finite = np.isfinite(x)
    return 0 if finite.all() else len(x) - int(finite.reshape(len(x), -1).all(1).sum())


def spoilt(x: Data) -> str:
    """How many samples x (n, *event) are not finite, in a sentence, or ''."""
    count = not_finite(x)
    return f"{count:,} of {len(x):,} samples are not finite" if count else ""


@dataclass(frozen=True)
class Trajectory:
    """Frames of one trajectory at once, from the start to the samples; of long ones not every frame."""

    frames: tuple[Samples, ...]


@dataclass(frozen=True)
class Density:
    """Log density on a regular grid, in nats per data unit.

    log_prob: (columns,) in 1-D or (rows, columns) in 2-D, row 0 at the lowest y; cell centres
    over `extent`. integral: of its exponential over the extent. error: estimated absolute
    error of log_prob (nats), where known. biased: as in `Samples`. label: as in `Condition`.
    """

    log_prob: Array
    extent: Extent
    kind: Exactness
    integral: float
    error: float | None = None
    biased: str = ""
    label: str = "any"


@dataclass(frozen=True)
class Field:
    """A vector field on a regular grid: vectors (rows, columns, 2) at cell centres of extent.

    truth: the same field of the exact density, where it is known. time: the moment it belongs to, such as
    a noise level; symbol: what that is called."""

    vectors: Array
    truth: Array | None
    extent: Extent
    time: float
    title: str
    symbol: str = "σ"


@dataclass(frozen=True)
class Curves:
    """Named curves over a common axis: x (n,), each curve (n,), NaN where it has no value.

    marks: horizontal lines, name to height. bars: the curves are heights of bars at x, side by side.
    captions: of the places on the x axis, (n,), in place of numbers; empty: numbers."""

    x: Array
    curves: Mapping[str, Array]
    x_label: str
    y_label: str
    marks: Mapping[str, float] = field(default_factory=dict)
    bars: bool = False
    captions: tuple[str, ...] = ()


@dataclass(frozen=True)
class Table:
    """A small table of text: header and rows; note: one or two sentences under it."""

    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    note: str = ""


@dataclass(frozen=True)
class ScalarMap:
    """A scalar on a regular grid: values (rows, columns), row 0 at the lowest y, cell centres of extent.

    limits: values at both ends of the colours. diverging: zero lies in the middle of a diverging map, else
    colours rise from low to high. points (n, 2) and vectors (n, 2), data units: arrows drawn over it, such
    as the gradients at generated points; the longest is drawn so long that it can be seen. unit: of the
    values, such as 'nats'. data_space: it is the plane of the data, and real data may be drawn over it."""

    values: Array
    extent: Extent
    title: str
    limits: tuple[float, float]
    diverging: bool = False
    unit: str = ""
    points: Array | None = None
    vectors: Array | None = None
    data_space: bool = True


@dataclass(frozen=True)
class Maps:
    """One to four maps of one plane, side by side, on shared axes. note: a sentence under them.

    All have one extent. Those that are not diverging share their limits and one colour bar, in the unit of
    the first; each diverging one has its own. Their points and vectors are not drawn, nor are real data.
    Raises ValueError where the maps do not go together."""

    maps: tuple[ScalarMap, ...]
    note: str = ""

    def __post_init__(self) -> None:
        if not 1 <= len(self.maps) <= 4:
            raise ValueError(f"one to four maps stand side by side, not {len(self.maps)}")
        if len({each.extent for each in self.maps}) > 1:
            raise ValueError("maps side by side have one extent")
        if len({each.limits for each in self.maps if not each.diverging}) > 1:
            raise ValueError("maps side by side have one colour scale, so the same limits")


@dataclass(frozen=True)
class Mesh:
    """A grid carried through space, stage by stage: nodes (k, rows, columns, 2) in the units of each stage.

    titles: (k,) of the stages. extents: (k,) what each stage is drawn in. shade: (k, rows - 1, columns - 1)
    weight of each cell in [0, 1], such as the probability per area relative to its largest, or None. points:
    (k, n, 2) samples carried along, with labels (n,), or None. reference: (m, 2) real data behind the last
    stage, or None."""

    nodes: Array
    titles: tuple[str, ...]
    extents: tuple[Extent, ...]
    shade: Array | None = None
    points: Array | None = None
    labels: Labels | None = None
    reference: Array | None = None


@dataclass(frozen=True)
class Group:
    """Points of one kind in a plane, x (n, 2).

    style: 'dots'; 'line' from each point to the next (NaN rows break it); 'segments' between rows 2i and
    2i + 1. role: 'real' (neutral grey), 'model' (the accent), 'mark' (to stand out) or 'muted'. labels:
    (n,) classes that colour dots in place of the role, or None."""

    name: str
    x: Array
    style: Literal["dots", "line", "segments"] = "dots"
    role: Literal["real", "model", "mark", "muted"] = "model"
    labels: Labels | None = None


@dataclass(frozen=True)
class Plane:
    """Groups of points in one plane. x_label, y_label: of the axes; data_space: it is the plane of the data.

    note: what a person should read from it, with numbers, in one sentence."""

    groups: tuple[Group, ...]
    extent: Extent
    title: str
    x_label: str = ""
    y_label: str = ""
    data_space: bool = False
    note: str = ""


@dataclass(frozen=True)
class Tiles:
    """Images in rows: images (rows, columns, height, width) or (rows, columns, channels, height, width), in
    levels of the data. row_titles: (rows,) or empty. note: one sentence."""

    images: Array
    title: str
    row_titles: tuple[str, ...] = ()
    note: str = ""


Payload = Samples | Trajectory | Density | Field | Curves | Table | ScalarMap | Maps | Mesh | Plane | Tiles
"""Of an extra panel: `Field`, `Curves`, `Table`, `ScalarMap`, `Maps`, `Mesh`, `Plane` and `Tiles`."""

"""What is known of data before any are drawn: enough to say what a paradigm can do with them."""

from __future__ import annotations

from dataclasses import dataclass

from genlab.settings.spaces import Space


@dataclass(frozen=True)
class DataInfo:
    """Data as a paradigm's record sees them.

    id: of the data set; 'file' for a person's own. labels: names of the classes. truth: whether the exact
    density is known. modes: whether it has separate modes in known places. tight: whether these are narrow
    beside their distances. bounds: of numbers on a line, between which intervals are chosen in their own
    units; None: as shares of the window.
    """

    id: str
    space: Space
    labels: tuple[str, ...] = ()
    truth: bool = False
    modes: bool = False
    tight: bool = False
    bounds: tuple[float, float] | None = None

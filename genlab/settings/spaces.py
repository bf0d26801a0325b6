"""The spaces that data live in, and what each says of itself. Torch-free: the window knows what it draws."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import DTypeLike


@dataclass(frozen=True)
class Points:
    """Points of R^dim."""

    dim: int

    noun: ClassVar[str] = "points"
    dtype: ClassVar[DTypeLike] = np.float32
    continuous: ClassVar[bool] = True

    @property
    def event(self) -> tuple[int, ...]:
        """Shape of one datum."""
        return (self.dim,)

    @property
    def drawable(self) -> bool:
        """Whether a density over the space can be drawn: on a line or in a plane."""
        return self.dim <= 2

    def __str__(self) -> str:
        return "numbers on a line" if self.dim == 1 else f"points of {self.dim} coordinates"


@dataclass(frozen=True)
class Images:
    """Images (channels, height, width) with integer levels 0 .. levels - 1, held as floats."""

    channels: int
    height: int
    width: int
    levels: int

    noun: ClassVar[str] = "images"
    dtype: ClassVar[DTypeLike] = np.float32
    continuous: ClassVar[bool] = False
    drawable: ClassVar[bool] = False

    @property
    def event(self) -> tuple[int, ...]:
        """Shape of one datum."""
        return (self.channels, self.height, self.width)

    def __str__(self) -> str:
        colour = "colour " if self.channels == 3 else ""
        return f"{colour}images of {self.height} x {self.width} pixels with {self.levels} levels"


@dataclass(frozen=True)
class Tokens:
    """Sequences of at most `length` tokens: integers 0 .. len(vocabulary) - 1, padded after the end.

    vocabulary: what each token is written as. end: the token that ends a sequence and pads it, or None
    where every sequence has the full length."""

    length: int
    vocabulary: tuple[str, ...]
    end: int | None = None

    noun: ClassVar[str] = "text"
    dtype: ClassVar[DTypeLike] = np.int64
    continuous: ClassVar[bool] = False
    drawable: ClassVar[bool] = False

    @property
    def event(self) -> tuple[int, ...]:
        """Shape of one datum."""
        return (self.length,)

    def __str__(self) -> str:
        return f"text of at most {self.length} tokens out of {len(self.vocabulary)}"


@dataclass(frozen=True)
class Signal:
    """Series of `length` values, `rate` of them a second: sound and other measurements over time."""

    length: int
    rate: float

    noun: ClassVar[str] = "signals"
    dtype: ClassVar[DTypeLike] = np.float32
    continuous: ClassVar[bool] = True
    drawable: ClassVar[bool] = False

    @property
    def event(self) -> tuple[int, ...]:
        """Shape of one datum."""
        return (self.length,)

    def __str__(self) -> str:
        return f"series of {self.length} values at {self.rate:g} Hz"


Space = Points | Images | Tokens | Signal
Grid = Points | Images
"""What fixed-size arrays of numbers with one network input each are: spaces that most paradigms take."""

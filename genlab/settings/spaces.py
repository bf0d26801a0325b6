"""The spaces that data live in, and what each says of itself. Torch-free: the window knows what it draws."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from math import prod
from typing import Any, ClassVar

import numpy as np
from numpy.typing import DTypeLike, NDArray


@dataclass(frozen=True)
class Points:
    """Points of R^dim."""

    dim: int

    noun: ClassVar[str] = "points"
    dtype: ClassVar[DTypeLike] = np.float32

    @property
    def event(self) -> tuple[int, ...]:
        """Shape of one datum."""
        return (self.dim,)

    @property
    def drawable(self) -> bool:
        """Whether a density over the space can be drawn: on a line or in a plane."""
        return self.dim <= 2

    @property
    def columns(self) -> tuple[str, ...]:
        """What the columns of a table of data are called."""
        return _numbered(self.event)

    def cells(self, datum: NDArray[Any]) -> list[str]:
        """A datum (*event) as the cells of a row of that table."""
        return _numbers(datum)

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
    drawable: ClassVar[bool] = False

    @property
    def event(self) -> tuple[int, ...]:
        """Shape of one datum."""
        return (self.channels, self.height, self.width)

    @property
    def columns(self) -> tuple[str, ...]:
        """What the columns of a table of data are called: one for each value, the channels one by one."""
        return _numbered(self.event)

    def cells(self, datum: NDArray[Any]) -> list[str]:
        """A datum (*event) as the cells of a row of that table."""
        return _numbers(datum)

    def __str__(self) -> str:
        colour = "colour " if self.channels == 3 else ""
        return f"{colour}images of {self.height} x {self.width} pixels with {self.levels} levels"


MARKS = {"\n": "⏎", "\t": "⇥", "\r": "␍"}
"""What stands for a character that has no picture."""


@dataclass(frozen=True)
class Tokens:
    """Sequences of at most `length` tokens: integers 0 .. len(vocabulary) - 1, padded after the end.

    vocabulary: what each token is written as. end: the token that ends a sequence and pads it, or None
    where every sequence has the full length. Raises ValueError for a vocabulary with gaps or repetitions, or
    an end outside it."""

    length: int
    vocabulary: tuple[str, ...]
    end: int | None = None

    noun: ClassVar[str] = "text"
    dtype: ClassVar[DTypeLike] = np.int64
    drawable: ClassVar[bool] = False
    columns: ClassVar[tuple[str, ...]] = ("text",)

    def __post_init__(self) -> None:
        if "" in self.vocabulary or len(set(self.vocabulary)) < len(self.vocabulary):
            raise ValueError("every token of a vocabulary is written, and differently from the others")
        if self.end is not None and not 0 <= self.end < len(self.vocabulary):
            raise ValueError(f"the end is token {self.end}, but there are {len(self.vocabulary)}")

    @property
    def event(self) -> tuple[int, ...]:
        """Shape of one datum."""
        return (self.length,)

    def counts(self, x: NDArray[np.integer]) -> NDArray[np.int64]:
        """Tokens of each row of x (n, length) up to its end, which counts; without an end all, (n,)."""
        ends = x == self.end if self.end is not None else np.zeros(x.shape, bool)
        counts: NDArray[np.int64] = np.where(ends.any(1), ends.argmax(1) + 1, x.shape[1]).astype(np.int64)
        return counts

    def text(self, row: NDArray[np.integer]) -> str:
        """What a row (length,) of tokens says, up to its end. Raises ValueError as `words`."""
        return "".join(self.words(row))

    def words(self, row: NDArray[np.integer]) -> tuple[str, ...]:
        """What each token of a row (length,) is written as, up to its end.

        Raises ValueError for a token that is not in the vocabulary."""
        tokens = [int(token) for token in row]
        if self.end in tokens:
            tokens = tokens[: tokens.index(self.end)]
        for token in tokens:
            if not 0 <= token < len(self.vocabulary):
                raise ValueError(f"token {token} is not one of 0 to {len(self.vocabulary) - 1}")
        return tuple(self.vocabulary[token] for token in tokens)

    def texts(self, x: NDArray[np.integer]) -> list[str]:
        """What each row of x (n, length) says."""
        return [self.text(row) for row in x]

    def tokens(self, text: str) -> NDArray[np.int64]:
        """The tokens (k,) of a text without its end; at each place the longest that fits.

        Raises ValueError for a character that is not in the vocabulary, or more than `length` tokens."""
        known, widest = self._written
        found: list[int] = []
        at = 0
        while at < len(text):
            sizes = (size for size in range(widest, 0, -1) if text[at : at + size] in known)
            size = next(sizes, 0)
            if not size:
                raise ValueError(f"{text[at]!r} at character {at + 1} is not in the vocabulary")
            found.append(known[text[at : at + size]])
            at += size
        if len(found) > self.length:
            raise ValueError(f"a text of {len(found)} tokens is too long: at most {self.length} fit")
        return np.array(found, np.int64)

    def row(self, text: str) -> NDArray[np.int64]:
        """A text as a datum (length,): its tokens, then the end to the last place.

        Raises ValueError as `tokens` does, and where texts have one length and this has another."""
        found = self.tokens(text)
        if self.end is None and len(found) < self.length:
            raise ValueError(f"a text of {len(found)} tokens is too short: all have {self.length}")
        row = np.full(self.length, self.end or 0, np.int64)
        row[: len(found)] = found
        return row

    @cached_property
    def _written(self) -> tuple[dict[str, int], int]:
        """The token of each piece of text, and the length of the longest."""
        known = {word: token for token, word in enumerate(self.vocabulary) if token != self.end}
        return known, max(map(len, known), default=0)

    def caption(self, token: int) -> str:
        """A token as a table or a tooltip shows it: the end and white space by their signs."""
        if token == self.end:
            return "⏎"
        word = self.vocabulary[token]
        return "␣" if word == " " else MARKS.get(word, word)

    def cells(self, datum: NDArray[Any]) -> list[str]:
        """A datum (*event) as the cells of a row of a table."""
        return [self.text(datum)]

    def __str__(self) -> str:
        return f"text of at most {self.length} tokens out of {len(self.vocabulary)}"


@dataclass(frozen=True)
class Signal:
    """Series of `length` values, `rate` of them a second: sound and other measurements over time."""

    length: int
    rate: float

    noun: ClassVar[str] = "signals"
    dtype: ClassVar[DTypeLike] = np.float32
    drawable: ClassVar[bool] = False

    @property
    def event(self) -> tuple[int, ...]:
        """Shape of one datum."""
        return (self.length,)

    @property
    def columns(self) -> tuple[str, ...]:
        """What the columns of a table of data are called: one for each moment."""
        return _numbered(self.event)

    def cells(self, datum: NDArray[Any]) -> list[str]:
        """A datum (*event) as the cells of a row of that table."""
        return _numbers(datum)

    def __str__(self) -> str:
        return f"series of {self.length} values at {self.rate:g} Hz"


Space = Points | Images | Tokens | Signal
Grid = Points | Images
"""What fixed-size arrays of numbers with one network input each are: spaces that most paradigms take."""


def _numbered(event: Sequence[int]) -> tuple[str, ...]:
    return tuple(f"x{i + 1}" for i in range(prod(event)))


def _numbers(datum: NDArray[Any]) -> list[str]:
    return [f"{value:.9g}" for value in datum.ravel()]

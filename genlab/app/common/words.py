"""How things are put into words."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from genlab.settings.spaces import Tokens

MARKS = {"\n": "⏎", "\t": "→", "\r": "␍"}
"""What stands for a character that has no picture."""


def sentence(text: str) -> str:
    """A text as a sentence: a capital first, a stop at its end."""
    return text[:1].upper() + text[1:] + ("" if text.endswith((".", "!", "?")) else ".")


def duration(seconds: float) -> str:
    """Seconds as m:ss or h:mm:ss."""
    whole = int(seconds)
    if whole < 3600:
        return f"{whole // 60}:{whole % 60:02d}"
    return f"{whole // 3600}:{whole % 3600 // 60:02d}:{whole % 60:02d}"


def length_of(row: NDArray, space: Tokens) -> int:
    """How many tokens of a row (length,) come before its end."""
    if space.end is None:
        return len(row)
    ends = np.flatnonzero(row == space.end)
    return int(ends[0]) if len(ends) else len(row)


def written(row: NDArray, space: Tokens) -> str:
    """A row of tokens (length,) as text, without its end."""
    return "".join(space.vocabulary[token] for token in row[: length_of(row, space)].tolist())


def visible(token: str) -> str:
    """A token as it is shown on one line."""
    return "".join(MARKS.get(letter, letter) for letter in token)

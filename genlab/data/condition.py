"""What samples are conditioned on, in the words of the data."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any, assert_never

import numpy as np
from numpy.typing import NDArray

from genlab.settings.spaces import Images, Points, Signal, Space, Tokens

RESERVED = ("any", "none")
"""Labels that are not the name of a class."""


@dataclass(frozen=True)
class Condition:
    """The condition of every sample of a request.

    label: 'any' (classes by their prior), 'none' (unconditional) or the name of a class. given: (*event)
    known values in data units, kept where mask (*event) is True; both or neither. prompt: words that say
    what is wanted, for models that read them.
    """

    label: str = "any"
    given: NDArray[Any] | None = None
    mask: NDArray[np.bool_] | None = None
    prompt: str = ""

    @property
    def judged(self) -> Condition:
        """The condition of evaluations and likelihoods: the label alone. What is given of samples is not
        true of the data that they are about."""
        return Condition(self.label)

    def plain(self) -> dict[str, Any]:
        """Plain values for a file: what is given as the places and the values that are known."""
        known = {}
        if self.given is not None and self.mask is not None:
            known = {"given": self.given[self.mask].tolist(), "at": np.flatnonzero(self.mask).tolist()}
        return {"label": self.label, **known, **({"prompt": self.prompt} if self.prompt else {})}


def check_classes(names: Collection[str]) -> None:
    """Raises ValueError, one sentence, where a class has a name that means something else as a label."""
    for word in RESERVED:
        if word in names:
            raise ValueError(
                f"no class can be called '{word}', which as a label means no class in particular"
            )


def parse_given(space: Space, text: str) -> tuple[NDArray[Any], NDArray[np.bool_]]:
    """What a person typed as known of each sample: values (*event), and which of them are known.

    Of text it is how a sequence begins. Raises ValueError, one sentence, where it is not of the space."""
    match space:
        case Tokens():
            tokens = space.tokens(text)
            given = np.zeros(space.event, np.int64)
            given[: len(tokens)] = tokens
            return given, np.arange(space.length) < len(tokens)
        case Points() | Images() | Signal():
            raise ValueError(f"nothing can be given of {space.noun} here")
        case _:
            assert_never(space)

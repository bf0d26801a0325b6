"""What a check says where something is wrong."""

from __future__ import annotations

from collections.abc import Collection

import numpy as np

from genlab.settings.plugins import problems


def require(condition: bool | np.bool_, sentence: str) -> None:
    """Raises AssertionError with the sentence where the condition does not hold."""
    if not condition:
        raise AssertionError(sentence)


def require_known(id: str, there: Collection[str]) -> None:
    """Raises AssertionError where a catalogue has no such name, with what went wrong with plug-ins."""
    wrong = " ".join(problem.sentence for problem in problems())
    require(id in there, f"'{id}' is not among {', '.join(there)}: is its package installed? {wrong}".strip())

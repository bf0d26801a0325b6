"""What a check says where something is wrong."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Collection
from functools import cache

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


def require_no_torch() -> None:
    """Raises AssertionError where the catalogues, which the window reads, import torch."""
    require(
        not _records_import_torch(),
        "reading the records of all paradigms and data sets imports torch, which the window never does: "
        "name models and probes as 'module:object'",
    )


@cache
def _records_import_torch() -> bool:
    code = "import sys, genlab.session.catalogue; print('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return done.stdout.split()[-1] == "True"

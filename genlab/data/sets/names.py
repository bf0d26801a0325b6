"""First names of women and men."""

from __future__ import annotations

from string import ascii_lowercase

import numpy as np

from genlab.data.fixed import FixedDataset, content_hash, cut, split_rows
from genlab.data.record import DatasetRecord
from genlab.data.resources import resource
from genlab.settings.fields import Settings
from genlab.settings.spaces import Tokens


class NamesSettings(Settings):
    """First names: nothing to choose."""


SPACE = Tokens(12, (*ascii_lowercase, "\n"), end=26)
"""The longest names have 11 letters; the end follows."""
CLASSES = ("female", "male")
SPLIT_SEED = 0


def _make(settings: NamesSettings) -> FixedDataset:
    """5,163 different names, in the order of the alphabet, split 3,615/774/774 at random with one seed.

    A name of both lists is of the class in which it is more frequent."""
    lines = resource("data", "names.txt").read_text(encoding="utf-8").split()
    x = np.stack([SPACE.row(name) for name in lines[0::2]])
    labels = np.array(["fm".index(letter) for letter in lines[1::2]], np.int64)
    parts = cut(x, labels, split_rows(len(x), SPLIT_SEED))
    fingerprint = content_hash(x, labels, "".join(SPACE.vocabulary))
    return FixedDataset(RECORD.id, RECORD.title, SPACE, CLASSES, parts, fingerprint)


RECORD = DatasetRecord(
    "names",
    "First names",
    "Text",
    "5,163 first names of the US census of 1990, of women and men, split 3,615/774/774 at random (seed 0).",
    NamesSettings,
    lambda settings: SPACE,
    lambda settings: CLASSES,
    _make,
)

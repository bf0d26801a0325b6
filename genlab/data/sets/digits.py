"""Handwritten digits of 8 x 8 pixels."""

from __future__ import annotations

import numpy as np

from genlab.data.fixed import FixedDataset, content_hash, cut
from genlab.data.record import DatasetRecord
from genlab.data.resources import resource
from genlab.settings.fields import Settings
from genlab.settings.spaces import Images


class DigitsSettings(Settings):
    """Handwritten digits: nothing to choose."""


SPACE = Images(1, 8, 8, 17)
NAMES = tuple(str(digit) for digit in range(10))


def _make(settings: DigitsSettings) -> FixedDataset:
    """UCI's digits (scikit-learn's 1,797), levels 0 to 16, split 1000/350/447 in their order."""
    with resource("data", "digits.npz").open("rb") as file, np.load(file, allow_pickle=False) as arrays:
        x = arrays["images"].astype(np.float32)[:, None]
        labels = arrays["labels"].astype(np.int64)
    rows = np.arange(len(x))
    parts = cut(x, labels, (rows[:1000], rows[1000:1350], rows[1350:]))
    return FixedDataset(RECORD.id, RECORD.title, SPACE, NAMES, parts, content_hash(x, labels))


RECORD = DatasetRecord(
    "digits",
    "Handwritten digits",
    "Images",
    "8 x 8 digits of 17 levels (UCI, Alpaydin and Kaynak 1998), split 1000/350/447 as by Tomczak (2022).",
    DigitsSettings,
    lambda settings: SPACE,
    lambda settings: NAMES,
    _make,
)

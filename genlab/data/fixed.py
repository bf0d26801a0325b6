"""Data sets held in memory with fixed training, validation and test parts."""

from __future__ import annotations

import hashlib
from typing import assert_never

import numpy as np

from genlab.data.dataset import UNIT, Dataset, Draw
from genlab.data.payloads import Data, Extent, Labels
from genlab.settings.spaces import Images, Points, Signal, Space, Tokens

_SHARE = 0.15
"""Share of the rows in the validation part, and in the test part."""

Parts = tuple[Draw, Draw, Draw]


class FixedDataset(Dataset):
    """A set with three fixed parts; its distribution is not known."""

    truth = None

    def __init__(
        self, id: str, title: str, space: Space, labels: tuple[str, ...], parts: Parts, fingerprint: str
    ) -> None:
        self.id, self.title, self.space, self.label_names = id, title, space, labels
        self.fingerprint = fingerprint
        self._train, self._validation, self._test = parts
        self.extent = _extent(self._train.x, space)

    def train(self, n: int, rng: np.random.Generator) -> Draw:
        return self._train

    def validation(self, n: int, rng: np.random.Generator) -> Draw:
        return _first(self._validation, n)

    def test(self, n: int, rng: np.random.Generator) -> Draw:
        return _first(self._test, n)


def cut(x: Data, labels: Labels | None, rows: tuple[Labels, Labels, Labels]) -> Parts:
    """Training, validation and test parts of x (n, *event) and labels (n,), by their row numbers."""
    train, validation, test = (Draw(x[part], None if labels is None else labels[part]) for part in rows)
    return train, validation, test


def split_rows(rows: int, seed: int) -> tuple[Labels, Labels, Labels]:
    """Row numbers of the training, validation and test parts: 70, 15 and 15 %, drawn with a seed."""
    order = np.random.default_rng(seed).permutation(rows)
    held = max(1, round(_SHARE * rows))
    validation, test, train = order[:held], order[held : 2 * held], order[2 * held :]
    return np.sort(train), np.sort(validation), np.sort(test)


def content_hash(x: Data, labels: Labels | None, vocabulary: str = "") -> str:
    """SHA-256 (hex) of values, labels and vocabulary, shapes included; the same on every platform."""
    digest = hashlib.sha256(repr(x.shape).encode())
    digest.update(x.astype("<f4" if x.dtype.kind == "f" else "<i8", copy=False).tobytes())
    if labels is not None:
        digest.update(b"labels")
        digest.update(labels.astype("<i8", copy=False).tobytes())
    if vocabulary:
        digest.update(b"vocabulary")
        digest.update(vocabulary.encode())
    return digest.hexdigest()


def _first(draw: Draw, n: int) -> Draw:
    return draw.first(n)


def _extent(x: Data, space: Space) -> Extent:
    """A square window over the first two coordinates of points that holds 99.9 % of each, with a margin.

    In 1-D (lowest, highest, 0, 0). Columns of one value get a window one unit to either side.
    """
    match space:
        case Points():
            pass
        case Images() | Tokens() | Signal():
            return UNIT
        case _:
            assert_never(space)
    low, high = np.quantile(x[:, :2].astype(np.float64), [0.0005, 0.9995], axis=0)
    half = float((high - low).max()) * 0.55
    half = half if half > 0 else 1.0
    centre = (low + high) / 2
    first = (float(centre[0]) - half, float(centre[0]) + half)
    if len(centre) == 1:
        return (*first, 0.0, 0.0)
    return (*first, float(centre[1]) - half, float(centre[1]) + half)

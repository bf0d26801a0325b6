"""Data sets held in memory with fixed training, validation and test parts."""

from __future__ import annotations

import hashlib

import numpy as np

from genlab.data.dataset import DataError, Dataset, Draw
from genlab.data.datasets import DATASETS, DatasetInfo, FileSettings, file_info, space_of
from genlab.data.payloads import Array, Extent, Labels
from genlab.data.resources import resource
from genlab.settings.spaces import Points

_SHARE = 0.15
"""Share of a person's own rows in the validation part, and in the test part."""


Parts = tuple[Draw, Draw, Draw]


class ArrayDataset(Dataset):
    """A set with three fixed parts; its distribution is not known."""

    truth = None

    def __init__(self, info: DatasetInfo, parts: Parts, fingerprint: str) -> None:
        self.id, self.title, self.space, self.label_names = info.id, info.title, info.space, info.labels
        self.fingerprint = fingerprint
        self.extent = _extent(parts[0].x) if isinstance(info.space, Points) else (0.0, 1.0, 0.0, 1.0)
        self._train, self._validation, self._test = parts

    def train(self, n: int, rng: np.random.Generator) -> Draw:
        return self._train

    def validation(self, n: int, rng: np.random.Generator) -> Draw:
        return _first(self._validation, n)

    def test(self, n: int, rng: np.random.Generator) -> Draw:
        return _first(self._test, n)


class FileDataset(ArrayDataset):
    """A person's own data. x, labels: all rows in the order of the file, before the split."""

    def __init__(self, settings: FileSettings, x: Array, labels: Labels | None) -> None:
        self.x, self.labels = x, labels
        train, validation, test = split(settings)
        parts = (_rows(x, labels, train), _rows(x, labels, validation), _rows(x, labels, test))
        super().__init__(file_info(settings), parts, settings.sha256)

    @classmethod
    def from_arrays(cls, settings: FileSettings, x: Array, labels: Labels | None) -> FileDataset:
        """The data set that `read` gave, from its settings and a kept copy of `.x` and `.labels`.

        Raises DataError where the copy is not the one that the settings describe.
        """
        x = np.ascontiguousarray(x, dtype=np.float32)
        labels = None if labels is None else np.ascontiguousarray(labels, dtype=np.int64)
        event = space_of("file", settings).event
        if x.shape != (settings.rows, *event) or content_hash(x, labels) != settings.sha256:
            raise DataError(f"The kept copy of '{settings.name}' is not the data that its settings describe.")
        return cls(settings, x, labels)


def split(settings: FileSettings) -> tuple[Labels, Labels, Labels]:
    """Row numbers of the training, validation and test parts: 70, 15 and 15 %, drawn with split_seed."""
    order = np.random.default_rng(settings.split_seed).permutation(settings.rows)
    held = max(1, round(_SHARE * settings.rows))
    validation, test, train = order[:held], order[held : 2 * held], order[2 * held :]
    return np.sort(train), np.sort(validation), np.sort(test)


def content_hash(x: Array, labels: Labels | None) -> str:
    """SHA-256 (hex) of values and labels, shapes included; the same on every platform."""
    digest = hashlib.sha256(repr(x.shape).encode())
    digest.update(x.astype("<f4", copy=False).tobytes())
    if labels is not None:
        digest.update(b"labels")
        digest.update(labels.astype("<i8", copy=False).tobytes())
    return digest.hexdigest()


def digits() -> ArrayDataset:
    """Handwritten digits (UCI; scikit-learn's 1,797), levels 0 to 16, split 1000/350/447 in their order."""
    with resource("data", "digits.npz").open("rb") as file, np.load(file, allow_pickle=False) as arrays:
        x = arrays["images"].astype(np.float32)[:, None]
        labels = arrays["labels"].astype(np.int64)
    rows = np.arange(len(x))
    parts = (_rows(x, labels, rows[:1000]), _rows(x, labels, rows[1000:1350]), _rows(x, labels, rows[1350:]))
    return ArrayDataset(DATASETS["digits"], parts, content_hash(x, labels))


def _rows(x: Array, labels: Labels | None, rows: Labels) -> Draw:
    return Draw(x[rows], None if labels is None else labels[rows])


def _first(draw: Draw, n: int) -> Draw:
    return Draw(draw.x[:n], None if draw.labels is None else draw.labels[:n])


def _extent(x: Array) -> Extent:
    """A square window over the first two columns that holds 99.9 % of each, with a margin.

    In 1-D (lowest, highest, 0, 0). Columns of one value get a window one unit to either side.
    """
    low, high = np.quantile(x[:, :2].astype(np.float64), [0.0005, 0.9995], axis=0)
    half = float((high - low).max()) * 0.55
    half = half if half > 0 else 1.0
    centre = (low + high) / 2
    first = (float(centre[0]) - half, float(centre[0]) + half)
    if len(centre) == 1:
        return (*first, 0.0, 0.0)
    return (*first, float(centre[1]) - half, float(centre[1]) + half)

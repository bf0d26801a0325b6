"""A person's own data in memory, as they were read or as a run folder keeps them."""

from __future__ import annotations

import numpy as np

from genlab.data.dataset import DataError
from genlab.data.files.settings import FILE, FileSettings, space_of_file
from genlab.data.fixed import FixedDataset, content_hash, cut, split_rows
from genlab.data.payloads import Data, Labels


class FileDataset(FixedDataset):
    """A person's own data. x, labels: all rows in the order of the file, before the split."""

    def __init__(self, settings: FileSettings, x: Data, labels: Labels | None) -> None:
        self.x, self.labels = x, labels
        parts = cut(x, labels, split(settings))
        space, names = FILE.space(settings), FILE.labels(settings)
        super().__init__(FILE.id, FILE.title_of(settings), space, names, parts, settings.sha256)

    @classmethod
    def from_arrays(cls, settings: FileSettings, x: Data, labels: Labels | None) -> FileDataset:
        """The data set that `read` gave, from its settings and a kept copy of `.x` and `.labels`.

        Raises DataError where the copy is not the one that the settings describe.
        """
        space = space_of_file(settings)
        x = np.ascontiguousarray(x, dtype=space.dtype)
        labels = None if labels is None else np.ascontiguousarray(labels, dtype=np.int64)
        shape = (settings.rows, *space.event)
        if x.shape != shape or content_hash(x, labels, settings.vocabulary) != settings.sha256:
            raise DataError(f"The kept copy of '{settings.name}' is not the data that its settings describe.")
        return cls(settings, x, labels)


def split(settings: FileSettings) -> tuple[Labels, Labels, Labels]:
    """Row numbers of the training, validation and test parts: 70, 15 and 15 %, drawn with split_seed."""
    return split_rows(settings.rows, settings.split_seed)

"""Data sets: built-in ones with their exact truth, those of plug-ins, and a person's own files."""

from __future__ import annotations

from pathlib import Path

from genlab.data.dataset import DataError, Dataset, Draw
from genlab.data.drawn import made_by
from genlab.data.files.arrays import FileDataset
from genlab.data.files.settings import FileSettings
from genlab.data.truths.base import Truth
from genlab.settings.fields import Settings

__all__ = ["DataError", "Dataset", "Draw", "Truth", "load", "read"]


def load(id: str, settings: Settings) -> Dataset:
    """The data set `id` of the catalogue with these settings.

    Raises DataError where there is none of that identifier, the settings are another set's, or the data of a
    plug-in are not what its record says; so does every draw from them.
    """
    # Plug-ins, which the catalogue imports, may import this package.
    from genlab.data.catalogue import BUILT_IN, DATASETS

    if id not in DATASETS:
        raise DataError(f"There is no built-in data set called '{id}'.")
    record = DATASETS[id]
    if not isinstance(settings, record.settings):
        raise DataError(f"{type(settings).__name__} are not the settings of the data set '{id}'.")
    if id in BUILT_IN:
        return record.make(settings)
    return made_by(record, settings)


def read(path: str | Path) -> tuple[FileSettings, FileDataset]:
    """A person's own points (.npy, .npz, .csv), lines of text (.txt) or folder of images, with the settings
    that describe them.

    Raises DataError, with one plain sentence, where the path does not hold usable data.
    """
    from genlab.data.files.read import read_path

    return read_path(Path(path))

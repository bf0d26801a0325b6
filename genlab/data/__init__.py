"""Data sets: built-in ones with their exact truth, and a person's own files."""

from __future__ import annotations

from pathlib import Path

from genlab.data.dataset import DataError, Dataset, Draw, Truth
from genlab.data.datasets import DATASETS, DigitsSettings, FileSettings
from genlab.settings.fields import Settings

__all__ = ["DataError", "Dataset", "Draw", "Truth", "load", "read"]


def load(id: str, settings: Settings) -> Dataset:
    """The built-in set `id` with these settings.

    Raises DataError where no built-in set has that identifier or the settings are another set's.
    """
    if id not in DATASETS:
        raise DataError(f"There is no built-in data set called '{id}'.")
    if not isinstance(settings, DATASETS[id].settings):
        raise DataError(f"{type(settings).__name__} are not the settings of the data set '{id}'.")
    if isinstance(settings, DigitsSettings):
        from genlab.data.arrays import digits

        return digits()
    from genlab.data.toys import Toy

    return Toy(id, settings)


def read(path: str | Path) -> tuple[FileSettings, Dataset]:
    """A person's own points (.npy, .npz, .csv) or folder of images, with the settings that describe it.

    Raises DataError, with one plain sentence, where the path does not hold usable data.
    """
    from genlab.data.files import read_path

    return read_path(Path(path))

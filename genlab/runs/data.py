"""The data of a run: a set of the catalogue, or a person's own data as the run's folder keeps them."""

from __future__ import annotations

from pathlib import Path

from genlab.data import load, read
from genlab.data.dataset import DataError, Dataset
from genlab.data.files.arrays import FileDataset
from genlab.data.files.settings import FileSettings
from genlab.runs.folder import RunFolder
from genlab.session.session import Session


def dataset_of(session: Session, folder: RunFolder) -> Dataset:
    """The data set of a run. Raises RunError where a person's own data are missing from the folder,
    DataError where they are not those of the session."""
    if isinstance(session.data, FileSettings):
        return FileDataset.from_arrays(session.data, *folder.load_data())
    return load(session.dataset, session.data)


def dataset_from(session: Session, source: str | None) -> Dataset:
    """The data set of a run that begins. source: where a person's own data are. Raises DataError."""
    if not isinstance(session.data, FileSettings):
        return load(session.dataset, session.data)
    if source is None:
        raise DataError("this session trains on a file of your own: say where the file is")
    found, dataset = read(source)
    if found.sha256 != session.data.sha256:
        raise DataError(f"{Path(source).name} is not the file that these settings were made for")
    return dataset

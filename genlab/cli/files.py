"""Which files a verb reads and writes: what there is of them depends on the space of the data."""

from __future__ import annotations

from pathlib import Path
from typing import Any, assert_never

import numpy as np
from numpy.typing import NDArray

from genlab.api.errors import RequestError
from genlab.data.dataset import DataError
from genlab.data.files.tables import read_csv, read_npy, read_npz, read_tokens
from genlab.data.files.text import read_column, read_rows
from genlab.data.payloads import Data, Labels
from genlab.runs.atomic import RunError
from genlab.runs.export import csv_text, save_csv, save_npz, save_txt
from genlab.settings.spaces import Images, Points, Signal, Space, Tokens

READERS = {".npy": read_npy, ".npz": read_npz, ".csv": read_csv}


def sample_endings(space: Space) -> tuple[str, ...]:
    """Of files that samples can be saved in."""
    match space:
        case Points() | Images() | Signal():
            return (".npz", ".csv")
        case Tokens():
            return (".npz", ".csv", ".txt")
    assert_never(space)


def data_endings(space: Space) -> tuple[str, ...]:
    """Of files that data of this space are read from."""
    match space:
        case Points() | Images() | Signal():
            return (".npy", ".npz", ".csv")
        case Tokens():
            return (".npy", ".npz", ".csv", ".txt")
    assert_never(space)


def save_samples(
    path: Path, x: Data, labels: Labels | None, space: Space, names: tuple[str, ...], seed: int
) -> None:
    """Write samples in the way that the ending names, one of `sample_endings`. Raises RunError."""
    match path.suffix.lower(), space:
        case ".npz", _:
            save_npz(path, x, labels, seed, space=space)
        case ".txt", Tokens():
            save_txt(path, x, space)
        case _:
            save_csv(path, x, labels, names, space)


def shown_samples(x: Data, labels: Labels | None, space: Space, names: tuple[str, ...]) -> str:
    """Samples as a terminal shows them: rows of numbers, or lines of text."""
    match space:
        case Points() | Images() | Signal():
            return csv_text(x, labels, names, space)
        case Tokens():
            return "".join(f"{text}\n" for text in space.texts(x))
    assert_never(space)


def read_data(path: Path, space: Space) -> NDArray[Any]:
    """The data of a file, by its ending. Raises DataError, RunError, RequestError."""
    suffix, endings = path.suffix.lower(), data_endings(space)
    if suffix not in endings:
        raise DataError(f"{path} does not end in {_listed(endings)}")
    if not path.is_file():
        raise DataError(f"there is no file {path}")
    try:
        match suffix, space:
            case ".txt", Tokens():
                values = read_rows(path, space)
            case ".csv", Tokens():
                values = read_column(path, space)
            case ".npz", Tokens():
                values = read_tokens(path, space).values
            case _:
                values = READERS[suffix](path).values
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror}") from error
    if len(np.atleast_1d(values)) == 0:
        raise RequestError(f"{path} holds no {space.noun}")
    return values


def target(name: str | None, endings: tuple[str, ...], force: bool) -> Path | None:
    """A file to write, checked before anything is computed. Raises RunError."""
    if name is None:
        return None
    path = Path(name)
    if path.suffix.lower() not in endings:
        raise RunError(f"{path} does not end in {_listed(endings)}")
    if path.is_dir() or (path.exists() and not force):
        raise RunError(f"{path} exists already" + ("" if path.is_dir() else "; --force replaces it"))
    if not path.absolute().parent.is_dir():
        raise RunError(f"{path} cannot be written: there is no folder {path.parent}")
    return path


def _listed(endings: tuple[str, ...]) -> str:
    return " or ".join((", ".join(endings[:-1]), endings[-1])) if len(endings) > 1 else endings[0]

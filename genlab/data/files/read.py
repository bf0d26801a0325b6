"""A person's own data: which file is what, with its bounds, labels and description."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from genlab.data.condition import check_classes
from genlab.data.dataset import DataError
from genlab.data.files.arrays import FileDataset
from genlab.data.files.bounds import MAX_BYTES, MAX_CLASSES, MAX_COLUMNS, MIN_ROWS
from genlab.data.files.settings import FileSettings
from genlab.data.files.tables import read_csv, read_npy, read_npz
from genlab.data.files.text import read_lines
from genlab.data.fixed import content_hash
from genlab.data.payloads import Array, Data, Labels

_READS = "GenLab reads points (.npy, .npz, .csv), lines of text (.txt) and folders of images"


def read_path(path: Path) -> tuple[FileSettings, FileDataset]:
    """See `genlab.data.read`."""
    try:
        mode = path.stat().st_mode
        if stat.S_ISDIR(mode):
            os.listdir(path)
            return _read_folder(path)
        if not stat.S_ISREG(mode):
            raise DataError(f"'{path.name}' is neither a file nor a folder. {_READS}.")
        return _read_file(path, path.stat().st_size)
    except FileNotFoundError as error:
        raise DataError(f"There is nothing at '{path}'.") from error
    except PermissionError as error:
        raise DataError(f"'{path.name}' may not be read: permission was denied.") from error
    except OSError as error:
        raise DataError(f"'{path.name}' could not be read: {error.strerror or error}.") from error


def _read_file(path: Path, size: int) -> tuple[FileSettings, FileDataset]:
    readers = {".npy": read_npy, ".npz": read_npz, ".csv": read_csv}
    suffix = path.suffix.lower()
    if suffix not in readers and suffix != ".txt":
        raise DataError(f"'{path.name}' is of a kind that GenLab does not know: it {_READS[7:]}.")
    if size == 0:
        raise DataError(f"'{path.name}' is empty.")
    if size > MAX_BYTES:
        raise DataError(
            f"'{path.name}' is {size / 2**30:.1f} GiB; GenLab reads at most {MAX_BYTES >> 20} MiB."
        )
    if suffix == ".txt":
        return _read_text(path)
    table = readers[suffix](path)
    x = check_points(table.values, path.name)
    labels, names = _number_labels(table.labels, len(x), path.name)
    return describe_file(path.stem, x, labels, names, FileSettings(kind="points", dim=x.shape[1]))


def _read_text(path: Path) -> tuple[FileSettings, FileDataset]:
    x, vocabulary = read_lines(path)
    shape = FileSettings(kind="text", length=x.shape[1], vocabulary=vocabulary)
    return describe_file(path.stem, x, None, (), shape)


def _read_folder(path: Path) -> tuple[FileSettings, FileDataset]:
    from genlab.data.files.images import read_images

    x, names, labels = read_images(path)
    if len(x) < MIN_ROWS:
        raise DataError(f"'{path.name}' holds {_count(len(x), 'image')}; GenLab needs at least {MIN_ROWS}.")
    channels, height, width = x.shape[1:]
    shape = FileSettings(kind="images", channels=channels, height=height, width=width)
    return describe_file(path.resolve().name, x, labels, names, shape)


def describe_file(
    name: str, x: Data, labels: Labels | None, names: tuple[str, ...], shape: FileSettings
) -> tuple[FileSettings, FileDataset]:
    """Settings and data set of rows that have been checked. shape: the settings of their space.

    Raises DataError for the name of a class that no class can have."""
    try:
        check_classes(names)
    except ValueError as error:
        raise DataError(f"'{name}' cannot be read: {error}. Rename that class.") from error
    found = {
        "name": name,
        "sha256": content_hash(x, labels, shape.vocabulary),
        "rows": len(x),
        "labels": "\n".join(names),
    }
    settings = FileSettings(**{**shape.model_dump(), **found})
    return settings, FileDataset(settings, x, labels)


def check_points(values: NDArray[Any], name: str) -> Array:
    """Values (n,) or (n, d) as float32 points (n, d). Raises DataError where they are not usable."""
    if values.dtype.kind not in "biuf":
        raise DataError(f"'{name}' holds values of type {values.dtype}, not real numbers.")
    if values.ndim not in (1, 2):
        shape = " x ".join(str(size) for size in values.shape) or "a single value"
        raise DataError(f"'{name}' holds an array of {shape}; GenLab needs rows and columns.")
    values = values.reshape(len(values), -1) if values.ndim == 2 and len(values) else values.reshape(-1, 1)
    rows, columns = values.shape
    if values.size == 0:
        raise DataError(f"'{name}' holds no values.")
    if columns > MAX_COLUMNS:
        raise DataError(f"'{name}' has {columns} columns; GenLab takes points of at most {MAX_COLUMNS}.")
    if rows < MIN_ROWS:
        raise DataError(f"'{name}' holds {_count(rows, 'row')}; GenLab needs at least {MIN_ROWS}.")
    with np.errstate(over="ignore"):
        x = np.ascontiguousarray(values, dtype=np.float32)
    bad = np.argwhere(~np.isfinite(x))
    if len(bad):
        row, column = bad[0]
        value = values[row, column]
        raise DataError(f"'{name}' has {value} in row {row + 1}, column {column + 1}: not a usable number.")
    return x


def _number_labels(
    labels: NDArray[Any] | None, rows: int, name: str
) -> tuple[Labels | None, tuple[str, ...]]:
    """Labels as numbers 0 .. k - 1 in sorted order, with the names of the classes."""
    if labels is None:
        return None, ()
    if labels.dtype.kind not in "biufU" or labels.shape not in ((rows,), (rows, 1)):
        shape = " x ".join(str(size) for size in labels.shape)
        raise DataError(
            f"The labels in '{name}' are {labels.dtype} of {shape}, not one for each of {rows} rows."
        )
    labels = labels.reshape(rows)
    if labels.dtype.kind == "f" and not np.isfinite(labels).all():
        raise DataError(f"The labels in '{name}' are not all finite.")
    classes, numbers = np.unique(labels, return_inverse=True)
    if len(classes) > MAX_CLASSES:
        raise DataError(
            f"The labels in '{name}' have {len(classes)} values; GenLab takes at most {MAX_CLASSES}."
        )
    names = tuple(_name(value) for value in classes)
    if "" in names:
        raise DataError(f"'{name}' has a row without a label.")
    return numbers.astype(np.int64), names


def _name(value: Any) -> str:
    if isinstance(value, np.floating):
        return f"{float(value):g}"
    return " ".join(str(value).split())


def _count(n: int, what: str) -> str:
    return f"{n} {what}" if n == 1 else f"{n} {what}s"

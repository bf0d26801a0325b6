"""Points from .npy, .npz and .csv: nothing is unpickled, sizes are bounded before anything is expanded."""

from __future__ import annotations

import csv
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from genlab.data.dataset import DataError
from genlab.data.files.bounds import MAX_BYTES, MAX_COLUMNS
from genlab.settings.spaces import Tokens

_POINTS = ("x", "X", "samples", "points", "data")
_LABELS = ("label", "labels", "y")
_COLUMN = ("label", "labels")
_MEMBERS = 64


@dataclass(frozen=True)
class Table:
    """Points as a file gives them. values: (n, d). labels: (n,) numbers or text, or None."""

    values: NDArray[Any]
    labels: NDArray[Any] | None


def read_npy(path: Path) -> Table:
    """The array of a .npy file as points."""
    with path.open("rb") as file:
        return Table(_read_array(file, path.stat().st_size, path.name), None)


def read_npz(path: Path) -> Table:
    """The points of a .npz file: the array x, X, samples, points or data, or the only one that is no label.

    Labels: the array label, labels or y.
    """

    def wanted(keys: list[str]) -> list[str]:
        if "vocabulary" in keys:
            raise DataError(f"'{path.name}' holds tokens, not points; save the text as .txt.")
        label = [key for key in _LABELS if key in keys][:1]
        return [_points_key([key for key in keys if key not in label], path.name), *label]

    found = list(_read_arrays(path, wanted).values())
    return Table(found[0], found[1] if len(found) > 1 else None)


def read_tokens(path: Path, space: Tokens) -> Table:
    """The tokens of a .npz file, among arrays as `read_npz` takes them.

    Raises DataError where the file has a vocabulary or an end that is not that of the space."""

    def wanted(keys: list[str]) -> list[str]:
        beside = ("vocabulary", "end", "seed", *_LABELS)
        tokens = _points_key([key for key in keys if key not in beside], path.name)
        return [tokens, *(key for key in ("vocabulary", "end") if key in keys)]

    arrays = _read_arrays(path, wanted)
    vocabulary, end = arrays.get("vocabulary"), arrays.get("end")
    if vocabulary is not None and (tuple(vocabulary.tolist()), None if end is None else end.tolist()) != (
        space.vocabulary, space.end,
    ):  # fmt: skip
        raise DataError(f"'{path.name}' holds tokens of another vocabulary than that of this run.")
    return Table(next(iter(arrays.values())), None)


def _read_arrays(path: Path, wanted: Callable[[list[str]], list[str]]) -> dict[str, NDArray[Any]]:
    """Arrays of a .npz file, those that `wanted` picks of their names, in that order."""
    try:
        with zipfile.ZipFile(path) as archive:
            members = {
                info.filename.removesuffix(".npy"): info
                for info in archive.infolist()
                if info.filename.endswith(".npy")
            }
            if len(members) > _MEMBERS:
                raise DataError(
                    f"'{path.name}' holds {len(members)} arrays; GenLab reads at most {_MEMBERS}."
                )
            arrays: dict[str, NDArray[Any]] = {}
            for key in wanted(list(members)):
                with archive.open(members[key]) as file:
                    arrays[key] = _read_array(file, members[key].file_size, f"{path.name}: {key}")
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError) as error:
        raise DataError(f"'{path.name}' is not a readable .npz file.") from error
    return arrays


def _points_key(keys: list[str], name: str) -> str:
    for key in _POINTS:
        if key in keys:
            return key
    if len(keys) == 1:
        return keys[0]
    if not keys:
        raise DataError(f"'{name}' holds no array of points.")
    raise DataError(f"'{name}' holds the arrays {', '.join(sorted(keys))}; call the one with the points 'x'.")


def _read_array(file: IO[bytes], size: int, name: str) -> NDArray[Any]:
    """One array in the .npy format whose file or archive member declares `size` bytes."""
    if size > MAX_BYTES:
        raise DataError(
            f"'{name}' expands to {size / 2**30:.1f} GiB; GenLab reads at most {MAX_BYTES >> 20} MiB."
        )
    try:
        version = np.lib.format.read_magic(file)
        header = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}
        if version not in header:
            raise DataError(f"'{name}' has version {version} of the .npy format, which GenLab does not read.")
        shape, fortran, dtype = header[version](file)
    except ValueError as error:
        if isinstance(error, DataError):
            raise
        raise DataError(f"'{name}' is not a readable .npy array.") from error
    if dtype.hasobject:
        raise DataError(f"'{name}' holds Python objects, which GenLab does not open; save plain numbers.")
    # Python's integers cannot overflow, whatever the header claims.
    count = 1
    for length in shape:
        count *= length
    if min(shape, default=0) < 0 or count * dtype.itemsize > MAX_BYTES:
        raise DataError(f"'{name}' claims {count} values; GenLab reads at most {MAX_BYTES >> 20} MiB.")
    data = file.read(count * dtype.itemsize)
    if len(data) < count * dtype.itemsize:
        raise DataError(f"'{name}' is cut short: it holds fewer values than it says.")
    return np.frombuffer(data, dtype=dtype).reshape(shape, order="F" if fortran else "C")


def read_csv(path: Path) -> Table:
    """Points of a .csv file, separated by commas, semicolons or tabs, with or without a header.

    A column that the header calls `label` holds labels, as text or numbers.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            start = file.read(65536).lstrip("\r\n").split("\n", 1)[0]
            file.seek(0)
            delimiter = max(",;\t", key=start.count)
            return _parse(csv.reader(file, delimiter=delimiter, skipinitialspace=True), path.name)
    except UnicodeDecodeError as error:
        raise DataError(f"'{path.name}' is not a text file in UTF-8.") from error
    except csv.Error as error:
        raise DataError(f"'{path.name}' is not a readable .csv file: {error}.") from error


def _parse(reader: Any, name: str) -> Table:
    rows: list[list[float]] = []
    labels: list[str] = []
    width = first = 0
    label_at: int | None = None
    for cells in reader:
        if not any(cell.strip() for cell in cells):
            continue
        line = reader.line_num
        if width == 0:
            width, first = len(cells), line
            if width > MAX_COLUMNS + 1:
                raise DataError(
                    f"'{name}' has {width} columns; GenLab takes points of at most {MAX_COLUMNS}."
                )
            if not any(_is_number(cell) for cell in cells):
                label_at = _label_column(cells)
                if label_at is not None and width == 1:
                    raise DataError(f"'{name}' has labels but no columns of numbers.")
                continue
        if len(cells) != width:
            raise DataError(
                f"'{name}' is ragged: line {line} has {_values(len(cells))} where line {first} has {width}."
            )
        if label_at is not None:
            labels.append(cells[label_at].strip())
        rows.append([_number(cell, name, line, at + 1) for at, cell in enumerate(cells) if at != label_at])
    if not rows:
        raise DataError(f"'{name}' holds no rows of numbers.")
    return Table(np.array(rows, dtype=np.float64), None if label_at is None else _numeric(labels))


def _label_column(header: list[str]) -> int | None:
    for at, title in enumerate(header):
        if title.strip().lower() in _COLUMN:
            return at
    return None


def _number(cell: str, name: str, line: int, column: int) -> float:
    try:
        value = float(cell)
    except ValueError as error:
        what = f"'{_short(cell.strip())}'" if cell.strip() else "nothing"
        raise DataError(
            f"'{name}' has {what} in line {line}, column {column}, where a number belongs."
        ) from error
    if not np.isfinite(value):
        raise DataError(f"'{name}' has {cell.strip()} in line {line}, column {column}: not a usable number.")
    return value


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True


def _numeric(labels: list[str]) -> NDArray[Any]:
    """Labels as numbers where all are, so that 10 sorts after 9; else as text."""
    return np.array([float(label) for label in labels] if all(map(_is_number, labels)) else labels)


def _short(text: str) -> str:
    return text if len(text) <= 20 else text[:19] + "…"


def _values(n: int) -> str:
    return "1 value" if n == 1 else f"{n} values"

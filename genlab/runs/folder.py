"""A run as a folder that anyone can read.

`run.json` (settings, seed, versions, data), `metrics.csv`, `weights.safetensors` (averaged, for
sampling), `checkpoints/`, `evaluation.json` once it was evaluated, and `data.npz` where the run was trained
on a person's own file. `.lock` is there while somebody trains it. A `metrics.csv` that was damaged is kept as
`metrics.damaged.csv`.
"""

from __future__ import annotations

import io
import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from threading import RLock
from typing import Any

import numpy as np
from numpy.typing import NDArray

from genlab.runs import migrations
from genlab.runs.atomic import RunError, plain_reason, replacing, write_bytes
from genlab.runs.checkpoints import Checkpoint, CheckpointInfo, Checkpoints
from genlab.runs.evaluations import Evaluation, add_evaluation, read_evaluations
from genlab.runs.lock import NAME
from genlab.runs.tensors import Tensors, pack, read_bytes, read_npz, unpack

LARGEST_MANIFEST = 64 * 2**20
FILES = frozenset(
    {
        "run.json", "metrics.csv", "weights.safetensors", "checkpoints", "evaluation.json", "data.npz",
        "grid.png", NAME,
    }
)  # fmt: skip
"""Everything that a run folder may hold."""

__all__ = ["Checkpoint", "Evaluation", "RunError", "RunFolder"]


class RunFolder:
    """A run on disk. Every file but `metrics.csv` is replaced whole; methods may be called from
    several threads of one process."""

    def __init__(self, path: Path, manifest: dict[str, Any]) -> None:
        self.path = path
        self._manifest = manifest
        self._store = Checkpoints(path / "checkpoints")
        self._lock = RLock()
        self._store_lock = RLock()  # its own, so that a slow disk does not hold up what is recorded
        self._columns: tuple[str, ...] | None = None

    @classmethod
    def create(cls, path: str | Path, manifest: Mapping[str, Any]) -> RunFolder:
        """A new folder with the given `run.json`. Raises RunError where `path` exists."""
        path = Path(path).absolute()
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.mkdir()
        except FileExistsError as error:
            raise RunError(f"{path} exists already") from error
        except OSError as error:
            raise RunError(f"{path} cannot be made: {plain_reason(error)}") from error
        run = cls(path, {})
        run.update(format=migrations.RUN_FORMAT, **manifest)
        return run

    @classmethod
    def open(cls, path: str | Path) -> RunFolder:
        """A folder that is there. Raises RunError where it is not a run, or one of a newer version."""
        path = Path(path).absolute()
        return cls(path, read_manifest(path))

    @property
    def manifest(self) -> dict[str, Any]:
        """What `run.json` says, as plain values: format, paradigm, session, seed, versions,
        dataset (id, fingerprint, name), device, threads, created, steps, seconds, budget, journal."""
        return self._manifest

    def update(self, **values: Any) -> None:
        """Set entries of the manifest and write it. Raises RunError; the file then is as before."""
        with self._lock:
            manifest = {**self._manifest, **values}
            text = json.dumps(manifest, indent=2, ensure_ascii=False)
            write_bytes(self.path / "run.json", text.encode())
            self._manifest = manifest

    def changed(self) -> bool:
        """Whether `run.json` says other than when it was last read or written here. Raises RunError."""
        return json.dumps(read_manifest(self.path)) != json.dumps(self._manifest)

    def append_metrics(self, names: Sequence[str], rows: NDArray[np.float64]) -> None:
        """Add rows (k, len(names)) to `metrics.csv`. The first call fixes the columns.

        Raises RunError for other columns than those, or where the disk refuses."""
        names = tuple(names)
        path = self.path / "metrics.csv"
        with self._lock:
            try:
                if self._columns is None:
                    self._columns = self._mend(path)
                if self._columns is None:
                    write_bytes(path, (",".join(names) + "\n").encode())
                    self._columns = names
                if names != self._columns:
                    self._widen(path, names)
                with open(path, "a", encoding="utf-8", newline="") as file:
                    file.write("".join(_line(row) for row in np.atleast_2d(rows).tolist()))
            except OSError as error:
                raise RunError(f"{path} cannot be written: {plain_reason(error)}") from error

    def _widen(self, path: Path, names: tuple[str, ...]) -> None:
        """Give the file more columns at its end. Raises RunError where others than these stand in it."""
        header, lines = _lines(path)
        if names[: len(header)] != header:
            raise RunError(f"{path} has the columns {', '.join(header)}, not {', '.join(names)}")
        more = ",nan" * (len(names) - len(header))
        write_bytes(
            path, "".join(f"{line}\n" for line in (",".join(names), *(x + more for x in lines))).encode()
        )
        self._columns = names

    def cut(self, step: int, names: tuple[str, ...] = ()) -> None:
        """Drop what was recorded and changed after a step: a run goes on from there. A `metrics.csv` that is
        damaged is put aside. names: the columns that it should have, as far as known. Raises RunError."""
        self.cut_metrics(step, names)
        with self._lock:
            journal = self._manifest.get("journal", [])
            kept = [entry for entry in journal if entry[0] <= step]
            if kept != journal:
                self.update(journal=kept)

    def cut_metrics(self, step: int, names: tuple[str, ...] = ()) -> None:
        """Drop the rows after a step, and the columns at the end that then hold nothing any more; see
        `cut`."""
        path = self.path / "metrics.csv"
        with self._lock:
            if not path.exists():
                return
            self._columns = None
            try:
                header, lines, values = _recorded(path, names)
            except RunError:
                self._put_aside(path)
                return
            rows = [line.split(",") for line, at in zip(lines, values[:, 0], strict=True) if at <= step]
            width = len(header)
            while width and all(row[width - 1] == "nan" for row in rows):
                width -= 1
            if rows:
                text = "".join(",".join(row[:width]) + "\n" for row in (header, *rows))
                write_bytes(path, text.encode())
            else:
                path.unlink()

    def read_metrics(self, names: tuple[str, ...] = ()) -> tuple[tuple[str, ...], NDArray[np.float64]]:
        """The names of the columns and all rows (k, len(names)); nothing was recorded: ((), (0, 0)).

        names: the columns that there should be, as far as known. Raises RunError where it is damaged."""
        path = self.path / "metrics.csv"
        with self._lock:
            if not path.exists():
                return (), np.zeros((0, 0))
            header, _, rows = _recorded(path, names)
        return header, rows

    def whole_metrics(self, names: tuple[str, ...] = ()) -> tuple[tuple[str, ...], NDArray[np.float64], str]:
        """The same, and a note: where the file is damaged, nothing was recorded, and what becomes of it."""
        try:
            return *self.read_metrics(names), ""
        except RunError:
            aside = _free(self.path / "metrics.damaged.csv").name
            note = f"metrics.csv cannot be read, so its losses are not shown; training on keeps it as {aside}"
            return (), np.zeros((0, 0)), f"{note} and begins a new one"

    def save_checkpoint(self, step: int, tensors: Tensors, state: Mapping[str, Any]) -> Path:
        """Write checkpoint `step` and point to it; see `Checkpoints.save`. Raises RunError."""
        with self._store_lock:
            return self._store.save(step, tensors, state)

    def checkpoints(self) -> list[int]:
        """The steps of all checkpoints, ascending."""
        return self._store.steps()

    def checkpoint_infos(self) -> list[CheckpointInfo]:
        """What a list says of each checkpoint, ascending."""
        return self._store.infos()

    def load_checkpoint(self, step: int | None = None) -> Checkpoint:
        """Checkpoint `step`, or the latest that is whole; see `Checkpoints.load`. Raises RunError."""
        return self._store.load(step)

    def save_weights(self, tensors: Tensors) -> None:
        """Write `weights.safetensors`. Raises RunError."""
        write_bytes(self.path / "weights.safetensors", pack(tensors))

    def load_weights(self) -> dict[str, NDArray[Any]]:
        """The arrays of `weights.safetensors`. Raises RunError."""
        path = self.path / "weights.safetensors"
        return unpack(read_bytes(path), str(path))

    def save_data(self, x: NDArray[Any], labels: NDArray[np.int64] | None) -> None:
        """Keep a person's own data x (n, *event), with labels (n,) if any, in `data.npz`."""
        arrays = {"x": x} if labels is None else {"x": x, "labels": labels}
        with replacing(self.path / "data.npz") as file:
            np.savez(file, allow_pickle=False, **arrays)

    def load_data(self) -> tuple[NDArray[Any], NDArray[np.int64] | None]:
        """The data of `save_data`. Raises RunError."""
        path = self.path / "data.npz"
        arrays = read_npz(path, ("x", "labels"))
        if "x" not in arrays:
            raise RunError(f"{path} holds no data")
        return arrays["x"], arrays.get("labels")

    def keep_evaluation(self, evaluation: Evaluation) -> None:
        """Add to `evaluation.json`. Raises RunError; what is there stays."""
        add_evaluation(self.path / "evaluation.json", evaluation)

    def evaluations(self) -> tuple[Evaluation, ...]:
        """Every evaluation that is kept, oldest first. Raises RunError where the file is damaged."""
        return read_evaluations(self.path / "evaluation.json")

    def _put_aside(self, path: Path) -> None:
        try:
            os.rename(path, _free(self.path / "metrics.damaged.csv"))
        except OSError as error:
            raise RunError(f"{path} cannot be put aside: {plain_reason(error)}") from error

    def _mend(self, path: Path) -> tuple[str, ...] | None:
        """The columns of an existing `metrics.csv`, after dropping a last line that was cut short."""
        if not path.exists():
            return None
        with open(path, "rb+") as file:
            header = file.readline()
            if not header.endswith(b"\n"):
                return None
            end = file.seek(0, os.SEEK_END)
            tail_start = max(0, end - 65536)
            file.seek(tail_start)
            tail = file.read()
            if not tail.endswith(b"\n"):
                file.truncate(tail_start + tail.rindex(b"\n") + 1)
        return tuple(header.decode().rstrip("\r\n").split(","))


def read_manifest(path: Path) -> dict[str, Any]:
    """What `run.json` in a folder says, in the newest format. Raises RunError where it is not a run, or one
    of a newer version."""
    if not path.is_dir():
        raise RunError(f"{path} is not a run: there is no such folder")
    if not (path / "run.json").is_file():
        raise RunError(f"{path} is not a run: it has no run.json")
    try:
        manifest = json.loads(read_bytes(path / "run.json", LARGEST_MANIFEST))
    except (ValueError, RecursionError) as error:
        if isinstance(error, RunError):
            raise
        raise RunError(f"{path / 'run.json'} is damaged: it is not valid JSON") from error
    version = manifest.get("format") if isinstance(manifest, dict) else None
    if not isinstance(version, int) or version < 1:
        raise RunError(f"{path} is not a run: its run.json has no format number")
    newest = migrations.RUN_FORMAT
    if version > newest:
        raise RunError(f"{path} was written by a newer GenLab (format {version}; this one reads {newest})")
    try:
        return migrations.migrate_manifest(manifest)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise RunError(f"{path / 'run.json'} is damaged: its settings cannot be read") from error


def _line(row: list[float]) -> str:
    return ",".join(str(int(v)) if v.is_integer() and abs(v) < 1e15 else repr(v) for v in row) + "\n"


def _lines(path: Path) -> tuple[tuple[str, ...], list[str]]:
    """Columns and whole rows of a metrics file; a row that was cut short at the end is left out."""
    text = io.StringIO(read_bytes(path).decode("utf-8", errors="replace"))
    header = tuple(text.readline().rstrip("\r\n").split(","))
    rows = [line.rstrip("\r\n") for line in text if line.endswith("\n")]
    return header, [row for row in rows if row.count(",") == len(header) - 1]


def _recorded(path: Path, names: tuple[str, ...]) -> tuple[tuple[str, ...], list[str], NDArray[np.float64]]:
    """Columns, whole rows and what they say (k, columns) of a metrics file. Raises RunError where a row is no
    numbers, or where the columns begin otherwise than `names` do."""
    header, lines = _lines(path)
    if header[0] != "step" or any(one != other for one, other in zip(header, names, strict=False)):
        raise RunError(f"{path} is damaged: its columns are others")
    if not lines:
        return header, lines, np.zeros((0, len(header)))
    try:
        return header, lines, np.loadtxt(lines, delimiter=",", ndmin=2, dtype=np.float64)
    except ValueError as error:
        raise RunError(f"{path} is damaged") from error


def _free(path: Path) -> Path:
    """A path, or, where that is taken, the first with a number that is not."""
    found, number = path, 1
    while found.exists():
        number += 1
        found = path.with_stem(f"{path.stem}-{number}")
    return found

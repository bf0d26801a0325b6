"""What is left of a window that ended without closing: where it crashed, and which runs were open."""

from __future__ import annotations

import contextlib
import faulthandler
import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from genlab.runs.lock import FileLock
from genlab.runs.places import cache_dir

MOST = 5
"""How many open runs are noted."""


@dataclass(frozen=True)
class Ended:
    """A GenLab that ended without closing, or closed without saving. runs: the folders that were open, the
    most important first. stack: where it crashed, or ''. kept: the file in which the stack still stands.
    unsaved: why a run could not be saved, or ''."""

    runs: tuple[str, ...]
    stack: str
    kept: Path
    unsaved: str = ""


class CrashLog:
    """The file of this process, locked while it lives and removed by `close`: its first line says which runs
    are open, and a crash writes the stacks of all threads below it. Where no file can be kept, nothing is.

    ended: the last GenLab that did not close, told to one start only. unsaved: why a run could not be saved
    at the close of this one; then its file stays."""

    def __init__(self) -> None:
        self.ended: Ended | None = None
        self.unsaved = ""
        self._runs: list[str] | None = None
        self._lock: FileLock | None = None
        self._file: BinaryIO | None = None
        folder = cache_dir() / "crashes"
        with contextlib.suppress(OSError):
            folder.mkdir(parents=True, exist_ok=True)
            self.ended = _take_ended(folder)
            path = folder / f"{os.getpid()}.log"
            self._lock = FileLock.take(path)
            if self._lock is None or not self._lock.excludes:
                self.close()  # others could not tell that this process lives
                return
            self.note([])
            self._file = open(path, "ab", buffering=0)  # noqa: SIM115
            faulthandler.enable(self._file)

    def note(self, runs: Sequence[str]) -> None:
        """Take note of the folders of the runs that are open."""
        first = list(runs[:MOST])
        if self._lock is not None and first != self._runs:
            self._runs = first
            self._lock.note(_first_line(first, ""))

    def close(self) -> None:
        """The window was closed: nothing is left to tell, but for what could not be saved."""
        if self._file is not None:
            faulthandler.disable()
            self._file.close()
        if self._lock is not None:
            if self.unsaved:
                self._lock.note(_first_line(self._runs or [], self.unsaved))
            self._lock.release(leave=bool(self.unsaved))
        self._file = self._lock = None


def _first_line(runs: Sequence[str], unsaved: str) -> str:
    return json.dumps({"runs": list(runs), "unsaved": unsaved}) + "\n"


def _take_ended(folder: Path) -> Ended | None:
    """The last of the processes whose file nobody holds any more. All such files are removed."""
    found: list[tuple[float, str]] = []
    for path in folder.glob("[0-9]*.log"):
        lock = FileLock.take(path)
        if lock is not None:
            try:
                found.append((path.stat().st_mtime, path.read_text("utf-8", "replace")))
            finally:
                lock.release()
    _, text = max(found, default=(0.0, ""))
    if not text:
        return None
    first, _, stack = text.partition("\n")
    kept = folder / "last.log"
    if stack:
        with contextlib.suppress(OSError):
            kept.write_text(stack, "utf-8")
    try:
        told = json.loads(first)
        runs, unsaved = tuple(str(run) for run in told["runs"]), str(told["unsaved"])
    except (ValueError, TypeError, KeyError):
        runs, unsaved = (), ""
    return Ended(runs, stack.strip(), kept, unsaved)

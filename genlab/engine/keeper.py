"""A run's folder while the run is open: written beside training, and held against others who would train."""

from __future__ import annotations

import shutil
import traceback
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from genlab.engine import protocol as p
from genlab.engine.writer import Writer
from genlab.runs.evaluations import Evaluation
from genlab.runs.folder import RunError, RunFolder
from genlab.runs.lock import FileLock, claim
from genlab.runs.tensors import Tensors

Send = Callable[[p.Event], None]


class Keeper:
    """Writes to a folder in the writer's thread, once it is claimed; until then the folder is only read,
    but for evaluations, which anyone may add.

    run: what events are called by."""

    def __init__(self, run: str, folder: RunFolder, send: Send, writer: Writer) -> None:
        self.folder = folder
        self._run = run
        self._send = send
        self._writer = writer
        self._lock: FileLock | None = None

    @classmethod
    def begin(cls, run: str, path: Path, manifest: Mapping[str, Any], send: Send, writer: Writer) -> Keeper:
        """A new folder, claimed. Raises RunError; there is no folder then."""
        keeper = cls(run, RunFolder.create(path, manifest), send, writer)
        try:
            keeper._lock = claim(keeper.folder.path)
        except BaseException:
            shutil.rmtree(keeper.folder.path, ignore_errors=True)
            raise
        return keeper

    @property
    def note(self) -> str:
        """What a person should know who trains here, or ''."""
        if self._lock is None or self._lock.excludes:
            return ""
        return "the disk of this run has no locks: do not train it from elsewhere at the same time"

    @property
    def claimed(self) -> bool:
        """Whether this run may write to its folder."""
        return self._lock is not None

    def claim(self) -> None:
        """Hold the folder until `release`. Raises RunError where another run or process holds it, or has
        changed the run since it was opened here."""
        if self._lock is not None:
            return
        self._writer.wait()  # another run of this process may be about to let go of it
        lock = claim(self.folder.path)
        try:
            if self.folder.changed():
                raise RunError(f"{self.folder.path} has changed since it was opened here; open it again")
        except BaseException:
            lock.release()
            raise
        self._lock = lock

    def release(self, then: Callable[[], None]) -> None:
        """Let go of the folder once everything is written; call `then` in the writer's thread."""

        def release() -> None:
            if self._lock is not None:
                self._lock.release()
            then()

        self._writer.do(release)

    def journal(self, step: int, values: Mapping[str, Any]) -> None:
        """Note settings that changed at a step."""
        entries = [[step, key, value] for key, value in values.items()]

        def write() -> None:
            self.folder.update(journal=[*self.folder.manifest.get("journal", []), *entries])

        self._write(write)

    def go_on(self, step: int, names: tuple[str, ...]) -> None:
        """Drop what the folder says of later steps: the run goes on from this one. names: of the losses that
        it has recorded so far."""
        self._write(lambda: self.folder.cut(step, names))

    def record(self, names: Sequence[str], rows: NDArray[np.float64]) -> None:
        """Append losses."""
        self._write(lambda: self.folder.append_metrics(names, rows))

    def save(self, arrays: Tensors, plain: Mapping[str, Any], averaged: Tensors) -> None:
        """Write a checkpoint, and weights for sampling where there are any; then tell."""
        folder, step = self.folder, plain["step"]
        summary = {"steps": step, **{key: plain[key] for key in ("seconds", "budget", "session")}}

        def write() -> None:
            folder.save_checkpoint(step, arrays, plain)
            if averaged:
                folder.save_weights(averaged)
            folder.update(**summary)
            self._send(p.Saved(self._run, step, bool(averaged)))

        self._write(write)

    def evaluated(self, evaluation: Evaluation, then: Callable[[str], None]) -> None:
        """Keep an evaluation; call `then` in the writer's thread, with '' or why it is not kept."""

        def keep() -> None:
            try:
                self.folder.keep_evaluation(evaluation)
            except RunError as problem:
                then(str(problem))
            else:
                then("")

        self._writer.do(keep)

    def _write(self, job: Callable[[], None]) -> None:
        def guarded() -> None:
            try:
                job()
            except RunError as problem:
                there = self.folder.path.is_dir()
                before = "What was saved before is untouched" if there else "Its folder is gone"
                mend = "Make room or mend the folder" if there else "Put the folder back"
                self._send(
                    p.Failure(
                        self._run,
                        "The run could not be saved",
                        str(problem),
                        f"{before}; the run is whole while it is open.",
                        f"{mend}: while it trains, saving is tried again by itself.",
                        traceback.format_exc(),
                        channel=p.SAVING,
                    )
                )

        self._writer.do(guarded)

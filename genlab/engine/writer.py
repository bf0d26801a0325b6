"""Writes to disk beside training: one thread, jobs in order, failures told and survived."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable


class Writer:
    """Runs jobs in the order given, off the caller's thread.

    on_error: called in the writer's thread with what a job raised; later jobs still run.
    """

    def __init__(self, on_error: Callable[[Exception], None]) -> None:
        self._on_error = on_error
        self._jobs: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="genlab-writer", daemon=True)
        self._thread.start()

    def do(self, job: Callable[[], None]) -> None:
        """Queue a job."""
        self._jobs.put(job)

    def wait(self) -> None:
        """Return once every job given so far is done."""
        done = threading.Event()
        self._jobs.put(done.set)
        done.wait()

    def close(self) -> None:
        """Finish every job, then end the thread."""
        self._jobs.put(None)
        self._thread.join()

    def _run(self) -> None:
        while (job := self._jobs.get()) is not None:
            try:
                job()
            except Exception as error:
                self._on_error(error)

"""The same worker in a thread of this process: for scripts, the command line and tests."""

from __future__ import annotations

import queue
import threading
from collections.abc import Iterator
from types import TracebackType

from genlab.engine.devices import cores
from genlab.engine.failures import ended
from genlab.engine.protocol import Command, Event, Shutdown
from genlab.engine.warm import warm
from genlab.engine.worker import Worker


class LocalEngine:
    """A worker in a thread; `with` closes it, and every run is saved by then."""

    def __init__(self) -> None:
        self._events: queue.SimpleQueue[Event] = queue.SimpleQueue()
        self._worker = Worker(self._events.put)
        self._thread = threading.Thread(target=self._serve, name="genlab-worker", daemon=True)
        self._thread.start()

    @property
    def alive(self) -> bool:
        """Whether the worker lives."""
        return self._thread.is_alive()

    def send(self, command: Command) -> None:
        """Hand a command to the worker."""
        self._worker.inbox.put(command)

    def events(self) -> Iterator[Event]:
        """Events as they come. Waits in short pieces, so that Ctrl-C gets through; ends with the worker."""
        while True:
            alive = self.alive  # asked first: the worker's last words come before its end
            try:
                yield self._events.get(timeout=0.1)
            except queue.Empty:
                if not alive:
                    return

    def limit(self, threads: int | None) -> None:
        """Threads for all but training, which has a number of its own; None: as many as there are cores."""
        self._worker.cores = threads or cores()

    def close(self) -> None:
        """Save every run and end the worker."""
        self.send(Shutdown())
        self._thread.join()

    def __enter__(self) -> LocalEngine:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _serve(self) -> None:
        try:
            warm()
            self._worker.run()
        except BaseException as problem:
            try:
                self._worker.let_go()
            finally:
                self._events.put(ended(problem))

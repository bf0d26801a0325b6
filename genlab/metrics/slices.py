"""Work in slices, and work in another process.

Everything here that takes time is a generator: it yields None after at most about 20 ms of work and
returns its result, so that a cooperative scheduler can run it between other things.
"""

from __future__ import annotations

import signal
import sys
from collections import deque
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from multiprocessing import get_context
from multiprocessing.connection import Connection
from time import sleep
from types import ModuleType
from typing import Any

from genlab.sampling.slices import Pace, T, Work

__all__ = ["Pace", "Work", "blocks", "finish", "in_process", "stop_helper"]


def finish(work: Generator[Any, None, T]) -> T:
    """Run a computation to its end, with a short rest between slices, and return its result."""
    while True:
        try:
            next(work)
        except StopIteration as stop:
            result: T = stop.value
            return result
        sleep(0.0005)  # Work in another process yields at once: waiting for it must not cost a core.


def blocks(rows: int, cost_per_row: int, budget: int = 500_000) -> Iterator[slice]:
    """Ranges of rows whose work, at `cost_per_row` elementary operations each, fits a short slice."""
    step = max(1, budget // max(1, cost_per_row))
    for start in range(0, rows, step):
        yield slice(start, min(start + step, rows))


class _Helper:
    """One spawned process that computes, a task at a time, in the order of asking.

    It is a daemon: multiprocessing ends it when this process exits, and it ends itself when the
    pipe to this process closes for any other reason. It ignores Ctrl-C, which is ours to handle.
    """

    def __init__(self) -> None:
        context = get_context("spawn")
        self.connection, theirs = context.Pipe()
        self.process = context.Process(target=_serve, args=(theirs,), name="genlab-metrics", daemon=True)
        with _without_main():
            self.process.start()
        theirs.close()
        self.ready = False

    def stop(self) -> None:
        """End the process, whatever it is doing."""
        self.process.terminate()
        self.process.join()
        self.connection.close()


@contextmanager
def _without_main() -> Iterator[None]:
    """Hide the main module from a process being spawned, which would run a script of the user's again."""
    main = sys.modules["__main__"]
    sys.modules["__main__"] = ModuleType("__main__")
    try:
        yield
    finally:
        sys.modules["__main__"] = main


def _serve(connection: Connection) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        connection.send(None)
        while True:
            function, args = connection.recv()
            try:
                answer: tuple[bool, Any] = (True, function(*args))
            except Exception as error:
                answer = (False, error)
            connection.send(answer)
    except (EOFError, BrokenPipeError, ConnectionResetError):
        return


_helper: _Helper | None = None
_turns: deque[object] = deque()


def in_process(function: Callable[..., T], *args: Any) -> Work[T]:
    """`function(*args)` in a helper process: yields at once while it is not ready, never sleeps.

    function: importable by name; arguments and result are pickled. The process is spawned at the
    first call and kept. Calls take turns. Closing the generator ends a computation under way.
    Raises what the function raises, and RuntimeError if the process dies. The caller must not be a
    daemonic process of multiprocessing: those may not have children.
    """
    global _helper
    turn = object()
    _turns.append(turn)
    running = False
    try:
        while _turns[0] is not turn:
            yield
        if _helper is None:
            _helper = _Helper()
        running = True
        try:
            while not _helper.ready:
                if _helper.connection.poll():
                    _helper.connection.recv()
                    _helper.ready = True
                else:
                    yield
            _helper.connection.send((function, args))
            while not _helper.connection.poll():
                yield
            succeeded, value = _helper.connection.recv()
            running = False
        except (EOFError, BrokenPipeError, ConnectionResetError) as error:
            raise RuntimeError("the helper process of the metrics ended unexpectedly") from error
        if not succeeded:
            raise value
        result: T = value
        return result
    finally:
        _turns.remove(turn)
        if running:
            stop_helper()


def stop_helper() -> None:
    """End the helper process, if there is one; the next call starts another."""
    global _helper
    if _helper is not None:
        helper, _helper = _helper, None
        helper.stop()

"""The engine of this process, and how a script waits for what it says."""

from __future__ import annotations

import atexit
import gc
from collections.abc import Callable
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any

from genlab.api.errors import Interrupted, RequestError, RunFailed
from genlab.engine import protocol as p
from genlab.runs.folder import RunError

if TYPE_CHECKING:
    from genlab.engine.local import LocalEngine

Observer = Callable[[p.Event], None]

_engine: LocalEngine | None = None
numbers = count(1)
"""Of runs and requests in this process."""


def engine() -> LocalEngine:
    """The engine of this process: a worker in a thread, begun on first use and ended at exit.

    Where it died, a new one takes its place; the runs that it held must be opened again."""
    global _engine
    if _engine is None or not _engine.alive:
        from genlab.engine.local import LocalEngine

        if _engine is not None:
            atexit.unregister(_engine.close)
        _engine = LocalEngine()
        atexit.register(_engine.close)
        if not gc.isenabled():  # the command line leaves it off while it imports
            gc.freeze()
            gc.enable()
    return _engine


def check_device(name: str) -> None:
    """Raises RequestError where this machine has no such device."""
    from genlab.engine.devices import devices

    here = devices()
    if name != "auto" and name not in here:
        raise RequestError(f"there is no device '{name}' here; there are {', '.join(here)}")


def begin(command: p.Prepare | p.Open) -> tuple[p.Opened, str]:
    """Prepare or open a run, and wait until it is there; a sentence where a person should know more, or ''.

    Raises RunError, RunFailed."""
    here = engine()
    here.send(command)
    opened: p.Opened | None = None
    for event in here.events():
        match event:
            case p.Opened(run=command.run):
                opened = event
            case p.StateChanged(run=command.run, note=note) if opened is not None:
                return opened, note
            case p.Failure(run=command.run, refused=True, what=what):
                raise RunError(what)
            case p.Failure(run=None | command.run):
                raise RunFailed(event)
    raise _stopped()


def answer(request: p.Request, observe: Observer | None = None) -> p.Event:
    """Send a request and wait for the last of its answer, which may be a Refused. Raises RunFailed."""
    here = engine()
    here.send(request)
    try:
        for event in here.events():
            match event:
                case p.Failure(run=None | request.run, refused=False):
                    raise RunFailed(event)
                case (
                    p.Answer(request=request.request)
                    | p.Evaluated(request=request.request)
                    | p.LogProbs(request=request.request)
                    | p.Refused(request=request.request)
                ):
                    if observe is not None:
                        observe(event)
                    if getattr(event, "last", True):
                        return event
    except KeyboardInterrupt:
        here.send(p.Cancel(request.run, request.channel))
        raise
    raise _stopped()


def close(run: str) -> None:
    """Close a run, and wait until all of it is on disk and its folder is free. Raises RunFailed."""
    here = engine()
    here.send(p.Close(run))
    for event in here.events():
        match event:
            case p.Closed(run=closed) if closed == run:
                return
            case p.Failure(run=None, refused=False):
                raise RunFailed(event)
    raise _stopped()


def train(command: p.Train, folder: Path, start: int, observe: Observer) -> p.StateChanged:
    """Train until the run is done and saved; its last state.

    Ctrl-C pauses the run, waits until it is saved and raises Interrupted; a second one does not wait.
    Raises RunFailed, also where the disk refuses the end of the run."""
    here = engine()
    here.send(command)
    watch = _Training(command.run, folder, start, observe)
    interrupted = False
    while True:
        try:
            for event in here.events():
                if watch.over(event):
                    break
            else:
                raise _stopped()
            assert watch.state is not None
            if interrupted:
                raise Interrupted(folder, watch.state.step)
            return watch.state
        except Interrupted:
            raise
        except KeyboardInterrupt:
            if interrupted:
                raise
            interrupted = True
            here.send(p.Pause(command.run))


class _Training:
    """What has been heard of a run that trains."""

    def __init__(self, run: str, folder: Path, start: int, observe: Observer) -> None:
        self.run = run
        self.folder = folder
        self.start = start
        self.state: p.StateChanged | None = None
        self._observe = observe
        self._saved: set[int] = set()

    def over(self, event: p.Event) -> bool:
        """Take note of an event; whether the run has stopped and is on disk. Raises RunFailed."""
        if getattr(event, "run", None) not in (None, self.run):
            return False
        if isinstance(event, p.Failure) and event.refused:
            raise RequestError(event.what)
        if isinstance(event, p.Failure) and self.state is not None:
            raise RunFailed(event, self.folder)
        self._observe(event)
        match event:
            case p.StateChanged(state="done" | "paused" | "failed", step=step):
                self.state = event
                if step == self.start:  # nothing was trained, so nothing is saved unless asked for
                    engine().send(p.Save(self.run))
            case p.Saved(step=step, weights=True):
                self._saved.add(step)
        return self.state is not None and self.state.state != "failed" and self.state.step in self._saved


def _stopped() -> RunFailed:
    details: dict[str, Any] = {"kept": "The last checkpoint is kept.", "remedy": "", "details": ""}
    return RunFailed(p.Failure(None, "The engine stopped", "It ended without saying why.", **details))

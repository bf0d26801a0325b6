"""The sender's side of the pipe: lossless events in order, lossy ones the latest only.

A thread does the sending, so that a stalled window never blocks training: while it is stalled,
lossy events replace one another in their slots here.
"""

from __future__ import annotations

import threading
from collections import deque
from multiprocessing.connection import Connection

from genlab.engine.protocol import Answer, Event, Tick

MOST_FRAMES = 64
"""Frames of one request that may wait; beyond that the oldest but the last are thinned out."""


class Outbox:
    """Sends events over a connection from a thread of its own."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._lossless: deque[Event] = deque()
        self._slots: dict[str, Event] = {}
        self._change = threading.Condition()
        self._open = True
        self._thread = threading.Thread(target=self._run, name="genlab-sender", daemon=True)
        self._thread.start()

    def put(self, event: Event) -> None:
        """Queue an event; never blocks."""
        name = slot(event)
        with self._change:
            if name is None:
                self._lossless.append(event)
                if isinstance(event, Answer):
                    self._slots.pop(f"{event.run}/{event.channel}", None)  # an older preview
                    self._thin(event)
            else:
                self._slots[name] = event
            self._change.notify()

    def close(self, timeout: float = 5.0) -> None:
        """Send what waits, then end the thread."""
        with self._change:
            self._open = False
            self._change.notify()
        self._thread.join(timeout)

    def _thin(self, newest: Answer) -> None:
        mine = [
            event
            for event in self._lossless
            if isinstance(event, Answer)
            and (event.run, event.channel, event.request) == (newest.run, newest.channel, newest.request)
        ]
        if len(mine) > MOST_FRAMES:
            drop = {id(event) for event in mine[1:-1:2]}
            self._lossless = deque(event for event in self._lossless if id(event) not in drop)

    def _run(self) -> None:
        while True:
            with self._change:
                while not (self._lossless or self._slots):
                    if not self._open:
                        return
                    self._change.wait()
                batch = [*self._lossless, *self._slots.values()]
                self._lossless.clear()
                self._slots.clear()
            try:
                for event in batch:
                    self._connection.send(event)
            except (BrokenPipeError, ConnectionResetError, OSError):
                return


def slot(event: Event) -> str | None:
    """The slot of a lossy event, of which only the latest counts; None for a lossless one."""
    match event:
        case Tick(run=run):
            return f"{run}/tick"
        case Answer(run=run, channel=channel, preview=True):
            return f"{run}/{channel}"
    return None

"""A worker to talk to, and small sessions that train in moments."""

from __future__ import annotations

import queue
from collections.abc import Callable, Iterator
from time import monotonic
from typing import Any

import pytest

from genlab.engine.local import LocalEngine
from genlab.engine.protocol import Event, Failure
from genlab.session.session import Session

SMALL = {
    "network.width": 16,
    "network.depth": 2,
    "network.fourier": 2,
    "training.batch_size": 32,
    "training.pool": 2000,
    "training.threads": 1,
    "training.stop": "steps",
    "training.steps": 60,
    "training.warm_up": 5,
    "sampler.steps": 4,
}


def small_session(dataset: str = "moons", **values: Any) -> Session:
    """A session whose network and budget are small. Keys are written with __ for the dot."""
    more = {key.replace("__", "."): value for key, value in values.items()}
    return Session.default("diffusion", dataset).with_values(SMALL | more)


class Talk:
    """A local engine and everything it has said."""

    def __init__(self, engine: LocalEngine) -> None:
        self.engine = engine
        self.send = engine.send
        self.heard: list[Event] = []

    def until(self, wanted: Callable[[Event], bool], seconds: float = 60.0) -> Event:
        """The first event from now on that is wanted."""
        end = monotonic() + seconds
        while monotonic() < end:
            try:
                event = self.engine._events.get(timeout=0.1)
            except queue.Empty:
                assert self.engine.alive, "the engine ended"
                continue
            self.heard.append(event)
            if wanted(event):
                return event
            if isinstance(event, Failure) and not event.refused:
                raise AssertionError(event.details or event.what)
        raise AssertionError(f"not heard in time; last: {self.heard[-5:]}")


@pytest.fixture
def talk() -> Iterator[Talk]:
    with LocalEngine() as engine:
        yield Talk(engine)

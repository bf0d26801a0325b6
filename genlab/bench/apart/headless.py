"""The engine process as the window has it, without a window: runs in a process of its own, without torch."""

from __future__ import annotations

import asyncio
from time import perf_counter
from typing import Any

from genlab.data import read
from genlab.data.catalogue import DATASETS
from genlab.data.files.settings import FILE
from genlab.engine import protocol as p
from genlab.engine.client import EngineClient
from genlab.runs.places import fresh_run_folder
from genlab.session.session import Session

REST = 1.0
"""Seconds for a process that has just started to come to rest."""


def train(paradigm: str, dataset: str, seconds: float, settings: dict[str, Any]) -> dict[str, Any]:
    """Train the default session with some other settings; steps, seconds by the wall clock, and threads.

    dataset: a built-in set, or the path of a person's own data."""
    return asyncio.run(_train(paradigm, dataset, seconds, settings))


async def _train(paradigm: str, dataset: str, seconds: float, settings: dict[str, Any]) -> dict[str, Any]:
    events: asyncio.Queue[tuple[float, p.Event]] = asyncio.Queue()
    client = EngineClient(lambda event: events.put_nowait((perf_counter(), event)))
    budget = {"training.stop": "seconds", "training.seconds": seconds}
    if dataset in DATASETS:
        session, source = Session.default(paradigm, dataset), None
    else:
        session, source = Session.default(paradigm, FILE.id, data=read(dataset)[0]), dataset
    session = session.with_values(settings | budget)

    async def heard(kind: type, **values: Any) -> tuple[float, Any]:
        while True:
            when, event = await events.get()
            if isinstance(event, p.Failure | p.EngineDied):
                raise RuntimeError(getattr(event, "what", "") or getattr(event, "reason", ""))
            if isinstance(event, kind) and all(getattr(event, k) == v for k, v in values.items()):
                return when, event

    await client.start()
    try:
        await heard(p.EngineReady)
        # As in the window: an untrained model is there before Train is pressed.
        client.send(p.Prepare("preview", session.model_dump(), None, source))
        await heard(p.StateChanged, state="ready")
        await asyncio.sleep(REST)
        client.send(p.Close("preview"))
        folder = str(fresh_run_folder(paradigm, session.dataset))
        client.send(p.Prepare("run", session.model_dump(), folder, source))
        client.send(p.Train("run"))
        threads = (await heard(p.Opened, run="run"))[1].threads
        begun, _ = await heard(p.StateChanged, run="run", state="training")
        ended, done = await heard(p.StateChanged, run="run", state="done")
    finally:
        await client.close()
    return {"steps": done.step, "wall": ended - begun, "trained": done.seconds, "threads": threads}

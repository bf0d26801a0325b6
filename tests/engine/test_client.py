from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from dataclasses import replace
from multiprocessing import Pipe
from pathlib import Path

import numpy as np

from genlab.data.payloads import Samples
from genlab.engine import protocol as p
from genlab.engine.client import EngineClient
from genlab.engine.outbox import MOST_FRAMES, Outbox
from genlab.runs.folder import RunFolder
from tests.engine.conftest import small_session


def test_a_killed_engine_is_noticed_and_its_run_goes_on_from_the_checkpoint(tmp_path: Path) -> None:
    async def story() -> None:
        heard: asyncio.Queue[p.Event] = asyncio.Queue()
        client = EngineClient(heard.put_nowait)

        async def until(kind: type[p.Event]) -> p.Event:
            while True:
                event = await asyncio.wait_for(heard.get(), 60)
                if isinstance(event, kind):
                    return event

        await client.start()
        session = small_session(training__steps=10_000_000)
        client.send(p.Prepare("a", session.model_dump(), str(tmp_path / "run")))
        client.send(p.Train("a"))
        await until(p.Metrics)
        client.send(p.Save("a"))
        saved = await until(p.Saved)
        assert client.pid is not None
        os.kill(client.pid, signal.SIGKILL)
        died = await until(p.EngineDied)
        assert isinstance(died, p.EngineDied)
        assert died.exitcode == -9
        assert not client.alive

        await client.start()
        client.send(p.Open("a", str(tmp_path / "run")))
        opened = await until(p.Opened)
        assert isinstance(opened, p.Opened)
        assert isinstance(saved, p.Saved)
        assert opened.step >= saved.step > 0
        client.send(p.Train("a"))
        ticked = await until(p.Tick)
        assert isinstance(ticked, p.Tick)
        await client.close()
        assert not client.alive
        assert heard.empty() or not any(isinstance(e, p.EngineDied) for e in list(heard._queue))  # type: ignore[attr-defined]

    asyncio.run(story())


ORPHAN = """
import asyncio, os, sys
from genlab.engine.client import EngineClient
from genlab.engine import protocol as p
from tests.engine.conftest import small_session

async def story():
    metrics = asyncio.Event()
    client = EngineClient(lambda event: metrics.set() if isinstance(event, p.Metrics) else None)
    await client.start()
    client.send(p.Prepare("a", small_session(training__steps=10_000_000).model_dump(), sys.argv[1]))
    client.send(p.Train("a"))
    await metrics.wait()
    print(client.pid, flush=True)
    os._exit(1)

if __name__ == "__main__":
    asyncio.run(story())
"""


def test_when_the_window_dies_the_engine_saves_and_ends(tmp_path: Path) -> None:
    script = tmp_path / "orphan.py"
    script.write_text(ORPHAN)
    run = tmp_path / "run"
    env = os.environ | {"PYTHONPATH": os.getcwd()}
    done = subprocess.run(
        [sys.executable, str(script), str(run)], capture_output=True, text=True, timeout=100, env=env
    )
    pid = int(done.stdout)
    end = time.monotonic() + 30
    while _alive(pid):
        assert time.monotonic() < end, "the engine outlived its window"
        time.sleep(0.1)
    assert RunFolder.open(run).checkpoints()


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    stat = Path(f"/proc/{pid}/stat")
    return not (stat.exists() and stat.read_text().rpartition(")")[2].split()[0] == "Z")


def _frame(request: int, index: int, preview: bool) -> p.Answer:
    x = np.full((20_000, 2), index, np.float32)
    payload = Samples(x, None, None, index, 100, 0.0, index)
    return p.Answer("a", "samples", request, index, payload, index == 100, preview)


def test_a_stalled_reader_gets_the_latest_preview_only_and_every_metric() -> None:
    ours, theirs = Pipe()
    outbox = Outbox(ours)
    for index in range(60):
        outbox.put(_frame(0, index, preview=True))
        outbox.put(p.Metrics("a", ("step",), np.array([[float(index)]])))
    received: list[p.Event] = []
    closer = threading.Thread(target=lambda: (outbox.close(), ours.close()))
    closer.start()
    while True:
        try:
            received.append(theirs.recv())
        except EOFError:
            break
    closer.join()
    previews = [event for event in received if isinstance(event, p.Answer)]
    metrics = [event.rows[0, 0] for event in received if isinstance(event, p.Metrics)]
    assert metrics == list(range(60))
    assert len(previews) < 20
    assert previews[-1].step == 59


def test_no_preview_follows_the_whole_picture_that_came_after_it() -> None:
    ours, theirs = Pipe()
    outbox = Outbox(ours)
    outbox.put(_frame(0, 0, preview=False))
    while outbox._lossless:  # it is being sent, which fills the pipe: what comes now waits
        time.sleep(0.001)
    outbox.put(_frame(0, 98, preview=True))
    outbox.put(replace(_frame(0, 99, preview=True), channel="density"))
    outbox.put(_frame(0, 100, preview=False))
    closer = threading.Thread(target=lambda: (outbox.close(), ours.close()))
    closer.start()
    steps = []
    with contextlib.suppress(EOFError):
        while True:
            steps.append(theirs.recv().step)
    closer.join()
    assert steps == [0, 100, 99]


def test_at_most_sixty_four_frames_of_a_request_wait_and_the_last_is_among_them() -> None:
    ours, theirs = Pipe()
    outbox = Outbox(ours)
    for index in range(101):
        outbox.put(_frame(5, index, preview=False))
    with outbox._change:
        assert len(outbox._lossless) <= MOST_FRAMES
        assert outbox._lossless[-1].step == 100  # type: ignore[union-attr]
    theirs.close()
    outbox.close()

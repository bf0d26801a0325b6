"""What is measured in the window: each function runs in a process of its own and gives plain values."""

from __future__ import annotations

import asyncio
import os
from functools import partial
from pathlib import Path
from time import perf_counter, process_time
from typing import Any

from genlab.app.common.widgets import SliderNumber
from genlab.app.window.main_window import MainWindow
from genlab.bench.apart.headless import REST
from genlab.bench.apart.window import Frames, drawn, opened, press_train, wait
from genlab.bench.rows import percentile
from genlab.engine import protocol as p
from genlab.session.session import Session

AROUND_TWENTY = (21, 19, 22, 18, 23, 17, 24, 16, 25, 15)
PAUSE = 0.5
"""Seconds between two moves of the slider, in which the density panel begins to follow."""
SAMPLED_EVERY = 2.0


def train(paradigm: str, dataset: str, seconds: float, settings: dict[str, Any]) -> dict[str, Any]:
    """Train a default session, with some other settings, with the window live at sixty frames a second.

    Gives steps, seconds by the wall clock, frame gaps, and the share of a core of the window's process."""

    async def work(window: MainWindow) -> dict[str, Any]:
        if paradigm != window.workspace.paradigm.id:
            window.rail.chosen.emit(paradigm)
        space = window.workspace
        assert space.paradigm.id == paradigm
        space.replace_session(Session.default(paradigm, dataset).with_values(settings))
        await wait(lambda: space.run.state == "ready", "the model did not get ready")
        await asyncio.sleep(REST)
        stamps: dict[str, tuple[float, float]] = {}

        def hear(event: p.Event) -> None:
            if isinstance(event, p.StateChanged) and event.run == space.run.id:
                stamps.setdefault(event.state, (perf_counter(), process_time()))

        window.engine.arrived.connect(hear)
        space.edit({"training.stop": "seconds", "training.seconds": seconds})
        frames = Frames(window)
        stamps.clear()
        press_train(window)
        await wait(lambda: "training" in stamps, "training did not begin")
        frames.start()
        await wait(lambda: "done" in stamps, "training did not end", 3 * seconds + 30)
        gaps = frames.stop()
        wall, processor = (b - a for a, b in zip(stamps["training"], stamps["done"], strict=True))
        return {
            "steps": space.run.step,
            "wall": wall,
            "trained": space.run.seconds,
            "threads": space.run.threads,
            "panels": frames.panels,
            "frames_per_second": len(gaps) / wall,
            "gap99_ms": 1000 * percentile(gaps, 0.99),
            "largest_gap_ms": 1000 * max(gaps),
            "gui_share": processor / wall,
        }

    return opened(work)


def move_steps(moves: int, seconds: float) -> dict[str, Any]:
    """Seconds from a new value of the steps slider to its samples drawn, after training for a little."""

    async def work(window: MainWindow) -> dict[str, Any]:
        space = window.workspace
        space.edit({"training.stop": "seconds", "training.seconds": seconds})
        press_train(window)
        await wait(lambda: space.run.state == "done" and not space.feed.busy, "training did not end")
        await asyncio.sleep(3)
        panel = space.grid.panels["samples"]
        slider = window.findChild(SliderNumber, "sampler.steps")
        assert slider is not None
        took = []
        for move in range(moves):
            steps = AROUND_TWENTY[move % len(AROUND_TWENTY)]

            def current(steps: int = steps) -> bool:
                shown = panel.drawing.samples  # type: ignore[union-attr]
                return shown is not None and shown.index == shown.total == steps

            start = perf_counter()
            slider.setValue(steps)
            took.append(await drawn(panel, current, f"no samples in {steps} steps came") - start)
            await asyncio.sleep(PAUSE)
        return {"seconds": took, "n": len(panel.drawing.samples.x)}  # type: ignore[union-attr]

    return opened(work)


def first_points(presses: int) -> dict[str, Any]:
    """Seconds from pressing Train, engine warm, to the first point of the loss drawn."""

    async def work(window: MainWindow) -> dict[str, Any]:
        space = window.workspace
        took = []
        for _ in range(presses):
            await asyncio.sleep(REST)
            heard: list[p.Event] = []

            def hear(event: p.Event, heard: list[p.Event] = heard) -> None:
                if isinstance(event, p.Metrics) and event.run == space.run.id:
                    heard.append(event)

            window.engine.arrived.connect(hear)
            start = perf_counter()
            press_train(window)
            panel = space.grid.panels["loss"]
            took.append(await drawn(panel, partial(bool, heard), "no loss came") - start)
            window.engine.arrived.disconnect(hear)
            await asyncio.sleep(0.3)
            space.reset()
            await wait(lambda: space.run.state == "ready" and not space.feed.busy, "no reset")
        return {"seconds": took}

    return opened(work)


def memory(settle: float, seconds: float) -> dict[str, Any]:
    """Resident megabytes of window and engine while a run trains, from `settle` seconds on."""

    async def work(window: MainWindow) -> dict[str, Any]:
        space = window.workspace
        assert window.engine.ready is not None
        pids = {"window": os.getpid(), "engine": window.engine.ready.pid}
        budget = 2 * (settle + seconds) + 60
        space.edit({"training.stop": "seconds", "training.seconds": budget})
        press_train(window)
        await wait(lambda: space.run.state == "training", "training did not begin")
        await asyncio.sleep(settle)
        found: dict[str, list[float]] = {name: [] for name in pids}
        moments: list[float] = []
        start = perf_counter()
        while (now := perf_counter() - start) < seconds:
            moments.append(now)
            for name, pid in pids.items():
                found[name].append(resident(pid))
            await asyncio.sleep(SAMPLED_EVERY)
        trained = space.run.state == "training"
        space.run.pause()
        await wait(lambda: space.run.state == "paused", "the run did not pause")
        return {**found, "moments": moments, "steps": space.run.step, "trained": trained}

    return opened(work)


def resident(pid: int) -> float:
    """Resident memory of a process, MB."""
    for line in Path(f"/proc/{pid}/status").read_text("ascii").splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1000
    raise RuntimeError(f"process {pid} has no resident memory")

"""What is measured in the window: each function runs in a process of its own and gives plain values."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from itertools import pairwise
from pathlib import Path
from time import monotonic, perf_counter, process_time
from typing import Any

from genlab.app.common.widgets import SliderNumber
from genlab.app.window.main_window import MainWindow
from genlab.bench.apart.headless import REST
from genlab.bench.apart.window import Frames, Pictures, bring, drawn, opened, press_train, wait
from genlab.bench.rows import median, percentile
from genlab.data.payloads import Samples
from genlab.engine import protocol as p

VALUES = {
    "sampler.steps": (21, 19, 22, 18, 23, 17, 24, 16, 25, 15),
    "sampler.guidance": (1.5, 2.5, 2.0, 3.0, 1.0),
}
"""Where a slider is moved to, by its key."""
PAUSE = 0.5
"""Seconds between two moves of a slider, in which the density panel begins to follow."""
SAMPLED_EVERY = 2.0
SPIN = "import os, time\nwhile time.monotonic() < {end} and os.getppid() == {parent}: pass"


def train(paradigm: str, dataset: str, seconds: float, settings: dict[str, Any]) -> dict[str, Any]:
    """Train a default session, with some other settings, with the window live at sixty frames a second.

    Gives steps, seconds by the wall clock, by panel the median and the 99th percentile of the time between
    painted frames, and the share of a core of the window's process."""

    async def work(window: MainWindow) -> dict[str, Any]:
        space = await bring(window, paradigm, dataset, settings)
        await asyncio.sleep(REST)
        frames = Frames(window)
        found = await trained(window, seconds, frames.start)
        gaps = frames.stop()
        return {
            **found,
            "threads": space.run.threads,
            "panels": {
                id: {
                    "median_ms": 1000 * median(each),
                    "p99_ms": 1000 * percentile(each, 0.99),
                    "largest_ms": 1000 * max(each),
                }
                for id, each in gaps.items()
            },
        }

    return opened(work)


def pictures(
    paradigm: str, dataset: str, seconds: float, settings: dict[str, Any], busy: bool = False
) -> dict[str, Any]:
    """Train a default session, with some other settings, in the window, and see when pictures come.

    busy: with a loop that does nothing on each core meanwhile. Gives by panel the seconds from pressing Train
    to the first picture of the run painted, or None, and the longest that a picture stayed; and what
    `trained` gives."""

    async def work(window: MainWindow) -> dict[str, Any]:
        await bring(window, paradigm, dataset, settings)
        await asyncio.sleep(REST)
        spin = SPIN.format(end=monotonic() + 3 * seconds + 60, parent=os.getpid())
        loops = [subprocess.Popen([sys.executable, "-c", spin]) for _ in range((os.cpu_count() or 1) * busy)]
        try:
            if busy:
                await asyncio.sleep(REST)
            seen = Pictures(window)
            pressed = perf_counter()
            found = await trained(window, seconds)
        finally:
            for each in loops:
                each.kill()
        begun, ended = found["begun"], found["ended"]
        ages = {}
        for id, arrived in seen.arrived.items():
            if id not in seen.refused:
                moments = [moment for moment in arrived if moment <= ended] or [begun]
                ages[id] = max(b - a for a, b in pairwise([*moments, ended]))
        first = {id: seen.painted[id] - pressed if id in seen.painted else None for id in seen.arrived}
        return {**found, "first": first, "ages": ages, "pressed": pressed}

    return opened(work)


async def trained(
    window: MainWindow, seconds: float, began: Callable[[], None] = lambda: None
) -> dict[str, Any]:
    """Press Train and wait until so many seconds of training are over. began: called when they begin.

    Gives steps, seconds trained and by the wall clock, the moments of begin and end, and the share of a core
    of this process between them."""
    space = window.workspace
    stamps: dict[str, tuple[float, float]] = {}

    def hear(event: p.Event) -> None:
        if isinstance(event, p.StateChanged) and event.run == space.run.id:
            stamps.setdefault(event.state, (perf_counter(), process_time()))

    space.edit({"training.stop": "seconds", "training.seconds": seconds})
    window.engine.arrived.connect(hear)
    press_train(window)
    await wait(lambda: stamps.keys() & {"training", "done"}, "training did not begin")
    began()
    # Looked for seldom: what is measured meanwhile is the window, not this loop.
    await wait(lambda: "done" in stamps, "training did not end", 3 * seconds + 60, pause=0.1)
    window.engine.arrived.disconnect(hear)
    (begun, first), (ended, last) = stamps.get("training", stamps["done"]), stamps["done"]
    wall = ended - begun
    return {
        "steps": space.run.step,
        "trained": space.run.seconds,
        "wall": wall,
        "begun": begun,
        "ended": ended,
        "gui_share": (last - first) / wall if wall else 0.0,
    }


def move_sliders(
    paradigm: str, dataset: str, moves: int, seconds: float, settings: dict[str, Any]
) -> dict[str, Any]:
    """By slider, of steps and of guidance where there is one that acts: seconds from a new value to its
    samples drawn, coarser ones or all, and to all of them there, after training for a little."""

    async def work(window: MainWindow) -> dict[str, Any]:
        space = await bring(window, paradigm, dataset, settings)
        await trained(window, seconds)
        await wait(lambda: not space.feed.busy, "the samples did not come")
        await asyncio.sleep(3)
        panel = space.grid.panels["samples"]
        found = {}
        for key, values in VALUES.items():
            slider = space.bar.items[key].widget if key in space.bar.items else None
            if not isinstance(slider, SliderNumber) or not slider.isEnabled():
                continue
            took = []
            for move in range(moves):
                value, before = values[move % len(values)], panel.drawing.samples  # type: ignore[union-attr]

                def current(before: Samples = before) -> bool:
                    shown = panel.drawing.samples  # type: ignore[union-attr]
                    return shown is not None and shown is not before and shown.index == shown.total

                start = perf_counter()
                slider.setValue(value)
                first = await drawn(panel, current, f"no samples with {key} = {value:g} came") - start
                await wait(lambda: not space.feed.busy, "the samples did not come")
                took.append((first, perf_counter() - start))
                await asyncio.sleep(PAUSE)
            found[key] = took
        return {"seconds": found, "n": len(panel.drawing.samples.x)}  # type: ignore[union-attr]

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


def replaced() -> dict[str, Any]:
    """Seconds from the death of an engine that is killed to the next one ready, by the state of the run."""

    async def work(window: MainWindow) -> dict[str, Any]:
        space, engine = window.workspace, window.engine
        run, took = space.run, {}
        for state in ("ready", "training", "paused", "evaluating"):
            if state in ("training", "paused"):
                space.edit({"training.stop": "steps", "training.steps": 10**9})
                press_train(window)
            if state == "paused":
                await wait(lambda: run.step > 0, "training did not begin")
                run.pause()
            elif state == "evaluating":
                space.view.evaluate()
                await asyncio.sleep(PAUSE)
            wanted = state if state != "evaluating" else "paused"

            def rests(wanted: str = wanted) -> bool:
                return run.state == wanted and engine.ready is not None

            await wait(rests, f"the run is not {wanted}")
            await asyncio.sleep(PAUSE)
            assert engine.ready is not None
            start = perf_counter()
            os.kill(engine.ready.pid, signal.SIGKILL)
            await wait(lambda: engine.ready is None, "the death of the engine was not noticed")
            await wait(lambda: engine.ready is not None, "no other engine came")
            took[state] = perf_counter() - start
            assert space.cards.card("engine") is not None
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

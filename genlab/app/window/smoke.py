"""The smoke test: window, engine process, twenty steps, samples, a picture; what it took, as JSON."""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path
from time import perf_counter
from typing import Any

from genlab.app.common import loop
from genlab.app.window.main_window import MainWindow
from genlab.app.window.screenshot import grab
from genlab.engine import protocol as p

SECONDS = 60.0
STEPS = 20


async def smoke_test(window: MainWindow, timings: dict[str, Any]) -> int:
    """0 when everything came within a minute; else 1, and the reason on stderr."""
    begun = perf_counter()
    run = window.workspace.run
    feed = window.workspace.feed
    done: list[int] = []

    def hear(event: p.Event) -> None:
        match event:
            case p.EngineReady():
                timings["engine"] = round(timings["window"] + perf_counter() - shown, 3)
            case p.StateChanged(state="done", step=step):
                done.append(step)
            case p.Failure(what=problem) | p.EngineDied(reason=problem):
                problems.append(problem)

    problems: list[str] = []
    window.engine.arrived.connect(hear)
    shown = begun
    for what, ready in (
        ("the window was not painted", lambda: "window" in timings),
        ("the engine did not become ready", lambda: window.engine.ready is not None),
        ("the untrained model was not prepared", lambda: run.state == "ready"),
    ):
        shown = perf_counter() if what.startswith("the window") else shown
        if not await _wait(ready, begun, problems, what):
            return 1
    with tempfile.TemporaryDirectory(prefix="genlab-smoke-", ignore_cleanup_errors=True) as folder:
        training = perf_counter()
        window.workspace.edit({"training.stop": "steps", "training.steps": STEPS})
        run.train(window.workspace.session, folder=str(Path(folder, "run")))
        if not await _wait(lambda: done, begun, problems, "twenty steps were not taken"):
            return 1
        timings["training"] = round(perf_counter() - training, 3)
        sampling = perf_counter()
        fresh = lambda: feed.held == STEPS and not feed.busy  # noqa: E731
        if not await _wait(fresh, begun, problems, "no samples came"):
            return 1
        timings["samples"] = round(perf_counter() - sampling, 3)
        picture = Path(tempfile.gettempdir(), "genlab-smoke.png")
        grab(window, picture)
        run.leave()
        await loop.until(lambda: False, 0.3)
    timings["window"] = round(timings["window"], 3)
    timings.update(steps=done[0], picture=str(picture), total=round(perf_counter() - begun, 3))
    print(json.dumps(timings), flush=True)
    return 0


async def _wait(ready: Any, begun: float, problems: list[str], what: str) -> bool:
    left = SECONDS - (perf_counter() - begun)
    if await loop.until(lambda: ready() or problems, left) and not problems:
        return True
    print(f"smoke test failed: {problems[0] if problems else what}", file=sys.stderr, flush=True)
    return False

"""From starting the process to the window and a warm engine; from Train to the first point of the loss; from
the death of an engine to the next; a whole run from the command line."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter

from genlab.bench.child import MeasurementFailed, environment, last_words
from genlab.bench.child import measure as in_child
from genlab.bench.plan import Plan
from genlab.bench.rows import Figure, Row, listed, lower, median
from genlab.bench.yardstick import slowness

WINDOW, ENGINE, FIRST_POINT, REPLACED = 1.0, 5.0, 0.5, 3.0
TRAINED, COMMAND = 5, 6.5
"""Seconds that the command line trains, and that the whole command may take."""
TRAIN = ("genlab", "train", "flow-matching", "moons", "--seconds", str(TRAINED))
COMMANDS = 3


def smoke(command: Sequence[str | Path], starts: int) -> dict[str, list[float]]:
    """Seconds from the start of the process to the window shown and to the engine ready, start by start.

    Raises MeasurementFailed."""
    found: dict[str, list[float]] = {"window": [], "engine": []}
    for _ in range(starts):
        done = subprocess.run(
            [*map(str, command), "--smoke"], env=environment(), capture_output=True, text=True, timeout=120
        )
        if done.returncode:
            raise MeasurementFailed(f"the smoke test failed: {last_words(done.stderr)}")
        timings = json.loads(done.stdout.splitlines()[-1])
        for name, values in found.items():
            values.append(timings[name])
    return found


def start_rows(
    section: str, found: dict[str, list[float]], limits: dict[str, float], slow: float
) -> Iterator[Row]:
    """A row for the window, one for the engine. slow: how slow the machine is, by the yardstick."""
    for name, what in (("window", "window shown"), ("engine", "engine ready")):
        values = found[name]
        yield Row(
            section,
            f"process start to {what}",
            f"at most {limits[name]:g} s",
            f"{median(values):.2f} s",
            {"seconds": values},
            median(values) <= limits[name],
            f"of {listed(values, '.2f')}",
            (as_usual(values, slow, 0.06),),
        )


def as_usual(seconds: list[float], slow: float, noise: float) -> Figure:
    """The median of some times, as on the machine whose seconds are the unit. noise: relative."""
    usual = median(seconds) / slow
    return lower([usual], noise * usual, "seconds by the yardstick")


def measure(plan: Plan) -> Iterator[Row]:
    """Window, engine, first point of the loss, command line."""
    found = smoke([sys.executable, "-m", "genlab"], plan.starts)
    slow = slowness()
    yield from start_rows("start", found, {"window": WINDOW, "engine": ENGINE}, slow)
    points = in_child("apart.in_window:first_points", 60 + 20 * plan.starts, presses=plan.starts)["seconds"]
    yield Row(
        "start",
        "Train pressed to first point of the loss drawn, engine warm",
        f"at most {FIRST_POINT:g} s",
        f"{median(points):.2f} s",
        {"seconds": points},
        median(points) <= FIRST_POINT,
        f"of {listed(points, '.2f')}",
        (as_usual(points, slow, 0.15),),
    )
    ended = in_child("apart.in_window:replaced", 240)["seconds"]
    yield Row(
        "start",
        "engine killed to another one ready, the slowest state of the run",
        f"at most {REPLACED:g} s",
        f"{max(ended.values()):.2f} s",
        {"seconds": ended},
        max(ended.values()) <= REPLACED,
        ", ".join(f"{state} {seconds:.2f}" for state, seconds in ended.items()),
        (as_usual(list(ended.values()), slow, 0.1),),
    )
    took = commands(min(plan.starts, COMMANDS))
    yield Row(
        "start",
        f"`{' '.join(TRAIN)}`, whole command",
        f"at most {COMMAND:g} s",
        f"{median(took):.2f} s",
        {"seconds": took},
        median(took) <= COMMAND,
        f"of {listed(took, '.2f')}",
        (lower([median(took)], 0.2),),
    )


def commands(runs: int) -> list[float]:
    """Seconds by the wall clock of some runs from the command line. Raises MeasurementFailed."""
    took = []
    for _ in range(runs):
        with TemporaryDirectory(prefix="genlab-bench-run-") as folder:
            command = [sys.executable, "-m", *TRAIN, "--out", str(Path(folder, "run"))]
            begun = perf_counter()
            done = subprocess.run(command, env=environment(), capture_output=True, text=True, timeout=120)
            took.append(perf_counter() - begun)
        if done.returncode:
            raise MeasurementFailed(f"{' '.join(TRAIN)}: {last_words(done.stderr)}")
    return took

"""What default adversarial sessions reach on modes of known places, and what the plainest one does not."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from genlab.bench.measures.modes import ModeLimits, coverage, mode_rows
from genlab.bench.measures.trained import Trained, notes, speed, trained
from genlab.bench.plan import Plan
from genlab.bench.rows import Row, higher, listed, lower
from genlab.engine import protocol as p
from genlab.session.catalogue import PARADIGMS

PRESET = "minimax-grid"
MOST_MODES = 18


def measure(plan: Plan) -> Iterator[Row]:
    """The ring, the grid, and plain minimax on the grid."""
    budget = plan.budget("gan", plan.gan_seconds)
    ring = ModeLimits(modes=8, high_quality=0.96, reverse_kl=0.07)
    yield from mode_rows(replace(plan, seeds=plan.ring_seeds), "gan", "gan-ring", budget, ring, {})
    grid = ModeLimits(modes=24.8, high_quality=0.94, reverse_kl=0.05)
    yield from mode_rows(plan, "gan", "gan-grid", budget, grid, {})
    yield _minimax(plan)


def _minimax(plan: Plan) -> Row:
    preset = next(preset for preset in PARADIGMS["gan"].presets if preset.id == PRESET)
    budget = plan.budget("minimax", plan.minimax_seconds)
    modes: list[float] = []
    alarms: list[int] = []
    runs: list[Trained] = []
    for seed in plan.seeds:
        heard: list[str] = []

        def listen(event: p.Event, heard: list[str] = heard) -> None:
            if isinstance(event, p.Warned):
                heard.extend(event.warnings)

        runs.append(trained(plan, budget, "gan", preset=PRESET, seed=seed, observe=listen))
        modes.append(float(np.mean([draw["modes_captured"] for draw in coverage(runs[-1].run)])))
        alarms.append(len(heard))
    return Row(
        "gan",
        f"gan-grid, {budget}, the preset '{preset.title}': modes captured",
        f"at most {MOST_MODES}, with an alarm",
        f"{listed(modes, '.3g')}; alarms {listed(alarms, 'd')}",
        {"modes": modes, "alarms": alarms},
        all(value <= MOST_MODES for value in modes) and all(alarms),
        f"a failure that must be seen; {notes(runs)}",
        (lower(modes, 1.0), higher([float(min(alarms) > 0)], 0.1, "alarmed"), *speed(runs)),
    )

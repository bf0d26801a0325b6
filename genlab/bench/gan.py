"""What default adversarial sessions reach on modes of known places, and what the plainest one does not."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from genlab.api import train
from genlab.bench.modes import ModeLimits, coverage, mode_rows
from genlab.bench.rows import Plan, Row, listed
from genlab.bench.trained import trained
from genlab.engine import protocol as p
from genlab.session.catalogue import PARADIGMS

PRESET = "minimax-grid"
MOST_MODES = 18


def measure(plan: Plan) -> Iterator[Row]:
    """The ring, the grid, and plain minimax on the grid."""
    ring = ModeLimits(modes=8, high_quality=0.96, reverse_kl=0.07)
    yield from mode_rows(plan, "gan", "gan-ring", plan.gan_seconds, ring, {})
    grid = ModeLimits(modes=24.8, high_quality=0.94, reverse_kl=0.05)
    yield from mode_rows(plan, "gan", "gan-grid", plan.gan_seconds, grid, {})
    yield from _minimax(plan)


def _minimax(plan: Plan) -> Iterator[Row]:
    preset = next(preset for preset in PARADIGMS["gan"].presets if preset.id == PRESET)
    modes, alarms, notes = [], [], []
    for seed in plan.seeds:
        heard: list[str] = []

        def listen(event: p.Event, heard: list[str] = heard) -> None:
            if isinstance(event, p.Warned):
                heard.extend(event.warnings)

        run = train(
            "gan", preset.dataset, seconds=plan.gan_seconds, seed=seed, settings=preset.values, observe=listen
        )
        modes.append(float(np.mean([draw["modes_captured"] for draw in coverage(run)])))
        alarms.append(len(heard))
        notes.append(trained(run))
    yield Row(
        "gan",
        f"gan-grid, {plan.gan_seconds:g} s, the preset '{preset.title}': modes captured",
        f"at most {MOST_MODES}, with an alarm",
        f"{listed(modes, '.3g')}; alarms {listed(alarms, 'd')}",
        {"modes": modes, "alarms": alarms},
        all(value <= MOST_MODES for value in modes) and all(alarms),
        f"a failure that must be seen; {'; '.join(notes)}",
    )

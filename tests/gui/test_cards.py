"""Cards go when what they say is no longer so."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from genlab.data.payloads import Samples
from genlab.engine import protocol as p

from .paradigm_pieces import cards

FRAME = Samples(np.zeros((5, 2), np.float32), None, None, 0, 0, 0.0, 1)
EARLIER = {"note", "rewound", "engine"}


def go_back(window) -> str:
    """A run that was opened at step 91, with every card that such a run may have."""
    space = window.workspace
    space.train_or_pause()
    run = space.run.id
    window.engine.arrived.emit(p.StateChanged(run, "paused", 91, 1.0))
    for key in EARLIER:
        space.cards.show_card(key, key)
    return run


@pytest.mark.parametrize("first", [p.Tick, p.StateChanged])
def test_what_was_said_of_an_opened_run_goes_with_its_first_single_step(lab, first: type) -> None:
    async def scenario(window) -> None:
        run = go_back(window)
        window.engine.arrived.emit(p.StateChanged(run, "paused", 91, 1.0))
        window.engine.arrived.emit(p.Tick(run, 91, 1.0, 0.0, 0.5, None, 1e-3))
        assert set(cards(window)) == EARLIER
        tick, state = p.Tick(run, 92, 1.0, 0.0, 0.5, None, 1e-3), p.StateChanged(run, "paused", 92, 1.0)
        window.engine.arrived.emit(tick if first is p.Tick else state)
        assert cards(window) == []

    lab.run(scenario)


def test_a_note_of_the_pause_stays_that_ended_training(lab) -> None:
    async def scenario(window) -> None:
        run = go_back(window)
        window.engine.arrived.emit(p.StateChanged(run, "training", 91, 1.0, "take care"))
        assert cards(window) == ["note"]
        window.engine.arrived.emit(p.Tick(run, 120, 2.0, 0.0, 0.5, None, 1e-3))
        window.engine.arrived.emit(p.StateChanged(run, "done", 130, 2.0))
        assert cards(window) == ["note"]

    lab.run(scenario)


def test_a_failed_request_is_told_until_one_like_it_is_answered(lab) -> None:
    async def scenario(window) -> None:
        lab.engine.mute.add(p.Sample)
        space = window.workspace
        run = space.run.id
        failure = p.Failure(run, "A request failed", "KeyError: 'sigma'", "", "", "", channel="samples")
        space.edit({"sampler.steps": 9})
        asked = lab.engine.of(p.Sample)[-1]
        lab.engine.on_event(failure)
        lab.engine.on_event(p.Refused(run, "samples", asked.request, "it failed: 'sigma'"))
        assert set(cards(window)) == {"failure", "refused"}
        other = p.Answer(run, "panel density", 1, 0, FRAME, True)
        lab.engine.on_event(other)
        lab.engine.on_event(replace(other, channel="samples", preview=True))
        lab.engine.on_event(replace(other, channel="samples", last=False))
        assert set(cards(window)) == {"failure", "refused"}
        lab.engine.on_event(replace(other, channel="samples"))
        assert cards(window) == []
        lab.engine.on_event(replace(failure, channel="", title="Training stopped"))
        lab.engine.on_event(replace(other, channel="samples"))
        assert cards(window) == ["failure"]

    lab.run(scenario)


def test_a_failed_evaluation_is_told_until_the_next(lab) -> None:
    async def scenario(window) -> None:
        run = window.workspace.run.id
        lab.engine.on_event(p.Failure(run, "A request failed", "no", "", "", "", channel="evaluate"))
        assert cards(window) == ["failure"]
        lab.engine.on_event(p.Evaluated(run, "evaluate", 5, 0, 0.5, (), False))
        assert cards(window) == []

    lab.run(scenario)

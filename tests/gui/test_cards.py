"""Cards go when what they say is no longer so."""

from __future__ import annotations

import gc
from dataclasses import replace

import numpy as np
import pytest
import shiboken6
from PySide6.QtCore import QEvent
from PySide6.QtWidgets import QApplication, QLayout, QLayoutItem

from genlab.app.common import loop
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


TROUBLES = ("failure", "exception", "setting", "refused", "unmeasured", "engine")


def trouble(window) -> None:
    """Every card of something that went wrong, three at a time being shown."""
    for key in TROUBLES:
        window.workspace.cards.show_card(key, key, tone="bad")


@pytest.fixture
def many_cards(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("genlab.app.views.cards.MOST", 20)


@pytest.mark.usefixtures("many_cards")
@pytest.mark.parametrize("act", ["data", "preset", "train", "step", "reset", "continue"])
def test_what_went_wrong_before_is_not_told_over_another_attempt(lab, act: str) -> None:
    async def scenario(window) -> None:
        space = window.workspace
        if act == "continue":
            space.train_or_pause()
            space.train_or_pause()
        trouble(window)
        match act:
            case "data":
                space.choose_dataset("digits")
            case "preset":
                space.choose_preset(space.paradigm.presets[0])
            case "step":
                space.view.step_once()
            case "reset":
                space.reset()
            case _:
                space.train_or_pause()
        assert cards(window) == []

    lab.run(scenario)


def test_a_run_that_is_refused_says_so_though_it_has_just_begun(lab) -> None:
    async def scenario(window) -> None:
        lab.engine.mute |= {p.Prepare, p.Train}
        space = window.workspace
        space.cards.show_card("failure", "an older one")
        space.train_or_pause()
        assert cards(window) == []
        refusal = p.Failure(space.run.id, "It cannot be prepared", "no", "", "", "", refused=True)
        lab.engine.on_event(refusal)
        lab.engine.on_event(replace(refusal, title="That cannot be trained"))
        assert cards(window) == ["failure"]
        assert space.cards.open()[0].title == "It cannot be prepared", "the reason is lost"
        space.train_or_pause()
        assert cards(window) == []

    lab.run(scenario)


def test_what_fails_between_the_click_and_the_first_step_stays(lab) -> None:
    async def scenario(window) -> None:
        lab.engine.mute.add(p.Train)
        space = window.workspace
        space.train_or_pause()
        run = space.run.id
        lab.engine.on_event(p.Failure(run, "A request failed", "no", "", "", "", channel="panel x"))
        space.cards.show_card("exception", "Something went wrong in the window")
        lab.engine.on_event(p.StateChanged(run, "training", 0, 0.0))
        lab.engine.on_event(p.Tick(run, 12, 1.0, 0.0, 0.5, None, 1e-3))
        assert set(cards(window)) == {"failure", "exception"}

    lab.run(scenario)


def test_a_run_that_could_not_be_opened_is_told_over_the_untrained_model_in_its_place(lab, tmp_path) -> None:
    async def scenario(window) -> None:
        lab.engine.mute.add(p.Open)
        space = window.workspace
        space.view.open_run(str(tmp_path), space.session)
        lab.engine.on_event(
            p.Failure(space.run.id, "That run cannot be opened", "no", "", "", "", refused=True)
        )
        assert space.run.state == "ready"
        assert cards(window) == ["failure"]

    lab.run(scenario)


def test_what_an_edit_broke_is_told_though_the_untrained_model_is_made_again(lab) -> None:
    async def scenario(window) -> None:
        space = window.workspace
        space.edit({"network.width": 32})
        space.cards.show_card("exception", "Something went wrong in the window")
        space.cards.show_card("failure", "A request failed")
        prepared = len(lab.engine.of(p.Prepare))
        assert await loop.until(lambda: len(lab.engine.of(p.Prepare)) > prepared, 5)
        assert cards(window) == ["exception"]

    lab.run(scenario)


def test_what_was_asked_of_a_run_that_is_left_fails_unheard(lab) -> None:
    async def scenario(window) -> None:
        left = window.workspace.run.id
        window.workspace.choose_dataset("digits")
        lab.engine.on_event(p.Failure(left, "A request failed", "no", "", "", "", channel="samples"))
        assert cards(window) == []
        lab.engine.on_event(p.Failure(left, "Writing failed", "no space", "", "", ""))
        assert cards(window) == ["failure"]

    lab.run(scenario)


def test_an_engine_that_is_not_started_again_is_told_until_it_is(
    lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("genlab.app.views.engine_link.EARLY_DEATHS", 1)

    async def scenario(window) -> None:
        space = window.workspace
        for attempt in ("Start the engine", "data", "train"):
            lab.engine.on_event(p.EngineDied(1, "it ended"))
            assert cards(window) == ["engine"]
            starts = lab.engine.starts
            match attempt:
                case "data":
                    space.choose_dataset("digits")
                case "train":
                    space.cards.dismiss("engine")
                    space.train_or_pause()
                case button:
                    space.cards.open()[0].buttons[button].click()
            assert await loop.until(lambda: window.engine.state == "ready", 5)
            assert lab.engine.starts == starts + 1
            assert cards(window) == []
        assert await loop.until(lambda: space.run.training, 5)

    lab.run(scenario)


def test_a_run_that_cannot_be_saved_goes_on_and_is_told_until_it_is_saved(lab) -> None:
    async def scenario(window) -> None:
        space = window.workspace
        space.train_or_pause()
        run = space.run.id
        full = p.Failure(run, "The run could not be saved", "the disk is full", "", "", "", channel=p.SAVING)
        lab.engine.on_event(p.Tick(run, 12, 1.0, 5.0, 0.5, None, 1e-3))
        lab.engine.on_event(full)
        assert list(space.cards.open()[0].buttons) == ["Copy details", "Dismiss"][1:]
        lab.engine.on_event(p.Saved(run, 20, False))
        assert cards(window) == []
        lab.engine.on_event(full)
        space.choose_dataset("digits")
        space.reset()
        lab.engine.on_event(full)
        assert cards(window) == ["failure"], "a run that is left is lost unheard"
        lab.engine.on_event(p.Saved(space.run.id, 1, False))
        assert cards(window) == ["failure"], "another run was saved"

    lab.run(scenario)


def test_continue_on_a_card_goes_on_with_the_run_and_begins_no_other(lab) -> None:
    async def scenario(window) -> None:
        space = window.workspace
        space.train_or_pause()
        run = space.run.id
        lab.engine.on_event(p.StateChanged(run, "failed", 12, 1.0))
        lab.engine.on_event(p.Failure(run, "Training stopped", "no", "", "", "details"))
        space.edit({"network.width": 32})
        assert space.view.mode() == "reset"
        space.cards.show_card("other", "Something else")
        lab.engine.on_event(p.Failure(run, "Training stopped", "no", "", "", "details"))
        space.cards.card("failure").buttons["Continue"].click()
        assert space.run.id == run
        assert lab.engine.of(p.Train)[-1].run == run
        assert len(lab.engine.of(p.Train)) == 2

    lab.run(scenario)


def layout_items() -> int:
    """How many items of layouts PySide keeps a wrapper of."""
    kept = (each for each in shiboken6.getAllValidWrappers() if isinstance(each, QLayoutItem))
    return sum(not isinstance(each, QLayout) for each in kept)


def test_cards_and_changes_of_data_leave_no_items_of_layouts_to_the_binding(lab) -> None:
    """One that Qt has freed stands for the next object at its place, and PySide crashes when that goes."""

    async def scenario(window) -> None:
        space = window.workspace
        counts = []
        for _ in range(4):
            space.cards.show_card("note", "A note", ["of two"], buttons=[("Go on", lambda: None)])
            assert [card.key for card in space.cards.open()] == ["note"]
            for dataset in ("digits", "moons"):
                space.choose_dataset(dataset)
                await loop.until(lambda: space.feed.frames, 30)
            space.cards.dismiss("note")
            QApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete.value)
            gc.collect()
            counts.append(layout_items())
        assert counts[1:] == counts[:1] * 3

    lab.run(scenario)

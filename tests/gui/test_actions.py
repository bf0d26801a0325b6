"""Actions as records: what they need of the window, when they rest, and what they then say."""

from __future__ import annotations

from dataclasses import fields, replace

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from genlab.app.common import loop
from genlab.app.common.theme import DARK
from genlab.app.window.actions import ActionInfo, Actions
from genlab.app.window.commands import ACTIONS
from genlab.engine import protocol as p
from genlab.metrics.report import Metric

from .paradigm_pieces import cards

METRICS = tuple(
    Metric(key, key.title(), 0.5, None, None, None, "lower", "", 9, "", headline).to_dict()
    for key, headline in (("mine", "Mine"), ("other", ""))
)


def rests(window) -> dict[str, str]:
    """Why each action that cannot act now rests."""
    found = {key: window.actions_[key] for key in window.actions_.infos}
    return {key: action.toolTip() for key, action in found.items() if not action.isEnabled()}


def test_what_cannot_act_says_why_and_acts_as_soon_as_it_can(lab) -> None:
    async def scenario(window) -> None:
        assert await loop.until(window.actions_["play"].isEnabled, 2)
        assert rests(window) == {"rewind": "There is no checkpoint yet: a run keeps checkpoints as it trains"}
        window.workspace.train_or_pause()
        assert "rewind" not in rests(window)
        assert window.actions_["rewind"].toolTip().startswith("An earlier state of this run")
        window.workspace.reset()
        assert set(rests(window)) >= {"rewind"}

    lab.run(scenario)


def test_a_trajectory_is_played_only_where_there_is_one(lab) -> None:
    async def scenario(window) -> None:
        play = window.actions_["play"]
        assert await loop.until(play.isEnabled, 2)
        window.workspace.feed.forget()
        window.workspace.view.framed.emit()
        assert rests(window)["play"] == "There is no trajectory to play"

    lab.run(scenario)


def test_the_palette_shows_what_rests_and_its_reason_but_does_not_run_it(lab) -> None:
    async def scenario(window) -> None:
        QTest.keyClick(window, Qt.Key.Key_K, Qt.KeyboardModifier.ControlModifier)
        palette = window.palette_
        QTest.keyClicks(palette.line, "rewind")
        assert palette.list.count() == 1
        item = palette.list.item(0)
        assert not item.flags() & Qt.ItemFlag.ItemIsEnabled
        assert "no checkpoint yet" in item.toolTip()
        QTest.keyClick(palette.line, Qt.Key.Key_Return)
        assert window.findChild(QWidget, "rewind") is None
        assert cards(window) == []

    lab.run(scenario)


def test_every_action_has_a_record_of_its_own_with_words_for_a_person() -> None:
    assert len({info.key for info in ACTIONS}) == len(ACTIONS)
    keys = [info.shortcut for info in ACTIONS if info.shortcut]
    assert len(set(keys)) == len(keys)
    assert all(info.text and info.tooltip and info.group for info in ACTIONS)


def test_an_action_acts_on_its_context_and_needs_no_window(qtbot: QtBot, lab) -> None:
    async def scenario(window) -> None:
        holder = QWidget()
        qtbot.addWidget(holder)
        chosen: list[str] = []
        context = replace(window.context, choose=chosen.append, parent=holder)
        assert not any(field.type == "MainWindow" for field in fields(context))
        actions = Actions(holder, context, DARK)
        actions.add([ActionInfo("go", "Go", "", "", "Go there", lambda c: c.choose("vae"))])
        actions.refresh()
        actions["go"].trigger()
        assert chosen == ["vae"]

    lab.run(scenario)


def test_evaluating_asks_for_every_metric_of_the_run_in_view(lab) -> None:
    async def scenario(window) -> None:
        window.actions_["evaluate"].trigger()
        asked = lab.engine.of(p.Evaluate)[-1]
        assert (asked.run, asked.n) == (window.workspace.run.id, 1000)
        assert window.status.metrics.text() == "evaluating…"
        window.workspace.view.take(p.Evaluated(asked.run, "evaluate", asked.request, 0, 0.25, (), False))
        assert window.status.metrics.text() == "evaluating  25%"
        window.engine.arrived.emit(p.Evaluated(asked.run, "evaluate", asked.request, 0, 1.0, METRICS, True))
        assert window.status.metrics.text() == "Mine 0.5"
        dialog = window.findChild(QWidget, "evaluation")
        assert dialog.windowTitle() == "Evaluation: Diffusion · Moons · a model that is not kept"
        dialog.close()

    lab.run(scenario)


@pytest.mark.parametrize("end", ["refused", "failed", "died"])
def test_an_evaluation_that_will_not_come_is_not_waited_for(lab, end: str) -> None:
    async def scenario(window) -> None:
        window.actions_["evaluate"].trigger()
        asked = lab.engine.of(p.Evaluate)[-1]
        ids = (asked.run, asked.channel, asked.request)
        events: dict[str, p.Event] = {
            "refused": p.Refused(*ids, "this run is no longer open"),
            "failed": p.Failure(asked.run, "A request failed", "RuntimeError: no", "", "", ""),
            "died": p.EngineDied(9, "it was killed"),
        }
        lab.engine.on_event(events[end])
        assert window.status.metrics.text() == ""
        if end == "refused":
            assert cards(window) == ["unmeasured"]

    lab.run(scenario)


@pytest.mark.parametrize("key", ["open", "export", "help"])
def test_dialogs_stand_over_the_parent_of_the_context(lab, key: str) -> None:
    async def scenario(window) -> None:
        window.actions_[key].trigger()
        names = {"open": "recent", "export": "export.dialog", "help": "help"}
        dialog = window.findChild(QWidget, names[key])
        assert dialog.isVisible()
        assert dialog.parentWidget() is window
        dialog.close()

    lab.run(scenario)


def test_the_status_bar_tells_the_budget_of_the_run_whatever_the_form_says(lab) -> None:
    async def scenario(window) -> None:
        space = window.workspace
        window.actions_["train"].trigger()
        space.edit({"training.seconds": 60.0})
        space.view.replace_session(space.session.with_values({"training.stop": "steps", "network.width": 64}))
        seconds = p.Tick(space.run.id, 700, 35.0, 20.0, 35 / 60, 25.0, 1e-3)
        lab.engine.on_event(seconds)
        assert window.status.time.text() == "0:35 of 1:00"
        space.edit({"network.width": 128})
        space.edit({"training.stop": "steps", "training.steps": 1000})
        lab.engine.on_event(replace(seconds, step=1500, progress=0.75, left=25.0))  # it was continued
        assert window.status.time.text() == "0:35 of 2,000 steps"

    lab.run(scenario)

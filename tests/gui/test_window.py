"""The window as a whole: names, help, keys, and what it remembers."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractSlider,
    QAbstractSpinBox,
    QApplication,
    QComboBox,
    QLineEdit,
    QWidget,
)

from genlab.app.common import loop, theme
from genlab.app.window.store import Store
from genlab.engine import protocol as p
from genlab.session.catalogue import PARADIGMS
from genlab.session.session import Session

NAMES = """rail workspace.diffusion train step reset export device status.rate dataset objective.target
objective.schedule network.width training.learning_rate data.noise sampler sampler.steps sampler.guidance
sampler.label sampler.seed timeline panel.loss panel.density panel.samples panel.trajectory""".split()
INPUTS = (QAbstractButton, QAbstractSpinBox, QComboBox, QAbstractSlider, QLineEdit)


def key(widget: QWidget, which: Qt.Key, modifier=Qt.KeyboardModifier.NoModifier) -> None:
    QTest.keyClick(widget, which, modifier)


def test_every_promised_name_exists_once(lab) -> None:
    async def scenario(window) -> None:
        for name in NAMES:
            assert len(window.findChildren(QWidget, name)) == 1, name

    lab.run(scenario)


def test_every_control_has_a_tooltip_and_an_accessible_name(lab) -> None:
    async def scenario(window) -> None:
        for kind in INPUTS:
            for widget in window.findChildren(kind):
                inner = isinstance(widget.parent(), QAbstractSpinBox) or widget.objectName().startswith("qt_")
                if inner or "ScrollBar" in type(widget).__name__:
                    continue
                assert widget.accessibleName(), widget.objectName()
                assert widget.toolTip(), widget.objectName()
                assert widget.objectName(), type(widget)

    lab.run(scenario)


def test_space_trains_and_pauses_and_esc_leaves_a_maximised_panel(lab) -> None:
    async def scenario(window) -> None:
        key(window, Qt.Key.Key_Space)
        assert window.workspace.run.state == "training"
        assert window.top.train_button.text() == "Pause"
        key(window, Qt.Key.Key_Space)
        assert window.workspace.run.state == "paused"
        assert window.top.train_button.text() == "Continue"
        key(window, Qt.Key.Key_3)
        key(window, Qt.Key.Key_M)
        assert window.workspace.grid.maximised == window.workspace.grid.ids()[2]
        assert len(window.workspace.grid.seen()) == 1
        key(window, Qt.Key.Key_Escape)
        assert len(window.workspace.grid.seen()) == 4

    lab.run(scenario)


def test_in_a_workspace_just_entered_keys_act_and_choose_no_preset(lab) -> None:
    async def scenario(window) -> None:
        window.activateWindow()
        for name in ("gan", "flow"):
            key(window, Qt.Key.Key_1)
            window.choose(name)
            assert await loop.until(lambda: QApplication.focusWidget() is window, 5)
            assert await loop.until(lambda: window.workspace.run.state == "ready", 30)
            QTest.keyClick(QApplication.focusWidget(), Qt.Key.Key_Space)
            assert window.workspace.run.training

    lab.run(scenario)


def test_space_on_a_focused_button_presses_that_button_and_not_train(lab) -> None:
    async def scenario(window) -> None:
        window.activateWindow()
        dice = window.findChild(QWidget, "sampler.dice")
        dice.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        dice.setFocus()
        before = window.workspace.session.sampler.seed
        key(dice, Qt.Key.Key_Space)
        assert window.workspace.session.sampler.seed == before + 1
        assert not window.workspace.run.training

    lab.run(scenario)


def test_the_palette_finds_a_command_by_a_part_of_its_name_and_runs_it(lab) -> None:
    async def scenario(window) -> None:
        key(window, Qt.Key.Key_K, Qt.KeyboardModifier.ControlModifier)
        palette = window.palette_
        assert palette.isVisible()
        QTest.keyClicks(palette.line, "hide loss")
        assert palette.list.count() == 1
        key(palette.line, Qt.Key.Key_Return)
        assert not palette.isVisible()
        assert not window.workspace.grid.is_shown("loss")
        window.actions_["show-loss"].trigger()
        assert window.workspace.grid.is_shown("loss")

    lab.run(scenario)


def test_a_second_look_replaces_the_first_everywhere(lab) -> None:
    async def scenario(window) -> None:
        window.apply_theme(theme.LIGHT)
        corner = window.grab().toImage().pixelColor(2, 400)
        assert corner.name() == theme.LIGHT.background
        window.apply_theme(theme.DARK)

    lab.run(scenario)


def test_settings_layout_and_run_come_back_at_the_next_start(lab, tmp_path) -> None:
    store = Store.load(tmp_path / "window.json")

    async def first(window) -> None:
        window.workspace.edit({"network.width": 64, "sampler.steps": 7, "training.batch_size": 99})
        window.workspace.grid.show_panel("loss", False)

    async def second(window) -> None:
        session = window.workspace.session
        values = session.network.width, session.sampler.steps, session.training.batch_size
        assert values == (64, 7, 99)
        assert not window.workspace.grid.is_shown("loss")
        assert (window.width(), window.height()) == (1100, 700)

    lab.run(first, store, size=(1100, 700))
    again = Store.load(tmp_path / "window.json")
    assert again.note == ""
    lab.run(second, again, size=(1100, 700))


@pytest.mark.parametrize(
    "content",
    [
        "",
        "{",
        "[]",
        '{"format": 99}',
        '{"format": 1, "workspaces": {"diffusion": {"session": {"paradigm": 3}}}}',
        "\x00\xff",
    ],
)
def test_a_corrupt_settings_file_never_prevents_the_start(lab, tmp_path, content) -> None:
    path = tmp_path / "window.json"
    path.write_text(content, "utf-8")
    store = Store.load(path)

    async def scenario(window) -> None:
        assert window.workspace.session == Session.default("diffusion", "moons")
        assert [card.key for card in window.workspace.cards.open()] == ["settings"]

    lab.run(scenario, store)
    assert json.loads(path.read_text())["format"] == 1
    if "session" not in content:
        assert path.with_name("window.json.bad").read_text("utf-8") == content


def test_an_error_in_the_window_becomes_a_card_whose_details_can_be_copied(lab, qapp, capsys) -> None:
    import sys

    from genlab.app.main import catch_exceptions

    async def scenario(window) -> None:
        catch_exceptions(window)
        try:
            raise ZeroDivisionError("the reason")
        except ZeroDivisionError:
            sys.excepthook(*sys.exc_info())
        finally:
            sys.excepthook = sys.__excepthook__
        card = window.workspace.cards.open()[0]
        card.buttons["Copy details"].click()
        assert "the reason" in qapp.clipboard().text()
        assert "Traceback" in qapp.clipboard().text()

    lab.run(scenario)
    capsys.readouterr()


def test_a_failure_of_the_engine_is_told_with_what_was_kept_and_what_to_do(lab) -> None:
    async def scenario(window) -> None:
        window.workspace.train_or_pause()
        run = window.workspace.run.id
        lab.engine.on_event(p.StateChanged(run, "failed", 12, 1.0))
        lab.engine.on_event(
            p.Failure(run, "Training stopped", "loss is NaN", "Step 11 is kept.", "Do x.", "tb")
        )
        card = window.workspace.cards.open()[0]
        assert all(text in card.text for text in ("Loss is NaN.", "Step 11 is kept.", "Do x."))
        card.buttons["Continue"].click()
        assert lab.engine.of(p.Train)[-1].run == run
        assert window.workspace.cards.open() == []

    lab.run(scenario)


def test_a_dead_engine_is_started_again_and_one_click_continues_the_run(lab) -> None:
    async def scenario(window) -> None:
        window.workspace.train_or_pause()
        folder = window.workspace.run.folder
        lab.engine.on_event(p.EngineDied(-9, "the engine was killed"))
        assert await loop.until(lambda: lab.engine.starts == 2, 5)
        card = window.workspace.cards.open()[0]
        assert "killed" in card.text
        card.buttons["Continue"].click()
        assert await loop.until(lambda: lab.engine.of(p.Open), 5)
        assert lab.engine.of(p.Open)[-1].folder == folder
        assert lab.engine.of(p.Train)[-1].run == window.workspace.run.id

    lab.run(scenario)


@pytest.mark.parametrize(
    ("saved", "said"), [(7, "up to its last checkpoint"), (9, "Nothing was lost: no run was training.")]
)
def test_of_a_run_that_rests_a_dead_engine_takes_the_steps_that_were_not_saved_and_that_is_said(
    lab, saved: int, said: str
) -> None:
    async def scenario(window) -> None:
        space = window.workspace
        space.train_or_pause()
        run = space.run.id
        lab.engine.on_event(p.Saved(run, 7, True))
        lab.engine.on_event(p.StateChanged(run, "paused", 9, 0.1))
        lab.engine.on_event(p.Saved(run, saved, True))
        lab.engine.on_event(p.EngineDied(-9, "the engine was killed"))
        card = space.cards.card("engine")
        assert said in card.text
        assert "Continue" not in card.buttons

    lab.run(scenario)


def test_after_the_death_of_the_engine_the_run_is_there_and_the_top_bar_continues_it_too(lab) -> None:
    async def scenario(window) -> None:
        space = window.workspace
        space.train_or_pause()
        folder, rate = space.run.folder, space.session.training.learning_rate
        space.edit({"training.learning_rate": 0.02})  # lost: it is in no checkpoint
        lab.engine.on_event(p.EngineDied(-9, "the engine was killed"))
        assert await loop.until(lambda: space.run.state == "paused", 5)
        assert space.session.training.learning_rate == rate
        assert window.top.train_button.text() == "Continue"
        window.top.train_button.click()
        assert space.run.state == "training"
        assert lab.engine.folders[space.run.id] == folder
        assert space.cards.open() == []

    lab.run(scenario)


def test_remembered_settings_at_which_a_plug_in_raises_do_not_prevent_the_start(
    lab, tmp_path, monkeypatch
) -> None:
    store = Store.load(tmp_path / "window.json")

    async def first(window) -> None:
        window.workspace.choose_dataset("digits")

    async def second(window) -> None:
        assert window.workspace.session.dataset == "moons"
        assert "could not be read" in window.workspace.cards.card("settings").text

    lab.run(first, store)
    entry = PARADIGMS["diffusion"]

    def panels(chosen, info):
        if info.id == "digits":
            raise RuntimeError("not of these")
        return entry.panels(chosen, info)

    monkeypatch.setitem(PARADIGMS, "diffusion", replace(entry, panels=panels))
    lab.run(second, Store.load(tmp_path / "window.json"))


def test_no_task_is_left_when_the_window_closes(lab) -> None:
    async def scenario(window) -> None:
        window.workspace.edit({"data.noise": 0.3})

    lab.run(scenario)
    assert loop.running() == 0

"""Players, warnings, closed-form fits, densities that are none, and checkpoints, in the window."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QWidget

from genlab.app.common import loop
from genlab.core.training import Stage
from genlab.engine import protocol as p
from genlab.runs.folder import RunFolder

from .. import fakes
from .paradigm_pieces import cards, keys, ready, store_at

SMALL = {"training.pool": 500, "training.threads": 1}


def guidance(space) -> QWidget:
    return space.bar.items["sampler.guidance"].widget


pytestmark = pytest.mark.usefixtures("two_more_paradigms")


# -- players, fits, warnings -----------------------------------------------------------------


def test_one_player_is_stepped_from_the_menu_and_by_its_key(lab, tmp_path) -> None:
    async def scenario(window) -> None:
        assert [a.text() for a in window.top.players_menu.actions()] == [
            "Step", "Step generator only", "Step critic only",
        ]  # fmt: skip
        assert window.top.players_button.isVisible()
        window.workspace.edit(SMALL)
        window.top.players_menu.actions()[2].trigger()
        assert await loop.until(lambda: window.workspace.run.step == 1, 30)
        assert lab.engine.of(p.StepOnce)[-1].player == "critic"
        QTest.keyClick(window, Qt.Key.Key_1, Qt.KeyboardModifier.AltModifier)
        assert await loop.until(lambda: window.workspace.run.step == 2, 30)
        assert lab.engine.of(p.StepOnce)[-1].player == "generator"
        assert await loop.until(lambda: len(window.workspace.grid.panels["loss"].drawing.history) == 2, 30)
        window.choose("fit")
        assert await ready(window)
        assert not window.top.players_button.isVisible()
        assert not any(key.startswith("step-") for key in keys(window))

    lab.run(scenario, store_at("duel", tmp_path), worker=True)


def test_the_menu_of_players_is_that_of_the_stage_at_hand(lab, tmp_path, monkeypatch) -> None:
    def stages(duel: fakes.Duel) -> tuple[Stage, ...]:
        both = tuple(duel.players())
        return (Stage("both", both), Stage("alone", both[1:]))

    monkeypatch.setattr(fakes.Duel, "stages", stages)
    both = ["Step", "Step generator only", "Step critic only"]

    async def scenario(window) -> None:
        top, run = window.top, window.workspace.run

        def offered(texts: list[str]) -> bool:
            menu = [action.text() for action in top.players_menu.actions()]
            return menu == texts and top.players_button.isVisible() == bool(texts)

        window.workspace.edit(SMALL | {"training.stop": "steps", "training.steps": 4})
        for step in (1, 2):
            top.step_button.click()
            assert offered(both)  # while the run is prepared, too
            assert await loop.until(lambda step=step: run.step == step and run.state == "paused", 30)
            assert offered(both)
        top.step_button.click()
        assert await loop.until(lambda: run.step == 3 and offered([]), 30)
        assert not any(key.startswith("step-") for key in keys(window))
        top.reset_button.click()
        assert await loop.until(lambda: run.step == 0 and offered(both), 30)
        top.train_button.click()
        assert await loop.until(lambda: run.state == "done" and offered([]), 30)
        folder, session = run.folder, run.session
        window.workspace.view.open_run(folder, session)
        assert await loop.until(lambda: run.step == 4 and not run.opening, 30)
        assert offered([])

    lab.run(scenario, store_at("duel", tmp_path), worker=True)


def test_stages_of_one_player_each_have_no_menu(lab, tmp_path) -> None:
    async def scenario(window) -> None:
        space, run = window.workspace, window.workspace.run
        four = {"training.stop": "steps", "training.steps": 4}
        space.edit(SMALL | four | {"objective.prior": "two-stage", "network.width": 8})
        seen = []
        for step in range(1, 5):
            window.top.step_button.click()
            assert await loop.until(lambda step=step: run.step == step and run.state == "paused", 60)
            assert await loop.until(lambda: run.players, 5)
            seen.append(run.players)
            assert not window.top.players_button.isVisible()
        assert seen == [("autoencoder",)] * 3 + [("prior",)]

    lab.run(scenario, store_at("vae", tmp_path), worker=True)


def test_a_fit_that_has_converged_says_so_and_the_train_button_rests(lab, tmp_path) -> None:
    async def scenario(window) -> None:
        space = window.workspace
        space.edit(SMALL)
        space.train_or_pause()
        assert await loop.until(lambda: space.run.converged, 30)
        assert space.run.step == fakes.CONVERGED
        assert "converged" in space.cards.card("note").title
        assert window.top.train_button.text() == "Converged"
        assert not window.top.train_button.isEnabled()
        sent = len(lab.engine.of(p.Train))
        QTest.keyClick(window, Qt.Key.Key_Space)
        assert len(lab.engine.of(p.Train)) == sent
        space.reset()
        assert window.top.train_button.isEnabled()
        assert cards(window) == []

    lab.run(scenario, store_at("fit", tmp_path), worker=True)


def test_a_warning_is_one_card_that_goes_with_its_cause(lab) -> None:
    async def scenario(window) -> None:
        space = window.workspace
        space.train_or_pause()
        run = space.run.id

        def warn(step: int, *warnings: str) -> None:
            lab.engine.on_event(p.Warned(run, step, warnings))

        warn(400, "The generator reaches 3 of 8 modes.")
        first = space.cards.card("warning")
        assert "400" in first.title
        assert first.text == "The generator reaches 3 of 8 modes."
        warn(600, "The generator reaches 2 of 8 modes.", "The critic is blind.")
        assert space.cards.card("warning") is first
        assert "400" in first.title
        assert first.text == "The generator reaches 2 of 8 modes.\nThe critic is blind."
        warn(800)
        assert cards(window) == []
        warn(1000, "The critic is blind.")
        assert cards(window) == ["warning"]

    lab.run(scenario)


def test_a_warning_that_a_person_closed_stays_away_until_the_next_run(lab) -> None:
    async def scenario(window) -> None:
        space = window.workspace
        space.train_or_pause()
        lab.engine.on_event(p.Warned(space.run.id, 400, ("It reaches 3 of 8 modes.",)))
        space.cards.card("warning").buttons["Dismiss"].click()
        for modes in (2, 3):
            lab.engine.on_event(p.Warned(space.run.id, 600, (f"It reaches {modes} of 8 modes.",)))
            assert cards(window) == []
        lab.engine.on_event(p.Warned(space.run.id, 800, ("It reaches 3 of 8 modes.", "It is blind.")))
        assert space.cards.card("warning").text == "It is blind."
        space.reset(train=True)
        assert cards(window) == []
        lab.engine.on_event(p.Warned(space.run.id, 200, ("It reaches 3 of 8 modes.",)))
        assert cards(window) == ["warning"]

    lab.run(scenario)


# -- what the model in view can do -----------------------------------------------------------


def test_a_model_without_a_density_is_asked_for_a_histogram_alone_and_never_refuses(lab, tmp_path) -> None:
    async def scenario(window) -> None:
        panel = window.workspace.grid.panels["density"]
        assert await loop.until(lambda: panel.drawing.shown is not None, 30)
        asked = [c for c in lab.engine.of(p.DrawDensity) if c.run == window.workspace.run.id]
        assert asked
        assert all(request.resolutions == () for request in asked)
        panel.flush()
        assert panel.header.badges == ("from samples only",)
        assert "a duel has no likelihood" in panel.header.help.lower()
        assert cards(window) == []

    lab.run(scenario, store_at("duel", tmp_path), worker=True)


def test_a_lower_bound_is_labelled_as_one_and_says_nothing_of_its_own_samples(lab) -> None:
    async def scenario(window) -> None:
        panel = window.workspace.grid.panels["density"]
        truth = panel.scene.truth
        bound = replace(truth, log_prob=truth.log_prob - 0.1, kind="bound", integral=0.9)
        panel.show_answer(p.Answer("run", "density", 1, 100, bound, True))
        panel.flush()
        assert panel.header.badges == ("lower bound",)
        assert panel.header.info[0] == "KL(p‖q) ≤ 0.100"
        assert panel.header.info[1:] == ("∫q ≥ 0.900", "step 100")

    lab.run(scenario)


def test_controls_wear_the_names_of_the_paradigm_and_say_why_they_rest(lab) -> None:
    async def scenario(window) -> None:
        window.choose("duel")
        bar = window.workspace.bar
        assert [bar.method.itemText(i) for i in range(bar.method.count())] == ["plain", "twice"]
        assert bar.findChild(QWidget, "sampler.truncation.caption").text() == "Truncation"
        assert "Below 1, samples nearer to the middle." in bar.items["sampler.truncation"].widget.toolTip()
        assert "1 does nothing" in bar.items["sampler.truncation"].widget.toolTip()
        assert bar.items["sampler.truncation"].widget.number.maximum() == 2
        assert not bar.items["sampler.steps"].widget.isEnabled()
        assert "A duel samples in one pass." in bar.items["sampler.steps"].widget.toolTip()
        assert await ready(window)
        timeline = bar.timeline
        await loop.until(lambda: timeline.readout.text().startswith("one pass"), 5)
        assert timeline.readout.text() == "one pass"
        assert not timeline.slider.isEnabled()
        assert "one pass" in timeline.slider.toolTip()
        window.actions_["play"].trigger()
        assert not timeline.playing
        window.choose("fit")
        assert not window.workspace.bar.method.isVisible()
        assert not guidance(window.workspace).isEnabled()
        assert "nothing to guide" in guidance(window.workspace).toolTip()

    lab.run(scenario)


def test_an_edit_that_waits_for_a_reset_does_not_change_what_the_model_can_do(lab) -> None:
    async def scenario(window) -> None:
        space = window.workspace
        space.train_or_pause()
        space.edit({"objective.condition_dropout": 0.0})
        assert space.view.pending == ("objective.condition_dropout",)
        assert guidance(space).isEnabled()
        space.edit({"sampler.steps": 9})
        assert lab.engine.of(p.Sample)[-1].sampler["steps"] == 9
        space.reset()
        assert not guidance(space).isEnabled()

    lab.run(scenario)


# -- checkpoints -----------------------------------------------------------------------------


def test_a_run_is_rewound_to_a_checkpoint_looked_at_and_brought_back(lab, tmp_path) -> None:
    from genlab.app.dialogs.rewind import RewindDialog

    async def scenario(window) -> None:
        space = window.workspace
        space.edit({**SMALL, "training.stop": "steps", "training.steps": 40})
        for steps in (40, 80):
            space.train_or_pause()
            reached = lambda steps=steps: space.run.state == "done" and space.run.step == steps  # noqa: E731
            assert await loop.until(reached, 30)
        folder = space.run.folder
        assert await loop.until(lambda: RunFolder.open(folder).checkpoints() == [40, 80], 10)
        window.actions_["rewind"].trigger()
        dialog = window.findChild(RewindDialog)
        texts = [dialog.list.item(i).text() for i in range(dialog.list.count())]
        assert [text.split("    ")[0] for text in texts] == ["step 80", "step 40"]
        assert dialog.note.text() == "This is where the run stands."
        dialog.list.setCurrentRow(1)
        assert "replaces what the run recorded after step 40" in dialog.note.text()
        assert "up to step 80" in dialog.note.text()
        dialog.open_button.click()
        assert await loop.until(lambda: space.run.step == 40 and space.feed.held == 40, 30)
        assert RunFolder.open(folder).checkpoints() == [40, 80]
        card = space.cards.card("rewound")
        assert "step 40" in card.title
        card.buttons["Back to step 80"].click()
        assert await loop.until(lambda: space.run.step == 80, 30)
        assert cards(window) == []

    lab.run(scenario, store_at("duel", tmp_path), worker=True)


def test_a_run_of_another_paradigm_opens_in_its_own_workspace(lab, tmp_path) -> None:
    from genlab import api
    from genlab.app.dialogs.recent import open_run

    run = api.train("fit", "mixture-1d", out=tmp_path / "run", settings=SMALL)

    async def scenario(window) -> None:
        open_run(window.context, str(run.folder), False)
        assert window.workspace.paradigm.id == "fit"
        assert lab.engine.of(p.Open)[-1].folder == str(run.folder)

    lab.run(scenario)


# -- losses ----------------------------------------------------------------------------------


def test_losses_of_players_are_drawn_with_what_equilibrium_would_read(lab, tmp_path) -> None:
    async def scenario(window) -> None:
        space = window.workspace
        space.edit({**SMALL, "training.stop": "steps", "training.steps": 300})
        space.train_or_pause()
        assert await loop.until(lambda: space.run.state == "done", 60)
        losses, modes = space.grid.panels["loss"], space.grid.panels["modes"]
        assert await loop.until(lambda: losses.drawing.reference, 30)
        for panel in (losses, modes):
            panel.flush()
        assert losses.drawing.shown_columns() == ("critic total", "generator total")
        assert [part.split()[0] for part in losses.header.info] == ["generator", "critic", "equilibrium"]
        assert {name: line.value() for name, line in losses.drawing.marks.items()} == {
            "generator total": 1.0, "critic total": pytest.approx(np.log(2)),
        }  # fmt: skip
        assert modes.drawing.shown_columns() == ("modes", "high quality")
        assert modes.header.info == ("modes 2", "high quality 0.5")
        assert modes.drawing.marks == {}

    lab.run(scenario, store_at("duel", tmp_path), worker=True)

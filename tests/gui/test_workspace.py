"""The workspace: what an edit does to a run, and what the sliders ask for."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QWheelEvent
from PySide6.QtWidgets import QApplication, QWidget

from genlab.app.common import loop
from genlab.app.common.widgets import Choice, Number, SliderNumber
from genlab.data.catalogue import DATASETS
from genlab.engine import protocol as p
from genlab.session.session import Session
from genlab.settings.fields import describe


def other(description, value):
    """A value of a setting that is not its present one."""
    if description.kind == "choice":
        return next(choice for choice in description.choices if choice != value)
    if description.kind == "bool":
        return not value
    low = description.minimum if description.minimum is not None else 0
    high = description.maximum if description.maximum is not None else low + 10
    for candidate in (value + 1, value / 2, (low + high) / 2):
        fitting = round(candidate) if description.kind == "int" else candidate
        if low < fitting < high and fitting != value:
            return fitting
    raise AssertionError(description)


def enter(widget: QWidget, value) -> None:
    match widget:
        case Choice():
            widget.setCurrentIndex(widget.findData(value))
        case Number() | SliderNumber():
            widget.setValue(value)
        case _:
            widget.setChecked(value)


def test_every_setting_goes_from_the_form_into_the_session_and_back(lab) -> None:
    async def scenario(window) -> None:
        space = window.workspace
        for name in ("data", "objective", "network", "training"):
            for description in describe(getattr(space.session, name)):
                dotted = f"{name}.{description.key}"
                value = other(description, space.session.value(dotted))
                widget = space.form.sections[name].controls[description.key].widget
                enter(widget, value)
                taken = space.session.value(dotted)
                assert taken == (pytest.approx(value) if isinstance(value, float) else value), dotted
        shown = space.session
        space.replace_session(Session.default("diffusion", "moons"))
        assert space.form.sections["network"].controls["width"].widget.value() == 128
        space.replace_session(shown)
        assert space.form.sections["network"].controls["width"].widget.value() == shown.value("network.width")

    lab.run(scenario)


def test_every_data_set_shows_its_settings_and_its_data_at_once(lab) -> None:
    async def scenario(window) -> None:
        space = window.workspace
        for dataset, record in DATASETS.items():
            if space.paradigm.refuses(record.info()):
                continue
            space.choose_dataset(dataset)
            assert space.session.dataset == dataset
            assert space.view.scene.reference is not None
            assert set(space.form.sections["data"].controls) == set(DATASETS[dataset].settings.model_fields)
            assert (space.view.scene.truth is None) == (dataset == "digits")

    lab.run(scenario)


def test_a_setting_that_cannot_change_is_pending_until_a_reset_and_a_live_one_is_sent(lab) -> None:
    async def scenario(window) -> None:
        space = window.workspace
        space.train_or_pause()
        first = space.run.folder
        space.edit({"training.learning_rate": 0.01})
        assert lab.engine.of(p.Edit)[-1].values == {"training.learning_rate": 0.01}
        assert window.top.train_button.text() == "Pause"
        space.edit({"network.width": 64})
        assert space.view.pending == ("network.width",)
        assert window.top.train_button.text() == "Reset and train"
        space.edit({"network.width": 128})
        assert window.top.train_button.text() == "Pause"
        space.edit({"network.width": 64})
        window.top.train_button.click()
        assert space.run.folder != first
        assert space.view.pending == ()
        made = lab.engine.of(p.Prepare)[-1]
        assert made.session["network"]["width"] == 64
        assert made.session["seed"] == 0

    lab.run(scenario)


def test_other_data_wait_for_a_reset_while_a_run_trains_and_come_at_once_otherwise(lab) -> None:
    async def scenario(window) -> None:
        space = window.workspace
        space.train_or_pause()
        space.choose_dataset("digits")
        assert space.view.pending == ("dataset",)
        assert space.viewed.dataset == "moons"
        window.top.train_button.click()
        assert space.viewed.dataset == "digits"
        assert "density" not in space.grid.ids()
        space.train_or_pause()
        space.choose_dataset("8gaussians")
        assert space.viewed.dataset == "8gaussians"
        assert "density" in space.grid.ids()
        assert not space.run.kept

    lab.run(scenario)


def test_a_moved_slider_asks_once_at_a_time_with_the_same_seed_and_ends_at_its_last_value(lab) -> None:
    async def scenario(window) -> None:
        space, engine = window.workspace, lab.engine
        await loop.until(lambda: not space.feed.busy, 2)
        engine.mute.add(p.Sample)
        before = len(engine.of(p.Sample))
        for steps in (5, 6, 7, 8, 9):
            space.bar.items["sampler.steps"].widget.setValue(steps)
        asked = engine.of(p.Sample)[before:]
        assert len(asked) == 1
        engine.mute.clear()
        engine.frames(asked[0])
        asked = engine.of(p.Sample)[before:]
        assert [request.sampler["steps"] for request in asked] == [5, 9]
        assert {request.sampler["seed"] for request in asked} == {0}
        assert len(space.feed.frames) == 10
        assert asked[0].trajectory
        assert asked[0].n == 2000

    lab.run(scenario)


def test_what_a_panel_has_it_keeps_behind_a_maximised_one(lab) -> None:
    async def scenario(window) -> None:
        space = window.workspace
        count = len(lab.engine.of(p.Sample))
        space.grid.maximise("samples")
        space.grid.maximise(None)
        assert len(lab.engine.of(p.Sample)) == count
        space.grid.maximise("loss")
        space.edit({"sampler.steps": 7})
        assert await loop.until(lambda: not space.view.panels._rest.isActive(), 5)
        assert len(lab.engine.of(p.Sample)) == count
        space.grid.maximise(None)
        assert await loop.until(lambda: len(lab.engine.of(p.Sample)) == count + 1, 5)
        assert lab.engine.of(p.Sample)[-1].sampler["steps"] == 7

    lab.run(scenario)


def test_a_stale_answer_changes_nothing(lab) -> None:
    async def scenario(window) -> None:
        space, engine = window.workspace, lab.engine
        old = engine.of(p.Sample)[-1]
        frames = space.feed.frames
        engine.frames(old)
        assert space.feed.frames is frames

    lab.run(scenario)


def test_only_seen_panels_are_watched_while_a_run_trains(lab) -> None:
    async def scenario(window) -> None:
        space, engine = window.workspace, lab.engine
        space.train_or_pause()
        assert {w.channel for w in engine.of(p.Watch) if w.what is not None} == {
            "samples",
            "panel density",
        }
        space.grid.show_panel("density", False)
        assert any(w.channel == "panel density" and w.what is None for w in engine.of(p.Watch))
        space.grid.maximise("loss")
        assert any(w.channel == "samples" and w.what is None for w in engine.of(p.Watch))

    lab.run(scenario)


def test_disabled_guidance_says_why(lab) -> None:
    async def scenario(window) -> None:
        space = window.workspace
        assert "plain conditional" in space.bar.items["sampler.guidance"].widget.toolTip()
        space.edit({"objective.condition_dropout": 0.0})
        assert not space.bar.items["sampler.guidance"].widget.isEnabled()
        assert "Drop label" in space.bar.items["sampler.guidance"].widget.toolTip()

    lab.run(scenario)


def test_an_impossible_value_is_refused_in_a_card_and_the_form_stays(lab) -> None:
    async def scenario(window) -> None:
        space = window.workspace
        space.edit({"network.width": -1})
        assert space.session.network.width == 128
        assert "Width cannot be -1" in space.cards.open()[0].text

    lab.run(scenario)


def test_the_wheel_over_a_control_without_focus_changes_nothing(lab) -> None:
    async def scenario(window) -> None:
        space = window.workspace
        window.setFocus()
        for widget in (space.form.sections["network"].controls["depth"].widget, space.form.dataset):
            centre = QPointF(widget.rect().center())
            event = QWheelEvent(
                centre, widget.mapToGlobal(centre), QPoint(0, 0), QPoint(0, 120), Qt.MouseButton.NoButton,
                Qt.KeyboardModifier.NoModifier, Qt.ScrollPhase.NoScrollPhase, False,
            )  # fmt: skip
            QApplication.sendEvent(widget, event)
        assert space.session == Session.default("diffusion", "moons")

    lab.run(scenario)


def test_the_timeline_plays_and_scrubs_the_frames(lab) -> None:
    async def scenario(window) -> None:
        space = window.workspace
        slider = space.bar.timeline.slider
        assert await loop.until(lambda: slider.maximum() == 20, 2)
        slider.setValue(5)
        assert space.feed.frame.index == 5
        await loop.until(lambda: "step 5 of 20" in space.bar.timeline.readout.text(), 2)
        assert "step 5 of 20" in space.bar.timeline.readout.text()
        space.bar.items["sampler.steps"].widget.setValue(40)
        await loop.until(lambda: slider.maximum() == 40, 2)
        assert slider.value() == 10
        space.bar.timeline.play.click()
        assert await loop.until(lambda: slider.value() > 12, 3)
        space.bar.timeline.play.click()

    lab.run(scenario)


def test_reset_keeps_the_old_run_and_prepares_the_same_weights(lab) -> None:
    async def scenario(window) -> None:
        space, engine = window.workspace, lab.engine
        space.train_or_pause()
        old = space.run.id
        space.reset()
        assert any(command.run == old for command in engine.of(p.Close))
        assert engine.of(p.Prepare)[-1].folder is None
        assert engine.of(p.Prepare)[-1].session == engine.of(p.Prepare)[0].session

    lab.run(scenario)


def test_a_file_of_ones_own_becomes_the_data_and_a_bad_one_a_card(lab, tmp_path) -> None:
    from genlab.app.dialogs import own_data

    good, bad = tmp_path / "mine.npy", tmp_path / "bad.npy"
    np.save(good, np.random.default_rng(0).normal(size=(500, 2)).astype(np.float32))
    bad.write_bytes(b"nonsense")

    async def scenario(window) -> None:
        space = window.workspace
        await own_data.open_data(window.context, str(bad))
        assert [card.key for card in space.cards.open()] == ["data"]
        assert space.session.dataset == "moons"
        await own_data.open_data(window.context, str(good))
        assert space.cards.open() == []
        assert space.session.dataset == "file"
        assert space.form.dataset.currentText() == "mine"
        assert lab.engine.of(p.Prepare)[-1].source == str(good)
        assert len(space.view.scene.reference.x) > 100

    lab.run(scenario)


def test_a_file_that_no_model_here_learns_is_a_card_and_nothing_changes(lab, tmp_path) -> None:
    from genlab.app.dialogs import own_data

    lines = tmp_path / "names.txt"
    lines.write_text("anna\nbert\n" * 200)

    async def scenario(window) -> None:
        space = window.workspace
        await own_data.open_data(window.context, str(lines))
        assert "learns points and images" in space.cards.card("data").text
        assert space.session.dataset == "moons"
        assert space.view.own is None
        space.reset()
        assert lab.engine.of(p.Prepare)[-1].source is None

    lab.run(scenario)


def test_settings_of_each_data_set_stay_through_presets_and_opened_runs(lab, tmp_path) -> None:
    from genlab.app.dialogs import own_data

    mine = tmp_path / "mine.npy"
    np.save(mine, np.random.default_rng(0).normal(size=(500, 2)).astype(np.float32))

    async def scenario(window) -> None:
        space = window.workspace
        space.edit({"network.width": 64, "sampler.steps": 7})
        await own_data.open_data(window.context, str(mine))
        own = space.session
        elsewhere = next(each for each in space.paradigm.presets if each.dataset != "moons")
        space.choose_preset(elsewhere)
        space.choose_dataset("file")
        assert space.session == own
        space.view.open_run(str(tmp_path), Session.default("diffusion", "8gaussians"))
        space.choose_dataset("file")
        assert space.session == own
        assert space.view.scene.reference is not None
        space.choose_dataset("moons")
        assert (space.session.network.width, space.session.sampler.steps) == (64, 7)

    lab.run(scenario)


def test_the_data_of_an_opened_run_stay_in_view_when_they_are_chosen_again(lab, tmp_path) -> None:
    from genlab.data import read
    from genlab.runs.folder import RunFolder

    path = tmp_path / "mine.npy"
    np.save(path, np.random.default_rng(0).normal(size=(500, 2)).astype(np.float32))
    settings, dataset = read(path)
    session = Session.default("diffusion", "file", data=settings)
    folder = RunFolder.create(tmp_path / "run", {"paradigm": "diffusion", "session": session.model_dump()})
    folder.save_data(dataset.x, dataset.labels)

    async def scenario(window) -> None:
        space = window.workspace
        for _ in range(2):  # the second time its data are in view already
            space.view.open_run(str(folder.path), session)
            assert await loop.until(lambda: space.view.scene.reference is not None, 10)
        space.choose_dataset("moons")
        space.choose_dataset("file")
        assert len(space.view.scene.reference.x) == 500

    lab.run(scenario)


def test_an_edit_for_other_data_leaves_the_run_alone_until_its_own_are_back(lab) -> None:
    async def scenario(window) -> None:
        space = window.workspace
        space.train_or_pause()
        space.choose_dataset("8gaussians")
        space.edit({"training.learning_rate": 0.01})
        assert lab.engine.of(p.Edit) == []
        space.choose_dataset("moons")
        assert space.session.training.learning_rate == space.run.session.training.learning_rate
        noise = space.session.data.noise
        space.edit({"data.noise": 0.3})
        space.edit({"training.learning_rate": 0.02})
        assert lab.engine.of(p.Edit) == []
        space.edit({"data.noise": noise})
        assert [edit.values for edit in lab.engine.of(p.Edit)] == [{"training.learning_rate": 0.02}]

    lab.run(scenario)


def test_settings_taken_together_change_a_run_only_where_none_of_them_waits(lab) -> None:
    async def scenario(window) -> None:
        space = window.workspace
        space.train_or_pause()
        start = space.session
        space.replace_session(start.with_values({"training.learning_rate": 0.5, "network.width": 64}))
        assert lab.engine.of(p.Edit) == []
        space.edit({"training.batch_size": 99})
        assert lab.engine.of(p.Edit)[-1].values == {"training.batch_size": 99}
        space.replace_session(start.with_values({"training.learning_rate": 0.25}))
        assert space.view.pending == ()
        assert space.run.session.training == space.session.training

    lab.run(scenario)


def test_a_loss_panel_that_is_opened_later_shows_all_of_the_run(lab) -> None:
    async def scenario(window) -> None:
        window.choose("gan")
        space = window.workspace
        space.train_or_pause()
        rows = np.column_stack([np.arange(1, 9), np.arange(1, 9) / 10, np.full((8, 2), 3.0)])
        names = ("step", "seconds", "modes", "discriminator total")
        lab.engine.on_event(p.LossReference(space.run.id, "equilibrium", {"modes": 8.0}))
        lab.engine.on_event(p.Metrics(space.run.id, names, rows))
        space.grid.show_panel("coverage", True)
        late = space.grid.panels["coverage"].drawing
        assert late.history.step.tolist() == list(range(1, 9))
        assert "modes" in late.shown_columns()
        assert late.reference == {"modes": 8.0}
        lab.engine.on_event(p.Metrics(space.run.id, names, rows[-1:] + np.array([1, 0.1, 0, 0])))
        assert (len(late.history), len(space.view.history)) == (9, 9)

    lab.run(scenario)

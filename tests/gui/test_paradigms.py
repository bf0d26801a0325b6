"""The window with several paradigms: switching, players, warnings, closed-form fits, checkpoints."""

from __future__ import annotations

from dataclasses import replace

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractButton, QAbstractSlider, QAbstractSpinBox, QComboBox, QWidget

from genlab.app.common import loop
from genlab.app.views.bar_item import object_name
from genlab.app.window.rail import in_order
from genlab.app.window.store import Store
from genlab.engine import protocol as p
from genlab.session.catalogue import PARADIGMS

from .. import fakes
from .paradigm_pieces import keys, ready, store_at

SMALL = {"training.pool": 500, "training.threads": 1}


pytestmark = pytest.mark.usefixtures("two_more_paradigms")


# -- switching -------------------------------------------------------------------------------


def test_a_workspace_is_made_when_first_chosen_and_kept_as_it_was_left(lab) -> None:
    async def scenario(window) -> None:
        assert list(window.workspaces) == ["diffusion"]
        first = window.workspace
        first.edit({"sampler.steps": 7})
        first.grid.show_panel("loss", False)
        window.rail.buttons["duel"].click()
        assert window.workspace.paradigm.id == "duel"
        assert window.workspace.session.dataset == "8gaussians"
        assert window.workspace.grid.is_shown("loss")
        place = [entry.id for entry in in_order()].index("diffusion") + 1
        QTest.keyClick(window, getattr(Qt.Key, f"Key_{place}"), Qt.KeyboardModifier.ControlModifier)
        assert window.workspace is first
        assert first.session.sampler.steps == 7
        assert not first.grid.is_shown("loss")
        assert window.rail.buttons["diffusion"].isChecked()

    lab.run(scenario)


def test_every_workspace_comes_back_at_the_next_start_with_its_settings_and_panels(lab, tmp_path) -> None:
    store = Store.load(tmp_path / "window.json")

    async def first(window) -> None:
        window.workspace.edit({"network.width": 64})
        window.choose("duel")
        window.workspace.edit({"network.width": 16})
        window.workspace.grid.show_panel("modes", False)

    async def second(window) -> None:
        assert window.workspace.paradigm.id == "duel"
        assert window.workspace.session.network.width == 16
        assert not window.workspace.grid.is_shown("modes")
        window.choose("diffusion")
        assert window.workspace.session.network.width == 64

    async def third(window) -> None:
        window.choose("duel")
        assert window.workspace.session.network.width == 16

    lab.run(first, store)
    lab.run(second, Store.load(tmp_path / "window.json"))
    lab.run(third, Store.load(tmp_path / "window.json"))


def test_the_run_of_each_workspace_is_taken_up_again_when_it_is_first_seen(lab, tmp_path) -> None:
    from genlab import api

    run = api.train("fit", "mixture-1d", out=tmp_path / "run", settings=SMALL)
    record = {"run": str(run.folder), "session": run.session.model_dump()}
    store = Store(tmp_path / "window.json", {"paradigm": "duel", "workspaces": {"fit": record}})

    async def scenario(window) -> None:
        assert lab.engine.of(p.Open) == []
        window.choose("fit")
        assert lab.engine.of(p.Open)[-1].folder == str(run.folder)
        assert await loop.until(lambda: window.workspace.run.converged, 30), window.workspace.run.state
        assert await loop.until(lambda: window.workspace.feed.held == fakes.CONVERGED, 30)
        assert window.top.train_button.text() == "Converged"

    lab.run(scenario, store, worker=True)


def test_training_in_a_second_workspace_pauses_the_first_and_says_so(lab, tmp_path) -> None:
    async def scenario(window) -> None:
        duel = window.workspace
        duel.edit(SMALL)
        duel.train_or_pause()
        assert await loop.until(lambda: duel.run.state == "training", 30)
        assert window.rail.buttons["duel"].dot
        window.choose("fit")
        assert await ready(window)
        window.workspace.train_or_pause()
        assert await loop.until(lambda: duel.run.state == "paused", 30)
        card = window.workspace.cards.card("paused-other")
        assert "Duel" in card.title
        assert not window.rail.buttons["duel"].dot
        card.buttons["Go to Duel"].click()
        assert window.workspace is duel
        assert duel.run.step > 0
        assert duel.cards.card("note") is not None

    lab.run(scenario, store_at("duel", tmp_path), worker=True)


def test_a_workspace_out_of_view_watches_nothing_and_catches_up_when_seen(lab, tmp_path) -> None:
    async def scenario(window) -> None:
        duel = window.workspace
        duel.edit({**SMALL, "training.stop": "steps", "training.steps": 400})
        assert await loop.until(lambda: duel.feed.frames, 30)
        duel.train_or_pause()
        assert await loop.until(lambda: duel.run.state == "training", 30)
        window.choose("fit")
        watched = {w.channel: w.what is not None for w in lab.engine.of(p.Watch) if w.run == duel.run.id}
        assert watched
        assert not any(watched.values())
        assert await loop.until(lambda: duel.run.state == "done", 60)
        window.choose("duel")
        assert await loop.until(lambda: duel.feed.held == 400, 30)

    lab.run(scenario, store_at("duel", tmp_path), worker=True)


def test_the_same_data_are_taken_to_another_workspace(lab) -> None:
    async def scenario(window) -> None:
        window.workspace.choose_dataset("mixture-1d")
        window.workspace.edit({"data.modes": 3})
        window.actions_["same-data-duel"].trigger()
        space = window.workspace
        assert space.paradigm.id == "duel"
        assert (space.session.dataset, space.session.value("data.modes")) == ("mixture-1d", 3)
        assert lab.engine.of(p.Prepare)[-1].session["data"]["modes"] == 3
        assert "same-data-duel" not in keys(window)
        assert "same-data-diffusion" in keys(window)

    lab.run(scenario)


def test_the_bars_and_commands_act_on_the_workspace_in_view(lab) -> None:
    async def scenario(window) -> None:
        window.choose("duel")
        window.actions_["train"].trigger()
        assert window.workspace.run.training
        assert not window.workspaces["diffusion"].run.training
        assert {"show-modes", "show-landscape"} <= keys(window)
        window.choose("diffusion")
        assert "show-modes" not in keys(window)
        assert "show-field" in keys(window)
        window.workspace.view.evaluation = "W2 0.3"
        window.show_state()
        window.choose("duel")
        assert window.status.metrics.text() == ""

    lab.run(scenario)


def test_every_control_of_every_workspace_has_a_name_and_a_tooltip(lab) -> None:
    async def scenario(window) -> None:
        for id in PARADIGMS:
            window.choose(id)
            space = window.workspace
            controls = [object_name(control.key) for control in space.viewed.capabilities.controls]
            assert {"sampler.steps", "sampler.label"} < set(controls), id
            for name in ("dataset", "sampler.seed", *controls):
                assert len(space.findChildren(QWidget, name)) == 1, (id, name)
            for kind in (QAbstractButton, QAbstractSpinBox, QComboBox, QAbstractSlider):
                for widget in space.findChildren(kind):
                    if "ScrollBar" in type(widget).__name__ or widget.objectName().startswith("qt_"):
                        continue
                    assert widget.accessibleName(), (id, widget.objectName())
                    assert widget.toolTip(), (id, widget.objectName())

    lab.run(scenario)


def test_the_rail_keeps_a_group_together_and_its_keys_follow_it(lab, monkeypatch) -> None:
    monkeypatch.setitem(
        PARADIGMS, "late", replace(fakes.FIT, id="late", title="Late", group="Score and time")
    )

    async def scenario(window) -> None:
        order = [entry.id for entry in in_order()]
        mates = [id for id in order if PARADIGMS[id].group == "Score and time"]
        assert (mates[0], mates[-1]) == ("diffusion", "late")
        groups = [entry.group for entry in in_order()]
        assert len(set(groups)) == sum(a != b for a, b in zip(groups, ["", *groups], strict=False))
        heights = [window.rail.buttons[id].y() for id in order]
        assert heights == sorted(heights)

    lab.run(scenario)


def test_more_panels_than_a_row_has_room_for_go_up_and_come_down_again(lab) -> None:
    async def scenario(window) -> None:
        window.choose("duel")
        grid = window.workspace.grid
        for id in ("state", "landscape"):
            grid.show_panel(id, True)
        window.resize(1280, 800)
        assert await loop.until(lambda: len(grid._rows_now[1]) == 3, 5)
        assert grid._rows_now[0][0] == "density"
        grid.show_panel("curve", True)
        right = [p.mapTo(grid, p.rect().topRight()).x() for p in grid.seen()]
        assert max(right) < grid.width()
        grid.show_panel("curve", False)
        window.resize(2400, 1000)
        assert await loop.until(lambda: len(grid._rows_now[1]) == 5, 5)

    lab.run(scenario)

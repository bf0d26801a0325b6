"""What the window writes and opens: exports with their recipe, and runs of before."""

from __future__ import annotations

import json
from dataclasses import replace
from xml.etree import ElementTree

import numpy as np
import pytest
from PIL import Image

from genlab.app.common import loop
from genlab.app.dialogs import export
from genlab.app.dialogs.recent import RecentDialog, open_run
from genlab.data.payloads import Trajectory
from genlab.engine import protocol as p
from genlab.runs.folder import RunFolder
from genlab.runs.recipe import read_recipe
from genlab.session.session import Session


def test_samples_are_saved_as_numbers_and_as_a_picture_with_its_recipe(lab, tmp_path) -> None:
    async def scenario(window) -> None:
        options = export.GridOptions(rows=2, columns=5, scale=4, padding=1)
        for kind in (export.NPZ, export.CSV, export.PICTURE):
            path = tmp_path / f"moons.{kind}"
            await export.write_samples(window.context, kind, path, options)
            assert window.workspace.cards.open()[0].title == f"Saved moons.{kind}"
        x = window.workspace.feed.frame.x
        assert np.array_equal(np.load(tmp_path / "moons.npz")["samples"], x)
        assert len((tmp_path / "moons.csv").read_text().splitlines()) == len(x) + 1
        recipe = read_recipe(tmp_path / "moons.grid")
        assert recipe["session"]["dataset"] == "moons"
        assert recipe["sampler"]["steps"] == 20
        window.workspace.choose_dataset("digits")
        assert await loop.until(lambda: len(window.workspace.feed.frames) == 26, 3)
        await export.write_samples(window.context, export.PICTURE, tmp_path / "digits.png", options)
        with Image.open(tmp_path / "digits.png") as picture:
            assert picture.size == (5 * (8 * 4 + 1) + 1, 2 * (8 * 4 + 1) + 1)

    lab.run(scenario)


@pytest.mark.parametrize("kind", ["png", "svg"])
def test_a_panel_is_saved_as_it_looks(lab, tmp_path, kind) -> None:
    async def scenario(window) -> None:
        panel = window.workspace.grid.panels["samples"]
        panel.render(kind, tmp_path / f"panel.{kind}", export.recipe(window.context))

    lab.run(scenario)
    content = (tmp_path / f"panel.{kind}").read_bytes()
    assert content.startswith(b"\x89PNG") if kind == "png" else b"<svg" in content
    if kind == "png":
        recipe = read_recipe(tmp_path / "panel.png")
    else:
        recipe = json.loads(
            ElementTree.fromstring(content).findtext("{http://www.w3.org/2000/svg}desc") or ""
        )
    assert recipe["session"]["dataset"] == "moons"


def test_a_recipe_says_how_many_samples_are_in_view(lab) -> None:
    async def scenario(window) -> None:
        feed = window.workspace.feed
        asked = feed.frames
        few = [replace(frame, x=frame.x[:16]) for frame in asked]
        feed.take_watched(p.Answer(window.workspace.run.id, "samples", 1, 5, Trajectory(tuple(few)), True))
        assert export.recipe(window.context)["n"] == 16 != len(asked[0].x)

    lab.run(scenario)


def test_a_place_that_cannot_be_written_is_told_in_a_card(lab, tmp_path) -> None:
    async def scenario(window) -> None:
        await export.write_samples(
            window.context, export.NPZ, tmp_path / "no" / "x.npz", export.GridOptions()
        )
        card = window.workspace.cards.open()[0]
        assert card.tone == "bad"
        assert "cannot be written" in card.text

    lab.run(scenario)


def test_a_run_of_before_is_listed_opened_and_trained_on(lab, tmp_path) -> None:
    async def scenario(window) -> None:
        session = Session.default("diffusion", "8gaussians", seed=4)
        folder = RunFolder.create(
            window_runs() / "old",
            {
                "paradigm": "diffusion",
                "session": session.model_dump(),
                "dataset": {"id": "8gaussians"},
                "created": "2026-01-02T03:04:05",
                "steps": 100,
                "seconds": 2.0,
            },
        )
        dialog = RecentDialog(window.context)
        assert "100 steps" in dialog.list.item(0).text()
        dialog.train_button.click()
        assert window.workspace.session == session
        assert lab.engine.of(p.Open)[-1].folder == str(folder.path)
        assert window.workspace.run.state == "training"
        open_run(window.context, str(tmp_path), False)
        assert window.workspace.cards.open()[0].key == "open"

    lab.run(scenario)


def window_runs():
    from genlab.runs.places import runs_dir

    return runs_dir()

"""What older versions wrote is read as if it had been written today."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from genlab.runs import migrations
from genlab.runs.export import save_png
from genlab.runs.folder import RunError, RunFolder
from genlab.runs.migrations import migrate_manifest, migrate_recipe, migrate_state
from genlab.runs.recipe import read_recipe


def session(paradigm: str, **sampler: Any) -> dict[str, Any]:
    return {
        "paradigm": paradigm,
        "dataset": "moons",
        "seed": 3,
        "data": {"noise": 0.05},
        "objective": {},
        "network": {"width": 16},
        "training": {"steps": 60},
        "sampler": {"label": "upper", "seed": 5, **sampler},
    }


def manifest(paradigm: str, **sampler: Any) -> dict[str, Any]:
    return {
        "format": 1,
        "paradigm": paradigm,
        "session": session(paradigm, **sampler),
        "steps": 60,
        "journal": [[5, "training.ema", 0.9], [7, "sampler.label", "lower"], [8, "sampler.guidance", 0.5]],
    }


def test_a_label_moves_from_the_sampler_to_a_section_of_its_own() -> None:
    found = migrate_manifest(manifest("diffusion", guidance=2.0, steps=20), to=2)
    assert found["format"] == 2
    assert found["session"]["condition"] == {"label": "upper", "given": ""}
    assert found["session"]["sampler"] == {"seed": 5, "guidance": 2.0, "steps": 20}
    assert found["journal"] == [
        [5, "training.ema", 0.9],
        [7, "condition.label", "lower"],
        [8, "sampler.guidance", 0.5],
    ]


@pytest.mark.parametrize(("paradigm", "name"), [("gan", "truncation"), ("flow", "temperature")])
def test_what_was_called_guidance_and_was_none_gets_its_name(paradigm: str, name: str) -> None:
    found = migrate_manifest(manifest(paradigm, guidance=0.7, method="plain"), to=2)
    assert found["session"]["sampler"] == {"seed": 5, name: 0.7, "method": "plain"}
    assert found["journal"][2] == [8, f"sampler.{name}", 0.5]


@pytest.mark.parametrize("paradigm", ["diffusion", "score", "flow-matching", "vae", "baselines"])
def test_guidance_of_other_paradigms_keeps_its_name(paradigm: str) -> None:
    found = migrate_manifest(manifest(paradigm, guidance=0.7), to=2)
    assert found["session"]["sampler"] == {"seed": 5, "guidance": 0.7}


def test_nothing_else_changes_and_what_was_given_stays_as_it_was() -> None:
    before = manifest("gan", guidance=0.7)
    given = copy.deepcopy(before)
    after = migrate_manifest(given, to=2)
    assert given == before
    same = ("paradigm", "steps")
    assert {key: after[key] for key in same} == {key: before[key] for key in same}
    assert after.keys() == before.keys()
    sections = ("paradigm", "dataset", "seed", "data", "objective", "network", "training")
    assert {s: after["session"][s] for s in sections} == {s: before["session"][s] for s in sections}
    assert after["session"].keys() == {*before["session"].keys(), "condition"}


def test_what_is_of_the_newest_format_is_left_alone() -> None:
    new = migrate_manifest(manifest("gan", guidance=0.7), to=2)
    assert migrate_manifest(new, to=2) == new
    old = manifest("gan", guidance=0.7)
    assert migrate_manifest(old, to=1) == old


def test_the_session_in_a_checkpoint_moves_and_the_numbers_around_it_stay() -> None:
    state = {"step": 9, "seconds": 1.5, "stage": [0, 9, True], "session": session("flow", guidance=0.8)}
    found = migrate_state(state, 2, to=2)
    assert found["session"]["condition"]["label"] == "upper"
    assert found["session"]["sampler"] == {"seed": 5, "temperature": 0.8}
    assert {key: found[key] for key in ("step", "seconds", "stage")} == {
        "step": 9, "seconds": 1.5, "stage": [0, 9, True],
    }  # fmt: skip
    assert migrate_state(state, 2, to=1) == state


def test_a_recipe_moves_the_label_that_its_samples_were_drawn_with() -> None:
    recipe = {
        **manifest("gan", guidance=0.7),
        "sampler": {"label": "lower", "seed": 1, "guidance": 0.3},
        "n": 9,
    }
    found = migrate_recipe(recipe, to=2)
    assert found["sampler"] == {"seed": 1, "truncation": 0.3}
    assert found["condition"] == {"label": "lower", "given": ""}
    assert found["session"]["condition"]["label"] == "upper"
    assert (found["n"], found["format"]) == (9, 2)


@pytest.fixture
def newest(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(migrations, "RUN_FORMAT", 2)


def test_a_folder_of_format_1_is_read_and_saved_again_in_format_2(tmp_path: Path, newest: None) -> None:
    path = tmp_path / "run"
    path.mkdir()
    (path / "run.json").write_text(json.dumps(manifest("gan", guidance=0.7)))
    folder = RunFolder.open(path)
    assert folder.manifest["session"]["sampler"]["truncation"] == 0.7
    assert json.loads((path / "run.json").read_text()) == manifest("gan", guidance=0.7)
    assert not folder.changed()
    folder.update(steps=61)
    written = json.loads((path / "run.json").read_text())
    assert (written["format"], written["steps"]) == (2, 61)
    assert written["session"]["condition"] == {"label": "upper", "given": ""}
    assert RunFolder.open(path).manifest == written


def test_checkpoints_of_the_format_before_are_read_beside_new_ones(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(migrations, "RUN_FORMAT", 1)
    folder = RunFolder.create(tmp_path / "run", {"paradigm": "flow"})
    tensors = {"w": np.arange(3, dtype=np.float32)}
    folder.save_checkpoint(1, tensors, {"seconds": 0.1, "session": session("flow", guidance=0.8)})
    monkeypatch.setattr(migrations, "RUN_FORMAT", 2)
    new = {**session("flow", temperature=0.9), "condition": {"label": "any", "given": ""}}
    folder.save_checkpoint(2, tensors, {"seconds": 0.2, "session": new})
    old = folder.load_checkpoint(1)
    assert old.state["session"]["sampler"] == {"seed": 5, "temperature": 0.8}
    np.testing.assert_array_equal(old.tensors["w"], tensors["w"])
    assert folder.load_checkpoint(2).state["session"] == new
    assert [info.session["sampler"]["temperature"] for info in folder.checkpoint_infos()] == [0.8, 0.9]
    formats = [
        json.loads((folder.path / "checkpoints" / f"{step:09d}" / "state.json").read_text())["format"]
        for step in (1, 2)
    ]
    assert formats == [2, 3]
    monkeypatch.setattr(migrations, "RUN_FORMAT", 1)
    with pytest.raises(RunError, match="step 2 was written by a newer GenLab"):
        folder.load_checkpoint(2)


def test_the_recipe_in_an_old_picture_is_read_as_a_new_one(tmp_path: Path, newest: None) -> None:
    save_png(Image.new("RGB", (4, 4)), tmp_path / "a.png", manifest("gan", guidance=0.7))
    assert read_recipe(tmp_path / "a.png")["session"]["sampler"] == {"seed": 5, "truncation": 0.7}
    save_png(Image.new("RGB", (4, 4)), tmp_path / "b.png", {"format": 3})
    with pytest.raises(RunError, match="written by a newer GenLab"):
        read_recipe(tmp_path / "b.png")


@pytest.mark.parametrize("harm", [{"session": 3}, {"journal": [[1]]}, {"session": {"sampler": 4}}])
def test_settings_that_make_no_sense_are_one_sentence(
    tmp_path: Path, newest: None, harm: dict[str, Any]
) -> None:
    (tmp_path / "run.json").write_text(json.dumps({**manifest("gan"), **harm}))
    with pytest.raises(RunError, match="its settings cannot be read"):
        RunFolder.open(tmp_path)

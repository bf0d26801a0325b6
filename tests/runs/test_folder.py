"""Run folders: whole or as before, clear about what is wrong with them."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from genlab.runs import atomic, checkpoints
from genlab.runs.checkpoints import surplus
from genlab.runs.folder import RunError, RunFolder
from genlab.runs.migrations import RUN_FORMAT

MANIFEST = {"paradigm": "diffusion", "session": {"seed": 3}, "journal": [[5, "training.ema", 0.9]]}


@pytest.fixture
def run(tmp_path: Path) -> RunFolder:
    return RunFolder.create(tmp_path / "run", MANIFEST)


def tensors(value: float) -> dict[str, Any]:
    return {
        "weights": np.full((3, 4), value, np.float32),
        "rng": np.arange(7, dtype=np.uint8),
        "mask": np.array([True, False]),
        "count": np.array(int(value), np.int64),
        "loss": np.array([value], np.float64),
    }


def test_the_manifest_comes_back_from_disk(run: RunFolder) -> None:
    run.update(steps=7)
    assert RunFolder.open(run.path).manifest == {"format": RUN_FORMAT, **MANIFEST, "steps": 7}


def test_an_existing_folder_is_refused_and_left_alone(run: RunFolder) -> None:
    with pytest.raises(RunError, match="exists already"):
        RunFolder.create(run.path, {"paradigm": "other"})
    assert RunFolder.open(run.path).manifest["paradigm"] == "diffusion"


def test_an_update_that_dies_before_the_rename_leaves_the_old_manifest(
    run: RunFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    def die(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "replace", die)
    with pytest.raises(KeyboardInterrupt):
        run.update(steps=9)
    assert RunFolder.open(run.path).manifest == run.manifest == {"format": RUN_FORMAT, **MANIFEST}
    assert [p.name for p in run.path.iterdir()] == ["run.json"]


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("{", "not valid JSON"),
        ("[]", "no format number"),
        ("{}", "no format number"),
        ('{"format": "1"}', "no format number"),
        (f'{{"format": {RUN_FORMAT + 1}}}', "newer GenLab"),
        ("[" * 100_000, "not valid JSON"),
    ],
)
def test_a_manifest_that_cannot_be_used_is_named_in_one_sentence(
    run: RunFolder, content: str, sentence: str
) -> None:
    (run.path / "run.json").write_text(content)
    with pytest.raises(RunError, match=sentence) as error:
        RunFolder.open(run.path)
    assert "\n" not in str(error.value)


def test_a_folder_without_a_manifest_is_not_a_run(tmp_path: Path) -> None:
    with pytest.raises(RunError, match="it has no run"):
        RunFolder.open(tmp_path)
    with pytest.raises(RunError, match="no such folder"):
        RunFolder.open(tmp_path / "nowhere")


def test_metrics_come_back_exactly(run: RunFolder) -> None:
    rows = np.array([[1, 0.1, 1 / 3], [2, 0.2, float("nan")], [3, 1e-300, float("inf")]])
    run.append_metrics(("step", "seconds", "total"), rows[:2])
    run.append_metrics(("step", "seconds", "total"), rows[2:])
    names, read = RunFolder.open(run.path).read_metrics()
    assert names == ("step", "seconds", "total")
    np.testing.assert_array_equal(read, rows)
    assert (run.path / "metrics.csv").read_text().splitlines()[1] == f"1,0.1,{1 / 3!r}"


def test_metrics_before_anything_is_recorded_are_empty(run: RunFolder) -> None:
    assert run.read_metrics()[1].shape == (0, 0)
    run.cut_metrics(3)
    assert not (run.path / "metrics.csv").exists()


def test_the_first_call_fixes_the_columns_of_the_metrics(run: RunFolder) -> None:
    run.append_metrics(("step", "total"), np.ones((1, 2)))
    for folder in (run, RunFolder.open(run.path)):
        with pytest.raises(RunError, match="columns step, total"):
            folder.append_metrics(("step", "other"), np.ones((1, 2)))


def test_cutting_metrics_drops_what_came_after_the_step(run: RunFolder) -> None:
    run.append_metrics(("step", "total"), np.array([[s, s / 2] for s in range(10)]))
    run.cut_metrics(4)
    run.append_metrics(("step", "total"), np.array([[5.0, 9.0]]))
    np.testing.assert_array_equal(run.read_metrics()[1][:, 0], [0, 1, 2, 3, 4, 5])


def test_cutting_takes_columns_and_changes_that_came_later_along(run: RunFolder) -> None:
    run.append_metrics(("step", "total"), np.array([[1.0, 2.0]]))
    run.append_metrics(("step", "total", "student"), np.array([[2.0, 2.0, 3.0]]))
    run.update(journal=[[0, "training.ema", 0.5], [1, "training.clip", 2.0], [2, "training.ema", 0.9]])
    run.cut(1)
    assert run.read_metrics()[0] == ("step", "total")
    run.append_metrics(("step", "total"), np.array([[2.0, 5.0]]))
    run.append_metrics(("step", "total", "other", "student"), np.array([[3.0, 2.0, 4.0, 3.0]]))
    names, rows = RunFolder.open(run.path).read_metrics()
    assert names == ("step", "total", "other", "student")
    np.testing.assert_array_equal(rows[:, 0], [1, 2, 3])
    assert run.manifest["journal"] == [[0, "training.ema", 0.5], [1, "training.clip", 2.0]]
    run.cut(0)
    run.append_metrics(("step", "else"), np.array([[1.0, 5.0]]))
    assert RunFolder.open(run.path).read_metrics()[0] == ("step", "else")


def test_a_metrics_row_that_was_cut_short_by_a_crash_is_dropped(run: RunFolder) -> None:
    run.append_metrics(("step", "total"), np.array([[1.0, 2.0]]))
    with open(run.path / "metrics.csv", "a") as file:
        file.write("2,0.3")
    np.testing.assert_array_equal(run.read_metrics()[1], [[1, 2]])
    again = RunFolder.open(run.path)
    again.append_metrics(("step", "total"), np.array([[2.0, 5.0]]))
    np.testing.assert_array_equal(again.read_metrics()[1], [[1, 2], [2, 5]])


def test_a_checkpoint_comes_back_bit_for_bit(run: RunFolder) -> None:
    place = run.save_checkpoint(120, tensors(7), {"stage": "train", "best": 0.1})
    assert place == run.path / "checkpoints" / "000000120"
    found = RunFolder.open(run.path).load_checkpoint()
    assert (found.step, found.state, found.note) == (120, {"stage": "train", "best": 0.1}, "")
    for name, value in tensors(7).items():
        assert found.tensors[name].dtype == value.dtype
        np.testing.assert_array_equal(found.tensors[name], value)
        assert found.tensors[name].shape == value.shape


def test_a_step_that_is_saved_again_is_replaced(run: RunFolder) -> None:
    run.save_checkpoint(5, tensors(1), {})
    run.save_checkpoint(5, tensors(2), {"again": True})
    assert run.load_checkpoint().state == {"again": True}
    assert sorted(p.name for p in (run.path / "checkpoints").iterdir()) == ["000000005", "latest"]


@pytest.mark.parametrize("dies_at", range(6))
@pytest.mark.parametrize("second", [5, 6])
def test_a_save_that_is_killed_at_any_rename_leaves_a_whole_checkpoint(
    run: RunFolder, monkeypatch: pytest.MonkeyPatch, dies_at: int, second: int
) -> None:
    run.save_checkpoint(5, tensors(5), {"which": "first"})
    real, calls = os.replace, iter(range(100))

    def die(source: Path, target: Path) -> None:
        if next(calls) >= dies_at:
            raise SystemExit
        real(source, target)

    monkeypatch.setattr(os, "replace", die)
    monkeypatch.setattr(checkpoints.shutil, "rmtree", lambda *_, **__: None)  # the dead do not tidy up
    with contextlib.suppress(SystemExit):
        run.save_checkpoint(second, tensors(second), {"which": "second"})
    monkeypatch.undo()
    after = RunFolder.open(run.path)
    found = after.load_checkpoint()
    assert found.state["which"] in ("first", "second")
    assert found.note == ""
    after.save_checkpoint(9, tensors(9), {"which": "third"})
    assert after.load_checkpoint().step == 9
    left = {p.name for p in (run.path / "checkpoints").iterdir()}
    assert left <= {"000000005", "000000006", "000000009", "latest"}


def test_a_full_disk_keeps_the_older_checkpoint_and_says_so(
    run: RunFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    run.save_checkpoint(5, tensors(5), {})

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(atomic.os, "fsync", full)
    with pytest.raises(
        RunError, match="step 6 could not be written: the disk is full; earlier ones are kept"
    ):
        run.save_checkpoint(6, tensors(6), {})
    monkeypatch.undo()
    assert run.checkpoints() == [5]
    assert run.load_checkpoint().step == 5


@pytest.mark.parametrize("harm", ["flip", "cut", "json", "missing", "header"])
def test_a_damaged_newest_checkpoint_gives_way_to_the_one_before_and_says_so(
    run: RunFolder, harm: str
) -> None:
    for step in (1, 2, 3):
        run.save_checkpoint(step, tensors(step), {})
    file = run.path / "checkpoints/000000003/state.safetensors"
    content = bytearray(file.read_bytes())
    match harm:
        case "flip":
            content[-1] ^= 1
        case "cut":
            del content[-10:]
        case "header":
            content[:8] = (2**62).to_bytes(8, "little")
        case "json":
            file.with_name("state.json").write_text("{")
        case "missing":
            file.with_name("state.json").unlink()
    file.write_bytes(content)
    found = run.load_checkpoint()
    assert found.step == 2
    assert found.note == "the checkpoint of step 3 is damaged; going on from step 2"
    with pytest.raises(RunError, match="step 3 is damaged"):
        run.load_checkpoint(3)


def test_a_checkpoint_that_goes_while_it_is_read_gives_way_to_the_one_that_came(
    run: RunFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another process saves step 2 and drops step 1 just when this one is about to read step 1."""
    run.save_checkpoint(1, tensors(1), {})
    other, read = RunFolder.open(run.path), checkpoints.read_bytes

    def late(path: Path, *limit: int) -> bytes:
        monkeypatch.undo()
        other.save_checkpoint(2, tensors(2), {})
        shutil.rmtree(run.path / "checkpoints/000000001")
        return read(path, *limit)

    monkeypatch.setattr(checkpoints, "read_bytes", late)
    found = run.load_checkpoint()
    assert (found.step, found.note) == (2, "")


@pytest.mark.parametrize(("format", "sentence"), [(1, "an older GenLab"), (9, "a newer GenLab")])
def test_a_checkpoint_of_another_format_says_so(run: RunFolder, format: int, sentence: str) -> None:
    run.save_checkpoint(1, tensors(1), {})
    path = run.path / "checkpoints/000000001/state.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "format": format}))
    with pytest.raises(RunError, match=sentence):
        run.load_checkpoint()


def test_without_a_checkpoint_there_is_one_sentence(run: RunFolder) -> None:
    with pytest.raises(RunError, match="has no checkpoint yet"):
        run.load_checkpoint()
    run.save_checkpoint(1, tensors(1), {})
    with pytest.raises(RunError, match="has no checkpoint of step 2"):
        run.load_checkpoint(2)


def test_a_rewound_run_leaves_its_abandoned_future_behind(run: RunFolder) -> None:
    for step in (10, 20, 30):
        run.save_checkpoint(step, tensors(step), {})
    run.load_checkpoint(10)
    run.save_checkpoint(15, tensors(15), {})
    assert run.checkpoints() == [10, 15]
    assert run.load_checkpoint().step == 15


def test_thinned_checkpoints_keep_the_first_the_last_three_and_grow_apart_with_age() -> None:
    kept: list[int] = []
    for step in range(100, 100_100, 100):
        kept.append(step)
        for old in surplus(kept):
            kept.remove(old)
        assert len(kept) <= 20
        assert kept[0] == 100
        assert kept[-3:] == list(range(max(100, step - 200), step + 1, 100))
    ages = 100_000 - np.array(kept[:-3])
    ratios = ages[:-1] / ages[1:]
    assert ratios.max() < 4
    assert ages[0] / ages[-1] > 300


def test_saved_checkpoints_are_thinned_on_disk(run: RunFolder) -> None:
    for step in range(30):
        run.save_checkpoint(step, {"w": np.zeros(1, np.float32)}, {})
    assert len(run.checkpoints()) == 20
    assert run.checkpoints()[-3:] == [27, 28, 29]


def test_weights_come_back_and_foreign_ones_are_refused(run: RunFolder) -> None:
    run.save_weights(tensors(3))
    np.testing.assert_array_equal(run.load_weights()["weights"], tensors(3)["weights"])
    (run.path / "weights.safetensors").write_bytes(b"\x00" * 4)
    with pytest.raises(RunError, match="safetensors is damaged"):
        run.load_weights()
    with pytest.raises(RunError, match="type float16"):
        run.save_weights({"w": np.zeros(2, np.float16)})


def test_a_persons_data_come_back(run: RunFolder) -> None:
    x = np.random.default_rng(0).normal(size=(50, 2)).astype(np.float32)
    labels = np.arange(50) % 3
    run.save_data(x, labels)
    read, read_labels = run.load_data()
    np.testing.assert_array_equal(read, x)
    assert read_labels is not None
    np.testing.assert_array_equal(read_labels, labels)
    run.save_data(x, None)
    assert run.load_data()[1] is None


def test_data_that_would_expand_or_unpickle_are_refused(run: RunFolder) -> None:
    path = run.path / "data.npz"
    np.savez_compressed(path, x=np.zeros((10_000, 100)))
    with pytest.raises(RunError, match="compressed"):
        run.load_data()
    np.savez(path, x=np.array([{"a": 1}], dtype=object))
    with pytest.raises(RunError, match="damaged"):
        run.load_data()
    path.write_bytes(b"nothing of the kind")
    with pytest.raises(RunError, match="damaged"):
        run.load_data()

"""One run folder is trained by one run at a time; whoever looks may look."""

from __future__ import annotations

import errno
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from genlab.data.condition import Condition
from genlab.engine import protocol as p
from genlab.runs import lock
from genlab.runs.folder import RunFolder
from tests.engine.conftest import Talk, small_session
from tests.engine.test_worker import state

ROOT = Path(__file__).parents[2]
ENDLESS = """
import json, sys
from genlab.engine import protocol as p, run
from genlab.engine.local import LocalEngine
run.CHECKPOINT_SECONDS = float(sys.argv[3])
with LocalEngine() as engine:
    engine.send(p.Prepare("x", json.loads(sys.argv[2]), sys.argv[1]))
    engine.send(p.Train("x"))
    for event in engine.events():
        if isinstance(event, (p.StateChanged, p.Saved, p.Failure)):
            print(type(event).__name__, getattr(event, "state", ""), flush=True)
"""


@contextmanager
def training_elsewhere(folder: Path, saves: float = 0.5, **values: Any) -> Iterator[subprocess.Popen[str]]:
    """A second process that trains a new run in `folder` for as long as it is let.

    saves: seconds between two checkpoints."""
    session = small_session(training__steps=10_000_000, **values).model_dump()
    command = [sys.executable, "-c", ENDLESS, str(folder), json.dumps(session), str(saves)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment)
    assert process.stdout is not None
    try:
        while process.stdout.readline().split() != ["StateChanged", "training"]:
            assert process.poll() is None
        yield process
    finally:
        process.kill()
        process.communicate()


def make(talk: Talk, folder: Path) -> None:
    """A trained run in `folder`, closed."""
    talk.send(p.Prepare("first", small_session().model_dump(), str(folder)))
    talk.send(p.Train("first"))
    talk.until(state("done"))
    talk.send(p.Close("first"))
    talk.until(lambda event: event == p.Closed("first"))


def wait_until_saved(process: subprocess.Popen[str]) -> None:
    assert process.stdout is not None
    while process.stdout.readline().split() != ["Saved"]:
        assert process.poll() is None


def refused(talk: Talk) -> str:
    failure = talk.until(lambda event: isinstance(event, p.Failure))
    assert isinstance(failure, p.Failure)
    assert failure.refused
    assert "\n" not in failure.what
    return failure.what


def test_a_run_that_another_process_trains_can_be_looked_at_and_not_be_trained(
    talk: Talk, tmp_path: Path
) -> None:
    folder = tmp_path / "run"
    with training_elsewhere(folder) as process:
        wait_until_saved(process)
        talk.send(p.Open("a", str(folder)))
        talk.until(state("paused"))
        for command in (
            p.Train("a"), p.StepOnce("a"), p.Edit("a", {"training.ema": 0.5}), p.Save("a"),
        ):  # fmt: skip
            talk.send(command)
            assert f"process {process.pid} on this computer has it for training" in refused(talk)
        before = RunFolder.open(folder).manifest["session"]
        talk.send(p.Sample("a", "samples", 1, {}, n=20))
        answer = talk.until(lambda event: isinstance(event, p.Answer))
        assert isinstance(answer, p.Answer)
        talk.send(p.LogProbOf("a", "log_prob", 2, {}, x=np.zeros((3, 2), np.float32)))
        talk.until(lambda event: isinstance(event, p.LogProbs))
        talk.send(p.Evaluate("a", "evaluate", 3, {}, n=20))
        found = talk.until(lambda event: isinstance(event, p.Evaluated) and event.last)
        assert isinstance(found, p.Evaluated)
        assert found.note == ""
        assert [e.step for e in RunFolder.open(folder).evaluations()] == [found.step]
        assert before == RunFolder.open(folder).manifest["session"]
        assert process.poll() is None


def test_a_run_whose_trainer_was_killed_is_trained_on(talk: Talk, tmp_path: Path) -> None:
    folder = tmp_path / "run"
    with training_elsewhere(folder) as process:
        wait_until_saved(process)
        talk.send(p.Open("a", str(folder)))
        talk.until(state("paused"))
        talk.send(p.Train("a", steps=5))
        assert "in use" in refused(talk)
        os.kill(process.pid, signal.SIGKILL)
        process.wait(10)
    talk.send(p.Close("a"))
    talk.send(p.Open("b", str(folder)))
    opened = talk.until(lambda event: isinstance(event, p.Opened))
    assert isinstance(opened, p.Opened)
    talk.send(p.Train("b", steps=5))
    done = talk.until(state("done"))
    assert isinstance(done, p.StateChanged)
    assert done.step == opened.step + 5
    talk.until(lambda event: isinstance(event, p.Saved))
    steps = RunFolder.open(folder).read_metrics()[1][:, 0]
    assert (np.diff(steps) > 0).all()


def test_a_run_killed_before_its_first_checkpoint_begins_again_with_clean_losses(
    talk: Talk, tmp_path: Path
) -> None:
    whole, cut = tmp_path / "whole", tmp_path / "cut"
    with training_elsewhere(cut, 60.0, training__decay="constant", training__warm_up=0):
        deadline = time.monotonic() + 60
        while not (cut / "metrics.csv").exists() or not len(RunFolder.open(cut).read_metrics()[1]):
            assert time.monotonic() < deadline
            time.sleep(0.01)
    assert RunFolder.open(cut).checkpoints() == []
    assert len(RunFolder.open(cut).read_metrics()[1])
    values = {"training__decay": "constant", "training__warm_up": 0, "training__steps": 10_000_000}
    talk.send(p.Prepare("whole", small_session(**values).model_dump(), str(whole)))
    for command, name in ((p.Train("whole", steps=40), "done"), (p.Open("cut", str(cut)), "ready")):
        talk.send(command)
        talk.until(state(name))
    talk.send(p.Train("cut", steps=40))
    talk.until(state("done"))
    talk.until(lambda event: isinstance(event, p.Saved) and event.run == "cut")
    (names, rows), (_, expected) = (RunFolder.open(path).read_metrics() for path in (cut, whole))
    clock = names.index("seconds")
    np.testing.assert_array_equal(np.delete(rows, clock, 1), np.delete(expected, clock, 1))


def test_of_two_open_runs_of_one_folder_one_may_train(talk: Talk, tmp_path: Path) -> None:
    make(talk, tmp_path / "run")
    for name in ("a", "b"):
        talk.send(p.Open(name, str(tmp_path / "run")))
        talk.until(state("done"))
    talk.send(p.StepOnce("a"))
    talk.until(state("paused"))
    talk.send(p.Train("b", steps=5))
    assert "open twice here" in refused(talk)
    assert RunFolder.open(tmp_path / "run").manifest["steps"] == 61


def test_a_run_that_was_trained_on_since_it_was_opened_is_not_overwritten(talk: Talk, tmp_path: Path) -> None:
    make(talk, tmp_path / "run")
    for name in ("late", "quick"):
        talk.send(p.Open(name, str(tmp_path / "run")))
        talk.until(state("done"))
    talk.send(p.Train("quick", steps=7))
    talk.until(state("done"))
    talk.send(p.Close("quick"))
    talk.send(p.Train("late", steps=1))
    assert "has changed since it was opened here; open it again" in refused(talk)
    folder = RunFolder.open(tmp_path / "run")
    assert folder.manifest["steps"] == 67
    assert folder.checkpoints()[-1] == 67
    talk.send(p.Open("late", str(tmp_path / "run")))
    talk.send(p.Train("late", steps=1))
    talk.until(lambda event: isinstance(event, p.StateChanged) and event.step == 68)


def test_a_closed_run_leaves_no_lock_behind(talk: Talk, tmp_path: Path) -> None:
    make(talk, tmp_path / "run")
    assert sorted(path.name for path in (tmp_path / "run").iterdir()) == [
        "checkpoints", "metrics.csv", "run.json", "weights.safetensors",
    ]  # fmt: skip


def test_a_run_on_a_medium_that_cannot_be_written_can_be_looked_at(
    talk: Talk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "run"
    make(talk, folder)
    shutil.rmtree(folder / "checkpoints")

    def read_only(*_: object) -> int:
        raise OSError(errno.EROFS, "Read-only file system")

    monkeypatch.setattr(lock.os, "open", read_only)
    talk.send(p.Open("a", str(folder)))
    talk.until(state("done"))
    talk.send(p.Sample("a", "samples", 1, {}, n=20))
    talk.until(lambda event: isinstance(event, p.Answer))
    talk.send(p.Evaluate("a", "evaluate", 3, {}, n=20))
    found = talk.until(lambda event: isinstance(event, p.Evaluated) and event.last)
    assert isinstance(found, p.Evaluated)
    assert found.metrics
    assert found.note == f"{folder} cannot be written to: the disk is read-only"
    talk.send(p.Train("a", steps=3))
    assert refused(talk) == f"{folder} cannot be trained in: the disk is read-only"


def test_an_evaluation_is_kept_with_how_it_was_drawn(talk: Talk, tmp_path: Path) -> None:
    make(talk, tmp_path / "run")
    talk.send(p.Open("a", str(tmp_path / "run")))
    talk.send(p.Evaluate("a", "evaluate", 3, {"steps": 3, "seed": 9}, Condition("upper"), n=20))
    found = talk.until(lambda event: isinstance(event, p.Evaluated) and event.last)
    assert isinstance(found, p.Evaluated)
    (kept,) = RunFolder.open(tmp_path / "run").evaluations()
    assert (kept.step, kept.n, kept.condition["label"], kept.seed) == (60, 20, "upper", 9)
    assert kept.sampler["steps"] == 3
    assert not {"label", "seed"} & kept.sampler.keys()
    assert list(kept.metrics) == json.loads(json.dumps(found.metrics))
    assert {"genlab", "torch", "numpy", "python"} == kept.versions.keys()
    about = {metric["key"]: metric for metric in found.metrics}
    assert "of class upper alone, on data of every class" in about["nll"]["note"]
    assert about["w2"]["name"].endswith("(biased)")
    assert "of class upper alone" in about["w2"]["note"]


def test_an_evaluation_follows_its_seed(talk: Talk, tmp_path: Path) -> None:
    make(talk, tmp_path / "run")
    talk.send(p.Open("a", str(tmp_path / "run")))
    values = []
    for seed in (1, 1, 2):
        talk.send(p.Evaluate("a", "evaluate", 3, {"steps": 3, "seed": seed}, Condition(), n=20))
        found = talk.until(lambda event: isinstance(event, p.Evaluated) and event.last)
        assert isinstance(found, p.Evaluated)
        values.append({metric["key"]: metric["value"] for metric in found.metrics})
    assert values[0] == values[1]
    assert values[0]["w2"] != values[2]["w2"]


@pytest.mark.parametrize("size", [16, 44])
def test_a_run_of_another_kind_of_device_opens_says_so_and_trains_on(
    talk: Talk, tmp_path: Path, size: int
) -> None:
    make(talk, tmp_path / "run")
    folder = RunFolder.open(tmp_path / "run")
    found = folder.load_checkpoint()
    foreign = {f"random.{name}": np.zeros(size, np.uint8) for name in ("data", "noise")}
    folder.save_checkpoint(found.step, {**found.tensors, **foreign}, found.state)
    losses = []
    for name in ("a", "b"):
        shutil.copytree(tmp_path / "run", tmp_path / name)
        talk.send(p.Open(name, str(tmp_path / name)))
        opened = talk.until(state("done"))
        assert isinstance(opened, p.StateChanged)
        assert "trained on another kind of device" in opened.note
        talk.send(p.Train(name, steps=20))
        talk.until(state("done"))
        talk.send(p.Close(name))
        talk.until(lambda event, name=name: event == p.Closed(name))
        names, rows = RunFolder.open(tmp_path / name).read_metrics()
        losses.append(rows[:, names.index("total")])
    np.testing.assert_array_equal(*losses)
    assert len(losses[0]) == 80


def reopen(talk: Talk, folder: Path, checkpoint: int | None = None) -> dict[str, Any]:
    """The session of the run "a", closed and opened again."""
    talk.send(p.Close("a"))
    talk.send(p.Open("a", str(folder), checkpoint))
    opened = talk.until(lambda event: isinstance(event, p.Opened))
    assert isinstance(opened, p.Opened)
    talk.until(lambda event: isinstance(event, p.StateChanged))
    return opened.session


def test_a_change_to_a_run_at_rest_is_kept_when_it_is_closed(talk: Talk, tmp_path: Path) -> None:
    folder = tmp_path / "run"
    make(talk, folder)
    reopen(talk, folder)
    talk.send(p.Edit("a", {"training.ema": 0.5}))
    assert reopen(talk, folder)["training"]["ema"] == 0.5
    manifest = RunFolder.open(folder).manifest
    assert manifest["session"]["training"]["ema"] == 0.5
    assert manifest["journal"] == [[60, "training.ema", 0.5]]


def test_going_back_leaves_no_change_behind_that_did_not_happen(talk: Talk, tmp_path: Path) -> None:
    folder = tmp_path / "run"
    make(talk, folder)
    reopen(talk, folder)
    talk.send(p.Train("a", steps=10))
    talk.send(p.Edit("a", {"training.ema": 0.5}))
    talk.until(state("done"))
    reopen(talk, folder, 60)
    talk.send(p.Edit("a", {"training.clip": 2.0}))
    assert reopen(talk, folder)["training"]["ema"] == 0.5
    assert RunFolder.open(folder).checkpoints() == [60, 70]
    reopen(talk, folder, 60)
    talk.send(p.Edit("a", {"training.clip": 3.0}))
    talk.send(p.Train("a", steps=5))
    talk.until(state("done"))
    session = reopen(talk, folder)
    assert (session["training"]["clip"], session["training"]["ema"]) == (3.0, 0.999)
    assert [entry for entry in RunFolder.open(folder).manifest["journal"] if entry[0] > 60] == []
    assert [60, "training.clip", 3.0] in RunFolder.open(folder).manifest["journal"]
    assert RunFolder.open(folder).checkpoints() == [60, 65]


def test_a_finished_run_has_its_last_weights_even_where_a_checkpoint_came_just_before(
    talk: Talk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("genlab.engine.run.CHECKPOINT_SECONDS", 0.0)
    folder = tmp_path / "run"
    talk.send(p.Prepare("a", small_session(training__pace=20.0).model_dump(), str(folder)))
    talk.send(p.Train("a"))
    talk.until(lambda event: isinstance(event, p.Saved))
    talk.send(p.Pause("a"))
    paused = talk.until(lambda event: isinstance(event, p.Saved) and event.weights)
    assert isinstance(paused, p.Saved)
    assert (folder / "weights.safetensors").exists()
    assert paused.step == RunFolder.open(folder).checkpoints()[-1]


@pytest.mark.skipif(sys.platform == "win32", reason="the call is another there")
def test_a_disk_without_locks_can_be_trained_on_and_one_that_fails_leaves_no_folder(
    talk: Talk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number, name in ((errno.ENOLCK, "lockless"), (errno.EIO, "broken")):

        def fail(*_: object, number: int = number) -> None:
            raise OSError(number, os.strerror(number))

        monkeypatch.setattr("genlab.runs.lock.fcntl.flock", fail)
        talk.send(p.Prepare(name, small_session().model_dump(), str(tmp_path / name)))
        if name == "broken":
            assert "cannot be trained in" in refused(talk)
            assert not (tmp_path / name).exists()
        else:
            talk.send(p.Train(name))
            training = talk.until(state("training"))
            assert isinstance(training, p.StateChanged)
            assert "has no locks" in training.note
            talk.until(state("done"))
            talk.until(lambda event: isinstance(event, p.Saved))

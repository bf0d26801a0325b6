"""A run whose losses or checkpoints are damaged is opened and trained on with what is whole, and says so."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from genlab.engine import protocol as p
from genlab.runs.folder import RunFolder
from genlab.runs.replace import fresh
from tests.engine.conftest import Talk
from tests.engine.test_folders import make, refused
from tests.engine.test_worker import state


def opened(talk: Talk, folder: Path, checkpoint: int | None = None) -> str:
    """What is said of a run as it opens."""
    talk.send(p.Open("a", str(folder), checkpoint))
    found = talk.until(lambda event: isinstance(event, p.StateChanged) and event.run == "a")
    assert isinstance(found, p.StateChanged)
    assert found.step == 60
    return found.note


def train_on(talk: Talk, folder: Path) -> RunFolder:
    """Five steps more, saved and closed."""
    talk.send(p.Train("a", steps=5))
    talk.until(state("done"))
    talk.send(p.Close("a"))
    talk.until(lambda event: event == p.Closed("a"))
    return RunFolder.open(folder)


def wrong_number(text: str) -> str:
    lines = text.splitlines()
    lines[10] = lines[10].replace(",", ",abc", 1)
    return "\n".join(lines) + "\n"


@pytest.mark.parametrize(
    "damage",
    [
        lambda _: "garbage,\x00\n1",
        lambda text: text.replace("step", "Step", 1),
        lambda text: text.replace("total", "Total", 1),
        wrong_number,
    ],
    ids=["garbage", "first column", "other column", "number"],
)
def test_damaged_losses_are_put_aside_and_recorded_anew(
    talk: Talk, tmp_path: Path, damage: Callable[[str], str]
) -> None:
    make(talk, tmp_path / "run")
    path = tmp_path / "run" / "metrics.csv"
    before = path.read_text()
    path.write_text(damage(before))
    damaged = path.read_bytes()
    note = opened(talk, tmp_path / "run")
    assert "metrics.csv cannot be read" in note
    assert "metrics.damaged.csv" in note
    assert path.read_bytes() == damaged  # who only looks leaves it alone
    names, rows = train_on(talk, tmp_path / "run").read_metrics()
    assert names == tuple(before.splitlines()[0].split(","))
    np.testing.assert_array_equal(rows[:, 0], range(61, 66))
    assert path.with_name("metrics.damaged.csv").read_bytes() == damaged
    path.write_text("again")
    talk.send(p.Open("a", str(tmp_path / "run")))
    again = talk.until(lambda event: isinstance(event, p.StateChanged) and event.run == "a")
    assert isinstance(again, p.StateChanged)
    assert "metrics.damaged-2.csv" in again.note
    train_on(talk, tmp_path / "run")
    assert path.with_name("metrics.damaged-2.csv").read_text() == "again"
    with fresh(tmp_path / "run", replace=True):
        pass


def test_whole_losses_are_gone_on_with_in_silence(talk: Talk, tmp_path: Path) -> None:
    make(talk, tmp_path / "run")
    assert opened(talk, tmp_path / "run") == ""
    _, rows = train_on(talk, tmp_path / "run").read_metrics()
    np.testing.assert_array_equal(rows[-6:, 0], range(60, 66))
    assert not (tmp_path / "run" / "metrics.damaged.csv").exists()


def damage_checkpoint(folder: Path) -> None:
    path = folder / "checkpoints" / "000000060" / "state.safetensors"
    path.write_bytes(path.read_bytes()[:-1])


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (lambda folder: shutil.rmtree(folder / "checkpoints"), "the run has no checkpoint"),
        (damage_checkpoint, "the checkpoint of step 60 is damaged"),
    ],
    ids=["none", "damaged"],
)
def test_a_run_without_a_whole_checkpoint_goes_on_from_its_weights_and_says_so(
    talk: Talk, tmp_path: Path, change: Callable[[Path], None], why: str
) -> None:
    folder = tmp_path / "run"
    make(talk, folder)
    weights = RunFolder.open(folder).load_weights()
    change(folder)
    note = opened(talk, folder)
    assert note == f"{why}; its weights for sampling are opened, and the optimiser begins anew"
    talk.send(p.Sample("a", "samples", 1, {}, n=20))
    answer = talk.until(lambda event: isinstance(event, p.Answer | p.Refused))
    assert isinstance(answer, p.Answer)
    assert RunFolder.open(folder).load_weights().keys() == weights.keys()
    assert train_on(talk, folder).load_checkpoint().step == 65


def test_a_damaged_checkpoint_that_is_asked_for_is_refused(talk: Talk, tmp_path: Path) -> None:
    make(talk, tmp_path / "run")
    damage_checkpoint(tmp_path / "run")
    talk.send(p.Open("a", str(tmp_path / "run"), 60))
    assert refused(talk) == "the checkpoint of step 60 is damaged"

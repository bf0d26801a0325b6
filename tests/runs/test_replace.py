"""A run gives way to a new one only when asked, only when it is one, and only once the new one is there."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from genlab.runs.folder import RunError, RunFolder
from genlab.runs.lock import claim
from genlab.runs.replace import fresh


@pytest.fixture
def old(tmp_path: Path) -> Path:
    path = tmp_path / "run"
    RunFolder.create(path, {"paradigm": "old"})
    (path / "checkpoints").mkdir()
    (path / "evaluation.json").write_text("{}")
    return path


def test_without_force_whatever_is_there_is_refused(old: Path) -> None:
    with pytest.raises(RunError, match="exists already"), fresh(old):
        pass
    assert RunFolder.open(old).manifest["paradigm"] == "old"


def test_an_old_run_is_gone_when_the_new_one_is_there(old: Path) -> None:
    with fresh(old, replace=True):
        assert not old.exists()
        RunFolder.create(old, {"paradigm": "new"})
    assert RunFolder.open(old).manifest["paradigm"] == "new"
    assert [p.name for p in old.parent.iterdir()] == ["run"]
    assert [p.name for p in old.iterdir()] == ["run.json"]


def test_an_old_run_is_back_when_the_new_one_cannot_be(old: Path) -> None:
    def fail() -> None:
        with fresh(old, replace=True):
            RunFolder.create(old, {"paradigm": "new"})
            raise KeyError

    with pytest.raises(KeyError):
        fail()
    assert RunFolder.open(old).manifest["paradigm"] == "old"
    assert [p.name for p in old.parent.iterdir()] == ["run"]


def test_an_empty_folder_may_be_replaced(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with fresh(tmp_path / "empty", replace=True):
        RunFolder.create(tmp_path / "empty", {"paradigm": "new"})
    assert RunFolder.open(tmp_path / "empty").manifest["paradigm"] == "new"


def test_what_is_no_run_or_more_than_a_run_is_never_replaced(old: Path, tmp_path: Path) -> None:
    notes = tmp_path / "notes"
    notes.mkdir()
    (notes / "thesis.txt").write_text("years")
    (old / "thesis.txt").write_text("years")
    for path, sentence in (
        (notes, "is not a run of GenLab's, so it is not replaced"),
        (old, "holds thesis.txt besides a run, so it is not replaced"),
        (notes / "thesis.txt", "is not a folder, so it is not replaced"),
    ):
        with pytest.raises(RunError, match=sentence), fresh(path, replace=True):
            pass
    assert (notes / "thesis.txt").read_text() == (old / "thesis.txt").read_text() == "years"


def test_a_run_that_is_being_trained_is_not_replaced(old: Path) -> None:
    lock = claim(old)
    with pytest.raises(RunError, match="in use"), fresh(old, replace=True):
        pass
    lock.release()
    assert RunFolder.open(old).manifest["paradigm"] == "old"


@pytest.mark.skipif(sys.platform == "win32", reason="links need rights there")
def test_a_link_is_not_replaced(old: Path, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(old)
    with pytest.raises(RunError, match="not a folder"), fresh(tmp_path / "link", replace=True):
        pass
    assert RunFolder.open(old).manifest["paradigm"] == "old"

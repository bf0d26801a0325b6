"""Where runs are, and the list of recent ones."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from genlab.runs.folder import RunFolder
from genlab.runs.places import cache_dir, config_dir, fresh_run_folder, recent_runs, runs_dir

MANIFEST = {
    "paradigm": "diffusion",
    "dataset": {"id": "moons", "name": "Moons", "fingerprint": "0"},
    "created": "2026-01-01T00:00:00+00:00",
    "steps": 5,
    "seconds": 0.5,
}


def test_the_environment_moves_every_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GENLAB_HOME", str(tmp_path))
    assert (runs_dir(), config_dir(), cache_dir()) == (
        tmp_path / "runs",
        tmp_path / "config",
        tmp_path / "cache",
    )
    monkeypatch.delenv("GENLAB_HOME")
    assert all("genlab" in place.parts for place in (runs_dir(), config_dir(), cache_dir()))


def test_fresh_folders_are_free_and_safe_whatever_the_data_are_called() -> None:
    first = fresh_run_folder("diffusion", "my data/../x")
    RunFolder.create(first, MANIFEST)
    second = fresh_run_folder("diffusion", "my data/../x")
    assert first != second
    assert first.parent == second.parent == runs_dir()
    assert not second.exists()


def test_recent_runs_come_last_changed_first_and_broken_ones_are_passed_over() -> None:
    for age, name in enumerate(("c", "a", "b")):
        run = RunFolder.create(runs_dir() / name, {**MANIFEST, "steps": age})
        os.utime(run.path / "run.json", (1e9 - age, 1e9 - age))
    (runs_dir() / "no-manifest").mkdir()
    (runs_dir() / "a-file").write_text("x")
    for name, content in (("bad-json", "{"), ("lacks-all", '{"format": 1}'), ("newer", '{"format": 9}')):
        (runs_dir() / name).mkdir()
        (runs_dir() / name / "run.json").write_text(content)
    assert [run.path.name for run in recent_runs()] == ["c", "a", "b"]
    assert [run.steps for run in recent_runs(2)] == [0, 1]
    assert recent_runs()[0].dataset == "Moons"


def test_without_any_run_the_list_is_empty() -> None:
    assert recent_runs() == []

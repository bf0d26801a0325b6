"""Evaluations are kept beside the run, and a damaged file loses nothing else."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from genlab.runs import evaluations
from genlab.runs.evaluations import Evaluation
from genlab.runs.folder import RunError, RunFolder

FIRST = Evaluation(
    step=120,
    n=500,
    condition={"label": "upper"},
    sampler={"steps": 20, "method": "heun"},
    seed=4,
    versions={"genlab": "0.1.0"},
    metrics=({"key": "w2", "value": 0.3, "floor": {"mean": 0.29}}, {"key": "nll", "value": "inf"}),
    date="2026-07-01T12:00:00+00:00",
)


@pytest.fixture
def run(tmp_path: Path) -> RunFolder:
    return RunFolder.create(tmp_path / "run", {"paradigm": "diffusion"})


def test_evaluations_come_back_in_their_order(run: RunFolder) -> None:
    assert run.evaluations() == ()
    second = replace(FIRST, step=240, metrics=())
    run.keep_evaluation(FIRST)
    run.keep_evaluation(second)
    assert RunFolder.open(run.path).evaluations() == (FIRST, second)
    assert sorted(p.name for p in run.path.iterdir()) == ["evaluation.json", "run.json"]


def test_beyond_their_number_the_oldest_go(run: RunFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(evaluations, "MOST", 3)
    for step in range(5):
        run.keep_evaluation(replace(FIRST, step=step))
    assert [found.step for found in run.evaluations()] == [2, 3, 4]


@pytest.mark.parametrize(
    "content",
    ["", "{", "[]", '{"format": 1}', '{"format": 1, "evaluations": [{"step": 1}]}', "[" * 100_000, "\x80"],
)
def test_a_damaged_file_is_one_sentence_and_is_not_overwritten(run: RunFolder, content: str) -> None:
    path = run.path / "evaluation.json"
    path.write_bytes(content.encode("latin-1"))
    for use in (run.evaluations, lambda: run.keep_evaluation(FIRST)):
        with pytest.raises(RunError, match=r"evaluation\.json is damaged; move it away") as error:
            use()
        assert "\n" not in str(error.value)
    assert path.read_bytes() == content.encode("latin-1")
    assert RunFolder.open(run.path).manifest["paradigm"] == "diffusion"


def test_a_newer_file_says_so_and_is_left_alone(run: RunFolder) -> None:
    path = run.path / "evaluation.json"
    path.write_text('{"format": 2, "evaluations": []}')
    with pytest.raises(RunError, match="newer GenLab"):
        run.keep_evaluation(FIRST)
    assert json.loads(path.read_text())["format"] == 2


def test_several_processes_that_add_at_once_lose_none(run: RunFolder) -> None:
    script = (
        "import sys; from dataclasses import replace; from pathlib import Path\n"
        "from genlab.runs.evaluations import Evaluation, add_evaluation\n"
        "for i in range(10):\n"
        "    e = Evaluation(int(sys.argv[2]) + i, 1, {}, {}, 0, {}, (), '')\n"
        "    add_evaluation(Path(sys.argv[1], 'evaluation.json'), e)\n"
    )
    processes = [
        subprocess.Popen([sys.executable, "-c", script, str(run.path), str(first)]) for first in (0, 100, 200)
    ]
    assert [process.wait(60) for process in processes] == [0, 0, 0]
    steps = [found.step for found in run.evaluations()]
    assert sorted(steps) == [first + i for first in (0, 100, 200) for i in range(10)]

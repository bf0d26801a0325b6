"""The same verbs from Python."""

from __future__ import annotations

import io
import sys
from pathlib import Path

import numpy as np
import pytest

import genlab
from genlab import api
from genlab.api.progress import ProgressBar
from genlab.core.requests import NoDensity as ModelHasNone
from genlab.data.dataset import DataError
from genlab.engine.protocol import Metrics, Tick
from genlab.paradigms.diffusion.model import Diffusion
from genlab.runs.folder import RunError
from genlab.session.session import SettingError

SMALL = {"network.width": 16, "network.depth": 1, "training.pool": 2000, "training.threads": 1}


def test_an_array_trains_and_is_sampled(tmp_path: Path) -> None:
    x = np.random.default_rng(0).normal([3, -2], [1, 0.5], (400, 2))
    run = genlab.train("diffusion", x, steps=300, settings=SMALL, out=tmp_path / "run")  # type: ignore[attr-defined]
    assert isinstance(run, api.Run)
    assert (run.step, run.folder) == (300, tmp_path / "run")
    assert run.session.value("data.rows") == 400
    drawn = run.sample(n=500, seed=1, steps=10)
    assert drawn.shape == (500, 2)
    np.testing.assert_allclose(drawn.mean(0), [3, -2], atol=0.5)
    np.testing.assert_array_equal(drawn, run.sample(n=500, seed=1, steps=10))
    assert not np.array_equal(drawn, run.sample(n=500, seed=2, steps=10))
    assert run.log_prob([[3, -2]])[0] > run.log_prob([[5, 0]])[0]


def test_a_run_opened_again_draws_the_same_and_trains_on(trained: Path, tmp_path: Path) -> None:
    first = genlab.open_run(trained)  # type: ignore[attr-defined]
    second = api.open_run(trained)
    np.testing.assert_array_equal(first.sample(20), second.sample(20))
    run = api.train("diffusion", "moons", steps=5, settings=SMALL, out=tmp_path / "r")
    assert run.train(steps=7).step == 12
    assert api.open_run(run.folder).step == 12


def test_training_in_two_parts_equals_training_at_once(tmp_path: Path) -> None:
    constant = {**SMALL, "training.decay": "constant"}
    parts = api.train("diffusion", "moons", steps=40, settings=constant, out=tmp_path / "parts").train(
        steps=40
    )
    once = api.train("diffusion", "moons", steps=80, settings=constant, out=tmp_path / "once")
    np.testing.assert_array_equal(parts.sample(10), once.sample(10))


def test_events_are_shown_to_whoever_observes(tmp_path: Path) -> None:
    seen: list[str] = []
    api.train(
        "diffusion", "moons", steps=20, settings=SMALL, out=tmp_path / "r",
        observe=lambda event: seen.append(type(event).__name__),
    )  # fmt: skip
    assert {"StateChanged", "Metrics", "Saved"} <= set(seen)


def test_a_live_edit_is_journalled(tmp_path: Path) -> None:
    run = api.train("diffusion", "moons", steps=5, settings=SMALL, out=tmp_path / "r")
    run.edit({"training.learning_rate": 1e-4})
    run.train(steps=5)
    assert api.open_run(run.folder).session.training.learning_rate == 1e-4
    with pytest.raises(SettingError, match=r"network\.width cannot change"):
        run.edit({"network.width": 32})


def test_mistakes_are_exceptions_with_a_sentence(trained: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(SettingError, match="there is no paradigm"):
        api.train("magic", "moons", steps=1)
    with pytest.raises(DataError, match="does not hold points"):
        api.train("diffusion", np.array([{}]), steps=1)
    with pytest.raises(DataError, match="array"):
        api.train("diffusion", np.full((20, 2), np.nan), steps=1)
    with pytest.raises(RunError, match="exists already"):
        api.train("diffusion", "moons", steps=1, out=trained)
    run = api.open_run(trained)
    with pytest.raises(SettingError, match=r"there is no setting 'sampler\.speed'"):
        run.sample(5, speed=3)
    with pytest.raises(api.RequestError, match="3 columns"):
        run.log_prob(np.zeros((2, 3)))

    def log_prob(*_: object, **__: object) -> None:
        raise ModelHasNone("this one has none")

    monkeypatch.setattr(Diffusion, "log_prob", log_prob)
    with pytest.raises(api.NoDensity, match="this one has none"):
        run.log_prob(np.zeros((2, 2)))


def test_a_bar_tells_step_loss_speed_and_time(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    api.train("diffusion", "moons", steps=50, settings=SMALL, out=tmp_path / "r", progress=True)
    last = capsys.readouterr().err.splitlines()[-1]
    assert last.startswith("step 50  loss ")
    assert "steps/s" in last
    assert last.endswith("left")


def test_on_a_terminal_the_bar_moves_in_place(monkeypatch: pytest.MonkeyPatch) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    screen = Terminal()
    monkeypatch.setattr(sys, "stderr", screen)
    monkeypatch.setenv("COLUMNS", "100")
    with ProgressBar() as bar:
        bar(Metrics("r", ("step", "seconds", "total"), np.array([[1, 0.1, 0.5]])))
        bar(Tick("r", 1200, 3.0, 400.0, 0.25, 75.0, 1e-3))
    last = screen.getvalue().split("\r")[-1]
    assert last.startswith(" 25%")
    assert last.rstrip().endswith("step 1,200  loss 0.5  400 steps/s  1:15 left")

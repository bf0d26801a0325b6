"""`genlab equivalence` as a person uses it."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from genlab import api
from genlab.data.payloads import Curves, Table
from genlab.probes import equivalence, truncation
from genlab.runs.places import runs_dir

from .. import fakes
from .conftest import Genlab


@pytest.fixture(autouse=True)
def _fewer_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(equivalence, "MANY", 40)
    monkeypatch.setattr(truncation, "MOST_STEPS", 6)


def test_the_claims_and_the_truncation_errors_of_a_run_are_printed(genlab: Genlab, trained: Path) -> None:
    result = genlab("equivalence", trained)
    assert (result.status, result.err) == (0, "")
    claims, _, steps = result.out.partition("\n\n")
    assert claims.splitlines()[0].split("  ")[0] == "claim"
    assert claims.count("equal to rounding") == 4
    assert "not equal" not in claims
    lines = [line.split() for line in steps.splitlines()[1:5]]
    assert [line[:2] for line in lines] == [["Euler", "1"], ["Midpoint", "2"], ["Heun", "2"], ["RK4", "4"]]
    errors = [float(line[3]) for line in lines]
    assert errors[0] > errors[1] > errors[3]
    assert steps.splitlines()[5].startswith("Local errors of 6 steps of the sampler")


def test_as_json_the_numbers_are_those_of_the_panels(genlab: Genlab, trained: Path) -> None:
    found = json.loads(genlab("equivalence", trained, "--json").out)
    assert (found["paradigm"], found["dataset"], found["step"]) == ("diffusion", "moons", 200)
    run = api.open_run(trained)
    claims = run.probe("equivalence")
    errors, orders = (run.probe("truncation", show=show) for show in ("error", "order"))
    assert isinstance(claims, Table)
    assert isinstance(errors, Curves)
    assert isinstance(orders, Curves)
    assert [tuple(row) for row in found["equivalence"]["rows"]] == list(claims.rows)
    euler = found["truncation"][0]
    assert euler["largest_error"] == pytest.approx(10 ** float(errors.curves["Euler"].max()), rel=1e-6)
    assert euler["measured_order"] == pytest.approx(float(np.median(orders.curves["Euler"])), rel=1e-6)
    assert (euler["solver"], euler["nominal_order"]) == ("Euler", 1)


def test_without_a_run_a_model_is_trained_and_thrown_away(genlab: Genlab) -> None:
    result = genlab("equivalence", "--dataset", "circles", "--seconds", 0.5, "--json")
    assert result.status == 0
    assert result.err.splitlines()[0] == "no RUN: training diffusion on circles for 0.5 s, not to be kept"
    found = json.loads(result.out)
    assert found["dataset"] == "circles"
    assert not Path(found["run"]).exists()
    assert not runs_dir().exists() or not list(runs_dir().iterdir())


def test_a_run_of_another_paradigm_is_refused_in_one_sentence(
    genlab: Genlab, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fakes.use(monkeypatch)
    assert genlab("train", "duel", "moons", "--steps", 5, "--out", tmp_path / "d").status == 0
    result = genlab("equivalence", tmp_path / "d")
    assert (result.status, result.out) == (2, "")
    assert result.err.startswith("genlab: a run of duel has no path between noise and data")
    assert "diffusion" in result.err
    assert result.err.count("\n") == 1


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("RUN", "--seconds", "3"), "leave --dataset and --seconds out"),
        (("RUN", "--dataset", "moons"), "leave --dataset and --seconds out"),
        (("nowhere",), "nowhere is not a run"),
        (("--dataset", "lunes"), "there is no data set 'lunes'"),
        (("--seconds", "-1"), "training.seconds cannot be -1"),
    ],
)
def test_a_mistake_is_one_line_and_status_2(
    genlab: Genlab, trained: Path, arguments: tuple[str, ...], sentence: str
) -> None:
    result = genlab("equivalence", *(trained if word == "RUN" else word for word in arguments))
    assert result.status == 2
    assert sentence in result.err
    assert result.err.count("\n") == 1

"""Runs that an earlier GenLab wrote still open, draw the same samples, are judged alike and train on.

`before/` holds one small run per paradigm and kind of data in format 1, paused in the midst of training,
and beside each what it then gave: samples and log densities of seed 3, metrics of seed 0, and samples 20
steps later.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from genlab import api

BEFORE = Path(__file__).parent / "before"
NAMES = sorted(path.stem for path in BEFORE.glob("*.npz"))
EVALUATED = [name for name in NAMES if name.endswith(("-line", "file-points"))]


@pytest.fixture
def folder(tmp_path: Path, request: pytest.FixtureRequest) -> Path:
    return Path(shutil.copytree(BEFORE / request.param, tmp_path / "run"))


def expected(name: str) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    with np.load(BEFORE / f"{name}.npz") as arrays:
        return dict(arrays), json.loads((BEFORE / f"{name}.json").read_text())


def test_there_is_a_run_of_every_paradigm_on_points_a_line_and_digits() -> None:
    kinds = {tuple(name.rsplit("-", 1)) for name in NAMES}
    paradigms = {"baselines", "vae", "gan", "flow", "diffusion", "score", "flow-matching"}
    assert {(p, kind) for p in paradigms for kind in ("points", "line", "digits")} <= kinds


@pytest.mark.parametrize(("folder", "name"), [(name, name) for name in NAMES], indirect=["folder"])
def test_an_old_run_draws_the_same_samples_and_densities(folder: Path, name: str) -> None:
    arrays, said = expected(name)
    run = api.open_run(folder, "cpu")
    assert run.step == said["step"]
    drawn = run.draw(64, seed=3)
    # Images are whole levels: rounding may go the other way in a pixel or two.
    unequal = ~np.isclose(drawn.x, arrays["samples"], rtol=1e-3, atol=1e-3)
    assert unequal.mean() < (2e-3 if name.endswith("digits") else 1e-9), unequal.mean()
    if "labels" in arrays:
        assert np.array_equal(drawn.labels, arrays["labels"])
    if "log_prob" in arrays:
        found = run.log_probs(arrays["points"], label=said.get("log_prob_label"), seed=3)
        assert found.kind == said["kind"]
        np.testing.assert_allclose(found.values, arrays["log_prob"], rtol=2e-3, atol=2e-3)
    else:
        with pytest.raises(api.NoDensity):
            run.log_probs(arrays["points"], seed=3)
    assert {info.id for info in run.panels()} >= set(said["panels"])


@pytest.mark.parametrize(("folder", "name"), [(name, name) for name in NAMES], indirect=["folder"])
def test_an_old_run_trains_on(folder: Path, name: str) -> None:
    arrays, said = expected(name)
    run = api.open_run(folder, "cpu")
    run.train(steps=said["later_step"] - said["step"])
    assert run.step == said["later_step"]
    later = run.sample(64, seed=3)
    moved = np.abs(arrays["later"] - arrays["samples"]).mean()
    assert np.abs(later - arrays["later"]).mean() <= 0.05 * moved + 1e-3 * np.abs(later).mean()


@pytest.mark.parametrize(("folder", "name"), [(name, name) for name in EVALUATED], indirect=["folder"])
def test_an_old_run_is_judged_alike(folder: Path, name: str) -> None:
    before = {metric["key"]: metric for metric in expected(name)[1]["metrics"]}
    run = api.open_run(folder, "cpu")
    now = {metric["key"]: metric for metric in run.evaluate(40, seed=0)}
    assert set(now) == set(before)
    for key, metric in before.items():
        if metric["value"] is not None:
            assert float(now[key]["value"]) == pytest.approx(float(metric["value"]), rel=5e-3, abs=5e-3), key

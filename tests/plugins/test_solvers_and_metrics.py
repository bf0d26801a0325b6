"""A solver and a metric from a package: both are offered wherever those of GenLab are."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from .conftest import Lab

PYPROJECT = """
[build-system]
requires = ["setuptools>=77"]
build-backend = "setuptools.build_meta"

[project]
name = "lab-extras"
version = "2"

[project.entry-points."genlab.solvers"]
plain = "lab_solver:PLAIN"
taken = "lab_solver:TAKEN"

[project.entry-points."genlab.metrics"]
count = "lab_metric:COUNT"

[tool.setuptools]
py-modules = ["lab_solver", "lab_euler", "lab_metric"]
"""

SOLVER = """
from genlab.settings.solvers import SolverRecord
PLAIN = SolverRecord("plain", "Plain Euler", "lab_euler:Plain", ("diffusion", "score"))
TAKEN = SolverRecord("rk4", "Mine", "lab_euler:Plain", ("diffusion",))
"""

EULER = """
from genlab.sampling.solvers.euler import Euler

class Plain(Euler):
    pass
"""

METRIC = """
from genlab.metrics.records import LikelihoodMetric
from genlab.metrics.report import Metric
COUNT = LikelihoodMetric(
    "points", "Held-out points", lambda dataset, n: True,
    lambda scored: Metric(
        "points", "Held-out points", float(len(scored.x)), None, None, None, "near", "points", len(scored.x)
    ),
)
"""


@pytest.fixture
def extras(lab: Lab, tmp_path: Path) -> Lab:
    source = tmp_path / "lab-extras"
    source.mkdir()
    files = {
        "pyproject.toml": PYPROJECT,
        "lab_solver.py": SOLVER,
        "lab_euler.py": EULER,
        "lab_metric.py": METRIC,
    }
    for name, text in files.items():
        (source / name).write_text(text, encoding="utf-8")
    lab.install(source)
    return lab


def test_a_solver_walks_and_a_metric_is_reported(extras: Lab, tmp_path: Path) -> None:
    run = tmp_path / "run"
    small = ["--steps", 20, "--set", "network.width=16", "--set", "training.threads=1"]
    drawn = ["sample", run, "--n", 50, "--set", "sampler.steps=8", "--set"]
    listed, settings, trained, ours, theirs, impossible, evaluated = extras.verbs(
        ["list", "plugins", "--json"],
        ["list", "samplers", "--json"],
        ["train", "diffusion", "mixture-1d", *small, "--set", "training.pool=2000", "--out", run],
        [*drawn, "sampler.method=euler", "--out", tmp_path / "euler.npz"],
        [*drawn, "sampler.method=plain", "--out", tmp_path / "plain.npz"],
        [*drawn, "sampler.method=magic"],
        ["evaluate", run, "--n", 50, "--json"],
    )
    states = {(row["group"], row["id"]): row["state"] for row in json.loads(listed.out)}
    assert states["genlab.solvers", "plain"] == states["genlab.metrics", "points"] == "loaded"
    assert "there is a 'rk4' already" in states["genlab.solvers", "taken"]
    for paradigm, last in (
        ("diffusion", ("plain", "Plain Euler")),
        ("score", ("plain", "Plain Euler")),
        ("flow-matching", ("adaptive", "Adaptive (RK45)")),
    ):
        (row,) = [row for row in json.loads(settings.out)[paradigm] if row["key"] == "sampler.method"]
        assert list(row["choices"].items())[-1] == last
        assert row["kind"] == "choice"
    assert (trained.status, ours.status, theirs.status) == (0, 0, 0), theirs.err
    euler, plain = (np.load(tmp_path / f"{name}.npz")["samples"] for name in ("euler", "plain"))
    assert np.array_equal(euler, plain)
    assert impossible.status == 2
    assert "sampler.method cannot be 'magic': there is none of that name here" in impossible.err
    assert "there are ddpm, ddim, euler, euler-ancestral, heun, dpm++2m, plain\n" in impossible.err
    (row,) = [row for row in json.loads(evaluated.out)["metrics"] if row["name"] == "Held-out points"]
    assert row["value"] > 0

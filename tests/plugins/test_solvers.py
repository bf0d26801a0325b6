"""A solver that pip installed: a choice like any other, and of the order that it says."""

from __future__ import annotations

import json
import math
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest
import torch

from genlab.sampling.ideal import GaussianMixtureDenoiser
from genlab.sampling.path import VarianceExploding
from genlab.sampling.solvers import trajectory

from .conftest import Lab

PYPROJECT = """
[build-system]
requires = ["setuptools>=77"]
build-backend = "setuptools.build_meta"

[project]
name = "lab-ralston"
version = "0.1"

[project.entry-points."genlab.solvers"]
ralston = "lab_ralston:RECORD"

[tool.setuptools]
packages = ["lab_ralston"]
"""

RECORD = """
from genlab.settings.solvers import SolverRecord

RECORD = SolverRecord(
    {id!r}, "Ralston", "lab_ralston.solver:Ralston", {suits!r},
    summary="two evaluations a step, of second order",
)
"""

SOLVER = '''
from genlab.sampling.solvers import Solver
from genlab.sampling.solvers.base import coefficients


class Ralston(Solver):
    """Ralston's method in the noise level `sigma / alpha`. Source: Ralston (1962)."""

    def step(self, denoiser, state):
        path = denoiser.path
        alpha, level = coefficients(path, state.t)
        alpha_next, level_next = coefficients(path, state.t_next)
        first = denoiser.predict(state.x, state.t, state.condition)
        y, h = state.x / alpha, level_next - level
        between = path.time_of_noise_level(state.t.new_tensor(level + 2 / 3 * h)).clamp(min=path.t_min)
        x = path.alpha(between).item() * (y + 2 / 3 * h * first.noise)
        second = denoiser.predict(x, between, state.condition)
        y = y + h * (first.noise / 4 + 3 * second.noise / 4)
        return state.advance(alpha_next * y, first, first.nfe + second.nfe)
'''

DRAWN = """
import json, sys
from genlab import api
run = api.open_run(sys.argv[1])
drawn = {name: run.draw(300, seed=1, steps=6, method=name) for name in ("ralston", "heun")}
print(json.dumps({name: {"nfe": s.nfe, "x": s.x.tolist()} for name, s in drawn.items()}))
"""


def install(lab: Lab, at: Path, id: str = "ralston", suits: object = ("diffusion", "score")) -> None:
    package = at / "lab-ralston" / "lab_ralston"
    package.mkdir(parents=True)
    (package.parent / "pyproject.toml").write_text(PYPROJECT, encoding="utf-8")
    (package / "__init__.py").write_text(RECORD.format(id=id, suits=suits), encoding="utf-8")
    (package / "solver.py").write_text(SOLVER, encoding="utf-8")
    lab.install(package.parent)


def test_it_samples_like_any_other_and_a_run_that_misses_it_says_so(lab: Lab, tmp_path: Path) -> None:
    install(lab, tmp_path)
    run = tmp_path / "run"
    small = [f"--set={key}" for key in ("network.width=16", "network.depth=1", "training.threads=1")]
    chosen = [*small, "--set=sampler.method=ralston", "--set=sampler.steps=6"]
    listed, trained, drawn = lab.verbs(
        ["list", "samplers", "--json"],
        ["train", "diffusion", "moons", "--steps", 200, *chosen, "--out", run],
        ["sample", run, "--n", 300, "--seed", 1],
    )
    settings = json.loads(listed.out)
    for paradigm, there in (("diffusion", True), ("score", True), ("flow-matching", False)):
        (row,) = [row for row in settings[paradigm] if row["key"] == "sampler.method"]
        assert (list(row["choices"])[-1] == "ralston") is there
        assert row["help"].endswith(" Ralston: two evaluations a step, of second order.") is there
    assert (trained.status, drawn.status) == (0, 0), trained.err + drawn.err
    x = np.array([line.split(",")[:2] for line in drawn.out.splitlines()[1:]], float)
    script = tmp_path / "drawn.py"
    script.write_text(DRAWN, encoding="utf-8")
    again = json.loads(lab.python(script, run).out)
    # Heun's last step, to no noise, takes one evaluation less.
    assert (again["ralston"]["nfe"], again["heun"]["nfe"]) == (12, 11)
    assert x == pytest.approx(np.array(again["ralston"]["x"]), abs=1e-5)
    assert np.abs(x - np.array(again["heun"]["x"])).max() > 1e-3

    saved = json.loads((run / "run.json").read_text(encoding="utf-8"))
    assert saved["session"]["sampler"]["method"] == "ralston"
    without = Lab(tmp_path / "nothing")
    drawn, heun, asked = without.verbs(
        ["sample", run, "--n", 3],
        ["sample", run, "--n", 300, "--seed", 1, "--set=sampler.method=heun"],
        ["sample", run, "--n", 3, "--set=sampler.method=ralston"],
    )
    note = "note: the solver 'ralston' of this run is not installed here; 'dpm++2m' takes its place"
    for done in (drawn, heun):
        assert (done.status, done.err.splitlines()) == (0, [note])
    y = np.array([line.split(",")[:2] for line in heun.out.splitlines()[1:]], float)
    assert y == pytest.approx(np.array(again["heun"]["x"]), abs=1e-5)
    assert asked.status == 2
    assert asked.err.splitlines()[-1] == (
        "genlab: sampler.method cannot be 'ralston': there is none of that name here "
        "(is its package installed?); there are ddpm, ddim, euler, euler-ancestral, heun, dpm++2m"
    )
    assert json.loads((run / "run.json").read_text(encoding="utf-8")) == saved
    (went_on,) = without.verbs(["train", "--from", run, "--steps", 10])
    assert (went_on.status, note in went_on.err) == (0, True)
    saved = json.loads((run / "run.json").read_text(encoding="utf-8"))
    assert saved["session"]["sampler"]["method"] == "dpm++2m"


@pytest.mark.parametrize(
    ("id", "suits", "reason"),
    [
        ("heun", ("diffusion",), "there is a 'heun' already"),
        ("../x", ("diffusion",), "'../x' cannot be the name of a solver"),
        ("ralston", ("difusion",), "a solver suits one or more of diffusion, score, flow-matching"),
        ("ralston", (), "a solver suits one or more of"),
    ],
)
def test_a_record_that_cannot_be_is_left_out(
    id: str, suits: tuple[str, ...], reason: str, lab: Lab, tmp_path: Path
) -> None:
    install(lab, tmp_path, id, suits)
    done = lab.genlab("list", "samplers", "--paradigm", "diffusion")
    assert done.status == 0
    assert "Ralston" not in done.out
    (told,) = done.err.splitlines()
    assert told.startswith("genlab: The plug-in 'ralston' of lab-ralston is left out: ")
    assert reason in told


def test_its_error_falls_with_the_square_of_the_step(
    lab: Lab, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(lab, tmp_path)
    monkeypatch.syspath_prepend(str(lab.plugins))
    solver = import_module("lab_ralston.solver").Ralston()
    path = VarianceExploding(0.002, 5.0)
    denoiser = GaussianMixtureDenoiser(torch.zeros(1, 2, dtype=torch.float64), 0.5, path)
    x = torch.tensor([[5.0, -2.0], [1.0, 0.3]], dtype=torch.float64)
    # Of one Gaussian the flow keeps x over its standard deviation, sqrt(0.25 + sigma^2).
    exact = x * math.sqrt((0.25 + 0.002**2) / (0.25 + 5.0**2))
    steps, errors = [64, 128, 256, 512], []
    for n in steps:
        levels = torch.linspace(5.0 ** (1 / 7), 0.002 ** (1 / 7), n + 1, dtype=torch.float64) ** 7
        *_, end = trajectory(denoiser, solver, x, levels)
        errors.append((end.x - exact).square().mean().sqrt().item())
    assert -np.polyfit(np.log(steps), np.log(errors), 1)[0] == pytest.approx(2, abs=0.25)

"""Which solver each name stands for, and what it takes of the sampler's settings."""

from __future__ import annotations

from importlib.metadata import EntryPoint
from typing import Any

import pytest
import torch

from genlab.core.time.solvers import build_solver
from genlab.sampling import catalogue
from genlab.sampling.ideal import GaussianMixtureDenoiser
from genlab.sampling.path import VarianceExploding
from genlab.sampling.solvers import Solver, trajectory  # fmt: skip
from genlab.sampling.solvers.ddim import DDIM, DDPM
from genlab.sampling.solvers.dpm import DPMMultistep
from genlab.sampling.solvers.euler import Euler, EulerAncestral
from genlab.sampling.solvers.heun import Heun
from genlab.sampling.solvers.runge_kutta import Adaptive, RungeKutta
from genlab.sampling.solvers.stochastic import AnnealedLangevin, Langevin, PredictorCorrector, ReverseSDE
from genlab.sampling.spacing import times
from genlab.session.catalogue import PARADIGMS
from genlab.session.session import Session, SettingError, read_session
from genlab.settings.solvers import SolverKind, SolverRecord

EXPECTED: dict[SolverKind, dict[str, tuple[dict[str, Any], Solver]]] = {
    "diffusion": {
        "ddpm": ({}, DDPM()),
        "ddim": ({"eta": 0.3}, DDIM(0.3)),
        "euler": ({}, Euler()),
        "euler-ancestral": ({}, EulerAncestral()),
        "heun": ({"churn": 7.0}, Heun(churn=7.0)),
        "dpm++2m": ({}, DPMMultistep()),
    },
    "score": {
        "heun": ({}, Heun()),
        "rk4": ({}, RungeKutta("rk4", "level")),
        "adaptive": ({"tolerance": 1e-3}, Adaptive(1e-3, "level")),
        "reverse-sde": ({}, ReverseSDE()),
        "predictor-corrector": ({"corrections": 3, "ratio": 0.4}, PredictorCorrector(3, 0.4)),
        "annealed-langevin": ({"turns": 9, "step_size": 0.7}, AnnealedLangevin(9, 0.7)),
        "ula": ({"step_size": 0.7}, Langevin(0.7, adjusted=False)),
        "mala": ({"step_size": 0.7}, Langevin(0.7, adjusted=True)),
    },
    "flow-matching": {
        "euler": ({}, RungeKutta("euler", "time")),
        "midpoint": ({}, RungeKutta("midpoint", "time")),
        "heun": ({}, RungeKutta("heun", "time")),
        "rk4": ({}, RungeKutta("rk4", "time")),
        "adaptive": ({"tolerance": 1e-3}, Adaptive(1e-3, "time")),
    },
}
CASES = [(kind, name) for kind, names in EXPECTED.items() for name in names]


@pytest.mark.parametrize("kind", EXPECTED)
def test_the_choices_are_the_solvers_of_the_catalogue_in_their_order(kind: SolverKind) -> None:
    described = Session.default(kind, "moons").description("sampler.method")
    assert described.kind == "choice"
    assert list(described.choices) == list(EXPECTED[kind])
    assert dict(described.choices) == {id: r.title for id, r in catalogue.solvers_for(kind).items()}


@pytest.mark.parametrize(("kind", "name"), CASES)
def test_a_name_stands_for_a_solver_with_its_settings(kind: SolverKind, name: str) -> None:
    values, expected = EXPECTED[kind][name]
    solver = build_solver(kind, name, PARADIGMS[kind].sampler(method=name, **values))
    assert type(solver) is type(expected)
    assert solver == expected


@pytest.mark.parametrize(("kind", "name"), [(k, n) for k, n in CASES if k != "flow-matching"])
def test_only_what_is_said_to_draw_noise_draws_it(kind: SolverKind, name: str) -> None:
    record = catalogue.solvers_for(kind)[name]
    path = VarianceExploding()
    denoiser = GaussianMixtureDenoiser(torch.zeros(1, 2, dtype=torch.float64), 1.0, path)
    solver = build_solver(kind, name, PARADIGMS[kind].sampler(method=name))
    walk = trajectory(denoiser, solver, torch.ones(3, 2, dtype=torch.float64), times(path, 3))
    if record.stochastic:
        with pytest.raises(ValueError, match="draws noise"):
            list(walk)
    else:
        assert bool(list(walk)[-1].x.isfinite().all())


def test_a_choice_is_saved_as_its_name_and_another_is_refused_in_a_sentence() -> None:
    raw = Session.default("diffusion", "moons").with_values({"sampler.method": "ddim"}).model_dump()
    assert raw["sampler"]["method"] == "ddim"
    assert read_session(raw).value("sampler.method") == "ddim"
    raw["sampler"]["method"] = "ralston"
    with pytest.raises(SettingError) as refused:
        read_session(raw)
    assert str(refused.value) == (
        "sampler.method cannot be 'ralston': there is none of that name here (is its package installed?); "
        "there are ddpm, ddim, euler, euler-ancestral, heun, dpm++2m"
    )


@pytest.mark.parametrize(
    ("implementation", "options", "reason"),
    [
        ("genlab_nowhere:Solver", (), "cannot be made: No module named 'genlab_nowhere'"),
        ("genlab.sampling.solvers.heun:Heum", (), "has no attribute 'Heum'"),
        ("builtins:dict", (), "cannot be made: builtins:dict gives no Solver"),
        ("genlab.sampling.solvers.euler:Euler", ("steps",), "unexpected keyword argument 'steps'"),
        ("genlab.sampling.solvers.ddim:DDIM", ("zeta",), "takes 'zeta', which is no setting of this sampler"),
    ],
)
def test_a_plug_in_that_gives_no_solver_is_told_in_a_sentence(
    implementation: str, options: tuple[str, ...], reason: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    record = SolverRecord("broken", "Broken", implementation, ("diffusion",), options)
    monkeypatch.setattr(catalogue, "_plugins", (record,))
    with pytest.raises(ValueError, match=r"^the solver 'broken' ") as told:
        build_solver("diffusion", "broken", PARADIGMS["diffusion"].sampler())
    assert reason in str(told.value)


@pytest.mark.parametrize(("kind", "name"), CASES)
def test_the_options_of_a_solver_can_be_set_while_it_is_chosen_and_no_others(
    kind: SolverKind, name: str
) -> None:
    session = Session.default(kind, "moons").with_values({"sampler.method": name})
    (record,) = (each for each in catalogue.solvers_for(kind).values() if each.id == name)
    options = {option for each in catalogue.solvers_for(kind).values() for option in each.options}
    for option in options:
        matters = session.description(f"sampler.{option}").matters(session.sampler)
        assert matters is (option in record.options)


def test_a_paradigm_of_a_package_may_have_solvers_of_a_kind_of_its_own(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    record = SolverRecord("plain", "Plain", "my_solver:Plain", ("mine",), options=("eta",))
    with pytest.raises(ValueError, match="a solver suits one or more of"):
        catalogue._check(record)
    entry = EntryPoint("mine", "my_paradigm:PARADIGM", "genlab.paradigms")
    monkeypatch.setattr(catalogue, "entry_points", lambda group: [entry])
    catalogue._check(record)
    monkeypatch.setattr(catalogue, "_plugins", (record,))
    assert list(catalogue.solvers_for("mine")) == ["plain"]
    assert catalogue.takers("mine", "eta") == ("method", ("plain",))

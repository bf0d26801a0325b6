"""The solvers that there are: the built-in ones, in the order of menus, then those of plug-ins.

One name may stand for different solvers in diffusion and in flow matching: each has a line of its own.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from importlib.metadata import entry_points
from typing import Any

from genlab.settings.fields import setting
from genlab.settings.plugins import load
from genlab.settings.solvers import SolverKind, SolverRecord

_AT = "genlab.sampling.solvers"
_FIXED, _ADAPTIVE = f"{_AT}.runge_kutta:RungeKutta", f"{_AT}.runge_kutta:Adaptive"
_DIFFUSION, _SCORE, _FLOW = ("diffusion",), ("score",), ("flow-matching",)

BUILT_IN: tuple[SolverRecord, ...] = (
    SolverRecord("ddpm", "DDPM", f"{_AT}.ddim:DDPM", _DIFFUSION, stochastic=True),
    SolverRecord("ddim", "DDIM", f"{_AT}.ddim:DDIM", _DIFFUSION, ("eta",)),
    SolverRecord("euler", "Euler", f"{_AT}.euler:Euler", _DIFFUSION),
    SolverRecord(
        "euler-ancestral", "Euler ancestral", f"{_AT}.euler:EulerAncestral", _DIFFUSION, stochastic=True
    ),
    SolverRecord("heun", "Heun (EDM)", f"{_AT}.heun:Heun", _DIFFUSION, ("churn",)),
    SolverRecord("dpm++2m", "DPM-Solver++ (2M)", f"{_AT}.dpm:DPMMultistep", _DIFFUSION),
    SolverRecord("heun", "ODE: Heun", f"{_AT}.heun:Heun", _SCORE),
    SolverRecord("rk4", "ODE: Runge-Kutta 4", _FIXED, _SCORE, fixed={"name": "rk4", "chart": "level"}),
    SolverRecord(
        "adaptive", "ODE: adaptive (RK45)", _ADAPTIVE, _SCORE, ("tolerance",), {"chart": "level"}
    ),
    SolverRecord("reverse-sde", "Reverse SDE", f"{_AT}.stochastic:ReverseSDE", _SCORE, stochastic=True),
    SolverRecord(
        "predictor-corrector", "Predictor-corrector", f"{_AT}.stochastic:PredictorCorrector", _SCORE,
        ("corrections", "ratio"), stochastic=True,
    ),
    SolverRecord(
        "annealed-langevin", "Annealed Langevin", f"{_AT}.stochastic:AnnealedLangevin", _SCORE,
        ("turns", "step_size"), stochastic=True,
    ),
    SolverRecord(
        "ula", "Langevin at one level (ULA)", f"{_AT}.stochastic:Langevin", _SCORE, ("step_size",),
        stochastic=True,
    ),
    SolverRecord(
        "mala", "The same, adjusted (MALA)", f"{_AT}.stochastic:Langevin", _SCORE, ("step_size",),
        {"adjusted": True}, stochastic=True,
    ),
    SolverRecord("euler", "Euler", _FIXED, _FLOW, fixed={"name": "euler", "chart": "time"}),
    SolverRecord("midpoint", "Midpoint", _FIXED, _FLOW, fixed={"name": "midpoint", "chart": "time"}),
    SolverRecord("heun", "Heun", _FIXED, _FLOW, fixed={"name": "heun", "chart": "time"}),
    SolverRecord("rk4", "Runge-Kutta 4", _FIXED, _FLOW, fixed={"name": "rk4", "chart": "time"}),
    SolverRecord("adaptive", "Adaptive (RK45)", _ADAPTIVE, _FLOW, ("tolerance",), {"chart": "time"}),
)  # fmt: skip


def _check(record: SolverRecord) -> None:
    """Raises ValueError for what keeps a solver from being offered."""
    if not re.fullmatch("[a-z0-9]+([-_+.]+[a-z0-9]+)*", record.id):
        raise ValueError(f"'{record.id}' cannot be the name of a solver")
    if not re.fullmatch(r"[\w.]+:\w+", record.implementation):
        raise ValueError(f"'{record.implementation}' is not of the form module:callable")
    known = dict.fromkeys(kind for built_in in BUILT_IN for kind in built_in.suits)
    own = {entry.name for entry in entry_points(group="genlab.paradigms")}
    if not record.suits or not set(record.suits) <= known.keys() | own:
        raise ValueError(f"it suits {record.suits!r}; a solver suits one or more of {', '.join(known)}")


_plugins, PROBLEMS = load("genlab.solvers", SolverRecord, {record.id for record in BUILT_IN}, _check)


def solvers_for(kind: SolverKind) -> Mapping[str, SolverRecord]:
    """The solvers that suit a kind of model, by their identifiers."""
    return {record.id: record for record in (*BUILT_IN, *_plugins) if kind in record.suits}


def method(kind: SolverKind, default: str, help: str) -> Any:
    """The setting that chooses one of them; its help names plug-ins."""
    more = "".join(_told(record) for record in _plugins if kind in record.suits)
    choices = {id: record.title for id, record in solvers_for(kind).items()}
    return setting(default, help + more, label="Sampler", choices=choices)


def takers(kind: SolverKind, option: str) -> tuple[str, tuple[str, ...]]:
    """When a setting of the sampler matters, as its `when`: while the solver takes it as an option."""
    return "method", tuple(id for id, record in solvers_for(kind).items() if option in record.options)


def _told(record: SolverRecord) -> str:
    fresh = " It draws fresh noise." if record.stochastic else ""
    return f" {record.title}: {record.summary.rstrip('.') or 'a plug-in'}.{fresh}"

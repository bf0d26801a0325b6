"""The solvers of diffusion by name, with what tests expect of each."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from genlab.sampling.solvers import Solver
from genlab.sampling.solvers.ddim import DDIM, DDPM
from genlab.sampling.solvers.dpm import DPMMultistep
from genlab.sampling.solvers.euler import Euler, EulerAncestral
from genlab.sampling.solvers.heun import Heun


@dataclass(frozen=True)
class SolverInfo:
    """A solver and what it costs.

    Attributes:
        build: makes the solver; takes its options by keyword.
        stochastic: whether it draws fresh noise with its default options.
        evaluations: network passes per step and sample, without guidance. Heun's last step takes one less.
        order: order of convergence in the number of steps; None where the samples do not converge to a limit.
    """

    build: Callable[..., Solver]
    stochastic: bool
    evaluations: int
    order: int | None


SOLVERS: dict[str, SolverInfo] = {
    "ddpm": SolverInfo(DDPM, True, 1, None),
    "ddim": SolverInfo(DDIM, False, 1, 1),
    "euler": SolverInfo(Euler, False, 1, 1),
    "euler-ancestral": SolverInfo(EulerAncestral, True, 1, None),
    "heun": SolverInfo(Heun, False, 2, 2),
    "dpm++2m": SolverInfo(DPMMultistep, False, 1, 2),
}

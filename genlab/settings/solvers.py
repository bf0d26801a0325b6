"""What a solver says of itself, so that it can be chosen without torch.

A package offers solvers of its own under the entry point group `genlab.solvers`, each a `SolverRecord`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

SolverKind = str
"""What a solver is offered to: the samplers that ask for this kind.

Under `diffusion` and `score` each path has a score, and times fall from its highest noise level
`sigma / alpha`, which is finite, to none. Under `flow-matching` there is a velocity on times from 1, where
the noise level is infinite, to 0, and a score only where the source is normal noise drawn independently. The
paradigm of a package may have a kind of its own, named like its entry point."""


@dataclass(frozen=True)
class SolverRecord:
    """One solver.

    implementation: 'module:callable', imported only where it samples; gives a
    `genlab.sampling.solvers.Solver`. suits: what it is offered to. options: settings of the sampler that the
    callable takes by keyword; fixed: its other keywords. summary: of a plug-in, one sentence that the help of
    the setting says. stochastic: whether it draws fresh noise.
    """

    id: str
    title: str
    implementation: str
    suits: tuple[SolverKind, ...]
    options: tuple[str, ...] = ()
    fixed: Mapping[str, object] = field(default_factory=dict)
    summary: str = ""
    stochastic: bool = False

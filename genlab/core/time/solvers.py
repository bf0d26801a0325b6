"""From the settings of a sampler to the solver that they name, imported at the moment it is needed."""

from __future__ import annotations

from genlab.core.build import found
from genlab.sampling.catalogue import solvers_for
from genlab.sampling.solvers import Solver
from genlab.settings.solvers import SolverKind
from genlab.settings.time import TimeSampler


def build_solver(kind: SolverKind, method: str, sampler: TimeSampler) -> Solver:
    """The solver of that name, with the options that the sampler's settings give it.

    Raises ValueError, one sentence, where a plug-in does not give what its record says."""
    record = solvers_for(kind)[method]
    values = dict(sampler)
    if missing := [name for name in record.options if name not in values]:
        raise ValueError(f"the solver '{method}' takes '{missing[0]}', which is no setting of this sampler")
    options = {name: values[name] for name in record.options}
    try:
        solver = found(record.implementation)(**record.fixed, **options)
    except (Exception, SystemExit) as error:
        reason = " ".join(str(error).split()) or type(error).__name__
        raise ValueError(f"the solver '{method}' cannot be made: {reason}") from error
    if not isinstance(solver, Solver):
        raise ValueError(f"the solver '{method}' cannot be made: {record.implementation} gives no Solver")
    return solver

"""GenLab from Python: train, open, sample, evaluate.

    run = genlab.train("diffusion", "moons", seconds=60)
    x = run.sample(2000, steps=20)

Many runs, each in a process of its own: see `genlab.api.jobs`. Importing this costs little: torch is loaded
with the first run.
"""

from __future__ import annotations

from genlab.api.errors import Interrupted, NoDensity, RequestError, RunFailed
from genlab.api.jobs import Budget, Job, Result, conclude, run_job, run_jobs
from genlab.api.run import Run
from genlab.api.start import open_run, plan, session_of, train

__all__ = [
    "Budget",
    "Interrupted",
    "Job",
    "NoDensity",
    "RequestError",
    "Result",
    "Run",
    "RunFailed",
    "conclude",
    "open_run",
    "plan",
    "run_job",
    "run_jobs",
    "session_of",
    "train",
]

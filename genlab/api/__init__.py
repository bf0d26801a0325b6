"""GenLab from Python: train, open, sample, evaluate.

    run = genlab.train("diffusion", "moons", seconds=60)
    x = run.sample(2000, steps=20)

Importing this costs little: torch is loaded with the first run.
"""

from __future__ import annotations

from genlab.api.errors import Interrupted, NoDensity, RequestError, RunFailed
from genlab.api.run import Run
from genlab.api.start import open_run, plan, train

__all__ = [
    "Interrupted",
    "NoDensity",
    "RequestError",
    "Run",
    "RunFailed",
    "open_run",
    "plan",
    "train",
]

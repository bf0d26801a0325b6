"""GenLab: a desktop laboratory for generative models.

The names of :mod:`genlab.api` are available here and loaded on first use, so that ``import genlab`` stays
cheap for the window, which never imports torch.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from genlab.api import (
        Budget,
        Interrupted,
        Job,
        NoDensity,
        RequestError,
        Result,
        Run,
        RunFailed,
        conclude,
        open_run,
        plan,
        run_job,
        run_jobs,
        session_of,
        train,
    )

__version__ = "0.1.0"

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


def __getattr__(name: str) -> object:
    if name not in __all__:
        raise AttributeError(f"module 'genlab' has no attribute {name!r}")
    return getattr(import_module("genlab.api"), name)

"""What the engine says of what went wrong, in plain words."""

from __future__ import annotations

import traceback

import torch

from genlab.core.training import LossError
from genlab.engine import protocol as p

ERRORS = (Exception, SystemExit)
"""What ends a request or a run, but not the engine: a plug-in may try to exit."""

TITLES: dict[type, str] = {
    p.Prepare: "The run could not be prepared",
    p.Open: "The run could not be opened",
    p.Edit: "The change was not made",
    p.Train: "The run cannot be trained",
    p.StepOnce: "The run cannot be trained",
}
"""Of commands that are refused, or that fail before there is a run."""


def refusal(command: p.Command, problem: BaseException) -> p.Event:
    """What to say of a command that cannot be, and changed nothing."""
    if isinstance(command, p.Ask):
        return p.Refused(command.run, command.channel, command.request, str(problem))
    run = getattr(command, "run", None)
    title = TITLES.get(type(command), "That could not be done")
    kept = "" if isinstance(command, p.Prepare | p.Open) else "Nothing was changed."
    return p.Failure(run, title, str(problem), kept, "", details_of(problem), refused=True)


def failure(run: str | None, title: str, problem: BaseException, kept: str, channel: str = "") -> p.Failure:
    """What to say of an error that nobody foresaw."""
    remedy = "Continue, or copy the details for a report."
    if _of_memory(problem):
        remedy = "Take a smaller batch or network."
    elif isinstance(problem, LossError):
        remedy = "Copy the details for whoever wrote the paradigm."
    return p.Failure(run, title, what_of(problem), kept, remedy, details_of(problem), channel=channel)


def unwritten(problem: BaseException) -> p.Failure:
    """What to say where the writer met an error that is no refusal of the disk."""
    kept = "What was saved before is untouched."
    return p.Failure(None, "Writing to disk failed", str(problem), kept, "", details_of(problem))


def ended(problem: BaseException) -> p.Failure:
    """What to say when the worker itself cannot go on."""
    kept = "Runs are kept as their last checkpoints have them."
    what = f"{type(problem).__name__}: {problem}"
    return p.Failure(None, "The engine stopped", what, kept, "Start it again.", details_of(problem))


def what_of(problem: BaseException) -> str:
    """An error in one sentence."""
    if _of_memory(problem):
        return "There was not enough memory."
    if isinstance(problem, LossError):
        return f"{str(problem)[:1].upper()}{str(problem)[1:]}."
    return f"{type(problem).__name__}: {problem}"


def details_of(problem: BaseException) -> str:
    """Its traceback, for a report."""
    return "".join(traceback.format_exception(problem))


def _of_memory(problem: BaseException) -> bool:
    return isinstance(problem, MemoryError | torch.OutOfMemoryError) or "enough memory" in str(problem)

"""What can go wrong with a run, as exceptions whose messages are plain sentences."""

from __future__ import annotations

from pathlib import Path

from genlab.engine.protocol import Failure


class RequestError(ValueError):
    """A request that cannot be answered: the message is the reason."""


class NoDensity(RequestError):
    """The model has no density; the message says why."""


class RunFailed(RuntimeError):
    """A run that stopped by itself. failure: what happened, what was kept and the details.
    folder: where the run is, if anywhere."""

    def __init__(self, failure: Failure, folder: Path | None = None) -> None:
        self.failure = failure
        self.folder = folder
        where = f"The run is in {folder}." if folder is not None else ""
        parts = (failure.what, failure.kept, failure.remedy, where)
        super().__init__(f"{failure.title.rstrip('.')}: " + " ".join(part for part in parts if part))


class Interrupted(KeyboardInterrupt):
    """Training was interrupted, and the run saved in `folder` at `step`."""

    def __init__(self, folder: Path, step: int) -> None:
        self.folder = folder
        self.step = step
        super().__init__(f"interrupted at step {step:,}; saved in {folder}")

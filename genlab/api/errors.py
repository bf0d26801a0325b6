"""What can go wrong with a run, as exceptions whose messages are plain sentences."""

from __future__ import annotations

from pathlib import Path

from genlab.data.dataset import DataError
from genlab.engine.protocol import Failure
from genlab.runs.atomic import RunError
from genlab.session.session import SettingError


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

    def __reduce__(self) -> tuple[type[RunFailed], tuple[Failure, Path | None]]:
        return type(self), (self.failure, self.folder)


class Interrupted(KeyboardInterrupt):
    """Training was interrupted, and the run saved in `folder` at `step`."""

    def __init__(self, folder: Path, step: int) -> None:
        self.folder = folder
        self.step = step
        super().__init__(f"interrupted at step {step:,}; saved in {folder}")

    def __reduce__(self) -> tuple[type[Interrupted], tuple[Path, int]]:
        return type(self), (self.folder, self.step)


def sentence(error: Exception) -> str:
    """What went wrong, for a person."""
    match error:
        case SettingError() | DataError() | RunError() | RequestError() | RunFailed():
            return str(error)
        case MemoryError():
            return "there is not enough memory for this"
    return f"an error in GenLab itself, {type(error).__name__}: {error}"

"""From where an opened run goes on: its last checkpoint, or the weights for sampling alone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from numpy.typing import NDArray

from genlab.runs.checkpoints import Checkpoint
from genlab.runs.folder import RunError, RunFolder


@dataclass(frozen=True)
class Kept:
    """A checkpoint, or else weights, or neither where nothing was saved yet. session: as plain values. note:
    what a person should know, or ''."""

    session: dict[str, Any]
    checkpoint: Checkpoint | None = None
    weights: dict[str, NDArray[Any]] | None = None
    note: str = ""


def kept_of(folder: RunFolder, step: int | None = None) -> Kept:
    """What a run is opened with: the checkpoint of a step, or the newest that is whole; where there is none,
    the weights for sampling. Raises RunError."""
    weights = (folder.path / "weights.safetensors").exists()
    why = "the run has no checkpoint"
    if folder.checkpoints():
        try:
            found = folder.load_checkpoint(step)
        except RunError as error:
            if step is not None or not weights:
                raise
            why = str(error)
        else:
            return Kept(found.state["session"], found, note=found.note)
    session = folder.manifest["session"]
    if not weights:
        return Kept(session)
    note = f"{why}; its weights for sampling are opened, and the optimiser begins anew"
    return Kept(session, weights=folder.load_weights(), note=note)

"""The numbered checkpoints of a run: written wholly, pointed to last, thinned with age."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from genlab.runs import migrations
from genlab.runs.atomic import RunError, plain_reason, sync_folder, write_bytes
from genlab.runs.tensors import Tensors, pack, read_bytes, unpack

LARGEST_STATE = 64 * 2**20
ATTEMPTS = 5
"""At reading while another process writes and drops checkpoints."""
_NAME = re.compile(r"(?:\.old-)?(\d{9,})")


@dataclass(frozen=True)
class Checkpoint:
    """A run at one step. note: which newer checkpoint was damaged and passed over, or ''."""

    step: int
    tensors: dict[str, NDArray[Any]]
    state: dict[str, Any]
    note: str = ""


@dataclass(frozen=True)
class CheckpointInfo:
    """What a list says of a checkpoint. seconds: of training. written: clock time, seconds since 1970.
    session: the settings it trained with, as plain values."""

    step: int
    seconds: float
    written: float
    session: dict[str, Any]


def surplus(steps: Sequence[int], most: int = 20, recent: int = 3) -> list[int]:
    """Which of the checkpoints at ascending `steps` to drop, so that at most `most` are left.

    The first and the last `recent` stay; between them goes, again and again, the one whose
    neighbours are closest in the logarithm of their age, so that the gaps grow with age."""
    kept, dropped = list(steps), []
    while len(kept) > most:
        ages = [kept[-1] - step for step in kept]
        middle = range(1, len(kept) - recent)
        goes = min(middle, key=lambda i: ages[i - 1] / ages[i + 1])
        dropped.append(kept.pop(goes))
    return dropped


class Checkpoints:
    """The folder `checkpoints/` of a run: `<step>/state.safetensors`, `<step>/state.json`, `latest`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def steps(self) -> list[int]:
        """The steps of all checkpoints, ascending."""
        return sorted(self._places())

    def infos(self) -> list[CheckpointInfo]:
        """What can be told of each checkpoint without its tensors, ascending; damaged ones are left out."""
        found = []
        for step, place in sorted(self._places().items()):
            try:
                path = place / "state.json"
                about = json.loads(read_bytes(path, LARGEST_STATE))
                state = migrations.migrate_state(about["state"], int(about["format"]))
                written, session = path.stat().st_mtime, dict(state["session"])
                found.append(CheckpointInfo(step, float(state["seconds"]), written, session))
            except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
                continue
        return found

    def latest(self) -> int | None:
        """The step that was pointed to last; the highest where the pointer is lost."""
        places = self._places()
        try:
            step = int((self.folder / "latest").read_text("ascii"))
        except (OSError, ValueError):
            step = -1
        return step if step in places else max(places, default=None)

    def save(self, step: int, tensors: Tensors, state: Mapping[str, Any]) -> Path:
        """Write a checkpoint, point to it, and drop surplus ones and those beyond `step`, which
        a rewound run has left behind. Raises RunError; the older checkpoints then stay."""
        place = self.folder / f"{step:09d}"
        temporary = self.folder / f".new-{step:09d}"
        content = pack(tensors)
        about = {
            "format": migrations.checkpoint_format(),
            "step": step,
            "sha256": hashlib.sha256(content).hexdigest(),
            "state": dict(state),
        }
        try:
            self.folder.mkdir(exist_ok=True)
            self._sweep()
            temporary.mkdir()
            write_bytes(temporary / "state.safetensors", content)
            write_bytes(temporary / "state.json", json.dumps(about, ensure_ascii=False).encode())
            if place.exists():
                os.replace(place, self.folder / f".old-{step:09d}")
            os.replace(temporary, place)
            sync_folder(self.folder)
            write_bytes(self.folder / "latest", place.name.encode())
        except (OSError, RunError) as error:
            shutil.rmtree(temporary, ignore_errors=True)
            cause = error if isinstance(error, OSError) else error.__cause__
            reason = plain_reason(cause) if isinstance(cause, OSError) else str(error)
            raise RunError(
                f"the checkpoint of step {step} could not be written: {reason}"
                + ("; earlier ones are kept" if self.steps() else "")
            ) from error
        self._sweep()
        steps = self.steps()
        for old in [s for s in steps if s > step] + surplus([s for s in steps if s <= step]):
            shutil.rmtree(self.folder / f"{old:09d}", ignore_errors=True)
        return place

    def load(self, step: int | None = None) -> Checkpoint:
        """The checkpoint of a step. Without one the latest, or, where that is damaged, the newest
        earlier one that is whole. Raises RunError.

        Another process may write beside: where checkpoints came or went meanwhile, it is tried again."""
        for attempt in range(ATTEMPTS):
            before = self.latest(), self.steps()
            try:
                found = self._newest() if step is None else self._read(step)
            except RunError:
                if attempt == ATTEMPTS - 1 or before == (self.latest(), self.steps()):
                    raise
            else:
                if not found.note or before == (self.latest(), self.steps()):
                    return found
        return found

    def _newest(self) -> Checkpoint:
        """The latest, or the newest before it that is whole, with a note. Raises RunError."""
        latest = self.latest()
        if latest is None:
            raise RunError(f"{self.folder.parent} has no checkpoint yet")
        failures: list[str] = []
        for candidate in [s for s in reversed(self.steps()) if s <= latest]:
            try:
                found = self._read(candidate)
            except RunError as error:
                failures.append(str(error))
                continue
            note = "; ".join(failures)
            return Checkpoint(
                found.step, found.tensors, found.state, note and f"{note}; going on from step {candidate}"
            )
        raise RunError("; ".join(failures))

    def _read(self, step: int) -> Checkpoint:
        place = self._places().get(step)
        if place is None:
            raise RunError(f"{self.folder.parent} has no checkpoint of step {step}")
        damaged = RunError(f"the checkpoint of step {step} is damaged")
        try:
            about = json.loads(read_bytes(place / "state.json", LARGEST_STATE))
            content = read_bytes(place / "state.safetensors")
            format = int(about["format"])
            whole = about["sha256"] == hashlib.sha256(content).hexdigest()
            state = dict(about["state"])
        except (ValueError, KeyError, TypeError, RecursionError) as error:
            raise damaged from error
        if not migrations.OLDEST_CHECKPOINT <= format <= migrations.checkpoint_format():
            age = "an older" if format < migrations.OLDEST_CHECKPOINT else "a newer"
            raise RunError(f"the checkpoint of step {step} was written by {age} GenLab, with other contents")
        if not whole:
            raise damaged
        try:
            state = migrations.migrate_state(state, format)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise damaged from error
        return Checkpoint(step, unpack(content, f"the checkpoint of step {step}"), state)

    def _places(self) -> dict[int, Path]:
        """Step to folder. One that was moved aside counts until its successor is in place."""
        places: dict[int, Path] = {}
        if self.folder.is_dir():
            for path in sorted(self.folder.iterdir()):  # '.old-' sorts before digits, which so win
                match = _NAME.fullmatch(path.name)
                if match and path.is_dir():
                    places[int(match[1])] = path
        return places

    def _sweep(self) -> None:
        """Clear away what an interrupted save has left."""
        for path in self.folder.iterdir():
            step = path.name.removeprefix(".old-")
            if path.name.startswith(".old-") and not (self.folder / step).exists():
                os.replace(path, self.folder / step)
            elif path.name.startswith((".new-", ".old-", ".latest.")):
                shutil.rmtree(path) if path.is_dir() else path.unlink()

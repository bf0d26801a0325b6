"""One run as the window steers it: begin, pause, step, reset, open, continue, edit."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject, Signal

from genlab.app.views.engine_link import EngineLink
from genlab.data.files.settings import FileSettings
from genlab.engine import protocol as p
from genlab.runs.places import fresh_run_folder
from genlab.session.session import Session, read_session

BUDGET = ("training.stop", "training.seconds", "training.steps")


class RunControl(QObject):
    """The run of a workspace. An untrained one has no folder: it lets the sliders work before Train.

    changed: state or settings are others now. begun: another run is in view. asked: it is to train, to take
    a step, or to be left for another. trained: it trains from now on, or has taken a single step."""

    changed = Signal()
    begun = Signal()
    asked = Signal()
    trained = Signal()

    def __init__(self, engine: EngineLink, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._engine = engine
        self._taken: set[str] = set()
        self.device = "auto"
        self.source: str | None = None
        self.forget()

    def forget(self) -> None:
        """No run is in view."""
        self.id = ""
        self.folder: str | None = None
        self.session: Session | None = None
        self.state: p.State | None = None
        self.step = self.saved = self.kept_step = 0
        self.seconds = 0.0
        self.threads = 0
        self.used_device = ""
        self.players: tuple[str, ...] = ()
        self.converged = False
        self.wanted = False
        self.opening = False
        self.lost = False
        self.edits: dict[str, Any] = {}

    @property
    def kept(self) -> bool:
        """Whether the run has a folder, so that it can be continued."""
        return self.folder is not None

    @property
    def unsaved(self) -> bool:
        """Whether steps were taken since the last checkpoint."""
        return self.kept and self.step > self.saved

    @property
    def training(self) -> bool:
        """Whether it trains, or will as soon as the engine has prepared it."""
        return self.state == "training" or self.wanted

    @property
    def can_go_on(self) -> bool:
        """Whether the run rests, and can be trained on."""
        return self.kept and self.step > 0 and not self.training and not self.converged

    def mode(self, pending: bool) -> str:
        """What the Train button does next, a key of `top_bar.TRAIN`. pending: edits wait for a reset."""
        if pending and self.kept:
            return "reset"
        if self.state == "training":
            return "pause"
        if self.wanted:
            return "starting"
        if self.kept and self.converged:
            return "converged"
        return "continue" if self.can_go_on else "train"

    def preview(self, session: Session) -> None:
        """Prepare the untrained model of a session; nothing is written."""
        self._begin(session, None)
        self._send_prepare(session)

    def train(self, session: Session, folder: str = "") -> None:
        """Begin a run, or go on with the one in view; past its end for as much again."""
        self.asked.emit()
        if not self.kept:
            self._begin(session, folder or self._fresh_folder(session))
            self._send_prepare(session)
        self.wanted = True
        self._engine.send(p.Train(self.id))
        self.changed.emit()

    def pause(self) -> None:
        """Stop after the step under way."""
        self.wanted = False
        self._engine.send(p.Pause(self.id))
        self.changed.emit()

    def step_once(self, session: Session, player: str | None = None) -> None:
        """Take one training step, in a new run where there is none; of one player only, where named."""
        self.asked.emit()
        if not self.kept:
            self._begin(session, self._fresh_folder(session))
            self._send_prepare(session)
        self.wanted = False
        self._engine.send(p.StepOnce(self.id, player))

    def reset(self, session: Session, train: bool) -> None:
        """Leave the run as it is on disk, and begin another from the same initial weights."""
        self.asked.emit()
        self.leave()
        if train:
            self.train(session)
        else:
            self.preview(session)

    def open(self, folder: str, session: Session, train: bool = False, checkpoint: int | None = None) -> None:
        """Open a run from its folder."""
        self.asked.emit()
        self._begin(session, folder)
        self.opening = True
        self._engine.send(p.Open(self.id, folder, checkpoint, self.device))
        if train:
            self.wanted = True
            self._engine.send(p.Train(self.id))
        self.changed.emit()

    def edit(self, values: Mapping[str, Any]) -> None:
        """Change what may change in mid-run."""
        if self.kept and self.session is not None:
            self._engine.send(p.Edit(self.id, dict(values)))
            self.session = self.session.with_values(values)
            if self.state == "preparing":
                self.edits.update(values)

    def leave(self) -> None:
        """Save and forget the run in view."""
        if self.id:
            self._engine.send(p.Close(self.id))
        self.forget()

    def take(self, event: p.Event) -> bool:
        """Take what the engine says of this run; whether it was about this run."""
        if isinstance(event, p.EngineReady | p.EngineDied) or event.run != self.id or not self.id:
            return False
        if isinstance(event, p.StateChanged | p.Tick) and self._goes_on(event):
            self.trained.emit()
        match event:
            case p.Opened():
                # It tells of the run before the edits that were sent meanwhile.
                self.session = read_session(event.session).with_values(self.edits)
                self.edits.clear()
                self.folder = event.folder
                self.step = self.saved = self.kept_step = event.step
                self.seconds = event.seconds
                self.threads, self.used_device = event.threads, event.device
                self.players = event.players
                self.opening = False
                if self.state in (None, "preparing"):
                    self.state = "paused" if event.step else "ready"
            case p.StateChanged():
                self.state, self.step, self.seconds = event.state, event.step, event.seconds
                self.kept_step = event.step if event.kept is None else event.kept
                self.converged = event.converged
                if event.state not in ("preparing", "ready"):
                    self.wanted = False
            case p.Tick():
                self.step, self.seconds = event.step, event.seconds
                if event.players == self.players:
                    return True
                self.players = event.players
            case p.Saved():
                self.saved = event.step
                return True
            case p.Failure():
                self.wanted = False
                if self.state == "preparing":
                    # There is no such run in the engine: the next Train begins another.
                    self.lost, self.state, self.folder = self.opening, "failed", None
            case _:
                return True
        self.changed.emit()
        return True

    def _goes_on(self, event: p.StateChanged | p.Tick) -> bool:
        """Whether a run begins to train, or one that rests has taken a step."""
        if isinstance(event, p.StateChanged) and event.state == "training":
            return True
        return self.state in ("ready", "paused", "done", "failed") and self.step < event.step

    def engine_died(self) -> None:
        """The engine is gone; a run without a folder is gone with it."""
        self.wanted = False
        self.state = "failed"
        self.changed.emit()

    def _begin(self, session: Session, folder: str | None) -> None:
        old, players = self.id, self.players
        self.forget()
        self.players = players  # most likely the same again; the engine says so once it is prepared
        if old:
            self._engine.send(p.Close(old))
        self.id = secrets.token_hex(4)
        self.folder = folder
        self.session = session
        self.state = "preparing"
        self.begun.emit()

    def _fresh_folder(self, session: Session) -> str:
        """A folder that is not there, nor promised to a run that the engine has not made yet."""
        name = session.data.name if isinstance(session.data, FileSettings) else session.dataset
        first = path = fresh_run_folder(session.paradigm, name)
        number = 1
        while str(path) in self._taken:
            number += 1
            path = first.with_name(f"{first.name}-{number}")
        self._taken.add(str(path))
        return str(path)

    def _send_prepare(self, session: Session) -> None:
        source = self.source if session.own else None
        self._engine.send(p.Prepare(self.id, session.model_dump(), self.folder, source, self.device))
        self.changed.emit()


def folder_name(folder: str) -> str:
    """A run's folder as a person knows it."""
    return Path(folder).name

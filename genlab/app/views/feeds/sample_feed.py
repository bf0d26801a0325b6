"""Samples for the panels: one request under way, the newest waiting, frames as they come."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from time import perf_counter

from PySide6.QtCore import QObject, QTimer, Signal

from genlab.data.payloads import Samples, Trajectory
from genlab.engine.protocol import Answer, Command, Refused, Request, Sample

PATIENCE = 0.35
"""Seconds after which a request under way gives place to a newer one, and its frames show as they come, if
nothing was shown ahead of them."""


class SampleFeed(QObject):
    """Asks for whole trajectories and holds the last one.

    shown: the frames, the position or the step are others now."""

    shown = Signal()
    refused = Signal(str)

    def __init__(self, send: Callable[[Command], None], parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._send = send
        self._count = 0
        self._late = QTimer(self)
        self._late.setSingleShot(True)
        self._late.timeout.connect(self._release)
        self.forget()

    def forget(self) -> None:
        """Hold nothing, wait for nothing."""
        self.frames: list[Samples] = []
        self.step = 0
        self.coarse = ""
        self.held = -1  # the step of the whole trajectory, where `step` may be of one that is arriving
        self.drawn: Request | None = None  # what asked for it, where it is not coarser
        self._sent: Sample | None = None
        self.position = 0
        self.follow = True
        self._incoming: list[Samples] = []
        self._ahead = False  # coarser ones of the request under way are shown
        self._flying: int | None = None
        self._asked = 0.0
        self._next: Sample | None = None
        self._late.stop()

    @property
    def busy(self) -> bool:
        """Whether a request is under way."""
        return self._flying is not None

    @property
    def arriving(self) -> bool:
        """Whether a trajectory is under way, asked for or not."""
        return self._flying is not None or bool(self._incoming)

    def next_request(self) -> int:
        """A request number that no other request has."""
        self._count += 1
        return self._count

    def ask(self, request: Sample) -> None:
        """Ask for a trajectory, now or as soon as the one under way is there."""
        self._next = request
        if self._flying is None or perf_counter() - self._asked > PATIENCE:
            self._release()
        elif not self._late.isActive():
            self._late.start(int(PATIENCE * 1000))

    def take(self, answer: Answer) -> bool:
        """Take a frame of the request under way, or coarser ones ahead of them; whether it was that."""
        if answer.request != self._flying or not isinstance(answer.payload, Samples | Trajectory):
            return False
        if isinstance(answer.payload, Trajectory):
            self._keep(list(answer.payload.frames), answer.step, answer.coarse)
            self._ahead = True
            self._release()
            return True
        self._incoming.append(answer.payload)
        if answer.last:
            self._land(answer.step)
        elif perf_counter() - self._asked > PATIENCE and self.follow and not self._ahead:
            self.frames, self.step, self.coarse = list(self._incoming), answer.step, ""
            self.position = len(self.frames) - 1
            self.shown.emit()
        return True

    def take_refusal(self, refusal: Refused) -> bool:
        """Hear that the request under way cannot be answered; whether it was that one."""
        if refusal.request != self._flying:
            return False
        self._flying = None
        self.refused.emit(refusal.reason)
        self._release()
        return True

    def take_watched(self, answer: Answer, watch: Request | None = None) -> None:
        """Take frames that nobody asked for just now: a preview at once, or one by one after a pause."""
        if self._flying is not None:
            return
        match answer.payload:
            case Trajectory(frames=frames):
                self._keep(list(frames), answer.step, answer.coarse)
                self.drawn = None if answer.coarse else watch
            case Samples(index=index):
                self._incoming = [] if index == 0 else self._incoming
                self._incoming.append(answer.payload)
                if answer.last:
                    self._keep(self._incoming, answer.step)
                    self.drawn, self._incoming = watch, []

    def move(self, position: int) -> None:
        """Stand at a frame; at the last one new samples are followed."""
        if self.frames:
            self.position = min(max(0, position), len(self.frames) - 1)
            self.follow = self.position == len(self.frames) - 1
            self.shown.emit()

    @property
    def frame(self) -> Samples | None:
        """The frame at the position."""
        return self.frames[self.position] if self.frames else None

    def _release(self) -> None:
        if self._next is None:
            return
        wanted, self._next = self._next, None
        self._late.stop()
        self._flying = self.next_request()
        self._asked = perf_counter()
        self._incoming, self._ahead, self._sent = [], False, wanted
        self._send(replace(wanted, request=self._flying))

    def _land(self, step: int) -> None:
        self._flying = None
        self._keep(self._incoming, step)
        self.drawn, self._incoming = self._sent, []
        self._release()

    def _keep(self, frames: list[Samples], step: int, coarse: str = "") -> None:
        share = self.position / max(1, len(self.frames) - 1)
        self.frames, self.coarse = frames, coarse
        self.step, self.held, self.drawn = step, step, None
        last = len(self.frames) - 1
        self.position = last if self.follow else round(share * last)
        self.shown.emit()

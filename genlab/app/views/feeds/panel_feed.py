"""What feeds the panels of a run: samples and densities when something moves, watches while it trains."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Protocol

from PySide6.QtCore import QElapsedTimer, QObject, QTimer

from genlab.app.views.engine_link import EngineLink
from genlab.app.views.feeds import requests
from genlab.app.views.feeds.requests import CHANNEL, channel_of
from genlab.app.views.feeds.sample_feed import SampleFeed
from genlab.app.views.panel import Panel
from genlab.app.views.run_control import RunControl
from genlab.engine import protocol as p
from genlab.session.session import Session
from genlab.settings.panels import PanelInfo

FRAME = 16
"""Milliseconds between two drawings of the samples at least."""
FED = ("samples", "trajectory")
"""Kinds of panels that the sample feed fills; the others say themselves what they ask for."""


class PanelHolder(Protocol):
    """What lays out the panels of a run."""

    @property
    def panels(self) -> Mapping[str, Panel]:
        """Those that were made, by id."""

    def seen(self) -> Sequence[Panel]:
        """Those that a person sees now."""

    def set_panels(self, infos: Sequence[PanelInfo]) -> None:
        """Offer these panels."""


class PanelFeed(QObject):
    """Asks the engine on behalf of the panels that are seen; hidden ones ask for nothing."""

    def __init__(
        self,
        engine: EngineLink,
        run: RunControl,
        holder: PanelHolder,
        session: Callable[[], Session],
        parent: QObject,
    ) -> None:
        super().__init__(parent)
        self._engine = engine
        self._run = run
        self._holder = holder
        self._session = session
        self._asked: dict[str, int] = {}
        # By channel: the step of the weights that it shows, and what asked for it, where it is not coarser.
        self._answered: dict[str, tuple[int, p.Request | None]] = {}
        self._requests: dict[str, p.Request] = {}
        self._watched: dict[str, p.Request] = {}
        self._waiting: set[str] = set()
        self._in_view = True
        self._reference: tuple[Session, p.LossReference] | None = None
        self.samples = SampleFeed(engine.send, self)
        self.samples.shown.connect(self._redraw)
        self._dirty = self._timer(FRAME, self.draw)
        self._drew = QElapsedTimer()
        self._rest = self._timer(120, self._ask_rest)
        self._stale = self._timer(600, self._refresh)
        self.drawn: Callable[[], None] = lambda: None

    def forget(self) -> None:
        """Another run is in view: nothing of the old one counts."""
        self.samples.forget()
        self._asked.clear()
        self._waiting.clear()
        self._answered.clear()
        self._watched.clear()

    @property
    def n(self) -> int:
        """How many samples are asked for at once."""
        return requests.count(self._session().space)

    @property
    def prepared(self) -> bool:
        """Whether the run can answer, and somebody sees it."""
        return self._in_view and bool(self._run.id) and self._run.state not in (None, "preparing")

    @property
    def busy(self) -> bool:
        """Whether a panel waits for the last part of an answer."""
        return bool(self._waiting)

    def resample(self) -> None:
        """Draw samples with the sampler as it is set now, and then what else depends on it."""
        if not self.prepared:
            return
        if any(panel.info.kind in FED for panel in self._holder.seen()):
            self.samples.ask(requests.sample(self._run.id, self._session()))
        self._rest.start()

    def watch(self) -> None:
        """Have the seen panels kept up to date while the run trains."""
        seen = self._holder.seen()
        wanted: dict[str, p.Request] = {}
        if any(panel.info.kind in FED for panel in seen):
            wanted[CHANNEL] = requests.sample(self._run.id, self._session())
        for panel in seen:
            if (request := self._request(panel)) is not None:
                wanted[request.channel] = request
        for channel in [c for c in self._watched if c not in wanted]:
            self._engine.send(p.Watch(self._run.id, channel, None))
            del self._watched[channel]
        for channel, request in wanted.items():
            under_way = self._watched.get(channel)
            if under_way is None or replace(under_way, request=0) != request:
                self._watched[channel] = watch = replace(request, request=self.samples.next_request())
                self._engine.send(p.Watch(self._run.id, channel, watch))

    def set_in_view(self, on: bool) -> None:
        """Whether a person sees the panels. Of hidden ones nothing is kept up to date, asked, or answered
        to its end; what was missed comes when they are seen again."""
        self._in_view = on
        if not on:
            self._let_go()
        elif self._run.training:
            self.watch()
        else:
            self.stopped()

    def _let_go(self) -> None:
        for channel in self._watched:
            self._engine.send(p.Watch(self._run.id, channel, None))
        self._watched.clear()
        for channel in self._waiting:
            self._engine.send(p.Cancel(self._run.id, channel))
            self._answered[channel] = (-1, None)
        self._waiting.clear()

    def ask(self, panel: Panel) -> None:
        """Ask for what one panel draws."""
        if not self.prepared:
            return
        request = self._request(panel)
        if request is not None:
            self._asked[request.channel] = number = self.samples.next_request()
            self._requests[request.channel] = request
            self._waiting.add(request.channel)
            self._engine.send(replace(request, request=number))

    def panel_asks(self, panel: Panel) -> None:
        """A panel wants something else now."""
        self.ask(panel)
        if self._run.training:
            # The watch under way still asks what the panel wanted before: its answers are stale.
            self._watched.pop(channel_of(panel.info.id), None)
            self._rest.start()

    def panels_changed(self) -> None:
        """Other panels are seen now; what they show of the weights and the settings of now, they keep."""
        if self._run.training:
            self.watch()
        else:
            self._catch_up()
        self.draw()

    def failed(self, channel: str) -> None:
        """What broke is watched no more by the engine: the next watch sets it again."""
        self._watched.pop(channel, None)

    def stopped(self) -> None:
        """Training stopped: the engine answers every watch once more; look later whether all came."""
        self._stale.start()

    def take(self, answer: p.Answer) -> None:
        """Hand an answer to whom it belongs; a stale one is dropped."""
        if answer.channel == CHANNEL:
            if not self.samples.take(answer) and answer.request == self._watching(CHANNEL):
                self.samples.take_watched(answer, self._answers(answer))
            return
        panel = self._asking(answer)
        if panel is not None:
            self._answered[answer.channel] = (answer.step, None if answer.coarse else self._answers(answer))
            if answer.last:
                self._heard(answer)
            panel.show_answer(answer)

    def take_refusal(self, refusal: p.Refused) -> None:
        """Tell a panel that what it asks for cannot be answered, or whoever waits for samples."""
        self.samples.take_refusal(refusal)
        panel = self._asking(refusal)
        if panel is not None:
            self._answered[refusal.channel] = (self._run.kept_step, self._answers(refusal))
            self._heard(refusal)
            panel.show_refusal(refusal.reason)

    def _heard(self, event: p.Answer | p.Refused) -> None:
        """This was the last part of an answer."""
        if event.request == self._asked.get(event.channel):
            self._waiting.discard(event.channel)

    def _asking(self, event: p.Answer | p.Refused) -> Panel | None:
        """The panel whose latest request an event answers; None where there is none."""
        current = (self._asked.get(event.channel), self._watching(event.channel))
        panels = self._holder.panels.values() if event.request in current else ()
        return next((panel for panel in panels if channel_of(panel.info.id) == event.channel), None)

    def _answers(self, event: p.Answer | p.Refused) -> p.Request:
        """What an event answers, without its number."""
        asked = event.request == self._asked.get(event.channel)
        return replace((self._requests if asked else self._watched)[event.channel], request=0)

    def _watching(self, channel: str) -> int | None:
        """The number of the request that is watched on a channel."""
        watch = self._watched.get(channel)
        return None if watch is None else watch.request

    def take_reference(self, event: p.LossReference) -> None:
        """Show what losses read in the best case, in this run and in others of the same settings."""
        if self._run.session is not None:
            self._reference = (self._run.session, event)
            self.show_reference()

    def show_reference(self) -> None:
        """Show it again, where it is known: a run has that of its untrained model."""
        if self._reference is None or self._run.session is None:
            return
        session, event = self._reference
        if not self._run.session.pending(session):
            for panel in self._holder.panels.values():
                panel.show_reference(event.title, event.values)

    def draw(self) -> None:
        """Show the samples as the timeline stands."""
        self._drew.start()
        feed = self.samples
        for panel in self._holder.seen():
            if panel.info.kind in FED and feed.frames:
                panel.show_frames(feed.frames, feed.position, feed.step, feed.coarse)
        self.drawn()

    def _request(self, panel: Panel) -> p.Request | None:
        request = requests.of_panel(panel.info, panel.controls.values, self._session())
        return None if request is None else replace(request, run=self._run.id)

    def _ask_rest(self) -> None:
        if self._run.training:
            self.watch()
            return
        for panel in self._holder.seen():
            self.ask(panel)

    def _refresh(self) -> None:
        if self.samples.arriving:
            self._stale.start()
        elif not self._run.training:
            self._catch_up()

    def _catch_up(self) -> None:
        """Ask for what the seen panels do not show of the kept weights, as the settings are now: a run that
        is over before the watches reach the engine answers none of them."""
        if not self.prepared:
            return
        seen, kept, samples = self._holder.seen(), self._run.kept_step, self.samples
        wanted = requests.sample(self._run.id, self._session())
        if any(panel.info.kind in FED for panel in seen) and (samples.held, samples.drawn) != (kept, wanted):
            samples.ask(wanted)
        for panel in seen:
            request = self._request(panel)
            if request is not None and self._answered.get(request.channel) != (kept, request):
                self.ask(panel)

    def _redraw(self) -> None:
        if not self._dirty.isActive():
            since = self._drew.elapsed() if self._drew.isValid() else FRAME
            self._dirty.start(max(0, FRAME - since))

    def _timer(self, milliseconds: int, run: Callable[[], None]) -> QTimer:
        made = QTimer(self)
        made.setSingleShot(True)
        made.setInterval(milliseconds)
        made.timeout.connect(run)
        return made

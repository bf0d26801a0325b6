"""A run in view: the run, the session that is edited, and what feeds the panels that show it."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject, QTimer, Signal

from genlab.app.common.words import sentence
from genlab.app.drawings.losses.history import History
from genlab.app.drawings.scene import Scene
from genlab.app.views.drafts import with_values
from genlab.app.views.engine_link import EngineLink
from genlab.app.views.feeds import requests
from genlab.app.views.feeds.panel_feed import PanelFeed, PanelHolder
from genlab.app.views.feeds.scene_feed import SceneFeed
from genlab.app.views.model_info import model_of
from genlab.app.views.run_control import BUDGET, RunControl
from genlab.data.payloads import Samples
from genlab.engine import protocol as p
from genlab.session.session import Session

SETTLE = 250
"""Milliseconds without an edit after which the untrained model is made again."""
SAMPLED = ("sampler", "condition")
"""Sections of a session that say which samples are asked for: they change no weight."""


class RunView(QObject):
    """One run of one engine, drawn in the panels that somebody lays out. A workspace has one.

    changed: bars have something else to show. edited: so has a form. begun: another run is in view.
    framed: samples or the place in their trajectory are others. ticked: the run went on. training: it
    trains from now on, or took a step. answered: what was asked on a channel is. noted, refused, unmeasured:
    what the engine says of a pause, and why it cannot draw or evaluate. warned: at a step, what goes wrong.

    evaluation: the last one in a line. evaluating: how far the one under way is, '' where there is none."""

    changed = Signal()
    edited = Signal()
    begun = Signal()
    framed = Signal()
    ticked = Signal(object)
    evaluated = Signal(object)
    training = Signal()
    answered = Signal(str)
    noted = Signal(str)
    refused = Signal(str)
    unmeasured = Signal(str)
    warned = Signal(int, tuple)

    def __init__(self, engine: EngineLink, session: Session, holder: PanelHolder, parent: QObject) -> None:
        super().__init__(parent)
        self.engine = engine
        self.session = session
        self.own: Samples | None = None
        self.pending: tuple[str, ...] = ()
        self.in_view = True
        self.saved_at: float | None = None
        self.evaluation = self.evaluating = ""
        self.history = History()
        self.holder = holder
        self.run = RunControl(engine, self)
        self.run.changed.connect(self.refresh)
        self.run.begun.connect(self._begun)
        self.run.trained.connect(self.training)
        self._scenes = SceneFeed(self._show_scene)
        self.panels = PanelFeed(engine, self.run, holder, lambda: self.viewed, self)
        self.panels.drawn = self.framed.emit
        self.feed = self.panels.samples
        self.feed.refused.connect(lambda reason: self.refused.emit(sentence(reason)))
        self._settle = QTimer(self)
        self._settle.setSingleShot(True)
        self._settle.setInterval(SETTLE)
        self._settle.timeout.connect(self._prepare_again)

    # -- what is in view ---------------------------------------------------------------------

    @property
    def scene(self) -> Scene | None:
        """The data in view."""
        return self._scenes.scene

    @property
    def viewed(self) -> Session:
        """The session that the panels show: of a run that is kept its own, with the sampler as it is set."""
        running = self._running
        if running is None or self._apart is not None:
            return running or self.session
        return running.model_copy(update={name: getattr(self.session, name) for name in SAMPLED})

    @property
    def _running(self) -> Session | None:
        """The session of a run that is kept."""
        return self.run.session if self.run.kept else None

    @property
    def _apart(self) -> Session | None:
        """The session of a run whose data are not those of the form any more."""
        running = self._running
        if running is None or (self.session.dataset, self.session.data) == (running.dataset, running.data):
            return None
        return running

    def mode(self) -> str:
        """What the Train button does next: see `RunControl.mode`."""
        return self.run.mode(bool(self.pending))

    def set_in_view(self, on: bool) -> None:
        """Whether a person sees this run: only then its panels are kept up to date."""
        self.in_view = on
        self.panels.set_in_view(on)

    # -- what a person does ------------------------------------------------------------------

    def begin(self) -> None:
        """Make the panels and prepare the untrained model."""
        self.run.preview(self.session)

    def edit(self, values: Mapping[str, Any]) -> None:
        """Take other values. Raises SettingError, one plain sentence in the words of the form."""
        sampling = all(key.split(".")[0] in SAMPLED for key in values)
        apart = self._apart
        if sampling and apart is not None:
            self.run.session = with_values(apart, values)
        else:
            self.session = with_values(self.session, values)
        if sampling:
            self._show_model()
            self.panels.resample()
            self.changed.emit()
        else:
            self._edit_run(tuple(values))
            self.refresh()
            if not self.run.kept and not all(map(self._live, values)):
                self._settle.start()

    def _live(self, key: str) -> bool:
        return key in BUDGET or (key != "seed" and self.session.description(key).live)

    def _edit_run(self, edited: Sequence[str] = ()) -> None:
        """Bring what may change in mid-run up to the form: all of it, or the keys just edited where other
        edits wait for a reset. A run on other data than the form's is left alone."""
        running = self._running
        if running is None or self._apart is not None:
            return
        keys = edited if self.session.pending(running) else self.session.keys()
        live = {
            key: self.session.value(key)
            for key in keys
            if self._live(key) and self.session.value(key) != running.value(key)
        }
        if live:
            self.run.edit(live)

    def replace_session(self, session: Session) -> None:
        """Take another session: at once, or pending where a run trains."""
        self.session = session
        if self.run.training:
            self._edit_run()
            self.refresh()
        else:
            self._settle.stop()
            self.run.preview(session)

    def set_own(self, own: Samples | None, source: str | None) -> None:
        """Have a person's own data, and where they came from, for the sessions that are of them."""
        self.own, self.run.source = own, source

    def open_run(
        self, folder: str, session: Session, train: bool = False, checkpoint: int | None = None
    ) -> None:
        """Open a run of before, at its last checkpoint or an earlier one."""
        self.session = session
        if session.own:
            shown = self.scene if self._scenes.fits(session) else None
            self.own = shown.reference if shown is not None else None
            self.run.source = str(Path(folder, "data.npz"))
        self.run.open(folder, session, train, checkpoint)

    def train_or_pause(self) -> None:
        """What the Train button says."""
        match self.mode():
            case "pause" | "starting":
                self.run.pause()
            case "reset":
                self.reset(train=True)
            case "converged":
                return
            case _:
                self._settle.stop()
                self.run.train(self.session)

    def step_once(self, player: str | None = None) -> None:
        """A single training step; of one player only, where named."""
        self._settle.stop()
        self.run.step_once(self.session, player)

    def reset(self, train: bool = False) -> None:
        """A new run from the identical initialisation; the old one stays on disk."""
        self._settle.stop()
        self.run.reset(self.session, train)

    def evaluate(self) -> None:
        """Ask for every metric that applies."""
        if self.run.id:
            self._show_evaluating("evaluating…")
            number = self.feed.next_request()
            self.engine.send(requests.evaluate(self.run.id, self.viewed, number))

    # -- what the engine says ----------------------------------------------------------------

    def take(self, event: p.Event) -> None:
        """Take an event of the engine."""
        opening = self.run.opening
        if not self.run.take(event):
            return
        if isinstance(event, p.Opened) and opening and not self.pending:
            self.session = self.viewed  # the form may be ahead of the checkpoint, or behind it
            self.refresh()
        match event:
            case p.Tick():
                self.ticked.emit(event)
            case p.Opened() if not self.run.wanted:
                self.panels.resample()
            case p.StateChanged():
                self._state_changed(event)
            case p.Failure() if self.run.lost:
                self.run.preview(self.session)  # in place of a run that could not be opened
            case p.Failure(refused=False, channel=channel):
                self.panels.failed(channel)
                self._show_evaluating("")  # it may be what failed; one that goes on says so again
            case p.Answer():
                self.panels.take(event)
                if event.last and not event.preview:
                    self.answered.emit(event.channel)
            case p.Metrics(names=names, rows=rows):
                self.history.add(names, rows)
                for panel in self.holder.panels.values():
                    panel.show_metrics(event)
            case p.LossReference():
                self.panels.take_reference(event)
            case p.Warned(step=step, warnings=warnings):
                self.warned.emit(step, warnings)
            case p.Saved():
                self.saved_at = time.monotonic()
                self.answered.emit(p.SAVING)
            case p.Refused():
                self.panels.take_refusal(event)
                if event.channel == requests.EVALUATION:
                    self._show_evaluating("")
                    self.unmeasured.emit(sentence(event.reason))
            case p.Evaluated():
                self.evaluated.emit(event)

    def engine_died(self) -> Callable[[], None] | None:
        """Open the run again in the next engine; one that trained waits for the person's word, which
        calling the result gives."""
        run = self.run
        trained, folder, session = run.training, run.folder, run.session or self.session
        if not run.id:
            return None
        self.evaluating = ""
        run.engine_died()
        if folder is None:
            run.preview(self.session)
            return None
        run.open(folder, session)

        def go_on() -> None:
            if run.folder != folder:
                run.open(folder, session, train=True)
            elif not run.training:
                run.train(session)

        return go_on if trained else None

    def _show_evaluating(self, text: str) -> None:
        self.evaluating = text
        self.changed.emit()

    def _state_changed(self, event: p.StateChanged) -> None:
        if event.state == "training" and self.in_view:
            self.panels.watch()
        elif event.state in ("paused", "done", "failed"):
            self.panels.stopped()
        if event.note and event.state != "failed":
            self.noted.emit(sentence(event.note))

    # -- what follows ------------------------------------------------------------------------

    def refresh(self) -> None:
        """Bring all that shows this run up to date: what is pending, and what the model can do."""
        running = self._running
        self.pending = self.session.pending(running) if running is not None else ()
        self._show_model()
        self.edited.emit()
        self.changed.emit()

    def panels_changed(self) -> None:
        """Other panels are seen now."""
        if self.scene is not None:
            for panel in self.holder.panels.values():
                if panel.scene is None:
                    panel.set_model(model_of(self.viewed, panel.info))
                    panel.set_scene(self.scene)
                    panel.show_past(self.history)
                    self.panels.show_reference()
        self.panels.panels_changed()

    def _show_model(self) -> None:
        viewed = self.viewed
        if self.scene is not None:
            self.holder.set_panels(viewed.panels)
        for panel in self.holder.panels.values():
            panel.set_model(model_of(viewed, panel.info))

    def _show_scene(self, scene: Scene) -> None:
        if self.own is None and self.viewed.own:
            self.own = scene.reference
        for panel in self.holder.panels.values():
            panel.set_scene(scene)
        self._show_model()
        self.changed.emit()

    def _begun(self) -> None:
        """Another run is in view: of the old one pictures of the same data stay until there are others."""
        self.panels.forget()
        self.saved_at, self.evaluation, self.evaluating = None, "", ""
        self.history.clear()
        self.begun.emit()
        self.framed.emit()
        viewed = self.viewed
        other = not self._scenes.fits(viewed)
        for panel in self.holder.panels.values():
            panel.begin_run(same_data=not other)
        if other:
            self._scenes.clear()
        self.refresh()
        if other:
            self.holder.set_panels(viewed.panels)
            self._scenes.show(viewed, self.own, self.run.folder)
        self.panels.show_reference()

    def _prepare_again(self) -> None:
        if not self.run.kept:
            self.run.preview(self.session)

"""The workspace of a paradigm: panels, sampling bar and form around one run."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QTimer, Signal
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from genlab.app import loop, scenes
from genlab.app.cards import Cards
from genlab.app.engine_link import EngineLink
from genlab.app.forms import SettingsForm
from genlab.app.panel_grid import PanelGrid
from genlab.app.run_control import BUDGET, RunControl
from genlab.app.sample_feed import CHANNEL, SampleFeed
from genlab.app.sampling_bar import SamplingBar
from genlab.app.theme import Theme
from genlab.data.payloads import Samples
from genlab.engine import protocol as p
from genlab.settings.catalogue import PARADIGMS, Preset
from genlab.settings.datasets import DATASETS
from genlab.settings.session import Session, SettingError
from genlab.settings.spaces import ImageSpace

if TYPE_CHECKING:
    from genlab.app.panels.base import Panel
    from genlab.app.panels.scene import Scene

FORM_WIDTH = 264
POINTS, IMAGES = 2000, 64
FED = ("samples", "trajectory")
"""Kinds of panels that the sample feed fills."""


class Workspace(QWidget):
    """Generic: what differs between paradigms is read from the catalogue.

    changed: something that the bars show is other now. ticked: the run went on."""

    changed = Signal()
    ticked = Signal(object)
    evaluated = Signal(object)
    export_wanted = Signal(object, str)

    def __init__(
        self, paradigm: str, engine: EngineLink, theme: Theme, session: Session | None = None
    ) -> None:
        super().__init__()
        self.setObjectName(f"workspace.{paradigm}")
        self.paradigm = PARADIGMS[paradigm]
        self.engine = engine
        self.theme = theme
        self.session = session or Session.default(paradigm, "moons")
        self.own: Samples | None = None
        self.scene: Scene | None = None
        self.pending: tuple[str, ...] = ()
        self._remembered: dict[str, Session] = {}
        self._asked: dict[str, int] = {}
        self._watched: dict[str, int] = {}
        self.run = RunControl(engine)
        self.run.changed.connect(self._run_changed)
        self.run.begun.connect(self._begun)
        self.feed = SampleFeed(engine.send)
        self.feed.shown.connect(self._redraw)
        self.feed.refused.connect(self._refused)
        self.form = SettingsForm(self.paradigm, theme)
        self.form.setFixedWidth(FORM_WIDTH)
        self.bar = SamplingBar(theme)
        self.grid = PanelGrid(theme)
        self.cards = Cards(theme)
        self._lay_out()
        self._connect()
        self._dirty = self._timer(16, self._draw_samples)
        self._settle = self._timer(250, self._prepare_again)
        self._densities = self._timer(120, self.ask_panels)
        self._stale = self._timer(600, self._refresh)
        self.show_session()

    def _redraw(self) -> None:
        if not self._dirty.isActive():
            self._dirty.start()

    def _lay_out(self) -> None:
        centre = QVBoxLayout()
        centre.setContentsMargins(0, 0, 0, 0)
        centre.setSpacing(8)
        centre.addWidget(self.cards)
        centre.addWidget(self.grid, 1)
        centre.addWidget(self.bar)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 8, 0)
        row.setSpacing(8)
        row.addLayout(centre, 1)
        row.addWidget(self.form)

    def _connect(self) -> None:
        self.form.edited.connect(self.edit)
        self.form.dataset_chosen.connect(self.choose_dataset)
        self.form.preset_chosen.connect(self.choose_preset)
        self.bar.edited.connect(lambda key, value: self.edit({key: value}))
        self.bar.timeline.moved.connect(self.feed.move)
        self.grid.shown_changed.connect(self._panels_changed)
        self.grid.request_changed.connect(self._request_changed)
        self.grid.export_requested.connect(self.export_wanted)

    def _timer(self, milliseconds: int, run: Callable[[], None]) -> QTimer:
        made = QTimer(self)
        made.setSingleShot(True)
        made.setInterval(milliseconds)
        made.timeout.connect(run)
        return made

    @property
    def viewed(self) -> Session:
        """The session that the panels show: the run's, with the sampler as it is set now."""
        running = self.run.session
        if running is None or self.session.dataset == running.dataset:
            return self.session
        return running

    def begin(self) -> None:
        """Make the panels and prepare the untrained model."""
        self.show_scene()
        if self.run.id == "":
            self.run.preview(self.session)

    def edit(self, values: Mapping[str, Any]) -> None:
        """Take up edits of the form or the bar."""
        sampler_only = all(key.startswith("sampler.") for key in values)
        viewed = self.viewed
        if sampler_only and viewed is not self.session:
            self._edit_viewed(values)
            return
        try:
            self.session = self.session.with_values(values)
        except SettingError as error:
            self.cards.show_card("setting", "That value cannot be", [_sentence(str(error))], "warn")
            self.show_session()
            return
        self.cards.dismiss("setting")
        if sampler_only:
            self.bar.show_session(self.session)
            self.resample()
        else:
            self._take_up(values)
        self.changed.emit()

    def _edit_viewed(self, values: Mapping[str, Any]) -> None:
        assert self.run.session is not None
        self.run.session = self.run.session.with_values(values)
        self.bar.show_session(self.run.session)
        self.resample()

    def _take_up(self, values: Mapping[str, Any]) -> None:
        live = {
            key: value
            for key, value in values.items()
            if key != "seed" and (key in BUDGET or self.session.description(key).live)
        }
        if live:
            self.run.edit(live)
        self.show_session()
        if not self.run.kept and len(live) < len(values):
            self._settle.start()

    def choose_dataset(self, dataset: str) -> None:
        """Take other data, with the settings that suit them or that they had before."""
        if dataset == self.session.dataset:
            return
        self._remembered[self.session.dataset] = self.session
        fresh = self._remembered.get(dataset) or self._suited(dataset)
        self.replace_session(fresh)

    def choose_preset(self, preset: Preset) -> None:
        """Take the settings of a preset."""
        session = Session.default(self.paradigm.id, preset.dataset, seed=self.session.seed)
        self.replace_session(session.with_values(preset.values))

    def replace_session(self, session: Session) -> None:
        """Take another session: at once, or pending where a run trains."""
        self.session = session
        if self.run.training:
            self.show_session()
        else:
            if self.run.kept:
                self.run.leave()
            self._new_scene()
            self._settle.start(0)
        self.changed.emit()

    def open_file(self, session_data: Any, own: Samples | None, source: str) -> None:
        """Take a person's own data."""
        self.own = own
        self.run.source = source
        default = Session.default(self.paradigm.id, "file", data=session_data, seed=self.session.seed)
        self._remembered.pop("file", None)
        self.replace_session(default)

    def open_run(self, folder: str, session: Session, train: bool = False) -> None:
        """Take up a run of before."""
        self.session = session
        self.run.open(folder, session, train)
        self._new_scene()
        self.changed.emit()

    def train_or_pause(self) -> None:
        """What the Train button says."""
        match self.mode():
            case "pause" | "starting":
                self.run.pause()
            case "reset":
                self.reset(train=True)
            case _:
                self._settle.stop()
                self.run.train(self.session)

    def step_once(self) -> None:
        """A single training step."""
        self._settle.stop()
        self.run.step_once(self.session)

    def reset(self, train: bool = False) -> None:
        """A new run from the identical initialisation; the old one stays on disk."""
        self._settle.stop()
        self.run.reset(self.session, train)
        self._new_scene()

    def mode(self) -> str:
        """What the Train button does next: a key of `top_bar.TRAIN`."""
        if self.pending and self.run.kept:
            return "reset"
        if self.run.state == "training":
            return "pause"
        if self.run.wanted:
            return "starting"
        return "continue" if self.run.kept and self.run.step > 0 else "train"

    def show_session(self) -> None:
        """Show every value, what is pending, and what the sampler can do."""
        running = self.run.session
        self.pending = self.session.pending(running) if running is not None and self.run.kept else ()
        self.form.show_session(self.session)
        self.form.mark_pending(self.pending)
        self.bar.show_session(self.viewed)

    def show_scene(self) -> None:
        """Show the data in every panel; compute what does not ship with the app."""
        session = self.viewed
        self.grid.set_panels(session.capabilities.panels)
        ready = scenes.shipped(session)
        if ready is not None:
            self._set_scene(session, *ready)
            return
        self._set_scene(session, self.own if session.dataset == "file" else None, None)
        loop.start(self._compute_scene(session))

    async def _compute_scene(self, session: Session) -> None:
        reference, truth = await loop.in_thread(scenes.computed, session, self.own)
        if self.viewed.data == session.data and self.viewed.dataset == session.dataset:
            self._set_scene(session, reference, truth)

    def _set_scene(self, session: Session, reference: Any, truth: Any) -> None:
        from genlab.app.panels.scene import Scene

        space = session.space
        extent = scenes.extent_of(space, reference, truth)
        self.scene = Scene(session, space, session.labels, reference, truth, extent)
        for panel in self.grid.panels.values():
            panel.set_scene(self.scene)

    def _new_scene(self) -> None:
        self.feed.forget()
        self.bar.timeline.show_frames(0, 0)
        self.bar.timeline.show_frame(None)
        self.show_session()
        self.show_scene()
        for panel in self.grid.panels.values():
            panel.clear_run()

    def _begun(self) -> None:
        self.feed.forget()
        self._asked.clear()
        self._watched.clear()
        for panel in self.grid.panels.values():
            panel.clear_run()

    def _prepare_again(self) -> None:
        if not self.run.kept:
            self.run.preview(self.session)
            self.show_scene()
            self.show_session()

    def _run_changed(self) -> None:
        self.show_session()
        self.changed.emit()

    def n(self) -> int:
        """How many samples are asked for at once."""
        return IMAGES if isinstance(self.viewed.space, ImageSpace) else POINTS

    def resample(self) -> None:
        """Draw samples with the sampler as it is set now, and what else depends on it."""
        if not self.run.id or self.run.state in (None, "preparing"):
            return
        if any(panel.info.kind in FED for panel in self.grid.seen()):
            self.feed.ask(self.run.id, self.sampler(), self.n())
        self._densities.start()
        if self.run.training:
            self.watch()

    def sampler(self) -> dict[str, Any]:
        """The sampler's values as a request carries them."""
        return self.viewed.sampler.model_dump()

    def take(self, event: p.Event) -> None:
        """Take up an event of the engine."""
        if not self.run.take(event):
            return
        match event:
            case p.Tick():
                self.ticked.emit(event)
            case p.Opened():
                self._opened()
            case p.StateChanged(state=state):
                self._state_changed(state)
            case p.Answer():
                self._answer(event)
            case p.Metrics(names=names, rows=rows):
                for panel in self.grid.panels.values():
                    panel.show_metrics(names, rows)
            case p.LossFloor(value=value):
                for panel in self.grid.panels.values():
                    panel.show_floor(value)
            case p.Refused():
                if not self.feed.take_refusal(event) and event.channel == "evaluate":
                    self._refused(event.reason)
            case p.Evaluated():
                self.evaluated.emit(event)

    def _opened(self) -> None:
        if not self.run.wanted:
            self.resample()

    def _state_changed(self, state: str) -> None:
        if state == "training":
            self.watch()
        elif state in ("paused", "done", "failed"):
            self._stale.start()

    def _refresh(self) -> None:
        """After a stop the engine answers every watch once more; what still shows older weights is asked."""
        if self.run.training or self.feed.held == self.run.step:
            return
        if self.feed.arriving:
            self._stale.start()
        else:
            self.resample()

    def watch(self) -> None:
        """Have the seen panels kept up to date while the run trains; hidden ones ask for nothing."""
        seen = self.grid.seen()
        wanted: dict[str, p.Request] = {}
        if any(panel.info.kind in FED for panel in seen):
            wanted[CHANNEL] = p.Sample(self.run.id, CHANNEL, 0, self.sampler(), n=self.n(), trajectory=True)
        for panel in seen:
            if (request := panel.request(self.sampler(), True)) is not None:
                wanted[panel.info.id] = request
        for channel in [c for c in self._watched if c not in wanted]:
            self.engine.send(p.Watch(self.run.id, channel, None))
            del self._watched[channel]
        for channel, request in wanted.items():
            number = self.feed.next_request()
            self._watched[channel] = number
            named = replace(request, run=self.run.id, channel=channel, request=number)
            self.engine.send(p.Watch(self.run.id, channel, named))

    def ask_panels(self) -> None:
        """Ask for what the seen panels draw beside samples."""
        if not self.run.id or self.run.state in (None, "preparing", "training"):
            return
        for panel in self.grid.seen():
            self._ask_panel(panel)

    def _ask_panel(self, panel: Panel) -> None:
        request = panel.request(self.sampler(), False)
        if request is not None and self.run.id:
            number = self.feed.next_request()
            self._asked[panel.info.id] = number
            self.engine.send(replace(request, run=self.run.id, channel=panel.info.id, request=number))

    def _request_changed(self, panel: Panel) -> None:
        if self.run.state in (None, "preparing"):
            return
        self._ask_panel(panel)
        if self.run.training:
            self.watch()

    def _panels_changed(self) -> None:
        for panel in self.grid.panels.values():
            if self.scene is not None and panel.scene is None:
                panel.set_scene(self.scene)
        if self.run.training:
            self.watch()
        elif self.run.state not in (None, "preparing"):
            self.resample()
        self._draw_samples()
        self.changed.emit()

    def _answer(self, answer: p.Answer) -> None:
        if answer.channel == CHANNEL:
            if not self.feed.take(answer) and answer.request == self._watched.get(CHANNEL):
                self.feed.take_watched(answer)
            return
        current = (self._asked.get(answer.channel), self._watched.get(answer.channel))
        if answer.request in current and answer.channel in self.grid.panels:
            self.grid.panels[answer.channel].show_answer(answer)

    def _draw_samples(self) -> None:
        feed = self.feed
        live = feed.preview if feed.follow and self.run.training else None
        for panel in self.grid.seen():
            if panel.info.kind == "samples" and live is not None:
                panel.show_frames([live], 0, feed.step)
            elif panel.info.kind in FED and feed.frames:
                panel.show_frames(feed.frames, feed.position, feed.step)
        self.bar.timeline.show_frames(len(feed.frames), feed.position)
        self.bar.timeline.show_frame(feed.frame)

    def _refused(self, reason: str) -> None:
        self.cards.show_card("refused", "That cannot be drawn", [_sentence(reason)], "warn")

    def _suited(self, dataset: str) -> Session:
        data = DATASETS[dataset].settings() if dataset in DATASETS else None
        return Session.default(self.paradigm.id, dataset, data=data, seed=self.session.seed)

    def apply_theme(self, theme: Theme) -> None:
        """Take on a new look."""
        self.theme = theme
        for part in (self.form, self.bar, self.grid, self.cards):
            part.apply_theme(theme)


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:] + ("" if text.endswith((".", "!", "?")) else ".")

"""The workspace of a paradigm: panels, sampling bar and form around one run."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QTimer, Signal
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from genlab.app.common.theme import Theme
from genlab.app.views.cards import Cards
from genlab.app.views.drafts import Drafts
from genlab.app.views.engine_link import EngineLink
from genlab.app.views.forms import SettingsForm
from genlab.app.views.panel_feed import PanelFeed
from genlab.app.views.panel_grid import PanelGrid
from genlab.app.views.run_control import BUDGET, RunControl
from genlab.app.views.sampling_bar import SamplingBar
from genlab.app.views.scene_feed import SceneFeed
from genlab.app.views.warned import Warnings
from genlab.data.payloads import Samples
from genlab.engine import protocol as p
from genlab.session.catalogue import PARADIGMS
from genlab.session.session import Session, SettingError
from genlab.settings.paradigm import Preset

if TYPE_CHECKING:
    from genlab.app.drawings.scene import Scene

FORM_WIDTH = 264
SETTLE = 250
"""Milliseconds without an edit after which the untrained model is made again."""


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
        self.session = session or Session.default(paradigm, self.paradigm.dataset)
        self.own: Samples | None = None
        self._scenes = SceneFeed(self._show_scene)
        self.pending: tuple[str, ...] = ()
        self.in_view = True
        self.saved_at: float | None = None
        self.evaluation = ""
        self._drafts = Drafts(paradigm)
        self.run = RunControl(engine, self)
        self.run.changed.connect(self._run_changed)
        self.run.begun.connect(self._begun)
        self.form = SettingsForm(self.paradigm, theme)
        self.form.setFixedWidth(FORM_WIDTH)
        self.bar = SamplingBar(theme)
        self.grid = PanelGrid(theme)
        self.cards = Cards(theme)
        self.warnings = Warnings(self.cards)
        self.panels = PanelFeed(engine, self.run, self.grid, lambda: self.viewed)
        self.panels.drawn = self._show_timeline
        self.feed = self.panels.samples
        self._settle = QTimer(self)
        self._settle.setSingleShot(True)
        self._settle.setInterval(SETTLE)
        self._settle.timeout.connect(self._prepare_again)
        self._lay_out()
        self._connect()
        self.show_session()

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
        self.grid.request_changed.connect(self.panels.panel_asks)
        self.feed.refused.connect(self._refused)
        self.feed.delivered.connect(lambda _: self.cards.dismiss("refused"))
        self.grid.export_requested.connect(self.export_wanted)

    @property
    def viewed(self) -> Session:
        """The session that the panels show: of a run that is kept its own, with the sampler as it is set."""
        running = self.run.session
        if running is None or not self.run.kept:
            return self.session
        return running if self._apart else running.model_copy(update={"sampler": self.session.sampler})

    @property
    def _apart(self) -> bool:
        """Whether the form shows other data than the run in view."""
        running = self.run.session
        if running is None or not self.run.kept:
            return False
        return (self.session.dataset, self.session.data) != (running.dataset, running.data)

    def begin(self) -> None:
        """Make the panels and prepare the untrained model."""
        self.run.preview(self.session)

    def edit(self, values: Mapping[str, Any]) -> None:
        """Take up edits of the form or the bar."""
        sampler_only = all(key.startswith("sampler.") for key in values)
        if sampler_only and self._apart:
            self._edit_viewed(values)
            return
        try:
            self.session = self.session.with_values(values)
        except SettingError as error:
            text = str(error)
            for key in values:
                text = text.replace(key, "the seed" if key == "seed" else self.session.description(key).label)
            self.cards.show_card("setting", "That value cannot be", [_sentence(text)], "warn")
            self.show_session()
            return
        self.cards.dismiss("setting")
        if sampler_only:
            self._show_able()
            self.panels.resample()
        else:
            self._take_up(values)
        self.changed.emit()

    def _edit_viewed(self, values: Mapping[str, Any]) -> None:
        """The sampler of a run whose data are not those of the form any more."""
        assert self.run.session is not None
        self.run.session = self.run.session.with_values(values)
        self._show_able()
        self.panels.resample()

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
        self._drafts.leave(self.session)
        self.replace_session(self._drafts.of(dataset, self.session.seed))

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
            self._settle.stop()
            self.run.preview(session)
        self.changed.emit()

    def open_file(self, session_data: Any, own: Samples | None, source: str) -> None:
        """Take a person's own data."""
        self.own = own
        self.run.source = source
        default = Session.default(self.paradigm.id, "file", data=session_data, seed=self.session.seed)
        self._drafts.forget("file")
        self.replace_session(default)

    def take_data(self, other: Session, own: Samples | None, source: str | None) -> None:
        """Take the data of another workspace, with the settings that suit them or that they had before."""
        self._drafts.leave(self.session)
        if other.dataset == "file":
            self.own, self.run.source = own, source
        self.replace_session(self._drafts.with_data_of(other, self.session.seed))

    def open_run(
        self, folder: str, session: Session, train: bool = False, checkpoint: int | None = None
    ) -> None:
        """Take up a run of before, at its last checkpoint or an earlier one."""
        self.session = session
        self.own = None
        if session.dataset == "file":
            self.run.source = str(Path(folder, "data.npz"))
        self.run.open(folder, session, train, checkpoint)
        self.changed.emit()

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

    def mode(self) -> str:
        """What the Train button does next: a key of `top_bar.TRAIN`."""
        return self.run.mode(bool(self.pending))

    def show_session(self) -> None:
        """Show every value, what is pending, and what the sampler can do."""
        running = self.run.session
        self.pending = self.session.pending(running) if running is not None and self.run.kept else ()
        self.form.show_session(self.session)
        self.form.mark_pending(self.pending)
        self._show_able()

    def _show_able(self) -> None:
        """Show what the model in view can do: in the bar, in the panels, and which panels there are."""
        viewed = self.viewed
        able = viewed.capabilities
        self.bar.show_session(viewed)
        if self.scene is not None:
            self.grid.set_panels(able.panels)
        for panel in self.grid.panels.values():
            panel.show_capabilities(able)

    def set_in_view(self, on: bool) -> None:
        """Whether a person sees this workspace: only then its panels are kept up to date."""
        self.in_view = on
        self.panels.set_in_view(on)

    @property
    def scene(self) -> Scene | None:
        """The data in view."""
        return self._scenes.scene

    def _show_scene(self, scene: Scene) -> None:
        for panel in self.grid.panels.values():
            panel.set_scene(scene)
        self._show_able()

    def _begun(self) -> None:
        """Another run is in view: its data in the panels, and nothing of the old one."""
        self.panels.forget()
        self.warnings.forget()
        self._dismiss_notes()
        self.saved_at, self.evaluation = None, ""
        self._show_timeline()
        for panel in self.grid.panels.values():
            panel.clear_run()
        viewed = self.viewed
        other = not self._scenes.fits(viewed)
        if other:
            self._scenes.clear()
        self.show_session()
        if other:
            self.grid.set_panels(viewed.capabilities.panels)
            self._scenes.show(viewed, self.own, self.run.folder)
        self.panels.show_reference()

    def _prepare_again(self) -> None:
        if not self.run.kept:
            self.run.preview(self.session)

    def _run_changed(self) -> None:
        self.show_session()
        self.changed.emit()

    def take(self, event: p.Event) -> None:
        """Take up an event of the engine."""
        if not self.run.take(event):
            return
        match event:
            case p.Tick():
                self.ticked.emit(event)
            case p.Opened() if not self.run.wanted:
                self.panels.resample()
            case p.StateChanged():
                self._state_changed(event)
            case p.Failure():
                self._failed()
            case p.Answer():
                self.panels.take(event)
            case p.Metrics(names=names, rows=rows):
                for panel in self.grid.panels.values():
                    panel.show_metrics(names, rows)
            case p.LossReference():
                self.panels.take_reference(event)
            case p.Warned(step=step, warnings=warnings):
                self.warnings.show(step, warnings)
            case p.Saved():
                self.saved_at = time.monotonic()
            case p.Refused():
                self.panels.take_refusal(event)
                if not self.feed.take_refusal(event) and event.channel == "evaluate":
                    self._refused(event.reason)
            case p.Evaluated():
                self.evaluated.emit(event)

    def engine_died(self) -> Callable[[], None] | None:
        """Take up the run again in the next engine; one that trained waits for the person's word, which
        calling the result gives."""
        run = self.run
        trained, folder, session = run.training, run.folder, run.session or self.session
        if not run.id:
            return None
        run.engine_died()
        if folder is None:
            run.preview(self.session)
        elif trained:
            return lambda: run.open(folder, session, train=True)
        else:
            run.open(folder, session)
        return None

    def _failed(self) -> None:
        """A run that could not be opened leaves the window with an untrained model."""
        if self.run.lost:
            self.run.preview(self.session)

    def _state_changed(self, event: p.StateChanged) -> None:
        if event.state == "training":
            self._dismiss_notes()
            if self.in_view:
                self.panels.watch()
        elif event.state in ("paused", "done", "failed"):
            self.panels.stopped()
        if event.note and event.state != "failed":
            self.cards.show_card("note", _sentence(event.note))

    def _dismiss_notes(self) -> None:
        for key in ("note", "rewound"):
            self.cards.dismiss(key)

    def _panels_changed(self) -> None:
        for panel in self.grid.panels.values():
            if self.scene is not None and panel.scene is None:
                panel.set_scene(self.scene)
                panel.show_capabilities(self.viewed.capabilities)
        self.panels.panels_changed()
        self.changed.emit()

    def _show_timeline(self) -> None:
        self.bar.timeline.show_frames(len(self.feed.frames), self.feed.position)
        self.bar.timeline.show_frame(self.feed.frame)

    def _refused(self, reason: str) -> None:
        self.cards.show_card("refused", "That cannot be drawn", [_sentence(reason)], "warn")

    def apply_theme(self, theme: Theme) -> None:
        """Take on a new look."""
        self.theme = theme
        for part in (self.form, self.bar, self.grid, self.cards):
            part.apply_theme(theme)


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:] + ("" if text.endswith((".", "!", "?")) else ".")

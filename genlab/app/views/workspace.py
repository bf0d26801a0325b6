"""The workspace of a paradigm: one run in view, with its panels, sampling bar, form and cards."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from genlab.app.common.theme import Theme
from genlab.app.views.cards import Cards
from genlab.app.views.drafts import Drafts
from genlab.app.views.engine_link import EngineLink
from genlab.app.views.feeds.requests import CHANNEL, EVALUATION
from genlab.app.views.forms import SettingsForm
from genlab.app.views.panel_grid import PanelGrid
from genlab.app.views.run_view import RunView
from genlab.app.views.sampling_bar import SamplingBar
from genlab.app.views.warned import Warnings
from genlab.data.files.settings import FILE
from genlab.data.payloads import Samples
from genlab.session.catalogue import PARADIGMS
from genlab.session.session import Session, SettingError
from genlab.settings.fields import Settings
from genlab.settings.paradigm import Preset

FORM_WIDTH = 264
OF_THE_RUN = ("failure", "refused", "unmeasured")
"""Cards of what a run could not do; another run is no cause for them."""
OF_AN_ACT = ("exception", "setting", "data", "open")
"""Cards of what a person did in vain; what is done next puts it to the test."""


class Workspace(QWidget):
    """Generic: what differs between paradigms is read from the catalogue.

    changed: something that the bars show is other now. failed_channel: of the request whose failure a card
    tells, or ''."""

    changed = Signal()
    export_wanted = Signal(object, str)

    def __init__(
        self, paradigm: str, engine: EngineLink, theme: Theme, session: Session | None = None
    ) -> None:
        super().__init__()
        self.setObjectName(f"workspace.{paradigm}")
        self.paradigm = PARADIGMS[paradigm]
        self.form = SettingsForm(self.paradigm, theme)
        self.form.setFixedWidth(FORM_WIDTH)
        self.bar = SamplingBar(theme)
        self.grid = PanelGrid(theme)
        self.cards = Cards(theme)
        self.warnings = Warnings(self.cards)
        self.view = RunView(
            engine, session or Session.default(paradigm, self.paradigm.dataset), self.grid, self
        )
        self.run, self.feed, self.panels = self.view.run, self.view.feed, self.view.panels
        self.failed_channel = ""
        self._drafts = Drafts(paradigm)
        self._lay_out()
        self._connect()
        self.view.refresh()

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
        self.grid.shown_changed.connect(self.view.panels_changed)
        self.grid.shown_changed.connect(self.changed)
        self.grid.request_changed.connect(self.panels.panel_asks)
        self.grid.export_requested.connect(self.export_wanted)
        view = self.view
        view.edited.connect(self._show_session)
        view.changed.connect(self._show_bar)
        view.begun.connect(self.warnings.forget)
        view.begun.connect(lambda: self._dismiss(*OF_THE_RUN))
        view.begun.connect(self._dismiss_notes)
        view.training.connect(self._dismiss_notes)
        # Not when it trains: by then a card may tell of this very run. Nor when the untrained model is made
        # again, which a moment ago an edit set going.
        self.run.asked.connect(lambda: self._dismiss(*OF_THE_RUN, *OF_AN_ACT))
        view.framed.connect(self._show_timeline)
        view.warned.connect(self.warnings.show)
        view.noted.connect(lambda text: self.cards.show_card("note", text))
        view.refused.connect(
            lambda reason: self.cards.show_card("refused", "That cannot be drawn", [reason], "warn")
        )
        view.unmeasured.connect(
            lambda reason: self.cards.show_card("unmeasured", "That cannot be evaluated", [reason], "warn")
        )
        view.evaluated.connect(lambda event: self._answered(event.channel))
        view.answered.connect(self._answered)

    @property
    def session(self) -> Session:
        """The session as it is edited."""
        return self.view.session

    @property
    def viewed(self) -> Session:
        """The session of what is in view."""
        return self.view.viewed

    def edit(self, values: Mapping[str, Any]) -> None:
        """Take edits of the form or the bar; a card says which cannot be."""
        try:
            self.view.edit(values)
        except SettingError as error:
            self.cards.show_card("setting", "That value cannot be", [str(error)], "warn")
            self.view.refresh()
        else:
            self.cards.dismiss("setting")

    def replace_session(self, session: Session) -> None:
        """Take another session: at once, or pending where a run trains."""
        self._dismiss(*OF_AN_ACT)
        self.view.replace_session(session)

    def choose_dataset(self, dataset: str) -> None:
        """Take other data, with the settings that suit them or that they had before."""
        if dataset != self.session.dataset:
            self.replace_session(self._drafts.of(dataset, self.session.seed))

    def choose_preset(self, preset: Preset) -> None:
        """Take the settings of a preset."""
        session = Session.default(self.paradigm.id, preset.dataset, seed=self.session.seed)
        self.replace_session(session.with_values(preset.values))

    def open_file(self, data: Settings, own: Samples | None, source: str) -> None:
        """Take a person's own data. Raises SettingError, one sentence, where no model here learns them."""
        session = Session.default(self.paradigm.id, FILE.id, data=data, seed=self.session.seed)
        self.view.set_own(own, source)
        self.replace_session(session)

    def take_data(self, other: RunView) -> None:
        """Take the data of another run in view, with the settings that suit them or that they had before."""
        if other.session.own:
            self.view.set_own(other.own, other.run.source)
        self.replace_session(self._drafts.with_data_of(other.session, self.session.seed))

    def train_or_pause(self) -> None:
        """What the Train button says."""
        self.view.train_or_pause()

    def reset(self, train: bool = False) -> None:
        """A new run from the identical initialisation; the old one stays on disk."""
        self.view.reset(train)

    def apply_theme(self, theme: Theme) -> None:
        """Take on a new look."""
        for part in (self.form, self.bar, self.grid, self.cards):
            part.apply_theme(theme)

    def _show_session(self) -> None:
        self.form.show_session(self.view.session)
        self.form.mark_pending(self.view.pending)

    def _show_bar(self) -> None:
        self._drafts.keep(self.session)
        self.bar.show_session(self.view.viewed)
        self.changed.emit()

    def _show_timeline(self) -> None:
        self.bar.timeline.show_frames(len(self.feed.frames), self.feed.position)
        self.bar.timeline.show_frame(self.feed.frame)

    def _answered(self, channel: str) -> None:
        """What a card says of such a question is no longer so."""
        told = {CHANNEL: "refused", EVALUATION: "unmeasured"}
        if channel in told:
            self.cards.dismiss(told[channel])
        if channel == self.failed_channel:
            self.cards.dismiss("failure")

    def _dismiss_notes(self) -> None:
        """What was said of a run before it went on; of an engine, once there is another."""
        self._dismiss("note", "rewound")
        if self.view.engine.state != "died":
            self._dismiss("engine")

    def _dismiss(self, *keys: str) -> None:
        for key in keys:
            self.cards.dismiss(key)

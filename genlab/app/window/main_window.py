"""The window: rail, bars, the workspace in view, and what joins them."""

from __future__ import annotations

from PySide6.QtCore import QByteArray, QEvent, QPoint, QRect, Qt, QTimer, Signal
from PySide6.QtGui import QGuiApplication, QKeyEvent
from PySide6.QtWidgets import QApplication, QHBoxLayout, QStackedWidget, QVBoxLayout, QWidget

from genlab.app.common import loop
from genlab.app.common import theme as themes
from genlab.app.common.icons import app_icon
from genlab.app.common.words import steps
from genlab.app.views.engine_link import EngineLink
from genlab.app.views.panel import Panel
from genlab.app.views.workspace import Workspace
from genlab.app.window import commands, memory, reports
from genlab.app.window.actions import ActionInfo, Actions, claims_key
from genlab.app.window.context import WindowContext
from genlab.app.window.crash import CrashLog
from genlab.app.window.drop import Drops
from genlab.app.window.palette import Palette
from genlab.app.window.rail import Rail
from genlab.app.window.status_bar import StatusBar
from genlab.app.window.store import Store
from genlab.app.window.top_bar import TRAIN, TopBar
from genlab.engine import protocol as p
from genlab.runs.atomic import RunError
from genlab.runs.folder import RunFolder
from genlab.session.session import SettingError, read_kept

SMALLEST = (960, 620)
PREFERRED = (1440, 880)


class MainWindow(QWidget):
    """One window. `closed` is emitted once, when it goes. log: what is left of it where it crashes."""

    closed = Signal()

    def __init__(
        self, engine: EngineLink, store: Store, theme: themes.Theme, log: CrashLog | None = None
    ) -> None:
        super().__init__()
        self.setObjectName("window")
        self.setWindowTitle("GenLab")
        self.setWindowIcon(app_icon())
        self.setMinimumSize(*SMALLEST)
        self.setFocusPolicy(Qt.FocusPolicy.ClickFocus)
        self.engine = engine
        self.store = store
        self.theme = theme
        self.log = log
        self.top = TopBar(theme, {info.key: info for info in commands.ACTIONS})
        self.rail = Rail(theme)
        self.status = StatusBar(theme)
        self.stack = QStackedWidget()
        self.workspaces: dict[str, Workspace] = {}
        self._passing: tuple[str, ...] = ()
        self._paradigm = memory.last_paradigm(store)
        self._add(self._paradigm)
        self.context = self._made_context()
        self.actions_ = Actions(self, self.context, theme)
        self.actions_.add([*commands.ACTIONS, *commands.paradigm_actions()])
        self.palette_ = Palette(self, self.actions_, theme)
        self.drops = Drops(self, lambda path: commands.open_path(self.context, path))
        self._lay_out()
        self._connect()
        self._restore()
        self._second = QTimer(self)
        self._second.setInterval(1000)
        self._second.timeout.connect(self._tell_saved)
        self._second.start()
        self.show_state()

    @property
    def workspace(self) -> Workspace:
        """The workspace in view: the bars act on it."""
        return self.workspaces[self._paradigm]

    def _made_context(self) -> WindowContext:
        return WindowContext(
            parent=self,
            engine=self.engine,
            here=lambda: self.workspace,
            choose=self.choose,
            search=lambda: self.palette_.open(),
            keys=lambda: self.actions_.keys(),
            switch_theme=lambda: self.apply_theme(themes.LIGHT if self.theme.dark else themes.DARK),
            switch_full_screen=lambda: self.showNormal() if self.isFullScreen() else self.showFullScreen(),
            close=self.close,
        )

    def _add(self, paradigm: str) -> Workspace:
        """Make the workspace of a paradigm, when it is first needed, as it was left."""
        made = Workspace(paradigm, self.engine, self.theme, memory.session_of(self.store, paradigm))
        device = self.store.values.get("device")
        made.run.device = device if isinstance(device, str) else "auto"
        made.changed.connect(self.show_state)
        made.view.ticked.connect(lambda tick: self._tick(tick) if made is self.workspace else None)
        made.view.evaluated.connect(lambda event: self._evaluated(made, event))
        made.view.framed.connect(self._framed)
        made.export_wanted.connect(self._export_panel)
        made.form.file_wanted.connect(lambda folder: commands.open_data(self.context, folder))
        self.workspaces[paradigm] = made
        self.stack.addWidget(made)
        return made

    def _lay_out(self) -> None:
        middle = QHBoxLayout()
        middle.setContentsMargins(0, 0, 0, 0)
        middle.setSpacing(8)
        middle.addWidget(self.rail)
        middle.addWidget(self.stack, 1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.top)
        column.addLayout(middle, 1)
        column.addSpacing(4)
        column.addWidget(self.status)

    def _connect(self) -> None:
        self.top.pressed.connect(lambda key: self.actions_[key].trigger())
        self.top.device_chosen.connect(self._choose_device)
        self.rail.chosen.connect(self.choose)
        self.rail.choose(self._paradigm)
        self.engine.arrived.connect(self._take)
        self.engine.state_changed.connect(lambda _: self.show_state())

    def begin(self) -> None:
        """After the first paint: the panels, then the run of last time or the untrained model."""
        self.setFocus(Qt.FocusReason.OtherFocusReason)
        self._begin(self.workspace)
        if self.store.note:
            self.workspace.cards.show_card("settings", "Settings were reset", [self.store.note], "warn")
        reports.show_plugin_problems(self.workspace)
        if self.log is not None and self.log.ended is not None:
            reports.show_ended(self.context, self.log.ended)

    def _begin(self, space: Workspace) -> None:
        record = memory.record_of(self.store, space.paradigm.id)
        space.grid.restore(record.get("layout"))
        folder = record.get("run")
        if not (isinstance(folder, str) and self._reopen(space, folder)):
            space.view.begin()

    def show_state(self) -> None:
        """Bring the bars up to date with the run and the engine."""
        view = self.workspace.view
        run = view.run
        self._refresh_actions()
        self.rail.show_training([id for id, space in self.workspaces.items() if space.run.training])
        mode = view.mode()
        self.top.show_train(mode)
        first = next(iter(self.engine.ready.devices), "cpu") if self.engine.ready else "cpu"
        self.top.show_device(run.device, run.used_device or first, run.threads)
        self.actions_.show_as("train", TRAIN[mode].command or TRAIN[mode].text, TRAIN[mode].icon)
        engine = {"starting": "starting engine…", "ready": "engine ready", "died": "engine stopped"}
        self.status.engine.setText(engine[self.engine.state])
        if run.state == "training" and not run.wanted:
            self.status.show_state("training", f"training  {steps(run.step)}")
        elif run.wanted and self.engine.state != "ready":
            self.status.show_state("preparing", "starting engine…")
            self.status.show_idle(None)
        else:
            words = {None: "ready", "preparing": "preparing", "ready": "ready"}.get(run.state, run.state)
            taken = f"  {steps(run.step)}" if run.step else ""
            pending = "  ·  changes need a reset" if view.pending else ""
            self.status.show_state(run.state or "ready", f"{words}{taken}{pending}")
            self.status.show_idle(run.seconds if run.step else None)
        self.status.metrics.setText(view.evaluating or view.evaluation)
        self._tell_saved()
        if self.log is not None:
            spaces = sorted(self.workspaces.values(), key=lambda s: (not s.run.training, s.run is not run))
            self.log.note([space.run.folder for space in spaces if space.run.folder is not None])

    def _refresh_actions(self) -> None:
        """Offer what the workspace in view can do, and no more what another could."""
        infos = commands.passing_actions(self.context)
        now = (self._paradigm, *(info.key for info in infos))
        if now != self._passing:
            self._passing = now
            self._offer(infos)
        self.actions_.refresh()

    def _offer(self, infos: list[ActionInfo]) -> None:
        old = [key for key in self.actions_.infos if key.startswith(("show-", "step-", "same-data-"))]
        self.actions_.remove(old)
        self.actions_.add(infos)
        single = [info.key for info in infos if info.key.startswith("step-")]
        self.top.show_players([self.actions_[key] for key in ("step", *single)] if single else [])

    def _framed(self) -> None:
        """What can be played rests while there is a single frame."""
        if self.workspace.bar.timeline.play.isEnabled() != self.actions_["play"].isEnabled():
            self.actions_.refresh()

    def _evaluated(self, workspace: Workspace, event: p.Evaluated) -> None:
        reports.show_evaluation(self.context, workspace, event)
        self.show_state()

    def _export_panel(self, panel: Panel, kind: str) -> None:
        from genlab.app.dialogs.export import save_panel

        loop.start(save_panel(self.context, panel, kind))

    def _tick(self, tick: p.Tick) -> None:
        run = self.workspace.run
        if run.state == "training" and run.session is not None:
            self.status.show_tick(tick, run.session.training)

    def _take(self, event: p.Event) -> None:
        match event:
            case p.EngineReady(devices=devices, problems=found):
                self.top.show_devices(devices, 0)
                reports.take_plugin_problems(self.workspace, found)
                reports.take_ready(self.workspaces.values())
            case p.EngineDied():
                self._engine_died(event)
        for workspace in self.workspaces.values():
            workspace.view.take(event)
        match event:
            case p.Failure():
                self._failed(event)
            case p.Saved():
                self._tell_saved()
            case p.StateChanged(state="paused", note=note, run=run) if note:
                reports.show_paused(self.context, self.workspaces.values(), run)

    def _engine_died(self, event: p.EngineDied) -> None:
        views = [space.view for space in self.workspaces.values()]
        unsaved = any(view.run.unsaved for view in views)
        go_on = [again for view in views if (again := view.engine_died())]
        reports.show_death(self.context, event, unsaved, go_on[0] if go_on else None)

    def _failed(self, failure: p.Failure) -> None:
        space = next((space for space in self.workspaces.values() if space.run.id == failure.run), None)
        # Nobody waits for what was asked of a run that is left, but for its being saved.
        if space is not None or failure.channel in ("", p.SAVING):
            reports.show_failure(space or self.workspace, failure)

    def _reopen(self, space: Workspace, folder: str) -> bool:
        """Open the run of last time, with the settings as they were left; whether there is one."""
        try:
            session, _ = read_kept(RunFolder.open(folder).manifest["session"])
        except (RunError, SettingError, KeyError, TypeError):
            return False
        if session.paradigm != space.paradigm.id:
            return False
        left = space.session
        space.view.open_run(folder, session)
        if left.dataset == session.dataset:
            space.view.session = left
            space.view.refresh()
        return True

    def choose(self, paradigm: str) -> None:
        """Go to the workspace of a paradigm."""
        if paradigm == self._paradigm:
            return
        new = paradigm not in self.workspaces
        workspace = self._add(paradigm) if new else self.workspaces[paradigm]
        self.workspace.view.set_in_view(False)
        self._paradigm = paradigm
        self.rail.choose(paradigm)
        self.setFocus(Qt.FocusReason.OtherFocusReason)  # else Qt gives it to a choice, which takes letters
        self.stack.setCurrentWidget(workspace)
        if new:
            self._begin(workspace)
            reports.show_plugin_problems(workspace, of=paradigm)
        else:
            workspace.view.set_in_view(True)
        self.show_state()

    def _choose_device(self, device: str) -> None:
        self.store.values["device"] = device
        for space in self.workspaces.values():
            space.run.device = device
        if not self.workspace.run.kept:
            self.workspace.run.preview(self.workspace.session)
        self.show_state()

    def _tell_saved(self) -> None:
        self.status.show_saved(self.workspace.run.folder, self.workspace.view.saved_at)

    def apply_theme(self, theme: themes.Theme) -> None:
        """Take on a new look, the whole window at once."""
        self.theme = theme
        app = QApplication.instance()
        assert isinstance(app, QApplication)
        themes.apply(app, theme)
        self.actions_.apply_theme(theme)
        self.palette_.apply_theme(theme)
        for bar in (self.top, self.rail, self.status):
            bar.apply_theme(theme)
        for workspace in self.workspaces.values():
            workspace.apply_theme(theme)
        self.show_state()

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.ShortcutOverride and isinstance(event, QKeyEvent):
            focus = QApplication.focusWidget()
            if self.palette_.isVisible() or claims_key(focus, event.key(), event.modifiers()):
                event.accept()
                return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape and self.workspace.grid.maximised is not None:
            self.workspace.grid.maximise(None)
        elif event.key() == Qt.Key.Key_Escape and self.isFullScreen():
            self.showNormal()
        else:
            super().keyPressEvent(event)

    def closeEvent(self, event) -> None:
        self.remember()
        event.accept()
        self.closed.emit()

    def remember(self) -> None:
        """Write down what comes back at the next start."""
        self.store.values.update(
            geometry=bytes(self.saveGeometry().toBase64().data()).decode(),
            device=self.workspace.run.device,
            paradigm=self._paradigm,
        )
        memory.keep(self.store, self.workspaces.values())
        try:
            self.store.save()
        except (RunError, OSError) as error:
            self.store.note = str(error)

    def _restore(self) -> None:
        geometry = self.store.values.get("geometry")
        if isinstance(geometry, str) and self.restoreGeometry(QByteArray.fromBase64(geometry.encode())):
            return
        screen = QGuiApplication.primaryScreen().availableGeometry()
        width, height = min(PREFERRED[0], screen.width()), min(PREFERRED[1], screen.height())
        corner = screen.center() - QPoint(width // 2, height // 2)
        self.setGeometry(QRect(corner.x(), corner.y(), max(width, SMALLEST[0]), max(height, SMALLEST[1])))

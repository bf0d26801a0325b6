"""Recent runs: look at them again, draw their samples anew, go on with their training."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QDialog,
    QFileDialog,
    QHBoxLayout,
    QListWidget,
    QListWidgetItem,
    QVBoxLayout,
)

from genlab.app.common import loop
from genlab.app.common.widgets import button, label
from genlab.app.common.words import duration
from genlab.app.dialogs.context import Context
from genlab.app.dialogs.rewind import ROW, RewindDialog
from genlab.runs.atomic import RunError
from genlab.runs.folder import RunFolder
from genlab.runs.places import RunSummary, recent_runs
from genlab.session.catalogue import PARADIGMS
from genlab.session.session import SettingError, read_kept

MOST = 50


class RecentDialog(QDialog):
    """The runs that there are, the one changed last first."""

    def __init__(self, context: Context) -> None:
        super().__init__(context.parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setObjectName("recent")
        self.setWindowTitle("Runs")
        self.resize(560, 420)
        self._context = context
        self.list = QListWidget()
        self.list.setObjectName("recent.list")
        self.list.setAccessibleName("Recent runs")
        self.list.setToolTip("Double-click a run to open it")
        for run in recent_runs(MOST):
            item = QListWidgetItem(line(run))
            item.setData(Qt.ItemDataRole.UserRole, str(run.path))
            item.setToolTip(str(run.path))
            item.setSizeHint(ROW)
            self.list.addItem(item)
        self.list.itemActivated.connect(lambda _: self._take(False))
        self.list.currentRowChanged.connect(lambda _: self._enable())
        self.open_button = button("recent.open", "Open", "Show the run and draw its samples anew")
        self.open_button.setProperty("role", "primary")
        self.open_button.clicked.connect(lambda: self._take(False))
        self.train_button = button("recent.train", "Continue training", "Open the run and train it further")
        self.train_button.clicked.connect(lambda: self._take(True))
        other = button("recent.other", "Other folder…", "Open a run from anywhere")
        other.clicked.connect(lambda: loop.start(self._other()))
        self.rewind_button = button("recent.rewind", "Checkpoints…", "Open the run at an earlier checkpoint")
        self.rewind_button.clicked.connect(self._rewind)
        cancel = button("recent.cancel", "Cancel", "Close (Esc)")
        cancel.clicked.connect(self.reject)
        buttons = QHBoxLayout()
        buttons.addWidget(other)
        buttons.addWidget(self.rewind_button)
        buttons.addStretch(1)
        for each in (cancel, self.train_button, self.open_button):
            buttons.addWidget(each)
        column = QVBoxLayout(self)
        column.setContentsMargins(16, 16, 16, 16)
        column.setSpacing(8)
        column.addWidget(label("Recent runs" if self.list.count() else "There are no runs yet", "title"))
        column.addWidget(self.list, 1)
        column.addLayout(buttons)
        self.list.setCurrentRow(0)
        self._enable()

    def _enable(self) -> None:
        for each in (self.open_button, self.train_button, self.rewind_button):
            each.setEnabled(self.list.currentItem() is not None)

    def _take(self, train: bool) -> None:
        item = self.list.currentItem()
        if item is not None:
            self.accept()
            open_run(self._context, item.data(Qt.ItemDataRole.UserRole), train)

    def _rewind(self) -> None:
        item = self.list.currentItem()
        if item is not None:
            self.accept()
            RewindDialog(self._context, item.data(Qt.ItemDataRole.UserRole)).open()

    async def _other(self) -> None:
        dialog = QFileDialog(self, "Open a run")
        dialog.setFileMode(QFileDialog.FileMode.Directory)
        if await loop.shown(dialog):
            self.accept()
            open_run(self._context, dialog.selectedFiles()[0], False)


def open_run(context: Context, folder: str, train: bool) -> None:
    """Open a run in the window, or say in a card why not."""
    try:
        session, _ = read_kept(RunFolder.open(Path(folder)).manifest["session"])
    except (RunError, SettingError, KeyError, TypeError) as error:
        context.cards.show_card("open", "That run cannot be opened", [str(error)], "bad")
        return
    context.choose(session.paradigm)
    context.view.open_run(folder, session, train)


def line(run: RunSummary) -> str:
    """A run in one line: what, how far, when."""
    try:
        when = datetime.fromisoformat(run.created).strftime("%d %b %Y, %H:%M")
    except ValueError:
        when = run.created
    title = PARADIGMS[run.paradigm].title if run.paradigm in PARADIGMS else run.paradigm
    return f"{title} · {run.dataset}    {run.steps:,} steps · {duration(run.seconds)}    {when}"

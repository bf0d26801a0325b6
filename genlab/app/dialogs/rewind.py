"""Rewind: an earlier checkpoint of a run, to look at or to train on from."""

from __future__ import annotations

from datetime import datetime

from PySide6.QtCore import QSize, Qt
from PySide6.QtWidgets import QDialog, QHBoxLayout, QListWidget, QListWidgetItem, QVBoxLayout

from genlab.app.common.widgets import button, label
from genlab.app.common.words import duration
from genlab.app.dialogs.context import Context
from genlab.runs.atomic import RunError
from genlab.runs.checkpoints import CheckpointInfo
from genlab.runs.folder import RunFolder
from genlab.session.session import SettingError, read_kept

ROW = QSize(0, 28)
"""Of a list whose first row is chosen before the style sheet is known."""


class RewindDialog(QDialog):
    """The checkpoints of a run, the newest first."""

    def __init__(self, context: Context, folder: str) -> None:
        super().__init__(context.parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setObjectName("rewind")
        self.setWindowTitle("Rewind to checkpoint")
        self.resize(480, 420)
        self._context = context
        self._folder = folder
        self._infos = list(reversed(checkpoints(folder)))
        self.list = QListWidget()
        self.list.setObjectName("rewind.list")
        self.list.setAccessibleName("Checkpoints")
        self.list.setToolTip("Double-click a checkpoint to look at it")
        for info in self._infos:
            item = QListWidgetItem(line(info))
            item.setSizeHint(ROW)
            self.list.addItem(item)
        self.list.itemActivated.connect(lambda _: self._take(False))
        self.list.currentRowChanged.connect(lambda _: self._tell())
        self.note = label("", "muted", "rewind.note")
        self.note.setWordWrap(True)
        self.open_button = button("rewind.open", "Look at it", "The run as it was; nothing changes")
        self.open_button.setProperty("role", "primary")
        self.open_button.clicked.connect(lambda: self._take(False))
        self.train_button = button(
            "rewind.train", "Train on from here", "Go on from this checkpoint, in place of what came after it"
        )
        self.train_button.clicked.connect(lambda: self._take(True))
        cancel = button("rewind.cancel", "Cancel", "Close (Esc)")
        cancel.clicked.connect(self.reject)
        buttons = QHBoxLayout()
        buttons.addStretch(1)
        for each in (cancel, self.train_button, self.open_button):
            buttons.addWidget(each)
        column = QVBoxLayout(self)
        column.setContentsMargins(16, 16, 16, 16)
        column.setSpacing(8)
        column.addWidget(label("Checkpoints" if self._infos else "There is no checkpoint yet", "title"))
        column.addWidget(self.list, 1)
        column.addWidget(self.note)
        column.addLayout(buttons)
        self.list.setCurrentRow(0)
        self._tell()

    def _tell(self) -> None:
        row = self.list.currentRow()
        for each in (self.open_button, self.train_button):
            each.setEnabled(row >= 0)
        self.note.setText(loss_of(self._infos[row], self._infos[0]) if row >= 0 else "")

    def _take(self, train: bool) -> None:
        row = self.list.currentRow()
        if row >= 0:
            self.accept()
            open_checkpoint(self._context, self._folder, self._infos[row], self._infos[0], train)


def checkpoints(folder: str) -> list[CheckpointInfo]:
    """The checkpoints of a run, the oldest first; none where the folder is no run."""
    try:
        return RunFolder.open(folder).checkpoint_infos()
    except RunError:
        return []


def loss_of(info: CheckpointInfo, last: CheckpointInfo) -> str:
    """What training on from a checkpoint replaces, in plain words."""
    if info.step == last.step:
        return "This is where the run stands."
    return (
        f"Looking changes nothing. Training on from here replaces what the run recorded after step "
        f"{info.step:,}, and its later checkpoints up to step {last.step:,}."
    )


def open_checkpoint(
    context: Context, folder: str, info: CheckpointInfo, last: CheckpointInfo, train: bool
) -> None:
    """Open a run at a checkpoint, and say what that means; or say in a card why it cannot be."""
    try:
        session, _ = read_kept(info.session)
    except (SettingError, TypeError, ValueError) as error:
        context.cards.show_card("open", "That checkpoint cannot be opened", [str(error)], "bad")
        return
    context.choose(session.paradigm)
    view = context.view
    view.open_run(folder, session, train, info.step)
    if info.step != last.step and not train:
        context.cards.show_card(
            "rewound",
            f"The run as it was at step {info.step:,}",
            [loss_of(info, last).replace("from here", "from this step")],
            buttons=[(f"Back to step {last.step:,}", lambda: view.open_run(folder, session))],
        )


def line(info: CheckpointInfo) -> str:
    """A checkpoint in one line: step, training time, when it was written."""
    when = datetime.fromtimestamp(info.written).strftime("%d %b %Y, %H:%M:%S")
    return f"step {info.step:,}    {duration(info.seconds)} of training    {when}"

"""The command palette: every action, found by typing a part of its name."""

from __future__ import annotations

from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QKeySequence
from PySide6.QtWidgets import QFrame, QLineEdit, QListWidget, QListWidgetItem, QVBoxLayout, QWidget

from genlab.app.common.icons import icon
from genlab.app.common.theme import Theme
from genlab.app.window.actions import Actions

WIDTH, ROWS = 520, 10


class Palette(QFrame):
    """An overlay on the window: type, choose with the arrow keys, run with Enter, leave with Esc."""

    def __init__(self, window: QWidget, actions: Actions, theme: Theme) -> None:
        super().__init__(window)
        self.setObjectName("palette")
        self.setProperty("role", "palette")
        self._window = window
        self._actions = actions
        self._theme = theme
        self._back: QWidget | None = None
        self.line = QLineEdit()
        self.line.setObjectName("palette.search")
        self.line.setPlaceholderText("Search commands")
        self.line.setAccessibleName("Search commands")
        self.line.setToolTip("Type a part of a command's name; Enter runs it")
        self.line.setClearButtonEnabled(False)
        self.line.textChanged.connect(self._filter)
        self.line.installEventFilter(self)
        self.list = QListWidget()
        self.list.setObjectName("palette.list")
        self.list.setAccessibleName("Commands")
        self.list.setFrameShape(QFrame.Shape.NoFrame)
        self.list.setStyleSheet("border: none;")
        self.list.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.list.itemClicked.connect(lambda _: self._run())
        column = QVBoxLayout(self)
        column.setContentsMargins(8, 8, 8, 8)
        column.setSpacing(8)
        column.addWidget(self.line)
        column.addWidget(self.list)
        self.hide()

    def open(self) -> None:
        """Show every command, ready for typing."""
        window = self._window
        self._back = window.focusWidget()
        self.line.clear()
        self._filter("")
        width = min(WIDTH, window.width() - 32)
        self.setGeometry((window.width() - width) // 2, 44, width, 56 + ROWS * 26)
        self.show()
        self.raise_()
        self.line.setFocus(Qt.FocusReason.ShortcutFocusReason)

    def dismiss(self) -> None:
        """Go back to where the keyboard was."""
        self.hide()
        if self._back is not None and self._back.isVisible():
            self._back.setFocus(Qt.FocusReason.OtherFocusReason)

    def apply_theme(self, theme: Theme) -> None:
        """Take on a new look."""
        self._theme = theme

    def eventFilter(self, watched, event) -> bool:
        if event.type() == QEvent.Type.FocusOut and self.isVisible():
            self.hide()
        if event.type() != QEvent.Type.KeyPress:
            return False
        row = self.list.currentRow()
        match event.key():
            case Qt.Key.Key_Down:
                self.list.setCurrentRow(min(row + 1, self.list.count() - 1))
            case Qt.Key.Key_Up:
                self.list.setCurrentRow(max(row - 1, 0))
            case Qt.Key.Key_Return | Qt.Key.Key_Enter:
                self._run()
            case Qt.Key.Key_Escape:
                self.dismiss()
            case _:
                return False
        return True

    def _filter(self, text: str) -> None:
        words = text.lower().split()
        self.list.clear()
        # What cannot act now comes last, and its tooltip says why.
        infos = sorted(self._actions.infos.items(), key=lambda item: not self._actions[item[0]].isEnabled())
        for key, info in infos:
            action = self._actions[key]
            if key == "palette" or not all(word in f"{action.text()} {info.group}".lower() for word in words):
                continue
            keys = QKeySequence(info.shortcut).toString(QKeySequence.SequenceFormat.NativeText)
            item = QListWidgetItem(f"{action.text()}   {keys}" if keys else action.text())
            item.setData(Qt.ItemDataRole.UserRole, key)
            item.setToolTip(info.tooltip if action.isEnabled() else action.toolTip())
            if info.icon:
                item.setIcon(icon(info.icon, self._theme.muted))
            if not action.isEnabled():
                item.setFlags(Qt.ItemFlag.NoItemFlags)
            self.list.addItem(item)
        self.list.setCurrentRow(0)

    def _run(self) -> None:
        item = self.list.currentItem()
        if item is None:
            return
        key = item.data(Qt.ItemDataRole.UserRole)
        self.dismiss()
        self._actions[key].trigger()

"""Keyboard help: every action that has a key, by group."""

from __future__ import annotations

from collections.abc import Iterable

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeySequence
from PySide6.QtWidgets import QDialog, QGridLayout, QHBoxLayout, QVBoxLayout, QWidget

from genlab.app.common.widgets import close_button, label

MORE = (
    ("Panels", "Esc", "Back from a maximised panel"),
    ("Sampling", "← →", "One step of the trajectory, in the timeline"),
    ("Window", "Tab", "To the next control"),
)


class HelpDialog(QDialog):
    """Two columns of groups. keys: group, shortcut and text of every action that has one."""

    def __init__(self, parent: QWidget, keys: Iterable[tuple[str, str, str]]) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setObjectName("help")
        self.setWindowTitle("Keyboard")
        groups: dict[str, list[tuple[str, str]]] = {}
        for group, shortcut, text in keys:
            native = QKeySequence(shortcut).toString(QKeySequence.SequenceFormat.NativeText)
            groups.setdefault(group, []).append((native, text))
        for group, native, text in MORE:
            groups.setdefault(group, []).append((native, text))
        columns = QHBoxLayout()
        columns.setSpacing(32)
        halves = (["Run"], [g for g in groups if g != "Run"])
        for half in halves:
            grid = QGridLayout()
            grid.setHorizontalSpacing(16)
            grid.setVerticalSpacing(4)
            row = 0
            for group in half:
                grid.addWidget(label(group, "title"), row, 0, 1, 2)
                for native, text in groups[group]:
                    row += 1
                    grid.addWidget(label(native, "muted"), row, 0)
                    grid.addWidget(label(text), row, 1)
                row += 1
                grid.setRowMinimumHeight(row, 8)
                row += 1
            grid.setRowStretch(row, 1)
            columns.addLayout(grid)
        column = QVBoxLayout(self)
        column.setContentsMargins(24, 16, 24, 16)
        column.setSpacing(16)
        column.addLayout(columns)
        column.addWidget(close_button(self), 0, Qt.AlignmentFlag.AlignRight)

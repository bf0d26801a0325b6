"""The rail: the paradigms that there are, grouped as the catalogue groups them."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QButtonGroup, QFrame, QPushButton, QVBoxLayout

from genlab.app.icons import icon
from genlab.app.theme import Theme
from genlab.app.widgets import label
from genlab.settings.catalogue import PARADIGMS

WIDTH = 160


class Rail(QFrame):
    """One button for each paradigm. `chosen` carries its identifier."""

    chosen = Signal(str)

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self.setObjectName("rail")
        self.setAccessibleName("Paradigms")
        self.setFixedWidth(WIDTH)
        self.buttons: dict[str, QPushButton] = {}
        self._group = QButtonGroup(self)
        column = QVBoxLayout(self)
        column.setContentsMargins(8, 4, 8, 8)
        column.setSpacing(2)
        heading = ""
        for paradigm in PARADIGMS.values():
            if paradigm.group != heading:
                heading = paradigm.group
                text = label(heading.upper(), "group")
                text.setContentsMargins(10, 4, 0, 4)
                column.addWidget(text)
            button = QPushButton(paradigm.title)
            button.setObjectName(f"rail.{paradigm.id}")
            button.setProperty("role", "paradigm")
            button.setCheckable(True)
            button.setAccessibleName(paradigm.title)
            button.setToolTip(paradigm.summary)
            button.setCursor(Qt.CursorShape.PointingHandCursor)
            button.clicked.connect(lambda _=False, id=paradigm.id: self.chosen.emit(id))
            self._group.addButton(button)
            self.buttons[paradigm.id] = button
            column.addWidget(button)
        column.addStretch(1)
        self.apply_theme(theme)

    def choose(self, paradigm: str) -> None:
        """Show which workspace is in view."""
        self.buttons[paradigm].setChecked(True)
        self.apply_theme(self._theme)

    def apply_theme(self, theme: Theme) -> None:
        """Take on a new look."""
        self._theme = theme
        for id, button in self.buttons.items():
            button.setIcon(icon(id, theme.accent if button.isChecked() else theme.muted))

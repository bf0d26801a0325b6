"""The rail: the paradigms that there are, grouped as the catalogue groups them."""

from __future__ import annotations

from collections.abc import Collection

from PySide6.QtCore import QRectF, Qt, Signal
from PySide6.QtGui import QColor, QPainter
from PySide6.QtWidgets import QButtonGroup, QFrame, QPushButton, QVBoxLayout

from genlab.app.common.icons import icon, known
from genlab.app.common.theme import Theme
from genlab.app.common.widgets import label
from genlab.app.window.actions import with_shortcut
from genlab.session.catalogue import PARADIGMS
from genlab.settings.paradigm import Paradigm

WIDTH = 176


PLAIN = "paradigm"
"""The icon of a paradigm that has none of its own."""


def key_of(position: int) -> str:
    """The keys that go to the paradigm at a position of the rail, from 0."""
    return f"Ctrl+{position + 1}" if position < 9 else ""


def in_order() -> list[Paradigm]:
    """Every paradigm as the rail has it: the catalogue's order, each group together."""
    groups: dict[str, list[Paradigm]] = {}
    for paradigm in PARADIGMS.values():
        groups.setdefault(paradigm.group, []).append(paradigm)
    return [paradigm for group in groups.values() for paradigm in group]


class RailButton(QPushButton):
    """A paradigm; a dot at its end while its run trains."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.dot = ""

    def show_dot(self, colour: str) -> None:
        """A dot in this colour; none where it is empty."""
        if colour != self.dot:
            self.dot = colour
            self.update()

    def paintEvent(self, event) -> None:
        super().paintEvent(event)
        if not self.dot:
            return
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(self.dot))
        painter.drawEllipse(QRectF(self.width() - 12.0, self.height() / 2 - 3.0, 6.0, 6.0))
        painter.end()


class Rail(QFrame):
    """One button for each paradigm. `chosen` carries its identifier."""

    chosen = Signal(str)

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self.setObjectName("rail")
        self.setAccessibleName("Paradigms")
        self.setFixedWidth(WIDTH)
        self.buttons: dict[str, RailButton] = {}
        self._training: Collection[str] = ()
        self._group = QButtonGroup(self)
        column = QVBoxLayout(self)
        column.setContentsMargins(8, 4, 8, 8)
        column.setSpacing(2)
        heading = ""
        for position, paradigm in enumerate(in_order()):
            if paradigm.group != heading:
                heading = paradigm.group
                text = label(heading.upper(), "group")
                text.setContentsMargins(10, 12 if position else 4, 0, 4)
                column.addWidget(text)
            button = RailButton(paradigm.title)
            button.setObjectName(f"rail.{paradigm.id}")
            button.setProperty("role", "paradigm")
            button.setCheckable(True)
            button.setAccessibleName(paradigm.title)
            button.setToolTip(with_shortcut(paradigm.summary, key_of(position)))
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

    def show_training(self, paradigms: Collection[str]) -> None:
        """Which of them train."""
        self._training = paradigms
        for id, button in self.buttons.items():
            button.show_dot(self._theme.accent if id in paradigms else "")
            button.setAccessibleDescription("training" if id in paradigms else "")

    def apply_theme(self, theme: Theme) -> None:
        """Take on a new look."""
        self._theme = theme
        for id, button in self.buttons.items():
            name = id if known(id) else PLAIN
            button.setIcon(icon(name, theme.accent if button.isChecked() else theme.muted))
        self.show_training(self._training)

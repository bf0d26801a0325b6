"""Cards: what happened, what was kept, what to do, and a button that copies the details."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QSizePolicy, QVBoxLayout, QWidget

from genlab.app.common.icons import pixmap
from genlab.app.common.theme import Theme
from genlab.app.common.widgets import label

Button = tuple[str, Callable[[], None]]
MOST = 3


class NoticeCard(QFrame):
    """One message. tone: 'bad', 'warn' or 'info'. closed: a person has put it away."""

    closed = Signal()

    def __init__(
        self,
        key: str,
        title: str,
        lines: Sequence[str],
        theme: Theme,
        tone: str = "info",
        buttons: Sequence[Button] = (),
        details: str = "",
    ) -> None:
        super().__init__()
        self.key = key
        self.title = self.text = ""
        self.details = details
        self.tone = tone
        self.setObjectName(f"card.{key}")
        self.setProperty("role", "notice")
        self.setProperty("tone", tone)
        self.sign = QLabel()
        self._head, self._body = label("", "title"), label("", "muted")
        self._body.setWordWrap(True)
        self._body.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._body.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Minimum)
        middle = QVBoxLayout()
        middle.setSpacing(2)
        middle.addWidget(self._head)
        middle.addWidget(self._body)
        self.show_text(title, lines)
        row = QHBoxLayout(self)
        row.setContentsMargins(12, 8, 12, 8)
        row.setSpacing(8)
        row.addWidget(self.sign)
        row.addLayout(middle, 1)
        self.buttons: dict[str, QPushButton] = {}
        for number, (text, run) in enumerate(buttons):
            self._button(row, text, run, primary=number == 0)
        if details:
            self._button(row, "Copy details", self.copy, primary=False)
        self._button(row, "Dismiss", self.dismiss, primary=False)
        self.apply_theme(theme)

    def show_text(self, title: str, lines: Sequence[str]) -> None:
        """Say this in place of what was said before."""
        self.title = title
        self.text = "\n".join(line for line in lines if line)
        self.setAccessibleName(title)
        self._head.setText(title)
        self._body.setText(self.text)
        self._body.setVisible(bool(self.text))
        self.sign.setAlignment(Qt.AlignmentFlag.AlignTop if self.text else Qt.AlignmentFlag.AlignVCenter)

    def copy(self) -> None:
        """Put everything that is known onto the clipboard."""
        QGuiApplication.clipboard().setText(f"{self.title}\n{self.text}\n\n{self.details}".strip())

    def dismiss(self) -> None:
        """Take the card away."""
        holder = self.parentWidget()
        self.hide()
        self.setParent(None)
        self.deleteLater()
        if isinstance(holder, Cards):
            holder.setVisible(bool(holder.open()))

    def apply_theme(self, theme: Theme) -> None:
        """Take on a new look."""
        name, colour = {
            "bad": ("warning", theme.bad),
            "warn": ("warning", theme.warn),
        }.get(self.tone, ("info", theme.accent))
        self.sign.setPixmap(pixmap(name, colour, 18))

    def _button(self, row: QHBoxLayout, text: str, run: Callable[[], None], primary: bool) -> None:
        made = QPushButton(text)
        made.setObjectName(f"card.{self.key}.{text.lower().replace(' ', '_')}")
        made.setAccessibleName(text)
        made.setToolTip(f"{text}: {self.title}")
        if primary:
            made.setProperty("role", "primary")
        made.clicked.connect(lambda _=False: self._press(run))
        row.addWidget(made, 0, Qt.AlignmentFlag.AlignVCenter)
        self.buttons[text] = made

    def _press(self, run: Callable[[], None]) -> None:
        if run == self.dismiss:
            self.closed.emit()
        elif run != self.copy:
            self.dismiss()
        run()


class Cards(QWidget):
    """The cards that are open, newest first; one for each key."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self.setObjectName("cards")
        self._theme = theme
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(8)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Maximum)
        self.hide()

    def show_card(
        self,
        key: str,
        title: str,
        lines: Sequence[str] = (),
        tone: str = "info",
        buttons: Sequence[Button] = (),
        details: str = "",
    ) -> NoticeCard:
        """Show a card in place of an older one with the same key."""
        self.dismiss(key)
        made = NoticeCard(key, title, lines, self._theme, tone, buttons, details)
        self._column.insertWidget(0, made)
        for old in self.open()[MOST:]:
            old.dismiss()
        self.show()
        return made

    def dismiss(self, key: str) -> None:
        """Take away the card with this key."""
        if (card := self.card(key)) is not None:
            card.dismiss()

    def card(self, key: str) -> NoticeCard | None:
        """The card with this key, where it is shown."""
        return next((card for card in self.open() if card.key == key), None)

    def open(self) -> list[NoticeCard]:
        """The cards that are shown, newest first."""
        # Not by the items of the layout: PySide keeps those that Qt has freed, as if they stood for whatever
        # object comes to lie at the same place, and crashes when that goes.
        return self.findChildren(NoticeCard, options=Qt.FindChildOption.FindDirectChildrenOnly)[::-1]

    def apply_theme(self, theme: Theme) -> None:
        """Take on a new look."""
        self._theme = theme
        for card in self.open():
            card.apply_theme(theme)

"""What draws one kind of payload inside an extra panel."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QLabel, QSizePolicy, QVBoxLayout, QWidget

from genlab.app.common.theme import Theme
from genlab.app.drawings.scene import Scene


class Drawing(QWidget):
    """A picture of payloads of one type; the panel around it has the header and the controls.

    moved: the cursor is over something else now."""

    moved = Signal()

    def __init__(self, theme: Theme, name: str) -> None:
        super().__init__()
        self.theme = theme
        self.name = name
        self.title = ""  # of the panel: what a payload says again is left out
        self.body = QVBoxLayout(self)
        self.body.setContentsMargins(0, 0, 0, 0)
        self.body.setSpacing(0)

    def set_scene(self, scene: Scene) -> None:
        """Take up the data of the workspace."""

    def show_payload(self, payload: Any) -> tuple[str, ...]:
        """Draw a payload; what the header then says of it, in parts."""
        raise NotImplementedError

    def reading(self) -> tuple[str, ...]:
        """What is under the cursor, in parts for the header; none where the cursor is away."""
        return ()

    def go_home(self) -> None:
        """Undo zooming."""

    def apply_theme(self, theme: Theme) -> None:
        """Take over colours and fonts."""
        self.theme = theme


class Remark(QLabel):
    """A sentence under a picture: small, muted, wrapped; it takes no room where there is none."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.setObjectName(name)
        self.setProperty("role", "small")
        self.setWordWrap(True)
        self.setContentsMargins(6, 4, 10, 0)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Minimum)
        self.hide()

    def show_text(self, text: str) -> None:
        """Show this sentence."""
        if text != self.text():
            self.setText(text)
            self.setVisible(bool(text))

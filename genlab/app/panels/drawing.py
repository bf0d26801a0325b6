"""What draws one kind of payload inside an extra panel."""

from __future__ import annotations

from typing import Any

from PySide6.QtWidgets import QVBoxLayout, QWidget

from genlab.app.panels.scene import Scene
from genlab.app.theme import Theme


class Drawing(QWidget):
    """A picture of payloads of one type; the panel around it has the header and the controls."""

    def __init__(self, theme: Theme, name: str) -> None:
        super().__init__()
        self.theme = theme
        self.name = name
        self.body = QVBoxLayout(self)
        self.body.setContentsMargins(0, 0, 0, 0)
        self.body.setSpacing(0)

    def set_scene(self, scene: Scene) -> None:
        """Take up the data of the workspace."""

    def show_payload(self, payload: Any) -> tuple[str, ...]:
        """Draw a payload; what the header then says of it, in parts."""
        raise NotImplementedError

    def go_home(self) -> None:
        """Undo zooming."""

    def apply_theme(self, theme: Theme) -> None:
        """Take over colours and fonts."""
        self.theme = theme

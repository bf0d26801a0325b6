"""How the trajectories of one kind of space are shown."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from PySide6.QtWidgets import QWidget

from genlab.app.common.theme import Theme
from genlab.app.drawings.scene import Scene
from genlab.data.payloads import Samples


class TrajectoryView(QWidget):
    """Shows the frames of a trajectory, at a position in it.

    offers_clean: a person chooses whether the model's guess of where each sample will end is drawn."""

    offers_clean: ClassVar[bool] = False

    def __init__(self, theme: Theme, name: str) -> None:
        super().__init__()
        self.theme = theme
        self.name = name
        self.scene: Scene | None = None

    def set_scene(self, scene: Scene) -> None:
        """Take the data."""
        self.scene = scene

    def prepare(self, frames: Sequence[Samples]) -> None:
        """Take frames: once, not at every scrub."""

    def show_frame(self, frames: Sequence[Samples], position: int, clean: bool) -> None:
        """Show the frame at a position; clean: with what the model takes the finished samples for."""
        raise NotImplementedError

    def go_home(self) -> None:
        """Undo zooming."""

    def apply_theme(self, theme: Theme) -> None:
        """Take over colours and fonts."""
        self.theme = theme

"""How samples of one kind of space are shown."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QVBoxLayout, QWidget

from genlab.app.common.theme import Theme
from genlab.app.drawings.scene import Scene
from genlab.data.payloads import Samples


@dataclass(frozen=True)
class Look:
    """What a person wants to see. classes: their names, where they are told apart. real: real data too.
    probability: tokens coloured by how probable they were."""

    classes: tuple[str, ...] = ()
    real: bool = True
    probability: bool = False


class SamplesView(QWidget):
    """Shows the data, and samples of the model with them or in their place.

    alone: real data are shown only until the model has made some. classed: classes are told apart at first.
    moved: the cursor is over something else now."""

    moved = Signal()
    alone: ClassVar[bool] = False
    classed: ClassVar[bool] = False

    def __init__(self, theme: Theme, name: str) -> None:
        super().__init__()
        self.theme = theme
        self.name = name
        self.scene: Scene | None = None
        self.body = QVBoxLayout(self)
        self.body.setContentsMargins(0, 0, 0, 0)
        self.body.setSpacing(0)

    def set_scene(self, scene: Scene) -> None:
        """Take the data."""
        self.scene = scene

    def show_samples(self, samples: Samples | None, look: Look) -> None:
        """Show samples, or what stands there before there are any."""
        raise NotImplementedError

    def reading(self) -> tuple[str, ...]:
        """What is under the cursor."""
        return ()

    def go_home(self) -> None:
        """Undo zooming."""

    def apply_theme(self, theme: Theme) -> None:
        """Take over colours and fonts."""
        self.theme = theme

"""What draws payloads of one type; the panel around it has the header, the menu and the controls."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from PySide6.QtCore import Signal
from PySide6.QtGui import QAction, QActionGroup
from PySide6.QtWidgets import QLabel, QSizePolicy, QVBoxLayout, QWidget

from genlab.app.common.theme import Theme
from genlab.app.drawings.scene import ModelInfo, Scene
from genlab.settings.panels import PanelInfo


@dataclass(frozen=True)
class Told:
    """What a panel's header says of a drawing: parts of a line, and badges. Empty ones are left out."""

    parts: tuple[str, ...] = ()
    badges: tuple[str, ...] = ()


class Drawing(QWidget):
    """A picture of payloads of one type.

    Taking something only stores it; `draw` comes once per turn of the event loop, and not at all while
    nobody looks. moved: the cursor is over something else now. stale: what is drawn is out of date. entries:
    what the panel's menu offers. about: what the help of the panel adds, in sentences. pace: the least time
    between two drawings, ms. step: of the weights that are shown."""

    moved = Signal()
    stale = Signal()
    pace = 0

    def __init__(self, theme: Theme, name: str) -> None:
        super().__init__()
        self.theme = theme
        self.name = name
        self.title = ""  # of the panel: what a payload says again is left out
        self.about = ""
        self.model = ModelInfo()
        self.taken: Any = None
        self.step = 0
        self.entries: list[QAction] = []
        self.body = QVBoxLayout(self)
        self.body.setContentsMargins(0, 0, 0, 0)
        self.body.setSpacing(0)

    # -- what the panel calls ----------------------------------------------------------------

    def set_info(self, info: PanelInfo) -> None:
        """Take what the panel says of itself: once, at first."""
        self.title = info.title

    def set_scene(self, scene: Scene) -> None:
        """Take the data in view; what was drawn of a run stays where it still fits them."""

    def set_model(self, model: ModelInfo) -> None:
        """Take what is known of the model in view."""
        self.model = model

    def take(self, payload: Any, step: int) -> None:
        """Take a payload. step: of the weights that it shows."""
        self.taken, self.step = payload, step

    def move_to(self, position: int) -> None:
        """Stand at a frame, where a trajectory is drawn."""

    def show_reference(self, title: str, values: Mapping[str, float]) -> None:
        """Take what recorded losses read in the best case, column to value; title: of that case."""

    def clear_run(self) -> None:
        """Forget everything that came from a run."""
        self.taken = None

    @property
    def shows(self) -> bool:
        """Whether there is something of a run to draw."""
        return self.taken is not None

    def draw(self) -> Told:
        """Bring what is on the screen up to date; what the header then says."""
        if self.taken is None:
            return Told()
        parts = self.show_payload(self.taken)
        averaged = self.model.averaged and self.step > 0
        return Told(
            (*parts, f"step {self.step:,}" if self.step else "not trained yet"), ("EMA" if averaged else "",)
        )

    def show_payload(self, payload: Any) -> tuple[str, ...]:
        """Draw a payload; what the header then says of it, in parts, before the step."""
        raise NotImplementedError

    def reading(self) -> tuple[str, ...]:
        """What is under the cursor, in parts for the header; none where the cursor is away."""
        return ()

    def go_home(self) -> None:
        """Undo zooming."""

    def apply_theme(self, theme: Theme) -> None:
        """Take over colours and fonts."""
        self.theme = theme

    # -- for the drawings --------------------------------------------------------------------

    def add_entry(self, title: str, act: Callable[[], object] | None = None) -> QAction:
        """An entry of the panel's menu."""
        made = QAction(title, self)
        if act is not None:
            made.triggered.connect(lambda _=False: act())
        self.entries.append(made)
        return made

    def add_rule(self, title: str = "") -> QAction:
        """A rule in the panel's menu, with a title where it begins a section."""
        made = self.add_entry(title)
        made.setSeparator(True)
        return made

    def add_choices(
        self, title: str, names: Sequence[str], chosen: str, changed: Callable[[str], object]
    ) -> dict[str, QAction]:
        """A section of exclusive entries; `changed(name)` when one is picked."""
        self.add_rule(title)
        group = QActionGroup(self)
        actions = {}
        for name in names:
            action = self.add_entry(name, partial(changed, name))
            action.setCheckable(True)
            action.setChecked(name == chosen)
            group.addAction(action)
            actions[name] = action
        return actions

    def add_switch(self, title: str, on: bool, changed: Callable[[bool], object], tip: str = "") -> QAction:
        """An entry that is on or off; `changed(on)` when it flips."""
        action = self.add_entry(title)
        action.setCheckable(True)
        action.setChecked(on)
        action.setToolTip(tip or title)
        action.toggled.connect(changed)
        return action


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

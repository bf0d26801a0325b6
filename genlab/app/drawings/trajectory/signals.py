"""How noise becomes signals: lines over time at a step, and what the model takes them for."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtGui import QColor
from PySide6.QtWidgets import QVBoxLayout

from genlab.app.common.theme import Theme
from genlab.app.drawings.canvas.series import Series, SeriesCanvas
from genlab.app.drawings.scene import Scene
from genlab.app.drawings.trajectory.view import TrajectoryView
from genlab.data.payloads import Samples
from genlab.settings.spaces import Signal

MOST = 8


class SignalsView(TrajectoryView):
    """A few series in one view."""

    offers_clean = True

    def __init__(self, theme: Theme, name: str) -> None:
        super().__init__(theme, name)
        self.canvas = SeriesCanvas(theme, f"{name}.series")
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.canvas.keys)
        column.addWidget(self.canvas, 1)

    def set_scene(self, scene: Scene) -> None:
        super().set_scene(scene)
        if isinstance(scene.space, Signal):
            self.canvas.set_space(scene.space, scene.extent)

    def show_frame(self, frames: Sequence[Samples], position: int, clean: bool) -> None:
        groups: list[tuple[str, Series, QColor]] = []
        if frames:
            frame = frames[position]
            groups.append(("state", frame.x[:MOST], QColor(self.theme.model)))
            if clean and frame.clean is not None:
                groups.append(("clean estimate", frame.clean[:MOST], QColor(self.theme.okabe_ito[1])))
        self.canvas.show_series(groups)

    def go_home(self) -> None:
        self.canvas.view_axes.go_home()

    def apply_theme(self, theme: Theme) -> None:
        super().apply_theme(theme)
        self.canvas.apply_theme(theme)

"""How noise becomes images: the state, and what the model takes it for."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtWidgets import QHBoxLayout

from genlab.app.common.theme import Theme
from genlab.app.drawings.canvas.montage import Montage
from genlab.app.drawings.trajectory.view import TrajectoryView
from genlab.data.payloads import Array, Samples
from genlab.settings.spaces import Images

MOST = 36


class ImagesView(TrajectoryView):
    """Two montages side by side."""

    def __init__(self, theme: Theme, name: str) -> None:
        super().__init__(theme, name)
        row = QHBoxLayout(self)
        row.setContentsMargins(6, 0, 0, 0)
        self.state = Montage(theme, f"{name}.state", "state")
        self.clean = Montage(theme, f"{name}.clean", "clean estimate")
        row.addWidget(self.state)
        row.addWidget(self.clean)

    def show_frame(self, frames: Sequence[Samples], position: int, clean: bool) -> None:
        frame = frames[position] if frames else None
        self._show(self.state, None if frame is None else frame.x)
        self._show(self.clean, None if frame is None else frame.clean)

    def _show(self, montage: Montage, x: Array | None) -> None:
        if x is None or self.scene is None or not isinstance(self.scene.space, Images):
            montage.clear()
        else:
            montage.show_images(x[:MOST], self.scene.space, None, ())

    def apply_theme(self, theme: Theme) -> None:
        super().apply_theme(theme)
        self.state.apply_theme(theme)
        self.clean.apply_theme(theme)

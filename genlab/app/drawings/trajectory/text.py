"""How a sequence comes about: its state at a step as text, what is new there standing out."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtWidgets import QVBoxLayout

from genlab.app.common.theme import Theme
from genlab.app.drawings.canvas.raster import density_colours
from genlab.app.drawings.canvas.text_sheet import Block, Line, TextSheet
from genlab.app.drawings.trajectory.view import TrajectoryView
from genlab.data.payloads import Samples
from genlab.settings.spaces import Tokens

MOST = 100


class TextView(TrajectoryView):
    """A line for each sequence."""

    def __init__(self, theme: Theme, name: str) -> None:
        super().__init__(theme, name)
        self.sheet = TextSheet(theme, f"{name}.text")
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.sheet)
        self._finished: list[Line] = []

    def prepare(self, frames: Sequence[Samples]) -> None:
        self._finished = self._lines(frames, len(frames) - 1) if frames else []

    def show_frame(self, frames: Sequence[Samples], position: int, clean: bool) -> None:
        lines = self._lines(frames, position) if frames else []
        colours = density_colours(self.theme.density_map)
        self.sheet.show_blocks((Block(tuple(lines)),), colours, room_for=self._finished)

    def _lines(self, frames: Sequence[Samples], position: int) -> list[Line]:
        if self.scene is None or not isinstance(self.scene.space, Tokens):
            return []
        space, lines = self.scene.space, []
        before = frames[position - 1].x if position > 0 else None
        for row, tokens in enumerate(frames[position].x[:MOST]):
            words = space.words(tokens)
            fresh = None if before is None else (tokens != before[row])[: len(words)]
            lines.append(Line(words, fresh=fresh))
        return lines

    def apply_theme(self, theme: Theme) -> None:
        super().apply_theme(theme)
        self.sheet.apply_theme(theme)

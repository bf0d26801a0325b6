"""The status bar: state, speed, time, the last evaluation, the engine and the run's last save."""

from __future__ import annotations

import time

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QColor, QPainter
from PySide6.QtWidgets import QHBoxLayout, QSizePolicy, QWidget

from genlab.app.common.theme import Theme
from genlab.app.common.widgets import label
from genlab.app.common.words import duration, steps
from genlab.app.views.run_control import folder_name
from genlab.engine.protocol import Tick
from genlab.settings.training import TrainingSettings

COLOURS = {"training": "accent", "failed": "bad", "done": "good", "ready": "good", "preparing": "warn"}


class Dot(QWidget):
    """A dot in the colour of the state."""

    def __init__(self) -> None:
        super().__init__()
        self.setFixedSize(16, 16)
        self._colour = QColor("#888")

    def show_colour(self, colour: str) -> None:
        """Take on a colour."""
        self._colour = QColor(colour)
        self.update()

    def paintEvent(self, event) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(self._colour)
        painter.drawEllipse(QRectF(4, 4, 8, 8))
        painter.end()


class StatusBar(QWidget):
    """One quiet line of text under everything."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self.setObjectName("status")
        self.setFixedHeight(26)
        self._theme = theme
        self._state = "ready"
        self.dot = Dot()
        self.state = self._text("status.state", "What the run is doing")
        self.rate = self._text("status.rate", "Training steps per second over the last second")
        self.time = self._text("status.time", "Training time so far, and the budget")
        self.metrics = self._text(
            "status.metrics", "The last evaluation, beside what a perfect sampler or model would reach"
        )
        self.engine = self._text("status.engine", "The process that trains and samples")
        self.saved = self._text("status.saved", "When the run was last written to disk")
        self.metrics.setAlignment(Qt.AlignmentFlag.AlignCenter)
        row = QHBoxLayout(self)
        row.setContentsMargins(12, 0, 12, 4)
        row.setSpacing(16)
        left, right = QHBoxLayout(), QHBoxLayout()
        left.setSpacing(4)
        right.setSpacing(16)
        left.addWidget(self.dot)
        left.addWidget(self.state)
        for text, width in ((self.rate, 72), (self.time, 104)):
            text.setMinimumWidth(width)
            left.addSpacing(12)
            left.addWidget(text)
        left.addStretch(1)
        right.addStretch(1)
        right.addWidget(self.engine)
        right.addWidget(self.saved)
        row.addLayout(left, 1)
        row.addWidget(self.metrics)
        row.addLayout(right, 1)
        self.show_state("ready", "ready")

    def _text(self, name: str, tip: str):
        made = label("", "small", name)
        made.setToolTip(tip)
        made.setAccessibleName(tip)
        made.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Preferred)
        return made

    def show_state(self, state: str, text: str) -> None:
        """The state of the run, in words and as a colour."""
        self._state = state
        self.state.setText(text)
        self.dot.show_colour(getattr(self._theme, COLOURS.get(state, "muted")))

    def show_tick(self, tick: Tick, training: TrainingSettings) -> None:
        """Where the run is, and where it will end. training: of the run."""
        if training.stop == "steps":
            budget = steps(round(tick.step / tick.progress) if tick.progress else training.steps)
        else:
            budget = duration(training.seconds if tick.left is None else round(tick.seconds + tick.left))
        stage = f" {tick.stage}" if tick.stage else ""
        self.state.setText(f"training{stage}  {steps(tick.step)}")
        self.rate.setText(f"{tick.rate:,.{int(tick.rate < 9.95)}f} steps/s")
        self.rate.setVisible(tick.rate > 0)  # 0 until it is known
        self.time.setText(f"{duration(tick.seconds)} of {budget}")

    def show_idle(self, seconds: float | None) -> None:
        """No steps are being taken."""
        self.rate.hide()
        self.time.setText("" if seconds is None else duration(seconds))

    def show_saved(self, folder: str | None, saved_at: float | None) -> None:
        """Where the run is kept, or how long ago it was saved. saved_at: by the monotonic clock."""
        if folder is None:
            text = ""
        elif saved_at is None:
            text = folder_name(folder)
        else:
            ago = int(time.monotonic() - saved_at)
            text = f"run saved {ago} s ago" if ago < 120 else f"run saved {ago // 60} min ago"
        if self.saved.text() != text:
            self.saved.setText(text)

    def apply_theme(self, theme: Theme) -> None:
        """Take on a new look."""
        self._theme = theme
        self.dot.show_colour(getattr(theme, COLOURS.get(self._state, "muted")))

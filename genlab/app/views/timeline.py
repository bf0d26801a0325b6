"""The timeline: where in the trajectory of the samples the window stands, with play and scrub."""

from __future__ import annotations

from html import escape

from PySide6.QtCore import QElapsedTimer, QSignalBlocker, Qt, QTimer, Signal
from PySide6.QtWidgets import QHBoxLayout, QWidget

from genlab.app.common.icons import icon
from genlab.app.common.theme import Theme
from genlab.app.common.widgets import Flat, Slider, label
from genlab.data.payloads import Samples
from genlab.settings.controls import Control

PLAY_SECONDS = 2.0
HOLD_SECONDS = 0.6


class Timeline(QWidget):
    """A slider over the frames of a trajectory. `moved` carries the new position."""

    moved = Signal(int)

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._frames = 0
        self._frame: Samples | None = None
        self._name, self._symbol, self._reason = "step", "", ""
        self._clock = QElapsedTimer()
        self._from = 0
        self.play = Flat("timeline.play", "Play the trajectory from start to samples (P)")
        self.play.setCheckable(True)
        self.play.toggled.connect(self._playing)
        self.loop = Flat("timeline.loop", "Play the trajectory again and again")
        self.loop.setCheckable(True)
        self.loop.setChecked(True)
        self.loop.toggled.connect(lambda _: self._icons())
        self.slider = Slider()
        self.slider.setObjectName("timeline")
        self.slider.setAccessibleName("Timeline")
        self.slider.setPageStep(5)
        self.slider.valueChanged.connect(self._moved)
        self.slider.sliderPressed.connect(lambda: self.play.setChecked(False))
        self.readout = label("", "small", "timeline.readout")
        self.readout.setFixedWidth(212)
        self.readout.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(4)
        row.addWidget(self.play)
        row.addWidget(self.loop)
        row.addWidget(self.slider, 1)
        row.addWidget(self.readout)
        self._timer = QTimer(self)
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.setInterval(16)
        self._timer.timeout.connect(self._advance)
        self.apply_theme(theme)
        self.show_frames(0, 0)

    @property
    def playing(self) -> bool:
        """Whether the trajectory is being played."""
        return self.play.isChecked()

    def show_frames(self, count: int, position: int) -> None:
        """A trajectory of so many frames, and where in it the panels stand."""
        self._frames = count
        with QSignalBlocker(self.slider):
            self.slider.setRange(0, max(0, count - 1))
            self.slider.setValue(position)
        for widget in (self.slider, self.play, self.loop):
            widget.setEnabled(count > 1)
        if count <= 1:
            self.play.setChecked(False)
        self._tell(self._reason)

    def toggle(self) -> None:
        """Play, or pause; nothing where there is a single frame."""
        if self.play.isEnabled():
            self.play.toggle()

    def show_time(self, steps: Control | None) -> None:
        """What the steps of a trajectory are called here, and the time that its frames carry."""
        self._name, self._symbol = step_words(steps)
        time = f", {self._symbol}" if self._symbol else ""
        self.readout.setToolTip(f"Which {self._name}{time} and network evaluations so far")
        self._tell(steps.reason if steps is not None else "")
        self.show_frame(self._frame)

    def show_frame(self, frame: Samples | None) -> None:
        """Write out what the frame at the position is."""
        self._frame = frame
        if frame is None:
            self.readout.setText("no trajectory yet")
            return
        evaluations = f"{frame.nfe:,} eval{'' if frame.nfe == 1 else 's'}" if frame.nfe else ""
        time = f"{self._symbol} {frame.time:.3g}" if self._symbol else ""
        where = f"{self._name} {frame.index} of {frame.total}" if frame.total else "one pass"
        self.readout.setText(" · ".join(part for part in (where, time, evaluations) if part))

    def _tell(self, reason: str) -> None:
        """What the slider is for, or why there is nothing to scrub."""
        if self._frames > 1 or not reason:
            about = "Where in the trajectory from start to samples the panels stand."
            keys = "<br><i>arrow keys move by one step</i>"
        else:
            about, keys = f"{reason[:1].upper()}{reason[1:]}: there is no trajectory to play.", ""
        self._reason = reason
        self.slider.setToolTip(f"<p><b>Timeline</b><br>{escape(about)}{keys}</p>")

    def apply_theme(self, theme: Theme) -> None:
        """Take on a new look."""
        self._theme = theme
        self._icons()

    def _icons(self) -> None:
        name = "pause" if self.playing else "play"
        self.loop.setIcon(icon("loop", self._theme.accent if self.loop.isChecked() else self._theme.faint))
        self.play.setIcon(icon(name, self._theme.accent, disabled=self._theme.faint))

    def _playing(self, on: bool) -> None:
        self._icons()
        if on and self._frames > 1:
            start = self.slider.value()
            self._from = 0 if start >= self._frames - 1 else start
            self._clock.start()
            self._timer.start()
        else:
            self._timer.stop()

    def _advance(self) -> None:
        last = self._frames - 1
        seconds = self._clock.elapsed() / 1000
        position = self._from + int(seconds / PLAY_SECONDS * last)
        if position <= last:
            self.slider.setValue(position)
            return
        self.slider.setValue(last)
        if not self.loop.isChecked():
            self.play.setChecked(False)
        elif (position - last) / max(last, 1) * PLAY_SECONDS > HOLD_SECONDS:
            self._from = 0
            self._clock.start()

    def _moved(self, position: int) -> None:
        self.moved.emit(position)


def step_words(steps: Control | None) -> tuple[str, str]:
    """What a step of a trajectory is called, and the time of its frames; '' where that says nothing."""
    if steps is None:
        return "step", ""
    return (steps.name or "Steps").lower().removesuffix("s"), steps.symbol

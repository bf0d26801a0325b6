"""A small slider over stages, played from one to the next."""

from __future__ import annotations

from PySide6.QtCore import QElapsedTimer, QSignalBlocker, Qt, QTimer, Signal
from PySide6.QtWidgets import QHBoxLayout, QSizePolicy, QWidget

from genlab.app.common.icons import icon
from genlab.app.common.theme import Theme, font
from genlab.app.common.widgets import Flat, Slider, label

TICKS = 60
"""Positions of the slider between two stages."""
MOVE, REST, LONGEST = 0.9, 0.25, 8.0
"""Seconds from stage to stage, seconds that a stage rests, and at most so many for all of them."""


class StageBar(QWidget):
    """`moved` carries a place between 0 and the last stage, with a fraction on the way."""

    moved = Signal(float)

    def __init__(self, theme: Theme, name: str) -> None:
        super().__init__()
        self.titles: tuple[str, ...] = ()
        self.play = Flat(f"{name}.play", "Play from the first stage to the last")
        self.play.setCheckable(True)
        self.play.toggled.connect(self._playing)
        self.slider = Slider()
        self.slider.setObjectName(f"{name}.stage")
        self.slider.setAccessibleName("Stage")
        self.slider.setToolTip(
            "<p>From the first stage to the last.<br><i>Page keys move by one stage</i></p>"
        )
        self.slider.setSingleStep(TICKS // 6)
        self.slider.setPageStep(TICKS)
        self.slider.valueChanged.connect(self._moved)
        self.slider.sliderPressed.connect(lambda: self.play.setChecked(False))
        self.readout = label("", "small", f"{name}.stage.value")
        self.readout.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self.readout.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Preferred)
        row = QHBoxLayout(self)
        row.setContentsMargins(6, 0, 10, 0)
        row.setSpacing(6)
        row.addWidget(self.play)
        row.addWidget(self.slider, 1)
        row.addWidget(self.readout)
        self._clock = QElapsedTimer()
        self._from = 0.0
        self._timer = QTimer(self, interval=16, timerType=Qt.TimerType.PreciseTimer)
        self._timer.timeout.connect(self._advance)
        self.apply_theme(theme)

    @property
    def place(self) -> float:
        """Where it stands, in stages."""
        return self.slider.value() / TICKS

    @property
    def playing(self) -> bool:
        """Whether it moves by itself."""
        return self.play.isChecked()

    def show_stages(self, count: int) -> None:
        """Have so many stages: at the last one, or where it stood when there were as many before."""
        last = max(count - 1, 0) * TICKS
        if last != self.slider.maximum() or not self.readout.text():
            self.play.setChecked(False)
            with QSignalBlocker(self.slider):
                self.slider.setRange(0, last)
                self.slider.setValue(last)
            self.readout.setFixedWidth(self.readout.fontMetrics().horizontalAdvance(f"{count} / {count}") + 6)
        self._write()
        self.setVisible(count > 1)

    def move_to(self, place: float) -> None:
        """Stand at a place, in stages."""
        self.slider.setValue(round(place * TICKS))

    def apply_theme(self, theme: Theme) -> None:
        """Take over colours and fonts."""
        self._theme = theme
        self.readout.setFont(font(theme.font_small))
        self._icon()

    def _icon(self) -> None:
        self.play.setIcon(icon("pause" if self.playing else "play", self._theme.accent))

    def _write(self) -> None:
        self.readout.setText(f"{round(self.place) + 1} / {self.slider.maximum() // TICKS + 1}")

    def _moved(self, _: int) -> None:
        self._write()
        self.moved.emit(self.place)

    def _playing(self, on: bool) -> None:
        self._icon()
        if not on:
            self._timer.stop()
            return
        last = self.slider.maximum() / TICKS
        self._from = 0.0 if self.place >= last else self.place
        self._clock.start()
        self._timer.start()

    def _advance(self) -> None:
        last = self.slider.maximum() / TICKS
        pace = min(1.0, LONGEST / max(last * (MOVE + REST), 1e-9))
        legs, within = divmod(self._clock.elapsed() / 1000 / pace, MOVE + REST)
        share = min(within / MOVE, 1.0)
        place = self._from + legs + share * share * (3 - 2 * share)
        self.move_to(min(place, last))
        if place >= last:
            self.play.setChecked(False)

    def hideEvent(self, event: object) -> None:
        self.play.setChecked(False)

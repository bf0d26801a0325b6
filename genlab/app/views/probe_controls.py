"""The controls under an extra panel: sliders with the value beside them, and choices."""

from __future__ import annotations

import math
from collections.abc import Sequence

from PySide6.QtCore import QSignalBlocker, QSize, Qt, Signal
from PySide6.QtGui import QFontMetrics, QResizeEvent
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QLabel, QWidget

from genlab.app.common.theme import Theme, font
from genlab.app.common.widgets import Choice, Slider, label
from genlab.settings.controls import PanelControl

STOPS = 200
"""Positions of a slider over a range of real numbers."""
COLUMN = 340
"""The width from which on a column has room for a slider."""
MANY = 3
"""More sliders than this stand in two columns, however narrow."""

Value = float | str


class ProbeControls(QWidget):
    """Holds the values; `changed` when a person changes one."""

    changed = Signal()

    def __init__(self, controls: Sequence[PanelControl], name: str, title: str, theme: Theme) -> None:
        super().__init__()
        self.items = [ProbeItem(control, name, title, theme) for control in controls]
        self._columns = 0
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(6, 6, 10, 0)
        self._grid.setHorizontalSpacing(12)
        self._grid.setVerticalSpacing(2)
        for item in self.items:
            item.changed.connect(self.changed)
        self._place(1)
        self.setVisible(bool(self.items))

    @property
    def values(self) -> dict[str, Value]:
        """Key of each control to its value."""
        return {item.control.key: item.value for item in self.items}

    def reset(self) -> None:
        """Every control back to where it began; reported once."""
        before = self.values
        for item in self.items:
            item.reset()
        if self.values != before:
            self.changed.emit()

    def apply_theme(self, theme: Theme) -> None:
        """Take over colours and fonts."""
        for item in self.items:
            item.apply_theme(theme)

    def resizeEvent(self, event: QResizeEvent) -> None:
        wide = self.width() >= 2 * COLUMN and len(self.items) > 1
        self._place(2 if wide or len(self.items) > MANY else 1)

    def _place(self, columns: int) -> None:
        if columns == self._columns:
            return
        self._columns = columns
        rows = -(-len(self.items) // columns)
        # Down the columns; in one after the other the labels line up.
        for column in range(columns):
            members = self.items[column * rows : (column + 1) * rows]
            widest = max((item.label_width() for item in members), default=0)
            for row, item in enumerate(members):
                item.align(widest)
                self._grid.addWidget(item, row, column)
            self._grid.setColumnStretch(column, 1)
        if columns == 1:
            self._grid.setColumnStretch(1, 0)


class ProbeItem(QWidget):
    """One control: its label, what it is moved by, and its value."""

    changed = Signal()

    def __init__(self, control: PanelControl, name: str, title: str, theme: Theme) -> None:
        super().__init__()
        self.control = control
        self.label = label(control.label, "small")
        self.readout = label("", "small", f"{name}.{control.key}.value")
        self.readout.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self.slider: Slider | None = None
        self.choice: Choice | None = None
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(6)
        row.addWidget(self.label)
        self.input: QWidget
        if control.choices is None:
            self.input = self.slider = self._made_slider()
            ends = [_end(text) for text in control.ends]
            for end in (ends[0], self.slider, ends[1]):
                if end is not None:
                    row.addWidget(end, 1 if end is self.slider else 0)
            row.addWidget(self.readout)
        else:
            self.input = self.choice = Choice()
            for value, shown in control.choices.items():
                self.choice.addItem(shown, value)
            self.choice.setCurrentIndex(max(0, self.choice.findData(control.default)))
            self.choice.setMaximumWidth(220)
            self.choice.currentIndexChanged.connect(lambda _: self.changed.emit())
            row.addWidget(self.choice, 1)
            row.addStretch(0)
        self.input.setObjectName(f"{name}.{control.key}")
        self.input.setAccessibleName(f"{control.label}: {title}")
        for part in (self.input, self.label, self.readout):
            part.setToolTip(f"<p>{control.help}</p>" if control.help else "")
        self.label.setBuddy(self.input)
        self.apply_theme(theme)

    def _made_slider(self) -> Slider:
        slider = Slider()
        slider.setMinimumWidth(28)
        slider.setRange(0, self._stops)
        slider.setSingleStep(1 if self.control.whole else 2)
        slider.setPageStep(max(1, self._stops // 10))
        slider.setValue(self._at(float(self.control.default)))
        slider.valueChanged.connect(self._slid)
        return slider

    @property
    def value(self) -> Value:
        """A number of the slider's range, or the chosen value."""
        if self.choice is not None:
            return str(self.choice.currentData())
        assert self.slider is not None
        low, high = self.control.low, self.control.high
        value = low + (high - low) * self.slider.value() / self._stops
        return float(round(value)) if self.control.whole else round(value, 9)

    def set_value(self, value: Value) -> None:
        """Take a value, as if a person had."""
        if self.choice is not None:
            self.choice.setCurrentIndex(self.choice.findData(value))
        elif self.slider is not None:
            self.slider.setValue(self._at(float(value)))

    def reset(self) -> None:
        """Back to where it began, unreported."""
        with QSignalBlocker(self.input):
            self.set_value(self.control.default)
        self._write()

    def label_width(self) -> int:
        """The room that the label needs."""
        return self.label.sizeHint().width()

    def align(self, width: int) -> None:
        """Give the label so much room."""
        self.label.setFixedWidth(width)

    def minimumSizeHint(self) -> QSize:
        return QSize(80, super().minimumSizeHint().height())

    def apply_theme(self, theme: Theme) -> None:
        """Take over colours and fonts."""
        made = font(theme.font_small)
        self.readout.setFont(made)
        self.label.setFont(made)
        widest = [self._text(value) for value in (self.control.low, self.control.high)]
        wide = max(QFontMetrics(made).horizontalAdvance(text) for text in widest)
        self.readout.setFixedWidth(wide + 4)
        self._write()

    @property
    def _stops(self) -> int:
        return round(self.control.high - self.control.low) if self.control.whole else STOPS

    def _at(self, value: float) -> int:
        low, high = self.control.low, self.control.high
        return round((value - low) / (high - low) * self._stops) if high > low else 0

    def _slid(self, _: int) -> None:
        self._write()
        self.changed.emit()

    def _write(self) -> None:
        if self.slider is not None:
            self.readout.setText(self._text(float(self.value)))

    def _text(self, value: float) -> str:
        span = self.control.high - self.control.low
        digits = 0 if self.control.whole else max(0, 2 - math.floor(math.log10(max(span, 1e-9)) + 0.2))
        text = f"{value:.{digits}f}"
        return text.replace("-", "−") if float(text) else text.lstrip("-")


def _end(text: str) -> QLabel | None:
    return label(text, "small") if text else None

"""One setting as a control: built from its description alone."""

from __future__ import annotations

from html import escape
from typing import Any

from PySide6.QtCore import QObject, QSignalBlocker, Signal
from PySide6.QtWidgets import QCheckBox, QLineEdit, QSizePolicy, QWidget

from genlab.app.common.widgets import Choice, Number, SliderNumber
from genlab.settings.fields import Description

UNBOUNDED = 1e12


class SettingField(QObject):
    """The control of one setting. `edited` carries its dotted key and its new value."""

    edited = Signal(str, object)

    def __init__(self, key: str, description: Description) -> None:
        super().__init__()
        self.key = key
        self.description = description
        self.widget = self._make()
        self.widget.setObjectName(key)
        self.widget.setAccessibleName(description.label)
        self.widget.setAccessibleDescription(description.help)
        self.widget.setToolTip(tooltip(description))

    def _make(self) -> QWidget:
        d = self.description
        if d.kind == "choice":
            choice = Choice()
            for value, name in d.choices.items():
                choice.addItem(name, value)
            choice.currentIndexChanged.connect(lambda _: self._report(choice.currentData()))
            return choice
        if d.kind == "bool":
            check = QCheckBox()
            check.toggled.connect(self._report)
            return check
        if d.kind == "text":
            line = QLineEdit()
            line.editingFinished.connect(lambda: self._report(line.text()))
            return line
        low = d.minimum if d.minimum is not None else -UNBOUNDED
        high = d.maximum if d.maximum is not None else UNBOUNDED
        integral = d.kind == "int"
        if d.log:
            low_end = low if low > 0 else 1e-5
            slider = SliderNumber(
                self.key, low, high, integral=integral, log=True, soft=_soft(d, low_end, high)
            )
            slider.edited.connect(self._report)
            return slider
        number = Number(low, high, integral)
        if d.unit:
            number.setSuffix(f" {d.unit}")
        number.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        number.edited.connect(self._report)
        return number

    def show_value(self, value: Any) -> None:
        """Show a value without reporting it as an edit."""
        match self.widget:
            case Choice():
                self.widget.choose(value)
            case QCheckBox():
                with QSignalBlocker(self.widget):
                    self.widget.setChecked(value)
            case QLineEdit():
                with QSignalBlocker(self.widget):
                    self.widget.setText(value)
            case Number() | SliderNumber():
                self.widget.show_value(value)

    def _report(self, value: Any) -> None:
        self.edited.emit(self.key, int(value) if self.description.kind == "int" else value)


def tooltip(d: Description, neutral: float | None = None) -> str:
    """What a setting is, with symbol, unit and bounds, as rich text. neutral: its value that does nothing."""
    head = f"<b>{escape(d.label)}</b>" + (f" &nbsp;{escape(d.symbol)}" if d.symbol else "")
    facts = []
    if d.unit:
        facts.append(f"unit: {escape(d.unit)}")
    if d.minimum is not None and d.maximum is not None:
        facts.append(f"{d.minimum:g} to {d.maximum:g}")
    elif d.minimum is not None:
        facts.append(f"at least {d.minimum:g}")
    elif d.maximum is not None:
        facts.append(f"at most {d.maximum:g}")
    if neutral is not None:
        facts.append(f"{neutral:g} does nothing")
    if d.live:
        facts.append("may change while training")
    return f"<p>{head}<br>{escape(d.help)}" + (f"<br><i>{' · '.join(facts)}</i>" if facts else "") + "</p>"


def _soft(d: Description, low: float, high: float) -> float:
    """Where a logarithmic slider ends: what people use, where the bound itself lies far beyond."""
    if isinstance(d.default, int | float) and d.default > 0:
        return min(high, max(d.default * 100.0, low * 10))
    return high

"""One control of the sampling bar, with its caption: built from the description of its setting."""

from __future__ import annotations

from dataclasses import replace
from html import escape
from typing import Any

from PySide6.QtCore import QObject, QSignalBlocker, Signal
from PySide6.QtWidgets import QCheckBox, QLineEdit, QWidget

from genlab.app.common.fields import tooltip
from genlab.app.common.widgets import Choice, SliderNumber, label
from genlab.app.common.words import sentence
from genlab.session.session import Session
from genlab.settings.controls import Control
from genlab.settings.fields import Description

LABEL = "condition.label"
"""Text for a script, and a choice between the classes for a person."""
SLIDER_END = 8.0
"""Where the slider of a real number ends whose bound lies beyond."""
LONGEST = 1000
"""Where that of a whole number ends that has no bound."""


class BarItem(QObject):
    """A control and its caption. `edited` carries the key of the setting and its new value.

    A setting that the sampler does not have is drawn too, at rest: its control says why there is none."""

    edited = Signal(str, object)

    def __init__(self, control: Control, description: Description | None, labels: tuple[str, ...]) -> None:
        super().__init__()
        self.key = control.key
        self.name = object_name(control.key)
        self.description = description
        self.caption = label("", "muted", f"{self.name}.caption")
        self.widget: QWidget
        self.stretch = 1
        names = [name for name in ("any", "none", *labels) if name not in control.without]
        self.widget = self._made({name: name for name in names})
        self.widget.setObjectName(self.name)
        self.caption.setBuddy(self.widget)

    def show_session(self, control: Control, session: Session) -> None:
        """Show a value, under the name that it has here; say what it does, or why it cannot act."""
        self._explain(control)
        value: Any = control.neutral or 1.0
        if self.description is not None:
            value = session.value(self.key)
        match self.widget:
            case SliderNumber():
                self.widget.show_value(value, control.enabled)
            case Choice():
                self.widget.choose(value)
            case QCheckBox():
                with QSignalBlocker(self.widget):
                    self.widget.setChecked(value)
            case QLineEdit():
                with QSignalBlocker(self.widget):
                    self.widget.setText(value)

    def _explain(self, control: Control) -> None:
        d = self.description
        name = control.name or (d.label if d is not None else self.key.split(".")[1].capitalize())
        if d is None or not control.enabled:
            about = sentence(control.reason)
            tip = f"<p><b>{escape(name)}</b><br>{escape(about)}</p>"
        else:
            about = control.help or d.help
            tip = tooltip(replace(d, label=name, help=about), control.neutral)
        self.caption.setText(name)
        self.caption.setEnabled(control.enabled)
        self.caption.setToolTip(tip)
        self.widget.setEnabled(control.enabled)
        self.widget.setAccessibleName(name)
        self.widget.setAccessibleDescription(about)
        self.widget.setToolTip(tip)

    def _made(self, labels: dict[str, str]) -> QWidget:
        d = self.description
        if self.key == LABEL:
            return self._choice(labels, 60)
        if d is None:
            self.stretch = 3
            return SliderNumber(self.name, 0, 20, soft=SLIDER_END, width=40)
        match d.kind:
            case "choice":
                return self._choice(dict(d.choices), 90)
            case "bool":
                self.stretch = 0
                check = QCheckBox()
                check.toggled.connect(self._report)
                return check
            case "text":
                self.stretch = 2
                line = QLineEdit()
                line.setMinimumWidth(90)
                line.editingFinished.connect(lambda: self._report(line.text()))
                return line
            case "int" | "float":
                self.stretch = 3
                return self._slider(d)

    def _choice(self, choices: dict[str, str], width: int) -> Choice:
        choice = Choice()
        choice.setMinimumWidth(width)
        for value, text in choices.items():
            choice.addItem(text, value)
        choice.currentIndexChanged.connect(lambda _: self._report(choice.currentData()))
        return choice

    def _slider(self, d: Description) -> SliderNumber:
        whole = d.kind == "int"
        low = d.minimum if d.minimum is not None else 0.0
        high = d.maximum if d.maximum is not None else LONGEST
        slider = SliderNumber(
            self.name, low, high, integral=whole, log=d.log, soft=None if whole else min(high, SLIDER_END),
            width=44 if whole else 40,
        )  # fmt: skip
        slider.edited.connect(lambda value: self._report(int(value) if whole else float(value)))
        return slider

    def _report(self, value: Any) -> None:
        self.edited.emit(self.key, value)


def object_name(key: str) -> str:
    """What the control of a dotted key is called by scripts: 'sampler.label' for 'condition.label'."""
    return f"sampler.{key.split('.')[1]}"

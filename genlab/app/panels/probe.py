"""An extra panel: what the engine answers to a probe, drawn by the kind of payload that comes."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QLabel, QSlider, QVBoxLayout, QWidget

from genlab.app.panels.base import Panel
from genlab.app.panels.drawing import Drawing
from genlab.app.panels.field_drawing import FieldDrawing
from genlab.app.panels.scene import Scene
from genlab.app.theme import Theme
from genlab.data.payloads import Field
from genlab.engine.protocol import Answer, Probe, Request
from genlab.settings.paradigm import PanelInfo, ProbeControl

DRAWINGS: dict[type, type[Drawing]] = {Field: FieldDrawing}
STOPS = 200
"""Positions of a slider over a range of real numbers."""


class ProbePanel(Panel):
    """Holds a drawing for each kind of payload that came, and the controls that the catalogue lists."""

    def __init__(self, info: PanelInfo, theme: Theme) -> None:
        super().__init__(info, theme)
        self.answer: Answer | None = None
        self.drawings: dict[type, Drawing] = {}
        self.values = {control.key: control.default for control in info.controls}
        self.controls = QVBoxLayout()
        self.controls.setContentsMargins(10, 2, 12, 0)
        for control in info.controls:
            self.controls.addWidget(self._build(control))
        self.body.addLayout(self.controls)
        self.menu.addAction("Reset zoom").triggered.connect(self._go_home)
        self.add_standard_actions()

    def _build(self, control: ProbeControl) -> QWidget:
        row = QWidget()
        layout = QHBoxLayout(row)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(8)
        label = QLabel(control.label)
        widget: QWidget
        if control.choices is not None:
            widget = box = QComboBox()
            for value, name in control.choices.items():
                box.addItem(name, value)
            box.setCurrentIndex(max(0, box.findData(control.default)))
            box.currentIndexChanged.connect(lambda _: self._set(control.key, box.currentData()))
        else:
            widget = slider = QSlider(Qt.Orientation.Horizontal)
            stops = round(control.high - control.low) if control.whole else STOPS
            span = (control.high - control.low) / stops
            slider.setRange(0, stops)
            slider.setValue(round((float(control.default) - control.low) / span))
            slider.valueChanged.connect(lambda at: self._set(control.key, control.low + at * span))
        widget.setObjectName(f"{self.objectName()}.{control.key}")
        widget.setAccessibleName(f"{control.label}: {self.info.title}")
        widget.setToolTip(control.help)
        label.setBuddy(widget)
        for text in (label, *(QLabel(end) for end in control.ends)):
            text.setProperty("role", "small")
        layout.addWidget(label)
        layout.addWidget(QLabel(control.ends[0]))
        layout.addWidget(widget, 1)
        layout.addWidget(QLabel(control.ends[1]))
        return row

    def _set(self, key: str, value: float | str) -> None:
        self.values[key] = value
        self.request_changed.emit()

    def set_scene(self, scene: Scene) -> None:
        for drawing in self.drawings.values():
            drawing.set_scene(scene)
        super().set_scene(scene)

    def request(self, sampler: dict[str, Any], live: bool) -> Request | None:
        """What the probe shows with the controls as they stand."""
        return Probe("", self.info.id, 0, dict(sampler), self.info.probe, dict(self.values))

    def show_answer(self, answer: Answer) -> None:
        self.answer = answer
        self.touch()

    def clear_run(self) -> None:
        self.answer = None
        self.touch()

    def _draw(self) -> None:
        kind = None if self.answer is None else type(self.answer.payload)
        for other, drawing in self.drawings.items():
            drawing.setVisible(other is kind)
        if self.answer is None or kind is None:
            self.header.set_info("not trained yet" if self.scene is not None else "")
            return
        if kind not in self.drawings:
            made = self.drawings[kind] = DRAWINGS[kind](self.theme, self.objectName())
            self.body.insertWidget(0, made, 1)
            if self.scene is not None:
                made.set_scene(self.scene)
        info = self.drawings[kind].show_payload(self.answer.payload)
        self.header.set_info(*info, f"step {self.answer.step:,}")

    def _go_home(self) -> None:
        for drawing in self.drawings.values():
            drawing.go_home()

    def apply_theme(self, theme: Theme) -> None:
        super().apply_theme(theme)
        for drawing in self.drawings.values():
            drawing.apply_theme(theme)

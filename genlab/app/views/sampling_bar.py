"""The sampling bar: sampler, steps, guidance, label, seed, and the timeline of the trajectory."""

from __future__ import annotations

from dataclasses import replace
from html import escape
from typing import Any

from PySide6.QtCore import QPoint, Qt, Signal
from PySide6.QtWidgets import QBoxLayout, QFrame, QGridLayout, QHBoxLayout, QWidget

from genlab.app.common.fields import Control, tooltip
from genlab.app.common.icons import icon
from genlab.app.common.theme import Theme
from genlab.app.common.widgets import Card, Choice, Flat, Number, SliderNumber, label
from genlab.app.views.timeline import Timeline
from genlab.session.session import Session
from genlab.settings import paradigm
from genlab.settings.fields import Description, describe

OWN = ("method", "steps", "guidance", "label", "seed")
NAMES = {"steps": "Steps", "guidance": "Guidance", "label": "Label", "seed": "Seed"}
"""What the controls are called where a paradigm has no name of its own for them."""
WIDE = 1500
SLIDER_END = 8.0
"""Where the slider of a real number ends whose bound lies beyond."""


class SamplingBar(Card):
    """How samples are drawn. `edited` carries a dotted key and its new value, while sliders move."""

    edited = Signal(str, object)

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self.setObjectName("sampling")
        self._theme = theme
        self._class: type | None = None
        self._labels: tuple[str, ...] | None = None
        self._described: dict[str, Description] = {}
        self._more_controls: dict[str, Control] = {}
        self.timeline = Timeline(theme)
        self._row = QBoxLayout(QBoxLayout.Direction.LeftToRight, self)
        self._row.setContentsMargins(12, 8, 12, 8)
        self._row.setSpacing(8)
        self._controls = QWidget()
        self._line = QHBoxLayout(self._controls)
        self._line.setContentsMargins(0, 0, 0, 0)
        self._line.setSpacing(6)
        self._row.addWidget(self._controls)
        self._row.addWidget(self.timeline, 1)
        self._fill()

    def _fill(self) -> None:
        self.method = Choice()
        self.method.setObjectName("sampler")
        self.method.setMinimumWidth(112)
        self.method.setAccessibleName("Sampler")
        self.method.setToolTip("How samples are drawn")
        self.method.currentIndexChanged.connect(
            lambda _: self.edited.emit("sampler.method", self.method.currentData())
        )
        self.steps = SliderNumber("sampler.steps", 1, 1000, integral=True, log=True, width=44)
        self.steps.edited.connect(lambda value: self.edited.emit("sampler.steps", int(value)))
        self.guidance = SliderNumber("sampler.guidance", 0, 20, soft=SLIDER_END, width=40)
        self.guidance.edited.connect(lambda value: self.edited.emit("sampler.guidance", float(value)))
        self.label = Choice()
        self.label.setObjectName("sampler.label")
        self.label.setMinimumWidth(60)
        self.label.currentIndexChanged.connect(
            lambda _: self.edited.emit("sampler.label", self.label.currentData())
        )
        self.seed = Number(0, 2**31 - 1, integral=True)
        self.seed.setObjectName("sampler.seed")
        self.seed.setFixedWidth(52)
        self.seed.edited.connect(lambda value: self.edited.emit("sampler.seed", int(value)))
        self.dice = Flat("sampler.dice", "Draw with another seed (D)")
        self.dice.clicked.connect(self.roll)
        self.more = Flat("sampler.more", "More settings of the sampler")
        self.more.clicked.connect(self._open_more)
        self._popover = QFrame(self, Qt.WindowType.Popup)
        self._popover.setObjectName("sampler.popover")
        self._popover.setProperty("role", "palette")
        self._popover_grid = QGridLayout(self._popover)
        self._popover_grid.setContentsMargins(12, 12, 12, 12)
        self._popover_grid.setHorizontalSpacing(12)
        self._popover_grid.setVerticalSpacing(6)
        self._captions = {
            name: label(text, "muted", f"sampler.{name}.caption") for name, text in NAMES.items()
        }
        self._title = label("Sampling", "title")
        self._line.addWidget(self._title)
        self._line.addWidget(self.method, 2)
        for name, widget, stretch in (
            ("steps", self.steps, 3),
            ("guidance", self.guidance, 3),
            ("label", self.label, 1),
            ("seed", self.seed, 0),
        ):
            self._captions[name].setBuddy(widget)
            self._line.addWidget(self._captions[name])
            self._line.addWidget(widget, stretch)
        self._line.addWidget(self.dice)
        self._line.addWidget(self.more)
        self.apply_theme(self._theme)

    def show_session(self, session: Session) -> None:
        """Show the sampler of a session, and what of it can act on these data."""
        if type(session.sampler) is not self._class:
            self._rebuild(session)
        if session.labels != self._labels:
            self._list_labels(session.labels)
        able = session.capabilities
        self.method.choose(getattr(session.sampler, "method", None))
        neutral = able.guidance.neutral
        self.steps.show_value(getattr(session.sampler, "steps", 1), able.steps.enabled)
        guidance = getattr(session.sampler, "guidance", 1.0 if neutral is None else neutral)
        self.guidance.show_value(guidance, able.guidance.enabled)
        self.label.choose(session.sampler.label)
        self.seed.show_value(session.sampler.seed)
        for key, control in self._more_controls.items():
            control.show_value(getattr(session.sampler, key))
            matters = control.description.matters(session.sampler)
            control.widget.setEnabled(matters)
            control.widget.setToolTip(
                tooltip(control.description) if matters else self._idle(control.description, session)
            )
        self._explain("steps", self.steps, able.steps)
        self._explain("guidance", self.guidance, able.guidance)
        self._explain("label", self.label, able.labels)
        self.timeline.show_time(able.steps)
        self._fit()

    def first(self) -> QWidget:
        """The first control that can act."""
        chain = (self.method, self.steps, self.guidance, self.label)
        return next((w for w in chain if w.isEnabled() and not w.isHidden()), self.seed)

    def roll(self) -> None:
        """Draw with the next seed."""
        self.seed.setValue((self.seed.value() + 1) % 2**31)

    def apply_theme(self, theme: Theme) -> None:
        """Take on a new look."""
        self._theme = theme
        self.dice.setIcon(icon("dice", theme.muted))
        self.more.setIcon(icon("sliders", theme.muted))
        self.timeline.apply_theme(theme)

    def resizeEvent(self, event) -> None:
        super().resizeEvent(event)
        wide = self.width() >= WIDE
        direction = QBoxLayout.Direction.LeftToRight if wide else QBoxLayout.Direction.TopToBottom
        if self._row.direction() != direction:
            self._row.setDirection(direction)
            self._row.setStretch(0, 3 if wide else 0)
            self._row.setStretch(1, 2 if wide else 0)

        self._fit()

    def _fit(self) -> None:
        """Where the controls need all the room, the bar does without its title."""
        title = self._title.sizeHint().width() + self._line.spacing()
        needed = self._controls.minimumSizeHint().width() + (title if self._title.isHidden() else 0)
        wide = self._row.direction() == QBoxLayout.Direction.LeftToRight
        self._title.setHidden(not wide and needed > self.contentsRect().width() - 24)

    def _rebuild(self, session: Session) -> None:
        self._class = type(session.sampler)
        described = {d.key: d for d in describe(session.sampler)}
        self._described = described
        for key, widget in (
            ("method", self.method), ("steps", self.steps), ("guidance", self.guidance),
            ("label", self.label), ("seed", self.seed),
        ):  # fmt: skip
            if key in described:
                self._describe(widget, described[key])
        for key, slider in (("steps", self.steps), ("guidance", self.guidance)):
            if key in described:
                _bound(slider, described[key])
        self.method.setVisible("method" in described)
        if "method" in described:
            self.method.blockSignals(True)
            self.method.clear()
            for value, name in described["method"].choices.items():
                self.method.addItem(name, value)
            self.method.blockSignals(False)
        self._fill_popover([d for d in described.values() if d.key not in OWN])

    def _fill_popover(self, rest: list[Description]) -> None:
        while (item := self._popover_grid.takeAt(0)) is not None:
            if (old := item.widget()) is not None:
                old.deleteLater()
        self._more_controls = {}
        for row, d in enumerate(rest):
            control = Control(f"sampler.{d.key}", d)
            control.edited.connect(self.edited)
            control.widget.setMinimumWidth(150)
            text = label(f"{d.label}  {d.symbol}" if d.symbol else d.label, "muted")
            text.setBuddy(control.widget)
            self._popover_grid.addWidget(text, row, 0)
            self._popover_grid.addWidget(control.widget, row, 1)
            self._more_controls[d.key] = control
        self.more.setVisible(bool(rest))

    def _describe(self, widget: QWidget, d: Description) -> None:
        widget.setToolTip(tooltip(d))
        widget.setAccessibleName(d.label)
        widget.setAccessibleDescription(d.help)
        if d.key in self._captions:
            self._captions[d.key].setToolTip(tooltip(d))

    def _explain(self, key: str, widget: QWidget, able: paradigm.Control) -> None:
        """Name a control as it is called here; say what it does, or why it cannot act."""
        d = self._described.get(key)
        name = able.name or NAMES[key]
        self._captions[key].setText(name)
        widget.setAccessibleName(name)
        widget.setEnabled(able.enabled)
        self._captions[key].setEnabled(able.enabled)
        if not able.enabled or d is None:
            about = _sentence(able.reason)
            tip = f"<p><b>{escape(name)}</b><br>{escape(about)}</p>"
        else:
            about = able.help or d.help
            tip = tooltip(replace(d, label=name, help=about), able.neutral)
        widget.setAccessibleDescription(about)
        widget.setToolTip(tip)
        self._captions[key].setToolTip(tip)

    def _list_labels(self, labels: tuple[str, ...]) -> None:
        self._labels = labels
        self.label.blockSignals(True)
        self.label.clear()
        for value, text in (("any", "any"), ("none", "none"), *((name, name) for name in labels)):
            self.label.addItem(text, value)
        self.label.blockSignals(False)

    def _idle(self, d: Description, session: Session) -> str:
        assert d.when is not None
        section: Any = session.sampler
        gate = next(g for g in describe(section) if g.key == d.when[0])
        names = " or ".join(gate.choices.get(value, str(value)) for value in d.when[1])
        return f"<p>{escape(d.label)} acts only with {escape(gate.label)} {escape(names)}.</p>"

    def _open_more(self) -> None:
        self._popover.adjustSize()
        corner = self.more.mapToGlobal(QPoint(self.more.width(), -8))
        size = self._popover.sizeHint()
        self._popover.move(corner.x() - size.width(), corner.y() - size.height())
        self._popover.show()
        for control in self._more_controls.values():
            if control.widget.isEnabled():
                control.widget.setFocus(Qt.FocusReason.PopupFocusReason)
                break


def _bound(slider: SliderNumber, d: Description) -> None:
    """Give a slider the bounds of its setting."""
    low = d.minimum if d.minimum is not None else 0.0
    high = d.maximum if d.maximum is not None else 1000.0
    whole = d.kind == "int"
    slider.set_bounds(low, high, integral=whole, log=d.log, soft=None if whole else min(high, SLIDER_END))


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:] + ("" if text.endswith(".") else ".")

"""The sampling bar: the sampler, the controls that it has here, the seed, and the timeline."""

from __future__ import annotations

from html import escape

from PySide6.QtCore import QPoint, QSize, Qt, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QBoxLayout, QFrame, QGridLayout, QHBoxLayout, QVBoxLayout, QWidget

from genlab.app.common.fields import SettingField, tooltip
from genlab.app.common.icons import icon
from genlab.app.common.theme import Theme
from genlab.app.common.widgets import Card, Choice, Flat, Number, label
from genlab.app.views.bar_item import BarItem
from genlab.app.views.timeline import Timeline
from genlab.session.session import Session, SettingError
from genlab.settings.controls import Control
from genlab.settings.fields import Description, describe

METHOD, SEED = "method", "seed"
WIDE = 1500
MARGIN, GAP = 12, 6


class SamplingBar(Card):
    """How samples are drawn. `edited` carries a dotted key and its new value, while sliders move.

    items: the controls that it was given, by their keys."""

    edited = Signal(str, object)

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self.setObjectName("sampling")
        self._theme = theme
        self._drawn: tuple[object, ...] = ()
        self.items: dict[str, BarItem] = {}
        self._more_fields: dict[str, SettingField] = {}
        self.timeline = Timeline(theme)
        self._row = QBoxLayout(QBoxLayout.Direction.LeftToRight, self)
        self._row.setContentsMargins(MARGIN, 8, MARGIN, 8)
        self._row.setSpacing(8)
        self._controls = QWidget()
        column = QVBoxLayout(self._controls)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(GAP)
        self._lines = (QHBoxLayout(), QHBoxLayout())
        for line in self._lines:
            line.setSpacing(GAP)
            column.addLayout(line)
        self._row.addWidget(self._controls)
        self._row.addWidget(self.timeline, 1)
        self._fill()

    def _fill(self) -> None:
        self._title = label("Sampling", "title")
        self.method = Choice()
        self.method.setObjectName("sampler")
        self.method.setMinimumWidth(112)
        self.method.setAccessibleName("Sampler")
        self.method.setToolTip("How samples are drawn")
        self.method.currentIndexChanged.connect(
            lambda _: self.edited.emit("sampler.method", self.method.currentData())
        )
        self.seed = Number(0, 2**31 - 1, integral=True)
        self.seed.setObjectName("sampler.seed")
        self.seed.setFixedWidth(52)
        self.seed.edited.connect(lambda value: self.edited.emit("sampler.seed", int(value)))
        self._seed_caption = label("Seed", "muted", "sampler.seed.caption")
        self._seed_caption.setBuddy(self.seed)
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
        self.apply_theme(self._theme)

    def show_session(self, session: Session) -> None:
        """Show the sampler of a session, and what of it can act on these data."""
        controls = session.capabilities.controls
        held = tuple((control.key, control.without) for control in controls)
        drawn = (type(session.sampler), session.labels, held)
        if drawn != self._drawn:
            self._drawn = drawn
            self._rebuild(session, controls)
        if not self.method.isHidden():
            self.method.choose(session.value("sampler.method"))
        in_force = session.in_force
        for control in controls:
            self.items[control.key].show_session(control, in_force)
        self.seed.show_value(session.sampler.seed)
        for key, field in self._more_fields.items():
            d = field.description
            matters = d.matters(session.sampler)
            field.show_value(session.value(key))
            field.widget.setEnabled(matters)
            field.widget.setToolTip(tooltip(d) if matters else _idle(d, session))
        self.timeline.show_time(next((c for c in controls if c.key == "sampler.steps"), None))
        self._fit()

    def first(self) -> QWidget:
        """The first control that can act."""
        chain = (self.method, *(item.widget for item in self.items.values()))
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

    def minimumSizeHint(self) -> QSize:
        # Controls that do not fit in one line stand in two, which must not widen the window.
        return QSize(self._needed(self._parts()) // 2, super().minimumSizeHint().height())

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        wide = self.width() >= WIDE
        direction = QBoxLayout.Direction.LeftToRight if wide else QBoxLayout.Direction.TopToBottom
        if self._row.direction() != direction:
            self._row.setDirection(direction)
            self._row.setStretch(0, 3 if wide else 0)
            self._row.setStretch(1, 2 if wide else 0)
        self._fit()

    # -- building ----------------------------------------------------------------------------

    def _rebuild(self, session: Session, controls: tuple[Control, ...]) -> None:
        described = {d.key: d for d in describe(session.sampler)}
        for item in self.items.values():
            for old in (item.caption, item.widget):
                old.hide()
                old.deleteLater()
            item.deleteLater()
        self.items = {}
        for control in controls:
            item = BarItem(control, _description(session, control.key), session.labels)
            item.edited.connect(self.edited)
            self.items[control.key] = item
        self._describe_own(described)
        self._fill_popover(
            [d for d in described.values() if d.key not in (METHOD, SEED) and _key(d) not in self.items]
        )
        self._place(self._parts(), 1)

    def _describe_own(self, described: dict[str, Description]) -> None:
        self.method.setVisible(METHOD in described)
        for key, widgets in ((METHOD, (self.method,)), (SEED, (self.seed, self._seed_caption))):
            if (d := described.get(key)) is not None:
                for widget in widgets:
                    widget.setToolTip(tooltip(d))
                widgets[0].setAccessibleName(d.label)
                widgets[0].setAccessibleDescription(d.help)
        if METHOD in described:
            self.method.blockSignals(True)
            self.method.clear()
            for value, name in described[METHOD].choices.items():
                self.method.addItem(name, value)
            self.method.blockSignals(False)

    def _fill_popover(self, rest: list[Description]) -> None:
        for old in self._popover.findChildren(QWidget, options=Qt.FindChildOption.FindDirectChildrenOnly):
            old.deleteLater()
        self._more_fields = {}
        for row, d in enumerate(rest):
            field = SettingField(_key(d), d)
            field.edited.connect(self.edited)
            field.widget.setMinimumWidth(150)
            text = label(f"{d.label}  {d.symbol}" if d.symbol else d.label, "muted")
            text.setBuddy(field.widget)
            self._popover_grid.addWidget(text, row, 0)
            self._popover_grid.addWidget(field.widget, row, 1)
            self._more_fields[_key(d)] = field
        self.more.setVisible(bool(rest))

    def _open_more(self) -> None:
        self._popover.adjustSize()
        corner = self.more.mapToGlobal(QPoint(self.more.width(), -8))
        size = self._popover.sizeHint()
        self._popover.move(corner.x() - size.width(), corner.y() - size.height())
        self._popover.show()
        for field in self._more_fields.values():
            if field.widget.isEnabled():
                field.widget.setFocus(Qt.FocusReason.PopupFocusReason)
                break

    # -- places ------------------------------------------------------------------------------

    def _parts(self) -> list[list[tuple[QWidget, int]]]:
        """What stands in the bar, in order, with its stretch; what is to stay together as one list."""
        return [
            [(self._title, 0), (self.method, 2)],
            *([(item.caption, 0), (item.widget, item.stretch)] for item in self.items.values()),
            [(self._seed_caption, 0), (self.seed, 0), (self.dice, 0), (self.more, 0)],
        ]

    def _place(self, parts: list[list[tuple[QWidget, int]]], lines: int) -> None:
        """Put the parts into one line or two."""
        first = len(parts) if lines == 1 else -(-len(parts) // 2)
        for number, part in enumerate(parts):
            for widget, stretch in part:
                self._lines[0 if number < first else 1].addWidget(widget, stretch)
        self._shown_lines = lines

    def _fit(self) -> None:
        """Where the controls need all the room, the bar does without its title; then it takes two lines."""
        parts = self._parts()
        wide = self._row.direction() == QBoxLayout.Direction.LeftToRight
        room = self.contentsRect().width() - 2 * MARGIN
        if wide:
            room = max(room * 3 // 5, self._controls.width())
        lines = 1 if self._needed(parts) <= room else 2
        if lines != self._shown_lines:
            self._place(parts, lines)
        title = self._title.sizeHint().width() + GAP
        self._title.setHidden(not wide and (lines == 2 or self._needed(parts) + title > room))

    def _needed(self, parts: list[list[tuple[QWidget, int]]]) -> int:
        """The least width of all in one line, but for the title."""
        shown = [w for part in parts for w, _ in part if w is not self._title and not w.isHidden()]
        return sum(max(w.minimumWidth(), w.minimumSizeHint().width()) + GAP for w in shown) - GAP

    _shown_lines = 1


def _key(d: Description) -> str:
    return f"sampler.{d.key}"


def _description(session: Session, key: str) -> Description | None:
    try:
        return session.description(key)
    except SettingError:
        return None


def _idle(d: Description, session: Session) -> str:
    if d.when is None:
        return tooltip(d)
    key, values = d.when
    gate = session.description(f"sampler.{key}")
    names = " or ".join(gate.choices.get(value, str(value)) for value in values)
    return f"<p>{escape(d.label)} acts only with {escape(gate.label)} {escape(names)}.</p>"

"""Small inputs that every form shares: numbers, choices, sliders and what is built of them.

None of them takes the wheel unless it has the focus, so that scrolling a form never changes a value.
"""

from __future__ import annotations

import math

from PySide6.QtCore import QPointF, QSignalBlocker, QSize, Qt, Signal
from PySide6.QtGui import QColor, QPainter, QPen, QValidator, QWheelEvent
from PySide6.QtWidgets import (
    QAbstractSpinBox,
    QComboBox,
    QDialog,
    QDoubleSpinBox,
    QFrame,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QSizePolicy,
    QSlider,
    QStyle,
    QStyleOptionComboBox,
    QStylePainter,
    QToolButton,
    QWidget,
)


def label(text: str, role: str = "", name: str = "") -> QLabel:
    """A label in one of the style sheet's roles."""
    made = QLabel(text)
    if role:
        made.setProperty("role", role)
    if name:
        made.setObjectName(name)
    return made


def restyle(widget: QWidget, key: str, value: object) -> None:
    """Set a property that the style sheet reads, and repaint by it."""
    if widget.property(key) != value:
        widget.setProperty(key, value)
        widget.style().unpolish(widget)
        widget.style().polish(widget)


class Card(QFrame):
    """A surface with a border: the only box there is."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("role", "card")


class Flat(QToolButton):
    """A button without a box: an icon in a header or beside a field."""

    def __init__(self, name: str, tip: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("role", "flat")
        self.setObjectName(name)
        self.setToolTip(tip)
        self.setAccessibleName(tip.split("(")[0].strip())
        self.setCursor(Qt.CursorShape.ArrowCursor)


class Number(QDoubleSpinBox):
    """A number field without arrows. Shows as few digits as the value needs; steps by the last of them.

    idle: the value does not matter now, and a dash stands for it."""

    edited = Signal(float)

    def __init__(
        self, minimum: float, maximum: float, integral: bool = False, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.integral = integral
        self.idle = False
        self.lineEdit().setTextMargins(6, 0, 2, 0)
        self.setDecimals(0 if integral else 10)
        self.setRange(minimum, maximum)
        self.setStepType(QAbstractSpinBox.StepType.AdaptiveDecimalStepType)
        self.setKeyboardTracking(False)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setMinimumWidth(48)
        self.valueChanged.connect(self.edited)

    def show_value(self, value: float) -> None:
        """Show a value without reporting it as an edit."""
        with QSignalBlocker(self):
            self.setValue(value)

    def textFromValue(self, value: float) -> str:
        if self.idle:
            return "–"
        if self.integral:
            return str(round(value))
        return f"{value:.4g}" if value == 0 or 1e-4 <= abs(value) < 1e5 else f"{value:.3g}"

    def valueFromText(self, text: str) -> float:
        try:
            return float(self._bare(text))
        except ValueError:
            return self.value()

    def validate(self, text: str, position: int) -> tuple[QValidator.State, str, int]:  # type: ignore[override]
        try:
            value = float(self._bare(text))
        except ValueError:
            partial = all(c in "0123456789.,eE+- " for c in self._bare(text))
            state = QValidator.State.Intermediate if partial else QValidator.State.Invalid
            return state, text, position
        inside = self.minimum() <= value <= self.maximum()
        return (QValidator.State.Acceptable if inside else QValidator.State.Intermediate), text, position

    def _bare(self, text: str) -> str:
        return text.removesuffix(self.suffix()).strip().replace(",", ".")

    def sizeHint(self) -> QSize:
        return QSize(72, super().sizeHint().height())

    def minimumSizeHint(self) -> QSize:
        return QSize(48, super().minimumSizeHint().height())

    def wheelEvent(self, event: QWheelEvent) -> None:
        _wheel(self, super().wheelEvent, event)


TEXT_MARGIN, ARROW_MARGIN = 8, 26


class Choice(QComboBox):
    """One of several: a combo box that stays narrow and paints its own arrow."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.setMinimumContentsLength(6)
        self.setMaxVisibleItems(24)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def choose(self, data: object) -> None:
        """Show the entry with this data without reporting it as an edit."""
        with QSignalBlocker(self):
            self.setCurrentIndex(self.findData(data))

    def paintEvent(self, event) -> None:
        painter = QStylePainter(self)
        option = QStyleOptionComboBox()
        self.initStyleOption(option)
        painter.drawComplexControl(QStyle.ComplexControl.CC_ComboBox, option)
        room = self.width() - TEXT_MARGIN - ARROW_MARGIN
        option.currentText = self.fontMetrics().elidedText(
            self.currentText(), Qt.TextElideMode.ElideRight, room
        )
        painter.drawControl(QStyle.ControlElement.CE_ComboBoxLabel, option)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        role = self.foregroundRole()
        colour = QColor(self.palette().color(role))
        colour.setAlphaF(0.7 if self.isEnabled() else 0.3)
        painter.setPen(
            QPen(colour, 1.4, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap, Qt.PenJoinStyle.RoundJoin)
        )
        x, y = self.width() - 13.0, self.height() / 2
        painter.drawPolyline([QPointF(x - 3.5, y - 1.8), QPointF(x, y + 1.8), QPointF(x + 3.5, y - 1.8)])
        painter.end()

    def wheelEvent(self, event: QWheelEvent) -> None:
        _wheel(self, super().wheelEvent, event)


class Slider(QSlider):
    """A horizontal slider that jumps to where it is clicked."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(Qt.Orientation.Horizontal, parent)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMinimumWidth(40)

    def mousePressEvent(self, event) -> None:
        if event.button() == Qt.MouseButton.LeftButton:
            self.setValue(self._at(event.position().x()))
            self.setSliderDown(True)
            event.accept()
        else:
            super().mousePressEvent(event)

    def mouseMoveEvent(self, event) -> None:
        if self.isSliderDown():
            self.setValue(self._at(event.position().x()))
            event.accept()

    def mouseReleaseEvent(self, event) -> None:
        self.setSliderDown(False)
        event.accept()

    def _at(self, x: float) -> int:
        share = (x - 8) / max(1.0, self.width() - 16)
        return round(self.minimum() + min(1.0, max(0.0, share)) * (self.maximum() - self.minimum()))

    def wheelEvent(self, event: QWheelEvent) -> None:
        _wheel(self, super().wheelEvent, event)


class SliderNumber(QWidget):
    """A slider and the number it stands for. `edited` comes while the slider moves.

    log: the slider is logarithmic. soft: the slider's own upper end, where the number may go further.
    """

    edited = Signal(float)
    TICKS = 400

    def __init__(
        self,
        name: str,
        minimum: float,
        maximum: float,
        *,
        integral: bool = False,
        log: bool = False,
        soft: float | None = None,
        width: int = 56,
    ) -> None:
        super().__init__()
        self.setObjectName(name)
        self.slider = Slider()
        self.slider.setObjectName(f"{name}.slider")
        self.slider.setRange(0, self.TICKS)
        self.slider.setPageStep(20)
        self.slider.setSingleStep(4)
        self.number = Number(minimum, maximum, integral)
        self.number.setObjectName(f"{name}.number")
        self.number.setFixedWidth(width)
        self._low, self._high = minimum, soft if soft is not None else maximum
        self._log, self._integral = log, integral
        if log and minimum <= 0:
            self._low = 1 if integral else 1e-6
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(8)
        row.addWidget(self.slider, 1)
        row.addWidget(self.number)
        self.setFocusProxy(self.slider)
        self.slider.valueChanged.connect(self._slid)
        self.number.edited.connect(self._typed)

    def value(self) -> float:
        """The value as the number shows it."""
        value = self.number.value()
        return round(value) if self._integral else value

    def setValue(self, value: float) -> None:
        """Take a value and report it, as if it had been typed."""
        self.number.setValue(value)

    def show_value(self, value: float, acts: bool = True) -> None:
        """Show a value without reporting it as an edit. acts: it matters; else a dash stands for it."""
        self.number.idle = not acts
        self.number.show_value(value)
        self._place(value if acts else self._low)

    def setAccessibleName(self, name: str) -> None:
        super().setAccessibleName(name)
        self.slider.setAccessibleName(f"{name} slider")
        self.number.setAccessibleName(name)

    def setToolTip(self, text: str) -> None:
        super().setToolTip(text)
        self.slider.setToolTip(text)
        self.number.setToolTip(text)

    def _place(self, value: float) -> None:
        if self._log:
            share = math.log(max(value, self._low) / self._low) / math.log(self._high / self._low)
        else:
            share = (value - self._low) / (self._high - self._low)
        with QSignalBlocker(self.slider):
            self.slider.setValue(round(min(1.0, max(0.0, share)) * self.TICKS))

    def _slid(self, tick: int) -> None:
        share = tick / self.TICKS
        if self._log:
            value = self._low * (self._high / self._low) ** share
        else:
            value = self._low + share * (self._high - self._low)
        value = float(round(value)) if self._integral else float(f"{value:.2g}")
        if value != self.number.value():
            self.number.show_value(value)
            self.edited.emit(self.value())

    def _typed(self, value: float) -> None:
        self._place(value)
        self.edited.emit(self.value())


def button(name: str, text: str, tip: str) -> QPushButton:
    """A button of a dialog, with its tooltip; Enter does not press it."""
    made = QPushButton(text)
    made.setObjectName(name)
    made.setAccessibleName(text)
    made.setToolTip(tip)
    made.setAutoDefault(False)
    return made


def close_button(dialog: QDialog) -> QPushButton:
    """What closes a dialog that only tells something; Enter presses it."""
    made = button(f"{dialog.objectName()}.close", "Close", "Close (Esc)")
    made.setAutoDefault(True)
    made.clicked.connect(dialog.accept)
    return made


def _wheel(widget: QWidget, take, event: QWheelEvent) -> None:
    if widget.hasFocus():
        take(event)
    else:
        event.ignore()

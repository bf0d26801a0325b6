"""The top bar: train, step, reset, the command search, the device and export."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QAction, QActionGroup
from PySide6.QtWidgets import QHBoxLayout, QMenu, QPushButton, QWidget

from genlab.app.common.icons import icon
from genlab.app.common.theme import Theme
from genlab.app.common.widgets import label
from genlab.app.window.actions import ActionInfo, with_shortcut
from genlab.app.window.rail import WIDTH


class Mode(NamedTuple):
    """What training would do next. command: what it is called among the commands, where not as its button."""

    text: str
    icon: str
    tip: str
    command: str = ""


TRAIN = {
    "train": Mode("Train", "play", "Begin a run with these settings"),
    "pause": Mode("Pause", "pause", "Pause the run after the step under way, and save it"),
    "continue": Mode("Continue", "play", "Go on with the run"),
    "reset": Mode("Reset and train", "reset", "Begin a new run with the settings marked in the form"),
    "converged": Mode(
        "Converged",
        "check",
        "The fit has converged: more training would change nothing. Reset begins another run",
    ),
    "starting": Mode(
        "Starting…", "play", "The engine is starting; training begins as soon as it is ready", "Stop waiting"
    ),
}


class TopBar(QWidget):
    """What acts on the workspace in view. infos: the actions of the window, by key.

    pressed: the button of an action, by its key."""

    pressed = Signal(str)
    device_chosen = Signal(str)

    def __init__(self, theme: Theme, infos: Mapping[str, ActionInfo]) -> None:
        super().__init__()
        self.setObjectName("bar")
        self.setFixedHeight(48)
        self._theme = theme
        self._mode = "train"
        self._train_key = infos["train"].shortcut
        self._devices: dict[str, str] = {}
        self._device = "auto"
        self.train_button = self._acting("train", infos["train"])
        self._show_mode()
        self.train_button.setProperty("role", "primary")
        self.train_button.setFixedWidth(148)
        self.step_button = self._acting("step", infos["step"])
        self.players_button = self._button("step.players", "", "Step one player only")
        self.players_button.setAccessibleName("Step one player only")
        self.players_button.setIconSize(QSize(12, 12))
        self.players_button.setFixedWidth(26)
        self.players_menu = QMenu(self)
        self.players_menu.setToolTipsVisible(True)
        self.players_button.setMenu(self.players_menu)
        self.players_button.hide()
        self.reset_button = self._acting("reset", infos["reset"])
        self.search_button = self._acting("search", infos["palette"])
        self.search_button.setText(f"{infos['palette'].text}   {infos['palette'].shortcut}")
        self.search_button.setProperty("role", "search")
        self.search_button.setMinimumWidth(220)
        self.search_button.setMaximumWidth(320)
        self.device_button = self._button("device", "cpu", "Where new runs train")
        self.device_menu = QMenu(self)
        self.device_button.setMenu(self.device_menu)
        self.export_button = self._acting("export", infos["export"])
        row = QHBoxLayout(self)
        row.setContentsMargins(16, 8, 12, 8)
        row.setSpacing(8)
        brand = label("GenLab", "brand")
        brand.setFixedWidth(WIDTH - 16)
        row.addWidget(brand)
        row.addWidget(self.train_button)
        steps = QHBoxLayout()
        steps.setSpacing(2)
        steps.addWidget(self.step_button)
        steps.addWidget(self.players_button)
        row.addLayout(steps)
        row.addWidget(self.reset_button)
        row.addStretch(1)
        row.addWidget(self.search_button, 2)
        row.addStretch(1)
        row.addWidget(self.device_button)
        row.addWidget(self.export_button)
        self.show_devices({}, 0)
        self.apply_theme(theme)

    def _acting(self, name: str, info: ActionInfo) -> QPushButton:
        """The button of an action."""
        made = self._button(name, info.text.rstrip("…"), with_shortcut(info.tooltip, info.shortcut))
        made.clicked.connect(lambda _=False: self.pressed.emit(info.key))
        return made

    def _button(self, name: str, text: str, tip: str) -> QPushButton:
        made = QPushButton(text)
        made.setObjectName(name)
        made.setToolTip(tip)
        made.setAccessibleName(text)
        made.setIconSize(QSize(16, 16))
        made.setCursor(Qt.CursorShape.PointingHandCursor)
        return made

    def show_train(self, mode: str) -> None:
        """What the train button does next: one of the keys of `TRAIN`."""
        if mode != self._mode:
            self._mode = mode
            self._show_mode()
            self._icons()

    def _show_mode(self) -> None:
        mode = TRAIN[self._mode]
        self.train_button.setText(mode.text)
        self.train_button.setAccessibleName(mode.text)
        self.train_button.setToolTip(with_shortcut(mode.tip, self._train_key))
        self.train_button.setEnabled(self._mode != "converged")

    def show_players(self, actions: Sequence[QAction]) -> None:
        """What can be stepped, where more than one player trains; else nothing."""
        self.players_menu.clear()
        self.players_menu.addActions(list(actions))
        self.players_button.setVisible(bool(actions))

    def show_devices(self, devices: dict[str, str], threads: int) -> None:
        """The devices that the engine found."""
        self._devices = devices
        self.device_menu.clear()
        group = QActionGroup(self.device_menu)
        first = next(iter(devices), "cpu")
        entries = {"auto": f"Automatic ({first})", **devices}
        for name, text in entries.items():
            action = QAction(text, self.device_menu)
            action.setCheckable(True)
            action.setChecked(name == self._device)
            action.triggered.connect(lambda _=False, name=name: self.device_chosen.emit(name))
            group.addAction(action)
            self.device_menu.addAction(action)
        self.show_device(self._device, first, threads)

    def show_device(self, chosen: str, used: str, threads: int) -> None:
        """What was chosen, and where the run in view trains."""
        self._device = chosen
        text = used if chosen == "auto" else chosen
        self.device_button.setText(f"{text} · {threads} threads" if threads > 1 else text)
        for action, name in zip(self.device_menu.actions(), ("auto", *self._devices), strict=False):
            action.setChecked(name == chosen)

    def apply_theme(self, theme: Theme) -> None:
        """Take on a new look."""
        self._theme = theme
        self._icons()

    def _icons(self) -> None:
        theme = self._theme
        self.train_button.setIcon(icon(TRAIN[self._mode].icon, theme.accent_text, disabled=theme.faint))
        self.players_button.setIcon(icon("chevron-down", theme.text, 12))
        for button, name in (
            (self.step_button, "step"),
            (self.reset_button, "reset"),
            (self.device_button, "device"),
            (self.export_button, "export"),
        ):
            button.setIcon(icon(name, theme.text, disabled=theme.faint))
        self.search_button.setIcon(icon("search", theme.faint))

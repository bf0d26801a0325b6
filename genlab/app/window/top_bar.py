"""The top bar: train, step, reset, the command search, the device and export."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QAction, QActionGroup
from PySide6.QtWidgets import QHBoxLayout, QMenu, QPushButton, QWidget

from genlab.app.common.icons import icon
from genlab.app.common.theme import Theme
from genlab.app.common.widgets import label
from genlab.app.window.actions import with_shortcut
from genlab.app.window.rail import WIDTH

TRAIN = {
    "train": ("Train", "play", "Begin a run with these settings"),
    "pause": ("Pause", "pause", "Pause the run after the step under way, and save it"),
    "continue": ("Continue", "play", "Go on with the run"),
    "reset": ("Reset and train", "reset", "Begin a new run with the settings marked in the form"),
    "converged": (
        "Converged",
        "check",
        "The fit has converged: more training would change nothing. Reset begins another run",
    ),
    "starting": ("Starting…", "play", "The engine is starting; training begins as soon as it is ready"),
}


class TopBar(QWidget):
    """What acts on the workspace in view."""

    train = Signal()
    step = Signal()
    reset = Signal()
    search = Signal()
    export = Signal()
    device_chosen = Signal(str)

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self.setObjectName("bar")
        self.setFixedHeight(48)
        self._theme = theme
        self._mode = "train"
        self._devices: dict[str, str] = {}
        self._device = "auto"
        self.train_button = self._button(
            "train", "Train", "Space", "Begin a run with these settings", self.train
        )
        self.train_button.setProperty("role", "primary")
        self.train_button.setFixedWidth(148)
        self.step_button = self._button("step", "Step", "S", "Take a single training step", self.step)
        self.players_button = self._button("step.players", "", "", "Step one player only", None)
        self.players_button.setAccessibleName("Step one player only")
        self.players_button.setIconSize(QSize(12, 12))
        self.players_button.setFixedWidth(26)
        self.players_menu = QMenu(self)
        self.players_menu.setToolTipsVisible(True)
        self.players_button.setMenu(self.players_menu)
        self.players_button.hide()
        self.reset_button = self._button(
            "reset",
            "Reset",
            "R",
            "Begin again from the same initial weights, in a new run; the old one is kept",
            self.reset,
        )
        self.search_button = self._button(
            "search", "Search commands   Ctrl+K", "Ctrl+K", "Find any command by its name", self.search
        )
        self.search_button.setProperty("role", "search")
        self.search_button.setMinimumWidth(220)
        self.search_button.setMaximumWidth(320)
        self.device_button = self._button("device", "cpu", "", "Where new runs train", None)
        self.device_menu = QMenu(self)
        self.device_button.setMenu(self.device_menu)
        self.export_button = self._button(
            "export", "Export", "E", "Save samples or a panel to a file", self.export
        )
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

    def _button(self, name: str, text: str, shortcut: str, tip: str, signal) -> QPushButton:
        made = QPushButton(text)
        made.setObjectName(name)
        made.setToolTip(with_shortcut(tip, shortcut))
        made.setAccessibleName(text.split("  ")[0])
        made.setIconSize(QSize(16, 16))
        made.setCursor(Qt.CursorShape.PointingHandCursor)
        if signal is not None:
            made.clicked.connect(lambda _=False: signal.emit())
        return made

    def show_train(self, mode: str) -> None:
        """What the train button does next: one of the keys of `TRAIN`."""
        if mode == self._mode:
            return
        self._mode = mode
        text, _, tip = TRAIN[mode]
        self.train_button.setText(text)
        self.train_button.setAccessibleName(text)
        self.train_button.setToolTip(with_shortcut(tip, "Space"))
        self.train_button.setEnabled(mode != "converged")
        self._icons()

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
        self.train_button.setIcon(icon(TRAIN[self._mode][1], theme.accent_text, disabled=theme.faint))
        self.players_button.setIcon(icon("chevron-down", theme.text, 12))
        for button, name in (
            (self.step_button, "step"),
            (self.reset_button, "reset"),
            (self.device_button, "device"),
            (self.export_button, "export"),
        ):
            button.setIcon(icon(name, theme.text, disabled=theme.faint))
        self.search_button.setIcon(icon("search", theme.faint))

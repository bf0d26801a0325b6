"""Actions as data: what a person can do, by key. Menus, the palette and the help page are made of these."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from PySide6.QtCore import Qt
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QAbstractButton, QAbstractItemView, QComboBox, QWidget

from genlab.app.common.icons import icon
from genlab.app.common.theme import Theme
from genlab.app.window.context import WindowContext


def always(_: WindowContext) -> str:
    """Nothing keeps it from acting."""
    return ""


@dataclass(frozen=True)
class ActionInfo:
    """One thing to do. group: the heading under which the help page lists it. rests: why it cannot act now,
    in one sentence for its tooltip; '' where it can."""

    key: str
    text: str
    icon: str
    shortcut: str
    tooltip: str
    run: Callable[[WindowContext], object]
    group: str = "Run"
    rests: Callable[[WindowContext], str] = always


class Actions:
    """The actions of a window, made once and looked up by key; they act on its context."""

    def __init__(self, window: QWidget, context: WindowContext, theme: Theme) -> None:
        self._window = window
        self._context = context
        self._theme = theme
        self.infos: dict[str, ActionInfo] = {}
        self._actions: dict[str, QAction] = {}

    def add(self, infos: Iterable[ActionInfo]) -> None:
        """Make these actions available, their shortcuts with them."""
        for info in infos:
            action = QAction(info.text, self._window)
            action.setObjectName(f"action.{info.key}")
            if info.icon:
                action.setIcon(icon(info.icon, self._theme.muted))
            if info.shortcut:
                action.setShortcut(QKeySequence(info.shortcut))
                action.setAutoRepeat(False)
            action.triggered.connect(lambda _=False, run=info.run: run(self._context))
            self._window.addAction(action)
            self.infos[info.key] = info
            self._actions[info.key] = action

    def refresh(self) -> None:
        """Have every action act, or rest and say why."""
        for key, info in self.infos.items():
            reason = info.rests(self._context)
            action = self._actions[key]
            action.setEnabled(not reason)
            action.setToolTip(reason or with_shortcut(info.tooltip, info.shortcut))

    def keys(self) -> list[tuple[str, str, str]]:
        """Group, shortcut and text of every action that has a key."""
        return [(info.group, info.shortcut, info.text) for info in self.infos.values() if info.shortcut]

    def remove(self, keys: Iterable[str]) -> None:
        """Take actions away again."""
        for key in list(keys):
            action = self._actions.pop(key)
            self._window.removeAction(action)
            action.deleteLater()
            del self.infos[key]

    def __getitem__(self, key: str) -> QAction:
        return self._actions[key]

    def __contains__(self, key: str) -> bool:
        return key in self._actions

    def show_as(self, key: str, text: str, icon_name: str) -> None:
        """Give an action another text and icon, as what it does changes."""
        self.infos[key] = replace(self.infos[key], text=text, icon=icon_name)
        self._actions[key].setText(text)
        self._actions[key].setIcon(icon(icon_name, self._theme.muted))

    def apply_theme(self, theme: Theme) -> None:
        """Take on a new look."""
        self._theme = theme
        for key, info in self.infos.items():
            if info.icon:
                self._actions[key].setIcon(icon(info.icon, theme.muted))


def with_shortcut(text: str, shortcut: str) -> str:
    """A tooltip that also names the key."""
    if not shortcut:
        return text
    native = QKeySequence(shortcut).toString(QKeySequence.SequenceFormat.NativeText)
    return f"{text} ({native})"


def claims_key(focus: QWidget | None, key: int, modifiers: Qt.KeyboardModifier) -> bool:
    """Whether the control that has the focus needs this key for itself, so that no shortcut takes it."""
    if modifiers & (Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.AltModifier):
        return False
    if isinstance(focus, QAbstractButton):
        return key in (Qt.Key.Key_Space, Qt.Key.Key_Select)
    if isinstance(focus, QComboBox | QAbstractItemView):
        return key < Qt.Key.Key_Escape
    return False

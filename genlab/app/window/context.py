"""What an action acts on."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from genlab.app.dialogs.context import Context


@dataclass(frozen=True)
class WindowContext(Context):
    """What actions need of the window beside the workspace in view.

    search: opens the command search. keys: group, shortcut and text of every action that has a key."""

    search: Callable[[], object]
    keys: Callable[[], Iterable[tuple[str, str, str]]]
    switch_theme: Callable[[], object]
    switch_full_screen: Callable[[], object]
    close: Callable[[], object]

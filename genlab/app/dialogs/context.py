"""What dialogs and actions act on: no more of the window than this."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from PySide6.QtWidgets import QWidget

from genlab.app.views.cards import Cards
from genlab.app.views.engine_link import EngineLink
from genlab.app.views.run_view import RunView
from genlab.app.views.workspace import Workspace


@dataclass(frozen=True)
class Context:
    """parent: what dialogs stand over. here: the workspace in view. choose: goes to that of a paradigm."""

    parent: QWidget
    engine: EngineLink
    here: Callable[[], Workspace]
    choose: Callable[[str], None]

    @property
    def workspace(self) -> Workspace:
        """The workspace in view."""
        return self.here()

    @property
    def view(self) -> RunView:
        """The run in view."""
        return self.here().view

    @property
    def cards(self) -> Cards:
        """Where it is said what came of something."""
        return self.here().cards

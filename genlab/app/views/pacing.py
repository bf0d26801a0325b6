"""One question under way, the newest waiting."""

from __future__ import annotations

from PySide6.QtCore import QObject, QTimer, Signal

PATIENCE = 2000
"""Milliseconds after which a question counts as lost. Not less: a newer one would cancel it in the engine,
and of a slow probe nothing would be seen until the slider rests."""


class Pacing(QObject):
    """While a slider moves, answers come as fast as they can be made, and the last value is never lost.

    due: ask now."""

    due = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._waiting = False
        self._flying = QTimer(self, singleShot=True, interval=PATIENCE)
        self._flying.timeout.connect(self._next)

    @property
    def busy(self) -> bool:
        """Whether a question is under way."""
        return self._flying.isActive()

    def ask(self) -> None:
        """Ask now, or as soon as the question under way is answered."""
        if self.busy:
            self._waiting = True
        else:
            self._flying.start()
            self.due.emit()

    def answered(self) -> None:
        """The question under way is answered."""
        self._flying.stop()
        self._next()

    def _next(self) -> None:
        if self._waiting:
            self._waiting = False
            self.ask()

"""Python's garbage collector, kept in the thread of the window.

It runs in whichever thread happens to allocate; a cycle that holds a dead widget must not be taken apart
in the thread that reads from the engine.
"""

from __future__ import annotations

import gc

from PySide6.QtCore import QObject, QTimer

EVERY = 500
"""Milliseconds between two looks at what has gathered."""


class Collector(QObject):
    """Collects on a timer of the window's thread in place of the automatic collection, until `stop`."""

    def __init__(self) -> None:
        super().__init__()
        self._thresholds = gc.get_threshold()
        gc.disable()
        self._timer = QTimer(self)
        self._timer.timeout.connect(self.collect)
        self._timer.start(EVERY)

    def collect(self) -> None:
        """Collect the generations whose counts have passed their thresholds, the oldest that has."""
        counts = gc.get_count()
        due = [
            g for g, (count, most) in enumerate(zip(counts, self._thresholds, strict=True)) if count > most
        ]
        if due:
            gc.collect(max(due))

    def stop(self) -> None:
        """Leave collecting to Python again."""
        self._timer.stop()
        gc.enable()

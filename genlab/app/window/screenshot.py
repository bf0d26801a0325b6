"""Pictures of the window, for documentation and for looking at it."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtWidgets import QApplication, QWidget

from genlab.runs.atomic import RunError


def grab(window: QWidget, path: str | Path) -> None:
    """Draw the window as it is now into a PNG. Raises RunError where that cannot be written."""
    QApplication.processEvents()
    picture = window.grab()
    if not picture.save(str(path), "PNG"):
        raise RunError(f"{path} cannot be written")

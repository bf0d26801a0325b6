"""What is dropped onto the window: data of one's own, or a run of before."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QEvent, QMimeData, QObject, Qt
from PySide6.QtGui import QDropEvent
from PySide6.QtWidgets import QApplication, QLabel, QWidget

WIDTH, HEIGHT = 520, 120


class Drops(QLabel):
    """Stands over the window while something is dragged over it, and says what a drop would do.

    dropped: called with the file or folder that was dropped."""

    def __init__(self, window: QWidget, dropped: Callable[[Path], None]) -> None:
        super().__init__(window)
        self.setObjectName("drop")
        self.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setWordWrap(True)
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.hide()
        self._window = window
        self._dropped = dropped
        window.setAcceptDrops(True)
        window.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.DragLeave:
            self.hide()
        elif isinstance(event, QDropEvent):  # drags are of its kind
            paths = local_paths(event.mimeData())
            if not paths or QApplication.activeModalWidget() is not None:
                event.ignore()
                return True
            # A file is read, never taken: a source that is told of a move may delete it.
            event.setDropAction(Qt.DropAction.CopyAction)
            event.accept()
            if event.type() == QEvent.Type.DragEnter:
                self._say(paths)
            elif event.type() == QEvent.Type.Drop:
                self.hide()
                if len(paths) == 1:
                    self._dropped(paths[0])
            return True
        return False

    def _say(self, paths: list[Path]) -> None:
        first = paths[0]
        what = f"Drop to open the run '{first.name}'" if is_run(first) else f"Drop to learn '{first.name}'"
        self.setText(what if len(paths) == 1 else "One file or one folder at a time")
        window = self._window
        self.setGeometry((window.width() - WIDTH) // 2, (window.height() - HEIGHT) // 2, WIDTH, HEIGHT)
        self.show()
        self.raise_()


def local_paths(data: QMimeData) -> list[Path]:
    """Files and folders of this machine among what is dragged."""
    return [Path(url.toLocalFile()) for url in data.urls() if url.isLocalFile()]


def is_run(path: Path) -> bool:
    """Whether this is the folder of a run."""
    return os.path.isfile(path / "run.json")  # False, too, where one may not look

"""The real window with its real engine, opened for a measurement; and the moments of its frames."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from time import perf_counter
from typing import Any

from PySide6.QtCore import QEvent, QObject, Qt, QTimer
from PySide6.QtWidgets import QApplication, QGraphicsView, QPushButton, QWidget

from genlab.app.common import loop, theme
from genlab.app.views.engine_link import EngineLink
from genlab.app.views.panel import Panel
from genlab.app.window.main_window import PREFERRED, MainWindow
from genlab.app.window.store import Store

PATIENCE = 60.0
FRAME = 16


def opened(work: Callable[[MainWindow], Awaitable[dict[str, Any]]]) -> dict[str, Any]:
    """Open the window in its preferred size, wait for a warm engine and an untrained model, and give
    what `work` gives."""
    app = QApplication(["genlab"])
    look = theme.current(app)
    theme.apply(app, look)
    found: dict[str, Any] = {}

    async def main() -> int:
        engine = EngineLink()
        window = MainWindow(engine, Store.fresh(), look)
        window.resize(*PREFERRED)
        painted = Paints(window)
        window.show()
        try:
            await wait(lambda: painted.count, "the window was not painted")
            engine.start()
            window.begin()
            run = window.workspace.run
            await wait(lambda: engine.ready and run.state == "ready", "the engine did not get ready")
            found.update(await work(window))
        finally:
            await engine.close()
            window.hide()
            window.deleteLater()
        return 0

    loop.run(app, main)
    return found


async def wait(condition: Callable[[], Any], what: str, timeout: float = PATIENCE) -> None:
    """Wait in the event loop. Raises TimeoutError, saying what did not come."""
    if not await loop.until(condition, timeout, pause=0.002):
        raise TimeoutError(what)


def press_train(window: MainWindow) -> None:
    """Press the Train button."""
    button = window.findChild(QPushButton, "train")
    assert button is not None
    button.click()


def views(panel: Panel) -> list[QGraphicsView]:
    """The drawing surfaces of a panel that are seen."""
    return [view for view in panel.findChildren(QGraphicsView) if view.isVisible()]


class Paints(QObject):
    """Watches a widget being painted. count: how often. after: called once each paint is over."""

    def __init__(self, widget: QWidget, after: Callable[[], None] | None = None) -> None:
        super().__init__(widget)
        self.count = 0
        self._after = after
        self._widget = widget
        widget.installEventFilter(self)

    def stop(self) -> None:
        """Watch no more."""
        self._widget.removeEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802
        if event.type() == QEvent.Type.Paint:
            self.count += 1
            if self._after is not None:
                QTimer.singleShot(0, self._after)
        return False


async def drawn(panel: Panel, current: Callable[[], bool], what: str) -> float:
    """The moment at which a panel has been painted with what `current` asks for, nothing left to draw."""
    moments: list[float] = []

    def look() -> None:
        if not panel._stale and current():
            moments.append(perf_counter())

    watches = [Paints(view.viewport(), look) for view in views(panel)]
    try:
        await wait(lambda: moments, what)
    finally:
        for watch in watches:
            watch.stop()
    return moments[0]


class Frames(QObject):
    """Repaints every seen panel whole, sixty times a second, and notes when each frame was painted."""

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        panels = window.workspace.grid.seen()
        self.panels = [panel.info.id for panel in panels]
        self._viewports = [view.viewport() for panel in panels for view in views(panel)]
        self._last: QWidget | None = None
        self.moments: list[float] = []
        for viewport in self._viewports:
            viewport.installEventFilter(self)
        self._timer = QTimer(self)
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.setInterval(FRAME)
        self._timer.timeout.connect(self._ask)

    def start(self) -> None:
        """Begin."""
        self.moments.clear()
        self._timer.start()

    def stop(self) -> list[float]:
        """End; seconds between one frame and the next."""
        self._timer.stop()
        return [b - a for a, b in zip(self.moments, self.moments[1:], strict=False)]

    def _ask(self) -> None:
        seen = [viewport for viewport in self._viewports if viewport.isVisible()]
        self._last = seen[-1]
        for viewport in seen:
            viewport.update()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802
        # What the panels draw of their own accord between two frames is no frame.
        if event.type() == QEvent.Type.Paint and watched is self._last:
            self._last = None
            self.moments.append(perf_counter())
        return False

"""The real window with its real engine, opened for a measurement; and the moments of its frames."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from itertools import pairwise
from time import perf_counter
from typing import Any

from PySide6.QtCore import QEvent, QObject, Qt, QTimer
from PySide6.QtWidgets import QAbstractScrollArea, QApplication, QPushButton, QWidget

from genlab.app.common import loop, theme
from genlab.app.views.engine_link import EngineLink
from genlab.app.views.panel import Panel
from genlab.app.views.workspace import Workspace
from genlab.app.window.main_window import PREFERRED, MainWindow
from genlab.app.window.store import Store
from genlab.data import read
from genlab.data.catalogue import DATASETS
from genlab.data.shipped import draws_of
from genlab.session.session import Session

PATIENCE = 60.0
FRAME = 16
AFRESH = 15
"""Frames after which the surfaces of panels are looked up again."""


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


async def wait(
    condition: Callable[[], Any], what: str, timeout: float = PATIENCE, pause: float = 0.002
) -> None:
    """Wait in the event loop, with so many seconds between two looks. Raises TimeoutError, saying what did
    not come."""
    if not await loop.until(condition, timeout, pause):
        raise TimeoutError(what)


def press_train(window: MainWindow) -> None:
    """Press the Train button."""
    button = window.findChild(QPushButton, "train")
    assert button is not None
    button.click()


async def bring(window: MainWindow, paradigm: str, dataset: str, settings: Mapping[str, Any]) -> Workspace:
    """Bring a default session, with some other settings, into view; wait for pictures of its untrained model.

    dataset: a built-in set, or the path of a person's own data. Raises DataError and SettingError."""
    if paradigm != window.workspace.paradigm.id:
        window.rail.chosen.emit(paradigm)
    space = window.workspace
    assert space.paradigm.id == paradigm
    if dataset in DATASETS:
        space.replace_session(Session.default(paradigm, dataset).with_values(settings))
    else:
        data, own = await loop.in_thread(read, dataset)
        space.open_file(data, draws_of(own), dataset)
        if settings:
            space.replace_session(space.session.with_values(settings))
    await wait(lambda: space.run.state == "ready" and space.view.scene, "the model did not get ready")
    await wait(lambda: all(map(filled, space.grid.seen())), "the panels were not filled")
    return space


def filled(panel: Panel) -> bool:
    """Whether a panel shows something or says why not; one of losses has nothing to show before a run."""
    drawing = panel.drawing
    return panel.info.kind == "loss" or bool(panel.refusal) or (drawing is not None and drawing.shows)


def surfaces(panel: Panel) -> list[QWidget]:
    """The widgets of a panel that its picture is painted on, as far as they are seen: none before there is a
    picture."""
    drawing = panel.drawing
    if drawing is None:
        return []
    areas = [area.viewport() for area in drawing.findChildren(QAbstractScrollArea) if area.isVisible()]
    if areas or not drawing.isVisible():
        return areas
    inside = [each for each in drawing.findChildren(QWidget) if each.isVisible()]
    leaves = [each for each in inside if not each.findChildren(QWidget)]
    return [max(leaves, key=lambda each: each.width() * each.height(), default=drawing)]


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

    watches = [Paints(surface, look) for surface in surfaces(panel)]
    try:
        await wait(lambda: moments, what)
    finally:
        for watch in watches:
            watch.stop()
    return moments[0]


class Frames(QObject):
    """Has every seen panel painted whole sixty times a second, and notes when each one was.

    A panel is due from the moment it is asked to be painted until it is; between two such paints a person
    waits for its next frame. What it draws of its own accord while it is not due is no frame. Without a
    picture it is not due."""

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self._window = window
        self._owners: dict[QWidget, str] = {}
        self._due: dict[str, set[QWidget]] = {}
        self._surfaces: dict[str, list[QWidget]] = {}
        self._asked = 0
        self._moments: dict[str, list[float]] = {}
        self._timer = QTimer(self, timerType=Qt.TimerType.PreciseTimer, interval=FRAME)
        self._timer.timeout.connect(self._ask)

    def start(self) -> None:
        """Begin."""
        self._timer.start()

    def stop(self) -> dict[str, list[float]]:
        """End; by panel, in the order in which they stand, seconds between one frame and the next."""
        self._timer.stop()
        for surface in self._owners:
            surface.removeEventFilter(self)
        return {
            id: [b - a for a, b in pairwise(moments)]
            for id, moments in self._moments.items()
            if len(moments) > 1
        }

    def _ask(self) -> None:
        if self._asked % AFRESH == 0:
            seen = self._window.workspace.grid.seen()
            self._surfaces = {panel.info.id: surfaces(panel) for panel in seen}
        self._asked += 1
        for id, found in self._surfaces.items():
            self._due[id] = set(found)
            for surface in found:
                if surface not in self._owners:
                    self._owners[surface] = id
                    surface.installEventFilter(self)
                surface.update()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802
        if event.type() == QEvent.Type.Paint and isinstance(watched, QWidget):
            id = self._owners[watched]
            if watched in self._due[id]:
                self._due[id].discard(watched)
                if not self._due[id]:
                    self._moments.setdefault(id, []).append(perf_counter())
        return False


class Pictures(QObject):
    """Notes when each seen panel takes a picture of newer weights, and when the first one is painted.

    Losses are newer with every row. A panel that says why it has nothing to show has said all it can.

    arrived: moments by panel. painted: of the first one, by panel. refused: panels without a picture."""

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        panels = window.workspace.grid.seen()
        self.arrived: dict[str, list[float]] = {panel.info.id: [] for panel in panels}
        self.painted: dict[str, float] = {}
        self.refused: set[str] = set()
        self._latest: dict[str, int] = {}
        for panel in panels:
            setattr(panel, "take", partial(self._take, panel, panel.take))  # noqa: B010
            setattr(panel, "show_refusal", partial(self._refuse, panel, panel.show_refusal))  # noqa: B010

    def _take(
        self, panel: Panel, take: Callable[..., None], payload: Any, step: int, coarse: str = ""
    ) -> None:
        take(payload, step, coarse)
        id = panel.info.id
        if panel.info.kind != "loss" and step <= self._latest.get(id, -1):
            return
        self._latest[id] = step
        self.refused.discard(id)
        self.arrived[id].append(perf_counter())
        self._await_paint(panel)

    def _refuse(self, panel: Panel, show: Callable[[str], None], reason: str) -> None:
        show(reason)
        self.refused.add(panel.info.id)
        self._await_paint(panel)

    def _await_paint(self, panel: Panel) -> None:
        """Note the moment at which there is nothing of a panel left to draw, and it was painted."""
        id = panel.info.id
        if id in self.painted:
            return

        def look() -> None:
            if not panel._stale:
                self.painted.setdefault(id, perf_counter())
                for watch in watches:
                    watch.stop()

        watches = [Paints(widget, look) for widget in (panel.header, panel.words, *surfaces(panel))]

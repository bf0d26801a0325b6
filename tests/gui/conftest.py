"""A window for tests: with an engine of paper, or with the real one."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import threading
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import numpy as np
import pytest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from genlab.app.common import loop, theme
from genlab.app.views.engine_link import EngineLink
from genlab.app.views.panel import Panel
from genlab.app.window.main_window import MainWindow
from genlab.app.window.store import Store
from genlab.data.payloads import Samples
from genlab.engine import protocol as p
from genlab.engine.client import EngineClient
from genlab.engine.local import LocalEngine
from genlab.settings.panels import PanelInfo

from .. import fakes

Scenario = Callable[[MainWindow], Awaitable[None]]


class PaperEngine:
    """Remembers every command and answers as an engine would, at once; `mute` answers nothing."""

    def __init__(self, on_event: Callable[[p.Event], None]) -> None:
        self.on_event = on_event
        self.commands: list[p.Command] = []
        self.sessions: dict[str, dict[str, Any]] = {}
        self.folders: dict[str, str | None] = {}
        self.mute: set[type] = set()
        self.starts = 0

    async def start(self) -> None:
        self.starts += 1
        self.on_event(p.EngineReady(1, {"cpu": "cpu"}, {"torch": "0"}, 0.1))

    async def close(self, timeout: float = 5.0) -> None:
        return

    def of(self, kind: type) -> list[Any]:
        return [command for command in self.commands if isinstance(command, kind)]

    def send(self, command: p.Command) -> None:
        self.commands.append(command)
        if type(command) in self.mute:
            return
        match command:
            case p.Prepare(run=run, session=session, folder=folder):
                self.sessions[run], self.folders[run] = session, folder
                self.opened(run)
            case p.Open(run=run, folder=folder):
                self.folders[run] = folder
                self.sessions.setdefault(run, next(iter(self.sessions.values()), {}))
                self.opened(run, step=100)
            case p.Train(run=run):
                self.on_event(p.StateChanged(run, "training", 0, 0.0))
            case p.Pause(run=run):
                self.on_event(p.StateChanged(run, "paused", 50, 1.0))
            case p.Edit(run=run, values=values):
                for key, value in values.items():
                    section, name = key.split(".")
                    self.sessions[run][section][name] = value
            case p.Sample():
                self.frames(command)

    def opened(self, run: str, step: int = 0) -> None:
        self.on_event(p.Opened(run, self.sessions[run], self.folders[run], step, 0.0, "cpu", 1))
        self.on_event(p.StateChanged(run, "paused" if step else "ready", step, 0.0))

    def frames(self, request: p.Sample) -> None:
        steps = int(request.sampler.get("steps", 0))
        rng = np.random.default_rng(0)
        event = (1, 8, 8) if self.sessions[request.run]["dataset"] == "digits" else (2,)
        for index in range(steps + 1):
            x = rng.normal(size=(request.n, *event)).astype(np.float32)
            frame = Samples(
                x, x, np.zeros(request.n, np.int64), index, steps, 1.0 - index / max(steps, 1), index
            )
            last = index == steps
            self.on_event(p.Answer(request.run, request.channel, request.request, 0, frame, last))


class ThreadEngine:
    """The real worker, in a thread of this process, so that it knows the paradigms of a test."""

    def __init__(self, on_event: Callable[[p.Event], None]) -> None:
        self._on_event = on_event
        self._engine: LocalEngine | None = None
        self.commands: list[p.Command] = []

    async def start(self) -> None:
        here = asyncio.get_running_loop()
        engine = self._engine = LocalEngine()

        def listen() -> None:
            for event in engine.events():
                if engine is not self._engine:
                    continue
                with contextlib.suppress(RuntimeError):  # the loop may be closed by now
                    here.call_soon_threadsafe(self._on_event, event)

        threading.Thread(target=listen, daemon=True).start()
        self._on_event(p.EngineReady(1, {"cpu": "cpu"}, {"torch": "0"}, 0.1))

    def of(self, kind: type) -> list[Any]:
        return [command for command in self.commands if isinstance(command, kind)]

    def send(self, command: p.Command) -> None:
        self.commands.append(command)
        assert self._engine is not None
        self._engine.send(command)

    def die(self) -> None:
        """End like an engine that is killed: nothing more is heard of it."""
        engine, self._engine = self._engine, None
        assert engine is not None
        engine.close()
        self._on_event(p.EngineDied(-9, "it was killed"))

    async def close(self, timeout: float = 5.0) -> None:
        if self._engine is not None:
            await asyncio.get_running_loop().run_in_executor(None, self._engine.close)


class Lab:
    """Opens windows in an event loop of their own, and closes them."""

    def __init__(self, application: QApplication) -> None:
        self._application = application
        self.engine: PaperEngine | ThreadEngine | EngineClient | None = None

    def run(
        self,
        scenario: Scenario,
        store: Store | None = None,
        real: bool = False,
        worker: bool = False,
        size: tuple[int, int] = (1280, 800),
    ) -> None:
        theme.apply(self._application, theme.DARK)

        async def main() -> int:
            def make(on_event: Callable[[p.Event], None]) -> Any:
                kind = EngineClient if real else ThreadEngine if worker else PaperEngine
                self.engine = kind(on_event)
                return self.engine

            link = EngineLink(make)
            window = MainWindow(link, store if store is not None else Store.fresh(), theme.DARK)
            window.resize(*size)
            window.show()
            link.start()
            window.begin()
            try:
                if not real:
                    assert await loop.until(lambda: window.workspace.feed.frames, 30)
                await scenario(window)
            finally:
                window.close()
                await link.close()
                window.hide()
                window.deleteLater()
            return 0

        gc.collect()
        if worker:
            gc.disable()  # in the worker's thread it would take apart what only Qt's thread may
        try:
            assert loop.run(self._application, main) == 0
        finally:
            gc.enable()


@pytest.fixture(scope="module", autouse=True)
def no_widgets_in_the_garbage() -> Iterator[None]:
    """Leave no widgets to a collection in the thread of an engine that a later file starts: only Qt's own
    thread may take them apart."""
    yield
    gc.collect()


@pytest.fixture
def lab(qapp: QApplication) -> Lab:
    return Lab(qapp)


@pytest.fixture
def make(qtbot: QtBot) -> Callable[..., Panel]:
    """Makes panels of a kind and shows them."""

    def made(
        kind: str, look: theme.Theme = theme.DARK, size: tuple[int, int] = (380, 360), **info: Any
    ) -> Panel:
        panel = Panel(PanelInfo(kind, kind.title(), kind, **info), look)  # type: ignore[arg-type]
        qtbot.addWidget(panel)
        panel.resize(*size)
        panel.show()
        return panel

    return made


@pytest.fixture
def two_more_paradigms(monkeypatch: pytest.MonkeyPatch) -> None:
    """A model of two players and a closed-form fit, in the catalogue beside the others."""
    fakes.use(monkeypatch)

"""The window's engine: started at launch, started again when it dies, its events as one signal."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Protocol

from PySide6.QtCore import QObject, Signal

from genlab.app.common import loop
from genlab.engine.client import EngineClient
from genlab.engine.protocol import Command, EngineDied, EngineReady, Event

EARLY_DEATHS = 3
"""An engine that dies so often before it is ready is not started again by itself."""


class Client(Protocol):
    """What the window needs of an engine client."""

    async def start(self) -> None: ...
    def send(self, command: Command) -> None: ...
    async def close(self, timeout: float = 5.0) -> None: ...


class EngineLink(QObject):
    """Commands sent before the process is there wait for it; those of a dead engine are dropped. One that is
    not started again by itself is started by the next command: a person tries again."""

    arrived = Signal(object)
    state_changed = Signal(str)

    def __init__(self, make: Callable[[Callable[[Event], None]], Client] = EngineClient) -> None:
        super().__init__()
        self._client: Client = make(self._take)
        self._started = False
        self._closing = False
        self._waiting: list[Command] = []
        self._starting: asyncio.Task[None] | None = None
        self._deaths = 0
        self._given_up = False
        self.ready: EngineReady | None = None
        self.state = "starting"

    @property
    def restarts(self) -> bool:
        """Whether an engine that dies is started again."""
        return self._deaths < EARLY_DEATHS

    def start(self) -> None:
        """Spawn the engine process, in a task of its own; one that is being spawned is enough."""
        self._given_up = False
        if self._starting is None or self._starting.done():
            self._starting = loop.start(self._start())

    def send(self, command: Command) -> None:
        """Hand a command over. Never blocks."""
        if self._started:
            self._client.send(command)
        else:
            self._waiting.append(command)
            if self._given_up:
                self.start()

    async def close(self) -> None:
        """Let the engine save what it has, and end."""
        self._closing = True
        if self._starting is not None:
            await asyncio.gather(self._starting, return_exceptions=True)
        await self._client.close()

    async def _start(self) -> None:
        self._show("starting")
        await self._client.start()
        self._started = True
        for command in self._waiting:
            self._client.send(command)
        self._waiting.clear()

    def _take(self, event: Event) -> None:
        match event:
            case EngineReady():
                self.ready = event
                self._deaths = 0
                self._show("ready")
            case EngineDied():
                self.ready = None
                self._started = False
                self._waiting.clear()
                self._deaths += 1
                self._show("died")
        self.arrived.emit(event)
        if isinstance(event, EngineDied) and not self._closing:
            self._given_up = not self.restarts
            if self.restarts:
                self.start()

    def _show(self, state: str) -> None:
        self.state = state
        self.state_changed.emit(state)

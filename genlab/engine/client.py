"""The window's side of an engine process: commands out, events into the asyncio loop. No torch."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Callable
from importlib import import_module
from multiprocessing import get_context
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from queue import SimpleQueue

from genlab.engine.protocol import Command, EngineDied, Event, Shutdown


def _host(connection: Connection) -> None:
    import_module("genlab.engine.host").main(connection)


class EngineClient:
    """One engine process. Events arrive in the loop's thread; `send` never blocks.

    on_event: called with each event, EngineDied among them when the process ends by itself."""

    def __init__(self, on_event: Callable[[Event], None]) -> None:
        self._on_event = on_event
        self._process: BaseProcess | None = None
        self._commands: SimpleQueue[Command | None] = SimpleQueue()
        self._closing = False
        self._ended: asyncio.Future[None] | None = None

    @property
    def alive(self) -> bool:
        """Whether the process runs."""
        return self._process is not None and self._process.is_alive()

    @property
    def pid(self) -> int | None:
        """Its process number."""
        return None if self._process is None else self._process.pid

    async def start(self) -> None:
        """Spawn the process, without waiting until it is warm: EngineReady tells of that."""
        context = get_context("spawn")
        mine, theirs = context.Pipe()
        process = context.Process(target=_host, args=(theirs,), name="genlab-engine")
        await asyncio.get_running_loop().run_in_executor(None, process.start)
        theirs.close()
        self._process = process
        self._closing = False
        self._commands = SimpleQueue()
        loop = asyncio.get_running_loop()
        self._ended = loop.create_future()
        for target, args in (
            (self._write, (mine, self._commands)),
            (self._read, (mine, process, loop, self._ended, self._commands)),
        ):
            threading.Thread(target=target, args=args, name="genlab-client", daemon=True).start()

    def send(self, command: Command) -> None:
        """Hand a command to the engine. One that finds no engine is dropped: EngineDied has told."""
        self._commands.put(command)

    async def close(self, timeout: float = 5.0) -> None:
        """Let the engine save and end; end it by force after `timeout` seconds."""
        if self._process is None or self._ended is None:
            return
        self._closing = True
        self.send(Shutdown())
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(asyncio.shield(self._ended), timeout)
        if self._process.is_alive():
            self._process.kill()
            await self._ended
        self._process = None

    @staticmethod
    def _write(connection: Connection, commands: SimpleQueue[Command | None]) -> None:
        try:
            while (command := commands.get()) is not None:
                connection.send(command)
        except OSError:
            return

    def _read(
        self,
        connection: Connection,
        process: BaseProcess,
        loop: asyncio.AbstractEventLoop,
        ended: asyncio.Future[None],
        commands: SimpleQueue[Command | None],
    ) -> None:
        try:
            while True:
                event = connection.recv()
                loop.call_soon_threadsafe(self._deliver, process, event)
        except (EOFError, OSError):
            pass
        commands.put(None)
        process.join()
        with contextlib.suppress(RuntimeError):  # the loop may be closed by now
            loop.call_soon_threadsafe(self._end, process, ended)

    def _deliver(self, process: BaseProcess, event: Event) -> None:
        if process is self._process:
            self._on_event(event)

    def _end(self, process: BaseProcess, ended: asyncio.Future[None]) -> None:
        if not ended.done():
            ended.set_result(None)
        if process is self._process and not self._closing:
            self._on_event(EngineDied(process.exitcode, _reason(process.exitcode)))


def _reason(exitcode: int | None) -> str:
    if exitcode == -9:
        return "the engine was killed; the system does that when memory runs out"
    if exitcode is not None and exitcode < 0:
        return f"the engine crashed (signal {-exitcode})"
    return f"the engine ended by itself (exit status {exitcode})"

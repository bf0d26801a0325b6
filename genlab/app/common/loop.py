"""Qt's event loop as asyncio's: the only module that knows qasync."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import qasync
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication, QDialog, QWidget

from genlab.app.common.collector import Collector

_tasks: set[asyncio.Task[Any]] = set()
_pool = ThreadPoolExecutor(max_workers=2, thread_name_prefix="genlab")


def run(app: QApplication, main: Callable[[], Coroutine[Any, Any, int]]) -> int:
    """Run `main` in the application's event loop until it returns, then end what is still under way.

    The application does not quit by itself: `main` waits for the last window, cleans up and returns."""
    app.setQuitOnLastWindowClosed(False)
    loop = qasync.QEventLoop(app)
    asyncio.set_event_loop(loop)
    # Python sees an interrupt only when Qt hands it the processor now and then.
    heartbeat = QTimer()
    heartbeat.timeout.connect(lambda: None)
    heartbeat.start(500)
    collector = Collector()
    previous = signal.signal(signal.SIGINT, lambda *_: app.closeAllWindows())
    try:
        with loop:
            return loop.run_until_complete(_whole(main))
    finally:
        collector.stop()
        signal.signal(signal.SIGINT, previous)


async def _whole(main: Callable[[], Coroutine[Any, Any, int]]) -> int:
    try:
        return await main()
    finally:
        await finish()


def start(work: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
    """Begin a task and hold it until it is done; what it raises reaches the loop's exception handler."""
    task = asyncio.get_event_loop().create_task(work)
    _tasks.add(task)
    task.add_done_callback(_done)
    return task


def _done(task: asyncio.Task[Any]) -> None:
    _tasks.discard(task)
    if not task.cancelled() and (error := task.exception()) is not None:
        task.get_loop().call_exception_handler({"message": str(error), "exception": error, "task": task})


def on_exception(show: Callable[[BaseException], None]) -> None:
    """Have what tasks and callbacks of the running loop raise shown."""

    def handle(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        error = context.get("exception")
        if isinstance(error, BaseException):
            show(error)
        else:
            loop.default_exception_handler(context)

    asyncio.get_event_loop().set_exception_handler(handle)


def running() -> int:
    """How many tasks are under way."""
    return len(_tasks)


async def finish() -> None:
    """Cancel every task that is under way and wait for its end."""
    left = [task for task in _tasks if task is not asyncio.current_task()]
    for task in left:
        task.cancel()
    await asyncio.gather(*left, return_exceptions=True)


async def in_thread(work: Callable[..., Any], *args: Any) -> Any:
    """The result of slow work that is done off the GUI thread. Raises RuntimeError where it tries to exit,
    which would end the application."""
    return await asyncio.wrap_future(_pool.submit(_staying, work, *args))


def _staying(work: Callable[..., Any], *args: Any) -> Any:
    try:
        return work(*args)
    except SystemExit as error:
        raise RuntimeError(f"SystemExit: {error}") from error


async def shown(dialog: QDialog) -> int:
    """Open a dialog without a loop of its own; its result once it is closed."""
    future: asyncio.Future[int] = asyncio.get_event_loop().create_future()
    dialog.finished.connect(lambda result: None if future.done() else future.set_result(result))
    dialog.open()
    return await future


async def closed(window: QWidget) -> None:
    """Return once the window has emitted `closed`."""
    future: asyncio.Future[None] = asyncio.get_event_loop().create_future()
    window.closed.connect(lambda: None if future.done() else future.set_result(None))  # type: ignore[attr-defined]
    await future


async def until(condition: Callable[[], Any], timeout: float, pause: float = 0.01) -> bool:
    """Wait in the event loop until the condition holds; whether it did in time."""
    loop = asyncio.get_event_loop()
    end = loop.time() + timeout
    while not condition():
        if loop.time() > end:
            return False
        await asyncio.sleep(pause)
    return True

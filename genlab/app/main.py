"""Opens the window."""

from __future__ import annotations

import os
import sys
import time
import traceback
from types import TracebackType

from PySide6.QtCore import QEvent, QObject, QTimer, Signal
from PySide6.QtWidgets import QApplication

from genlab.app.common import loop, theme
from genlab.app.common.icons import app_icon
from genlab.app.common.words import sentence
from genlab.app.views.engine_link import EngineLink
from genlab.app.window.crash import CrashLog
from genlab.app.window.main_window import MainWindow
from genlab.app.window.store import Store
from genlab.engine import protocol as p


class FirstPaint(QObject):
    """Emits `painted` once, when the window has been drawn for the first time."""

    painted = Signal()

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        window.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Paint:
            watched.removeEventFilter(self)
            QTimer.singleShot(0, self.painted.emit)
        return False


def main(argv: list[str] | None = None) -> int:
    """Open the lab and stay until its window is closed; the exit status.

    '--smoke' shows the window, trains twenty steps, samples, writes a picture and leaves."""
    arguments = sys.argv[1:] if argv is None else argv
    app = QApplication.instance() or QApplication([sys.argv[0], *arguments])
    assert isinstance(app, QApplication)
    app.setApplicationName("GenLab")
    app.setDesktopFileName("genlab")
    app.setWindowIcon(app_icon())
    look = theme.current(app)
    theme.apply(app, look)
    if "--smoke" in arguments:
        return loop.run(app, lambda: _open(app, look, None))
    log = CrashLog()
    try:
        return loop.run(app, lambda: _open(app, look, log))
    finally:
        log.close()


async def _open(app: QApplication, look: theme.Theme, log: CrashLog | None) -> int:
    """log: what is left where the window crashes; None for a smoke test, which leaves no trace."""
    engine = EngineLink()
    store = Store.load() if log is not None else Store.fresh()
    window = MainWindow(engine, store, look, log)
    theme.watch(app, window.apply_theme)
    catch_exceptions(window)
    paint = FirstPaint(window)
    timings: dict[str, float] = {}

    def painted() -> None:
        timings["window"] = since_start()
        engine.start()
        window.begin()

    paint.painted.connect(painted)
    window.show()
    try:
        if log is None:
            from genlab.app.window.smoke import smoke_test

            return await smoke_test(window, timings)
        await loop.closed(window)
        return 0
    finally:
        unsaved = await close(engine)
        if unsaved and log is not None:
            print(f"genlab: a run could not be saved: {unsaved}", file=sys.stderr)
            log.unsaved = sentence(unsaved)
        sys.excepthook = sys.__excepthook__
        window.hide()
        window.deleteLater()


async def close(engine: EngineLink) -> str:
    """Let the engine save and end; why a run could not be saved, or ''."""
    failed: dict[str | None, str] = {}

    def hear(event: p.Event) -> None:
        match event:
            case p.Failure(run=run, what=what, channel=p.SAVING):
                failed[run] = what
            case p.Saved(run=run):
                failed.pop(run, None)

    engine.arrived.connect(hear)
    await engine.close()
    return next(iter(failed.values()), "")


def since_start() -> float:
    """Seconds since this process began."""
    try:
        with open("/proc/self/stat", encoding="ascii") as stat, open("/proc/uptime", encoding="ascii") as up:
            started = int(stat.read().rpartition(")")[2].split()[19]) / os.sysconf("SC_CLK_TCK")
            return float(up.read().split()[0]) - started
    except OSError:
        return time.process_time()


def catch_exceptions(window: MainWindow) -> None:
    """Show what goes wrong in the window itself as a card; the terminal gets it too."""

    def show(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        if issubclass(kind, KeyboardInterrupt):
            window.close()
            return
        sys.__excepthook__(kind, error, trace)
        window.workspace.cards.show_card(
            "exception",
            "Something went wrong in the window",
            [f"{kind.__name__}: {error}", "The run and its files are not affected."],
            "bad",
            details="".join(traceback.format_exception(kind, error, trace)),
        )

    sys.excepthook = show
    loop.on_exception(lambda error: show(type(error), error, error.__traceback__))

"""A window that ended without closing is told of at the next start, once, and its run is offered."""

from __future__ import annotations

import asyncio
import faulthandler
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from PySide6.QtCore import QObject, Signal

from genlab.app.main import close
from genlab.app.window import reports
from genlab.app.window.crash import CrashLog, Ended
from genlab.engine import protocol as p
from genlab.runs.places import cache_dir

HOLD = """
import faulthandler, sys
from genlab.app.window.crash import CrashLog
log = CrashLog()
log.note(sys.argv[1:])
print(log.ended is not None, flush=True)
word = sys.stdin.readline().strip()
if word == "crash":
    faulthandler._sigsegv()
elif word == "close":
    log.close()
else:
    sys.stdin.readline()
"""

WINDOW = """
import json, os, signal, sys
from genlab.app import main as app
from genlab.app.common import loop
from genlab.app.window.main_window import MainWindow

begin = MainWindow.begin

async def crash(window):
    space = window.workspace
    await loop.until(lambda: space.run.state == "ready", 60)
    window.top.train_button.click()
    await loop.until(lambda: space.run.step > 20, 60)
    print(json.dumps(space.run.folder), flush=True)
    os.kill(os.getpid(), signal.SIGSEGV)

async def look(window):
    cards = window.workspace.cards
    card = cards.card("crash")
    told = None if card is None else [card.title, card.text, card.details, list(card.buttons)]
    opened = None
    if card is not None:
        card.buttons["Open the run"].click()
        run = window.workspace.run
        await loop.until(lambda: run.state == "paused", 60)
        opened = [run.folder, run.step, [card.key for card in cards.open()]]
    print(json.dumps([told, opened]), flush=True)
    window.close()

def begun(window):
    begin(window)
    loop.start({"crash": crash, "look": look}[sys.argv[1]](window))

MainWindow.begin = begun
if __name__ == "__main__":
    raise SystemExit(app.main([]))
"""


@contextmanager
def held(*runs: str) -> Iterator[subprocess.Popen[str]]:
    """Another process that keeps a log of its own until it is told how to end."""
    command = [sys.executable, "-c", HOLD, *runs]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    process = subprocess.Popen(command, text=True, **pipes)
    with process:
        assert process.stdout is not None
        process.told = process.stdout.readline().strip()  # type: ignore[attr-defined]
        yield process
        process.kill()


def say(process: subprocess.Popen[str], word: str) -> None:
    assert process.stdin is not None
    process.stdin.write(word + "\n")
    process.stdin.flush()
    process.wait(20)


@contextmanager
def log_here() -> Iterator[CrashLog]:
    log = CrashLog()
    try:
        yield log
    finally:
        log.close()
        faulthandler.enable(sys.__stderr__)


def logs() -> list[str]:
    return sorted(path.name for path in (cache_dir() / "crashes").iterdir())


def test_a_crash_leaves_its_stack_and_its_runs_to_the_next_start_alone() -> None:
    with held("/runs/one", "/runs/two") as process:
        say(process, "crash")
    with log_here() as log:
        assert log.ended is not None
        assert log.ended.runs == ("/runs/one", "/runs/two")
        assert "Segmentation fault" in log.ended.stack
        assert "_sigsegv" in log.ended.stack or "<string>" in log.ended.stack
        assert log.ended.kept.read_text().strip() == log.ended.stack
        assert logs() == sorted([f"{os.getpid()}.log", "last.log"])
    with log_here() as log:
        assert log.ended is None
    assert logs() == ["last.log"]


def test_a_killed_process_leaves_its_runs_and_no_stack() -> None:
    with held("/runs/one") as process:
        process.kill()
        process.wait(20)
    with log_here() as log:
        assert log.ended == Ended(("/runs/one",), "", cache_dir() / "crashes" / "last.log")
    assert logs() == []


def test_what_could_not_be_saved_at_the_close_is_told_at_the_next_start() -> None:
    with log_here() as log:
        log.note(["/runs/one"])
        log.unsaved = "The disk is full."
    with log_here() as log:
        assert log.ended is not None
        assert (log.ended.runs, log.ended.stack) == (("/runs/one",), "")
        assert log.ended.unsaved == "The disk is full."
    with log_here() as log:
        assert log.ended is None


def test_the_close_of_an_engine_tells_which_run_it_could_not_save() -> None:
    class Link(QObject):
        arrived = Signal(object)

        async def close(self) -> None:
            for run, what in (("a", "the disk is full"), ("b", "it is gone")):
                self.arrived.emit(
                    p.Failure(run, "The run could not be saved", what, "", "", "", channel=p.SAVING)
                )
            self.arrived.emit(p.Saved("b", 3, True))

    assert asyncio.run(close(Link())) == "the disk is full"  # type: ignore[arg-type]


def test_a_process_that_closes_leaves_nothing() -> None:
    with held("/runs/one") as process:
        say(process, "close")
    assert logs() == []


def test_two_that_are_open_side_by_side_do_not_take_each_other_for_dead() -> None:
    with held("/runs/one") as first, held("/runs/two") as second:
        assert (first.told, second.told) == ("False", "False")  # type: ignore[attr-defined]
        with log_here() as log:
            assert log.ended is None
        say(second, "crash")
        with log_here() as log:
            assert log.ended is not None
            assert log.ended.runs == ("/runs/two",)
        assert f"{first.pid}.log" in logs()
        say(first, "close")


def test_the_latest_note_is_what_stays() -> None:
    with log_here() as log:
        path = cache_dir() / "crashes" / f"{os.getpid()}.log"
        log.note(["/runs/" + "x" * 300] * 9)
        assert len(json.loads(path.read_text())["runs"]) == 5
        log.note(["/runs/one"])
        assert json.loads(path.read_text())["runs"] == ["/runs/one"]


def test_where_no_file_can_be_kept_the_window_opens_all_the_same() -> None:
    cache_dir().parent.mkdir(parents=True, exist_ok=True)
    cache_dir().write_text("in the way")
    with log_here() as log:
        log.note(["/runs/one"])
        assert log.ended is None


def test_the_window_notes_its_runs_the_one_that_trains_first(lab, tmp_path: Path) -> None:
    class Noted:
        runs: tuple[str, ...] = ()

        def note(self, runs) -> None:
            self.runs = tuple(runs)

    async def scenario(window) -> None:
        window.log = Noted()
        first = window.workspace
        first.train_or_pause()
        assert window.log.runs == (first.run.folder,)
        first.train_or_pause()
        window.choose("gan")
        window.workspace.train_or_pause()
        assert window.log.runs == (window.workspace.run.folder, first.run.folder)
        window.workspace.reset()
        assert window.log.runs == (first.run.folder,)

    lab.run(scenario)


@pytest.mark.parametrize("stack", ["", "Fatal Python error: Segmentation fault"])
@pytest.mark.parametrize("runs", [(), ("/runs/never-made",)])
def test_without_a_run_to_open_the_card_offers_none(lab, tmp_path: Path, stack: str, runs) -> None:
    async def scenario(window) -> None:
        reports.show_ended(window.context, Ended(runs, stack, tmp_path / "last.log"))
        card = window.workspace.cards.card("crash")
        assert card.title == (
            "GenLab crashed the last time" if stack else "GenLab was ended the last time without closing"
        )
        assert ("never-made had not been saved" in card.text) == bool(runs)
        assert (str(tmp_path / "last.log") in card.text) == bool(stack)
        assert list(card.buttons) == [*(["Copy details"] if stack else []), "Dismiss"]

    lab.run(scenario)


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="a signal of POSIX")
def test_a_real_window_that_crashes_is_told_of_once_and_its_run_is_opened(tmp_path: Path) -> None:
    script = tmp_path / "window.py"
    script.write_text(WINDOW)

    def start(what: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, str(script), what], capture_output=True, text=True, timeout=100
        )

    died = start("crash")
    assert died.returncode == -signal.SIGSEGV, died.stderr
    folder = json.loads(died.stdout)
    until = time.monotonic() + 30  # the engine saves the run when its window is gone
    while Path(folder, ".lock").exists() and time.monotonic() < until:
        time.sleep(0.1)

    again = start("look")
    told, opened = json.loads(again.stdout)
    title, text, details, buttons = told
    assert title == "GenLab crashed the last time"
    assert Path(folder).name in text
    assert buttons == ["Open the run", "Copy details", "Dismiss"]
    assert "Segmentation fault" in details
    assert "window.py" in details
    assert opened[0] == folder
    assert opened[1] > 20
    assert opened[2] == []
    assert again.returncode == 0

    assert json.loads(start("look").stdout) == [None, None]

"""A lock is held by a process that lives, and by nobody else."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from genlab.runs.atomic import RunError
from genlab.runs.lock import FileLock, claim, waiting

HOLD = (
    "import sys, time; from pathlib import Path; from genlab.runs.lock import claim\n"
    "lock = claim(Path(sys.argv[1])); print('held', flush=True); sys.stdin.readline(); lock.release()"
)
Holder = Callable[[], "subprocess.Popen[str]"]


@pytest.fixture
def holder(tmp_path: Path) -> Iterator[Holder]:
    """Begin a process that holds `tmp_path` until it reads a line."""
    begun: list[subprocess.Popen[str]] = []

    def begin() -> subprocess.Popen[str]:
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
        process = subprocess.Popen([sys.executable, "-c", HOLD, str(tmp_path)], text=True, **pipes)
        begun.append(process)
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        return process

    yield begin
    for process in begun:
        process.kill()
        process.communicate()


def test_a_second_process_is_refused_and_told_who_holds(tmp_path: Path, holder: Holder) -> None:
    process = holder()
    with pytest.raises(RunError) as error:
        claim(tmp_path)
    sentence = str(error.value)
    assert sentence.startswith(f"{tmp_path} is in use: process {process.pid} on this computer has it")
    assert "\n" not in sentence


def test_a_killed_process_holds_nothing(tmp_path: Path, holder: Holder) -> None:
    process = holder()
    os.kill(process.pid, signal.SIGKILL)
    process.wait(10)
    assert (tmp_path / ".lock").exists()
    claim(tmp_path).release()
    assert not (tmp_path / ".lock").exists()


def test_who_lets_go_leaves_nothing_behind(tmp_path: Path, holder: Holder) -> None:
    process = holder()
    process.communicate("\n", timeout=10)
    assert list(tmp_path.iterdir()) == []
    claim(tmp_path).release()


def test_one_process_holds_a_folder_once(tmp_path: Path) -> None:
    first = claim(tmp_path)
    with pytest.raises(RunError, match="open twice here"):
        claim(tmp_path)
    first.release()
    first.release()
    second = claim(tmp_path)
    first.release()
    with pytest.raises(RunError, match="open twice here"):
        claim(tmp_path)
    second.release()


def test_a_file_that_its_last_holder_removed_is_not_taken_for_the_lock(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = FileLock.take(tmp_path / "l")
    assert first is not None
    opened = os.open

    def late(path: Path, *rest: int) -> int:
        """Opens before the holder lets go, and goes on after."""
        monkeypatch.setattr(os, "open", opened)
        descriptor = opened(path, *rest)
        assert first is not None
        first.release()
        return descriptor

    monkeypatch.setattr(os, "open", late)
    second = FileLock.take(tmp_path / "l")
    assert second is not None
    assert (tmp_path / "l").exists()
    assert FileLock.take(tmp_path / "l") is None
    second.release()


def test_a_note_that_cannot_be_read_still_refuses(tmp_path: Path) -> None:
    lock = claim(tmp_path)
    for note in ("", "{", '{"pid": "x"}', "\xff"):
        (tmp_path / ".lock").write_text(note, "latin-1")
        with pytest.raises(RunError, match="another process trains it"):
            claim(tmp_path)
    lock.release()


@pytest.mark.skipif(sys.platform == "win32" or os.geteuid() == 0, reason="needs a folder that is refused")
def test_a_folder_that_cannot_be_written_is_one_sentence(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    try:
        with pytest.raises(RunError, match="cannot be trained in: permission is denied"):
            claim(tmp_path)
    finally:
        tmp_path.chmod(0o700)


@pytest.mark.skipif(sys.platform == "win32", reason="nothing forks there")
def test_a_forked_child_does_not_go_on_holding(tmp_path: Path) -> None:
    """The holder forks a child that outlives it; when the holder is killed, the folder is free."""
    script = (
        "import os, sys, time; from pathlib import Path; from genlab.runs.lock import claim\n"
        "lock = claim(Path(sys.argv[1]))\n"
        "if os.fork() == 0: print(os.getpid(), flush=True)\n"  # the child itself: it has let go by then
        "time.sleep(60)"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", script, str(tmp_path)], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    child = int(process.stdout.readline())
    try:
        with pytest.raises(RunError, match="in use"):
            claim(tmp_path)
        process.kill()
        process.wait(10)
        os.kill(child, 0)
        claim(tmp_path).release()
    finally:
        os.kill(child, signal.SIGKILL)
        process.stdout.close()


def test_waiting_ends_when_the_other_lets_go_or_time_is_up(tmp_path: Path) -> None:
    lock = FileLock.take(tmp_path / "l")
    assert lock is not None
    with pytest.raises(RunError, match="others write to it"), waiting(tmp_path / "l", seconds=0.1):
        pass
    lock.release()
    with waiting(tmp_path / "l", seconds=0.0):
        assert FileLock.take(tmp_path / "l") is None
    assert not (tmp_path / "l").exists()


@pytest.mark.skipif(sys.platform == "win32", reason="the call is another there")
@pytest.mark.parametrize("number", [errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP])
def test_a_disk_without_locks_lets_one_go_on_unlocked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    def lockless(*_: object) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr("genlab.runs.lock.fcntl.flock", lockless)
    lock = claim(tmp_path)
    assert not lock.excludes
    lock.release()
    assert not (tmp_path / ".lock").exists()
    with waiting(tmp_path / "l"):
        pass

"""Locks of the operating system, held by an open file: they end with the process that holds them, however
it ends. What stands in the file serves the message alone."""

from __future__ import annotations

import contextlib
import errno
import json
import os
import socket
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from genlab.runs.atomic import RunError, plain_reason

NAME = ".lock"
LARGEST_NOTE = 4096
EVERY = 0.02
"""Seconds between two attempts of somebody who waits."""

LOCKLESS = frozenset({errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP})
"""What a disk answers that has no locks, as some network disks do."""

_held: set[int] = set()

if sys.platform == "win32":
    import msvcrt

    def _seize(descriptor: int) -> bool:
        os.lseek(descriptor, 2**30, os.SEEK_SET)  # past the note, which others read
        try:
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True

else:
    import fcntl

    def _seize(descriptor: int) -> bool:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except (BlockingIOError, PermissionError):
            return False
        return True

    def _let_go_in_child() -> None:
        for descriptor in _held:
            os.close(descriptor)
        _held.clear()

    os.register_at_fork(after_in_child=_let_go_in_child)


class FileLock:
    """A lock that this process holds until `release`. The file is there as long as somebody may hold it.

    excludes: whether it keeps others out, which a disk without locks cannot."""

    def __init__(self, path: Path, descriptor: int, excludes: bool = True) -> None:
        self.path = path
        self.excludes = excludes
        self._descriptor: int | None = descriptor
        _held.add(descriptor)

    @classmethod
    def take(cls, path: Path) -> FileLock | None:
        """The lock of a file, which is made; None where somebody holds it, this process included.

        Raises OSError where the file cannot be made or locked."""
        while True:
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
            excludes = True
            try:
                try:
                    seized = _seize(descriptor)
                except OSError as error:
                    if error.errno not in LOCKLESS:
                        raise
                    seized, excludes = True, False
                if not seized:
                    os.close(descriptor)
                    return None
                with contextlib.suppress(FileNotFoundError):
                    if os.path.samestat(os.fstat(descriptor), os.stat(path)):
                        return cls(path, descriptor, excludes)
            except BaseException:
                os.close(descriptor)
                raise
            os.close(descriptor)  # its last holder has removed the file in between

    def note(self, text: str) -> None:
        """Write into the file what others may be told. A disk that refuses leaves them untold."""
        if self._descriptor is not None:
            with contextlib.suppress(OSError):
                content = text.encode()[:LARGEST_NOTE]
                os.lseek(self._descriptor, 0, os.SEEK_SET)
                os.write(self._descriptor, content)  # over what stands there: a full disk has room for that
                os.ftruncate(self._descriptor, len(content))

    def release(self, leave: bool = False) -> None:
        """Let go, and remove the file. leave: it where it is."""
        descriptor, self._descriptor = self._descriptor, None
        if descriptor is None:
            return
        _held.discard(descriptor)
        if leave:
            os.close(descriptor)
        elif os.name == "nt":  # there, an open file cannot be removed, and one that others have open stays
            os.close(descriptor)
            with contextlib.suppress(OSError):
                self.path.unlink()
        else:
            with contextlib.suppress(OSError):
                self.path.unlink()
            os.close(descriptor)


def claim(folder: Path) -> FileLock:
    """The right to train the run in a folder. Raises RunError, which says who has it."""
    path = folder / NAME
    try:
        lock = FileLock.take(path)
    except OSError as error:
        raise RunError(f"{folder} cannot be trained in: {plain_reason(error)}") from error
    if lock is None:
        raise RunError(f"{folder} is in use: {_holder(path)}")
    now = datetime.now().astimezone().isoformat(timespec="seconds")
    lock.note(json.dumps({"pid": os.getpid(), "host": socket.gethostname(), "since": now}))
    return lock


@contextmanager
def waiting(path: Path, seconds: float = 10.0) -> Iterator[None]:
    """Hold the lock of a file for the block. Raises RunError where others hold it for too long."""
    until = time.monotonic() + seconds
    try:
        while (lock := FileLock.take(path)) is None:
            if time.monotonic() > until:
                raise RunError(f"{path.parent} is in use: others write to it")
            time.sleep(EVERY)
    except OSError as error:
        raise RunError(f"{path.parent} cannot be written to: {plain_reason(error)}") from error
    try:
        yield
    finally:
        lock.release()


def _holder(path: Path) -> str:
    try:
        with open(path, "rb") as file:
            note = json.loads(file.read(LARGEST_NOTE))
        pid, host, since = int(note["pid"]), str(note["host"]), datetime.fromisoformat(note["since"])
    except (OSError, ValueError, KeyError, TypeError):
        return "another process trains it"
    here = host == socket.gethostname()
    if here and pid == os.getpid():
        return "it is open twice here, and the other one trains it; close that first"
    where = "on this computer" if here else f"on {host}"
    return f"process {pid} {where} has it for training since {since:%Y-%m-%d %H:%M}; close it there first"

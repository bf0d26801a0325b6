"""What every test shares: one thread, no display, no user directories, no leftovers."""

from __future__ import annotations

import multiprocessing
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

# Read when numpy, torch and Qt are first loaded, so set before any test module is.
for _name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ[_name] = "1"
os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

_USER_DIRECTORIES = ("XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME")
_SESSION_HOME = tempfile.TemporaryDirectory(prefix="genlab-tests-", ignore_cleanup_errors=True)
for _name in (*_USER_DIRECTORIES, "XDG_CACHE_HOME"):
    os.environ[_name] = str(Path(_SESSION_HOME.name, _name.lower()))
os.environ["GENLAB_HOME"] = str(Path(_SESSION_HOME.name, "genlab"))


@pytest.fixture(autouse=True)
def user_directories(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give each test empty settings, data and state directories of its own."""
    home = tmp_path / "user"
    for name in _USER_DIRECTORIES:
        monkeypatch.setenv(name, str(home / name.lower()))
    monkeypatch.setenv("GENLAB_HOME", str(home / "genlab"))
    return home


@pytest.fixture(autouse=True)
def no_leftovers(request: pytest.FixtureRequest) -> Iterator[None]:
    """Fail a test of the window that leaves a top-level widget or a child process behind."""
    if "gui" not in request.path.parts:
        yield
        return
    from PySide6.QtCore import QEvent
    from PySide6.QtWidgets import QApplication

    application = request.getfixturevalue("qapp")
    widgets = set(QApplication.topLevelWidgets())
    children = set(multiprocessing.active_children())
    yield
    application.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    application.processEvents()
    left = [w for w in QApplication.topLevelWidgets() if w not in widgets and w.isVisible()]
    assert not left, f"still open: {left}"
    running = [c for c in multiprocessing.active_children() if c not in children]
    assert not running, f"still running: {running}"

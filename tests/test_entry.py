"""What ``genlab`` does first: window, verb, or the default session where there is no display."""

from __future__ import annotations

import gc
import importlib
import subprocess
import sys
from pathlib import Path

import pytest

import genlab.cli
from genlab.__main__ import has_display, main
from genlab.runs.places import runs_dir

PROBE = """
import sys
import {module}
heavy = {{"torch", "scipy", "sklearn", "PySide6", "pyqtgraph", "qasync"}} & set(sys.modules)
print(*sorted(heavy))
"""


def loaded(module: str) -> set[str]:
    """Return which heavy packages the import of `module` brings into a fresh interpreter."""
    probe = [sys.executable, "-c", PROBE.format(module=module)]
    return set(subprocess.run(probe, capture_output=True, text=True, check=True).stdout.split())


@pytest.mark.parametrize(
    ("module", "allowed"),
    [
        ("genlab", set()),
        ("genlab.__main__", set()),
        ("genlab.session.catalogue", set()),
        ("genlab.data", set()),
        ("genlab.runs", set()),
        ("genlab.engine.protocol", set()),
        ("genlab.engine.client", set()),
        ("genlab.app.main", {"PySide6", "pyqtgraph", "qasync"}),
    ],
)
def test_importing_a_module_loads_nothing_heavy_that_it_may_not_use(module: str, allowed: set[str]) -> None:
    assert loaded(module) <= allowed


def test_the_command_line_and_the_api_load_no_qt() -> None:
    assert not {"PySide6", "pyqtgraph", "qasync"} & (loaded("genlab.cli") | loaded("genlab.api"))


def test_a_submodule_is_imported_without_the_api() -> None:
    code = "from genlab import settings; import sys; sys.exit('genlab.api' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0


def test_the_names_of_the_api_are_reached_through_the_package() -> None:
    package, api = importlib.import_module("genlab"), importlib.import_module("genlab.api")
    assert package.__all__ == sorted(api.__all__)
    assert all(getattr(package, name) is getattr(api, name) for name in package.__all__)
    with pytest.raises(AttributeError, match="no_such_name"):
        _ = package.no_such_name


@pytest.mark.parametrize(
    ("environ", "system", "shown"),
    [
        ({}, "linux", False),
        ({"DISPLAY": ""}, "linux", False),
        ({"DISPLAY": ":1"}, "linux", True),
        ({"WAYLAND_DISPLAY": "wayland-0"}, "linux", True),
        ({"QT_QPA_PLATFORM": "offscreen"}, "linux", True),
        ({}, "darwin", True),
        ({}, "win32", True),
    ],
)
def test_only_linux_can_be_without_a_display(environ: dict[str, str], system: str, shown: bool) -> None:
    assert has_display(environ, system) is shown


def without_display(monkeypatch: pytest.MonkeyPatch, statuses: list[int]) -> list[list[str]]:
    """Take the display away and record what the command line is asked; it answers with `statuses`."""
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"):
        monkeypatch.delenv(name, raising=False)
    asked: list[list[str]] = []

    def answer(arguments: list[str]) -> int:
        asked.append(list(arguments))
        return statuses[len(asked) - 1]

    monkeypatch.setattr(genlab.cli, "main", answer)
    return asked


linux_only = pytest.mark.skipif(
    not sys.platform.startswith("linux"), reason="other systems always have a display"
)


@linux_only
def test_without_a_display_the_default_session_trains_and_its_grid_is_named(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = without_display(monkeypatch, [0])
    assert main([]) == 0
    run = asked[0][-1]
    assert asked == [["train", "diffusion", "moons", "--seconds", "60", "--seed", "0", "--out", run]]
    said = capsys.readouterr().out
    assert "no display" in said
    assert str(Path(run, "grid.png")) in said
    assert Path(run).parent == runs_dir()


@linux_only
def test_a_failed_training_without_a_display_names_no_grid(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    without_display(monkeypatch, [1])
    assert main([]) == 1
    assert "grid.png" not in capsys.readouterr().out


def test_a_verb_goes_to_the_command_line(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = without_display(monkeypatch, [7])
    assert main(["list", "datasets"]) == 7
    assert asked == [["list", "datasets"]]
    assert gc.isenabled()  # it is off only while verbs import


def test_the_version_is_told_by_module_execution() -> None:
    answer = subprocess.run([sys.executable, "-m", "genlab", "info"], capture_output=True, text=True)
    assert answer.returncode == 0
    assert importlib.import_module("genlab").__version__ in answer.stdout

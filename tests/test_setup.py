"""The set-up that make starts: versions, stamps, system libraries, and who may install them."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import bootstrap

LDD = """
	linux-vdso.so.1 (0x00007ffd)
	libQt6XcbQpa.so.6 => /venv/PySide6/Qt/lib/libQt6XcbQpa.so.6 (0x00007f0a)
	libxcb-icccm.so.4 => not found
	libEGL.so.1 => not found
	libxcb-icccm.so.4 => not found
	libc.so.6 => /lib/x86_64-linux-gnu/libc.so.6 (0x00007f0b)
"""
LOADER = "ImportError: libGL.so.1: cannot open shared object file: No such file or directory"


def test_missing_libraries_are_read_once_each_from_ldd_and_from_the_loader() -> None:
    assert bootstrap.missing_sonames(LDD) == ["libEGL.so.1", "libxcb-icccm.so.4"]
    assert bootstrap.missing_sonames(LOADER) == ["libGL.so.1"]
    assert bootstrap.missing_sonames("libm.so.6 => /lib/libm.so.6 (0x7f)") == []


@pytest.mark.parametrize(
    ("soname", "package"),
    [
        ("libEGL.so.1", "libegl1"),
        ("libGL.so.1", "libgl1"),
        ("libfontconfig.so.1", "libfontconfig1"),
        ("libfreetype.so.6", "libfreetype6"),
        ("libdbus-1.so.3", "libdbus-1-3"),
        ("libglib-2.0.so.0", "libglib2.0-0"),
        ("libgthread-2.0.so.0", "libglib2.0-0"),
        ("libX11.so.6", "libx11-6"),
        ("libX11-xcb.so.1", "libx11-xcb1"),
        ("libxkbcommon.so.0", "libxkbcommon0"),
        ("libxkbcommon-x11.so.0", "libxkbcommon-x11-0"),
        ("libxcb-cursor.so.0", "libxcb-cursor0"),
        ("libxcb-icccm.so.4", "libxcb-icccm4"),
        ("libxcb-image.so.0", "libxcb-image0"),
        ("libxcb-keysyms.so.1", "libxcb-keysyms1"),
        ("libxcb-randr.so.0", "libxcb-randr0"),
        ("libxcb-render-util.so.0", "libxcb-render-util0"),
        ("libxcb-shape.so.0", "libxcb-shape0"),
        ("libxcb-xinerama.so.0", "libxcb-xinerama0"),
        ("libxcb-xkb.so.1", "libxcb-xkb1"),
        ("libwayland-client.so.0", "libwayland-client0"),
        ("libgssapi_krb5.so.2", "libgssapi-krb5-2"),
        ("libz.so.1", "zlib1g"),
    ],
)
def test_each_library_of_qt_has_its_debian_package(soname: str, package: str) -> None:
    assert bootstrap.debian_package(soname) == package


@pytest.mark.parametrize(
    ("root", "apt", "terminal", "way"),
    [
        (True, True, True, "ask"),
        (True, True, False, "install"),
        (False, True, True, "print"),
        (False, True, False, "print"),
        (True, False, False, "print"),
    ],
)
def test_packages_come_in_after_a_yes_or_at_once_or_by_hand(
    root: bool, apt: bool, terminal: bool, way: str
) -> None:
    assert bootstrap.consent(root, apt, terminal) == way


def act_as(monkeypatch: pytest.MonkeyPatch, uid: int, apt: str | None, terminal: bool) -> list[list[str]]:
    """Play a person on a machine; return the list that will hold the commands run."""
    ran: list[list[str]] = []

    def record(command: list[str], **_: object) -> subprocess.CompletedProcess[str]:
        ran.append([str(part) for part in command])
        return subprocess.CompletedProcess(command, 0)

    monkeypatch.setattr(bootstrap.os, "geteuid", lambda: uid, raising=False)
    monkeypatch.setattr(bootstrap.shutil, "which", lambda name: apt)
    monkeypatch.setattr(bootstrap, "on_terminal", lambda: terminal)
    monkeypatch.setattr(bootstrap.subprocess, "run", record)
    return ran


def test_without_root_the_exact_command_is_printed_and_nothing_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    ran = act_as(monkeypatch, uid=1000, apt="/usr/bin/apt-get", terminal=True)
    command = "sudo apt-get install --yes --no-install-recommends libegl1 libgl1"
    with pytest.raises(bootstrap.SetupError, match=command):
        bootstrap.install_system_packages(["libegl1", "libgl1"], "Qt misses libEGL.so.1")
    assert ran == []


def test_root_without_a_terminal_installs_only_what_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    ran = act_as(monkeypatch, uid=0, apt="/usr/bin/apt-get", terminal=False)
    bootstrap.install_system_packages(["libegl1"], "Qt misses libEGL.so.1")
    assert [command[:5] for command in ran] == [
        ["apt-get", "install", "--yes", "--no-install-recommends", "libegl1"]
    ]


@pytest.mark.parametrize(("answer", "runs"), [("y", 1), ("yes", 1), ("", 0), ("n", 0)])
def test_root_on_a_terminal_is_asked_first(monkeypatch: pytest.MonkeyPatch, answer: str, runs: int) -> None:
    ran = act_as(monkeypatch, uid=0, apt="/usr/bin/apt-get", terminal=True)
    monkeypatch.setattr("builtins.input", lambda _: answer)
    if runs:
        bootstrap.install_system_packages(["libegl1"], "Qt misses libEGL.so.1")
    else:
        with pytest.raises(bootstrap.SetupError, match="apt-get install"):
            bootstrap.install_system_packages(["libegl1"], "Qt misses libEGL.so.1")
    assert len(ran) == runs


def test_a_machine_without_apt_is_told_what_to_look_for(monkeypatch: pytest.MonkeyPatch) -> None:
    act_as(monkeypatch, uid=0, apt=None, terminal=False)
    with pytest.raises(bootstrap.SetupError, match="libegl1"):
        bootstrap.install_system_packages(["libegl1"], "Qt misses libEGL.so.1")


@pytest.mark.parametrize(
    ("version", "fits"),
    [((3, 10), False), ((3, 11), True), ((3, 12), True), ((3, 13), True), ((3, 14), False)],
)
def test_only_python_311_to_313_is_accepted(version: tuple[int, int], fits: bool) -> None:
    reason = bootstrap.unsuitable_python(version)
    assert (reason is None) == fits
    assert fits or f"this is {version[0]}.{version[1]}" in str(reason)


def test_the_platform_follows_the_display() -> None:
    assert bootstrap.platforms({}, "linux") == []
    assert bootstrap.platforms({"DISPLAY": ":0"}, "linux") == ["xcb"]
    assert bootstrap.platforms({"DISPLAY": ":0", "WAYLAND_DISPLAY": "w"}, "linux") == ["wayland", "xcb"]
    assert bootstrap.platforms({"QT_QPA_PLATFORM": "vnc:size=9x9"}, "linux") == ["vnc"]
    assert bootstrap.platforms({}, "darwin") == ["cocoa"]


def test_a_stamp_holds_until_a_pinned_version_changes(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text("[project]\n")
    (tmp_path / "constraints.txt").write_text("numpy==2.4.6\n")
    stamp = tmp_path / "stamp.json"
    before = bootstrap.fingerprint(tmp_path)
    bootstrap.stamp_done(["genlab", "test"], before, stamp)
    bootstrap.stamp_done(["qt-xcb"], before, stamp)
    assert bootstrap.read_stamp(stamp) == dict.fromkeys(["genlab", "test", "qt-xcb"], before)
    (tmp_path / "constraints.txt").write_text("numpy==2.4.7\n")
    assert bootstrap.fingerprint(tmp_path) != before


@pytest.mark.parametrize("content", ["", "{", "[]", "\x00\xff"])
def test_an_unreadable_stamp_means_a_new_installation(tmp_path: Path, content: str) -> None:
    stamp = tmp_path / "stamp.json"
    stamp.write_text(content)
    assert bootstrap.read_stamp(stamp) == {}
    assert bootstrap.read_stamp(tmp_path / "absent.json") == {}


def test_bootstrap_needs_no_package_and_names_its_commands() -> None:
    answer = subprocess.run(
        [sys.executable, "-I", "-S", bootstrap.ROOT / "bootstrap.py"], capture_output=True, text=True
    )
    assert answer.returncode == 2
    assert all(command in answer.stderr for command in bootstrap.COMMANDS)


def test_every_command_has_its_make_target() -> None:
    makefile = (bootstrap.ROOT / "Makefile").read_text()
    targets = set(re.findall(r"^([a-z ]+):", makefile, re.MULTILINE))
    names = {name for line in targets for name in line.split()}
    assert set(bootstrap.COMMANDS) | {"clean"} <= names


def test_every_dependency_is_pinned_to_one_version() -> None:
    project = tomllib.loads((bootstrap.ROOT / "pyproject.toml").read_text())["project"]
    lines = (bootstrap.ROOT / "constraints.txt").read_text().splitlines()
    pins = dict(line.lower().split("==") for line in lines if line and not line.startswith("#"))
    wanted = project["dependencies"] + [
        line for extra in project["optional-dependencies"].values() for line in extra
    ]
    names = {re.split(r"[^\w-]", line)[0].lower() for line in wanted}
    assert names <= set(pins)
    assert (pins["torch"], pins["pyside6-essentials"]) == ("2.13.0", "6.11.3")
    assert not any("+" in version for version in pins.values())

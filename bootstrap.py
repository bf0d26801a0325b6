"""Set GenLab up and start it: what ``make run`` calls, and without make ``python bootstrap.py run``.

Runs on the standard library alone, before anything is installed. It creates ``.venv``, installs the exact
versions of ``constraints.txt`` into it, finds the system libraries that Qt misses, and then hands over. A
stamp in ``.venv`` remembers what was done for which versions, so that the next start costs nothing.
"""

from __future__ import annotations

import hashlib
import importlib.util
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import time
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Literal, NoReturn

ROOT = Path(__file__).resolve().parent
VENV = ROOT / ".venv"
STAMP = VENV / "genlab-setup.json"
BIN = VENV / ("Scripts" if os.name == "nt" else "bin")
PYTHON = BIN / ("python.exe" if os.name == "nt" else "python")
BUNDLE = ROOT / "dist" / "genlab"

OLDEST, NEWEST = (3, 11), (3, 13)

# Sonames whose Debian package does not follow from the name by Debian's own rule.
PACKAGES = {
    "libglib-2.0.so.0": "libglib2.0-0",
    "libgobject-2.0.so.0": "libglib2.0-0",
    "libgthread-2.0.so.0": "libglib2.0-0",
    "libgio-2.0.so.0": "libglib2.0-0",
    "libz.so.1": "zlib1g",
    "libbrotlidec.so.1": "libbrotli1",
    "libbrotlicommon.so.1": "libbrotli1",
}
FONT_PACKAGE = "fonts-dejavu-core"

# Starts Qt on the platform of QT_QPA_PLATFORM and counts the fonts it finds.
TRIAL = """
from PySide6.QtGui import QFontDatabase
from PySide6.QtWidgets import QApplication
import PySide6.QtSvg
application = QApplication([])
print("fonts:", len(QFontDatabase.families()))
"""

Consent = Literal["install", "ask", "print"]


class SetupError(Exception):
    """What stands in the way of the set-up, in a sentence for the person at the keyboard."""


def say(text: str) -> None:
    print(f"genlab: {text}", flush=True)


def call(command: Sequence[str | Path], failure: str, env: Mapping[str, str] | None = None) -> None:
    """Run a command in the repository; raise `SetupError` with the sentence `failure` if it fails."""
    if subprocess.run([str(part) for part in command], cwd=ROOT, env=env).returncode:
        raise SetupError(failure)


# --- Python and its packages ---------------------------------------------------------------------------


def unsuitable_python(version: tuple[int, int]) -> str | None:
    """Say why this Python cannot run GenLab, or None where it can."""
    if OLDEST <= version <= NEWEST:
        return None
    return (
        f"GenLab needs Python 3.11, 3.12 or 3.13; this is {version[0]}.{version[1]}. "
        "Name another one with: make run PYTHON=/path/to/python3.13"
    )


def fingerprint(root: Path = ROOT) -> str:
    """Hash what decides on the installed packages: two equal hashes need no installation."""
    digest = hashlib.sha256(str(root).encode())
    for name in ("pyproject.toml", "constraints.txt"):
        digest.update((root / name).read_bytes())
    return digest.hexdigest()


def read_stamp(path: Path = STAMP) -> dict[str, str]:
    """Return what was set up, by name, each with the fingerprint it was set up for."""
    try:
        stamp = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return stamp if isinstance(stamp, dict) else {}


def stamp_done(names: Iterable[str], value: str, path: Path = STAMP) -> None:
    """Remember that `names` were set up for the fingerprint `value`."""
    stamp = read_stamp(path) | dict.fromkeys(names, value)
    temporary = path.with_suffix(".tmp")
    temporary.write_text(json.dumps(stamp, indent=1), encoding="utf-8")
    temporary.replace(path)


def create_venv() -> None:
    if PYTHON.exists():
        return
    if not (importlib.util.find_spec("venv") and importlib.util.find_spec("ensurepip")):
        package = f"python{sys.version_info.major}.{sys.version_info.minor}-venv"
        install_system_packages([package], "Python here comes without venv and pip")
    say(f"creating {VENV} with Python {sys.version.split()[0]}")
    call([sys.executable, "-m", "venv", "--clear", VENV], f"{VENV} could not be created (see above)")


def install(extra: str | None) -> None:
    """Install GenLab in editable form with the exact versions of ``constraints.txt``."""
    names = [extra or "genlab", "genlab"]
    value = fingerprint()
    if PYTHON.exists() and read_stamp().get(names[0]) == value:
        return
    create_venv()
    say(
        f"installing {'GenLab' if extra is None else f'GenLab and what {extra} needs'}: some minutes at first"
    )
    began = time.monotonic()
    pip: list[str | Path] = [PYTHON, "-m", "pip", "install", "--constraint", "constraints.txt"]
    pip += ["--disable-pip-version-check", *([] if on_terminal() else ["--quiet"])]
    failure = "the packages could not be installed: pip's own words stand above; a second try continues"
    call([*pip, "setuptools"], failure)
    target = "." if extra is None else f".[{extra}]"
    call([*pip, "--no-build-isolation", "--editable", target], failure)
    stamp_done(names, value)
    say(f"installed in {time.monotonic() - began:.0f} s")


# --- System libraries ----------------------------------------------------------------------------------


def missing_sonames(output: str) -> list[str]:
    """Read the names of missing shared libraries out of ``ldd`` output or a loader's error message."""
    patterns = r"(\S+\.so[.\d]*) => not found", r"(\S+\.so[.\d]*): cannot open shared object file"
    found = {name for pattern in patterns for name in re.findall(pattern, output)}
    return sorted(name.rpartition("/")[2] for name in found)


def debian_package(soname: str) -> str:
    """Name the Debian package of a library: libEGL.so.1 is in libegl1, libdbus-1.so.3 in libdbus-1-3."""
    if soname in PACKAGES:
        return PACKAGES[soname]
    stem, _, version = soname.partition(".so")
    joint = "-" if stem[-1].isdigit() else ""
    return (stem + joint + version.lstrip(".")).lower().replace("_", "-")


def consent(root: bool, apt: bool, terminal: bool) -> Consent:
    """Decide how system packages come in: at once, after a yes, or by the person's own hand."""
    if not (root and apt):
        return "print"
    return "ask" if terminal else "install"


def on_terminal() -> bool:
    return sys.stdin is not None and sys.stdin.isatty() and sys.stdout.isatty()


def install_system_packages(packages: Sequence[str], reason: str) -> None:
    """Install Debian packages where that is allowed; otherwise raise `SetupError` with the exact command."""
    root = hasattr(os, "geteuid") and os.geteuid() == 0
    apt = shutil.which("apt-get")
    command = ["apt-get", "install", "--yes", "--no-install-recommends", *packages]
    line = shlex.join(command if root else ["sudo", *command])
    way = consent(root, apt is not None, on_terminal())
    if way == "print" and apt is None:
        raise SetupError(f"{reason}. Install what Debian calls {', '.join(packages)}, then try again")
    if way == "print":
        raise SetupError(f"{reason}. Install it with:\n    {line}")
    say(f"{reason}.")
    if way == "ask" and input(f"Run '{line}' now? [y/N] ").strip().lower() not in ("y", "yes"):
        raise SetupError(f"nothing was installed. The command is:\n    {line}")
    say(line)
    quiet = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    options = ["-qq", "-o", "Dpkg::Use-Pty=0"]
    if subprocess.run([*command, *options], env=quiet).returncode:
        call(["apt-get", "update", "-qq"], "apt-get update failed (see above)", env=quiet)
        call([*command, *options], f"apt-get could not install {', '.join(packages)} (see above)", env=quiet)


def platforms(environ: Mapping[str, str], system: str = sys.platform) -> list[str]:
    """Name Qt's platform plugins for the displays that this environment offers; none without a display."""
    if not system.startswith("linux"):
        return ["windows" if system == "win32" else "cocoa"]
    if chosen := environ.get("QT_QPA_PLATFORM"):
        return [chosen.partition(":")[0]]
    shown = {"wayland": "WAYLAND_DISPLAY", "xcb": "DISPLAY"}
    return [plugin for plugin, variable in shown.items() if environ.get(variable)]


def try_libraries(platform: str) -> list[str]:
    """Return the sonames that Qt's modules and the plugin of `platform` miss, in the loader's own words."""
    find = "import PySide6; print(PySide6.__path__[0])"
    pyside = Path(
        subprocess.run([PYTHON, "-c", find], capture_output=True, text=True, check=True).stdout.strip()
    )
    files = [pyside / f"Qt{module}.abi3.so" for module in ("Core", "Gui", "Widgets", "Svg")]
    files.append(pyside / "Qt" / "plugins" / "platforms" / f"libq{platform}.so")
    missing: set[str] = set()
    for file in files:
        loaded = subprocess.run(["ldd", file], capture_output=True, text=True)
        missing.update(missing_sonames(loaded.stdout + loaded.stderr))
    return sorted(missing)


def start_qt(platform: str) -> str:
    """Start a bare Qt application; return all that it said, with its count of fonts at the end."""
    env = os.environ | {"QT_QPA_PLATFORM": platform, "QT_DEBUG_PLUGINS": "0"}
    trial = subprocess.run([PYTHON, "-c", TRIAL], env=env, capture_output=True, text=True, timeout=60)
    return trial.stdout + trial.stderr


def provide_libraries(platform: str, started: bool = True) -> None:
    """Find the system libraries that Qt misses on Linux by trying, and install them where that is allowed.

    `started` asks for a real start of Qt on the platform, which needs its display, after the libraries load.
    """
    key, value = f"{'qt' if started else 'libraries'}-{platform}", fingerprint()
    if not sys.platform.startswith("linux") or read_stamp().get(key) == value:
        return
    if missing := try_libraries(platform):
        packages = sorted({debian_package(soname) for soname in missing})
        install_system_packages(packages, f"Qt misses system libraries: {', '.join(missing)}")
    if left := try_libraries(platform):
        raise SetupError(f"Qt still misses system libraries: {', '.join(left)}")
    if started:
        said = start_qt(platform)
        if said.rstrip().endswith("fonts: 0"):
            install_system_packages([FONT_PACKAGE], "Qt finds no font")
            said = start_qt(platform)
        if "fonts: " not in said:
            raise SetupError(f"Qt does not start on {platform}:\n{said.strip()}")
    stamp_done([key], value)


# --- The commands --------------------------------------------------------------------------------------


def become(command: Sequence[str | Path], env: Mapping[str, str]) -> NoReturn:
    """End as `command`: in its place where the system can, as its parent on Windows."""
    parts = [str(part) for part in command]
    if os.name == "nt":
        sys.exit(subprocess.run(parts, env=env).returncode)
    sys.stdout.flush()
    os.execve(parts[0], parts, dict(env))


def run(arguments: list[str]) -> None:
    install(None)
    shown = platforms(os.environ)
    try:
        for platform in shown or ["xcb"]:
            provide_libraries(platform, started=bool(shown))
    except SetupError as error:
        if shown:
            raise
        # Without a display the libraries are wanted for later: training needs none of them.
        say(f"for a window later: {error}")
    become([PYTHON, "-m", "genlab", *arguments], os.environ)


def offscreen() -> dict[str, str]:
    return os.environ | {"QT_QPA_PLATFORM": "offscreen"}


def test(arguments: list[str]) -> None:
    install("test")
    provide_libraries("offscreen")
    # What one file trains, its tests share: so whole files go to one worker. A worker that dies ends the
    # run: where another takes its place, pytest-xdist 3.8 waits for ever for the rest of the file.
    workers = ["-n", str(min(4, os.cpu_count() or 1)), "--dist", "loadfile", "--max-worker-restart=0"]
    steps: list[tuple[str, list[str | Path]]] = [
        ("ruff check", [BIN / "ruff", "check", "."]),
        ("ruff format", [BIN / "ruff", "format", "--check", "."]),
        ("mypy", [BIN / "mypy"]),
        ("import contracts", [BIN / "lint-imports"]),
        ("pytest", [PYTHON, "-m", "pytest", *workers, *arguments]),
    ]
    for name, command in steps:
        say(f"== {name}")
        call(command, f"{name} failed", env=offscreen())


def module(name: str, extra: str | None, env: Mapping[str, str], arguments: list[str]) -> NoReturn:
    install(extra)
    provide_libraries(env.get("QT_QPA_PLATFORM", "offscreen"))
    become([PYTHON, "-m", name, *arguments], env)


def bench(arguments: list[str]) -> None:
    module("genlab.bench", "test", offscreen(), arguments)


def screenshots(arguments: list[str]) -> None:
    module("genlab.bench.screenshots", None, offscreen(), arguments)


def bundle(arguments: list[str]) -> None:
    install("bundle")
    # The app takes the libraries along, so they must be here, display or not.
    for platform in ("offscreen", "xcb"):
        provide_libraries(platform, started=False)
    began = time.monotonic()
    call([PYTHON, "-m", "PyInstaller", "--noconfirm", *arguments, "genlab.spec"], "the bundle failed")
    size = sum(file.stat().st_size for file in BUNDLE.rglob("*") if file.is_file() and not file.is_symlink())
    say(f"built {BUNDLE}: {size / 1e6:.0f} MB in {time.monotonic() - began:.0f} s")


def smoke(arguments: list[str]) -> None:
    program = BUNDLE / ("genlab.exe" if os.name == "nt" else "genlab")
    if not program.exists():
        raise SetupError(f"{program} is not built yet: make bundle")
    env = dict(os.environ) if platforms(os.environ) else offscreen()
    began = time.monotonic()
    call([program, "--smoke", *arguments], "the built app failed its smoke test", env=env)
    say(f"smoke test passed in {time.monotonic() - began:.1f} s")


COMMANDS = {command.__name__: command for command in (run, test, bench, screenshots, bundle, smoke)}


def main(argv: Sequence[str]) -> int:
    if len(argv) < 1 or argv[0] not in COMMANDS:
        print(f"usage: python bootstrap.py {'|'.join(COMMANDS)} [ARGUMENT ...]", file=sys.stderr)
        return 2
    try:
        if reason := unsuitable_python(sys.version_info[:2]):
            raise SetupError(reason)
        COMMANDS[argv[0]](list(argv[1:]))
    except SetupError as error:
        print(f"genlab: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

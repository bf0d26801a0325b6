"""The files that ship: found in the working tree and by the wheel, and no package left out."""

from __future__ import annotations

import importlib.resources
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent


def shipped_files() -> set[str]:
    files = (
        file.relative_to(ROOT / "resources") for file in (ROOT / "resources").rglob("*") if file.is_file()
    )
    return {file.as_posix() for file in files if "__pycache__" not in file.parts}


def test_resources_are_found_in_the_editable_installation() -> None:
    found = importlib.resources.files("genlab.resources")
    assert {entry.name for entry in found.iterdir()} >= {name.split("/")[0] for name in shipped_files()}


def test_every_folder_of_modules_is_a_package() -> None:
    folders = {file.parent for file in (ROOT / "genlab").rglob("*.py")}
    assert [folder for folder in sorted(folders) if not (folder / "__init__.py").exists()] == []


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build a wheel of GenLab, outside the working tree, and return its path."""
    folder = tmp_path_factory.mktemp("wheel")
    code = "import sys; from setuptools import build_meta; print(build_meta.build_wheel(sys.argv[1]))"
    source = folder / "source"
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT, capture_output=True, text=True, check=True,
    )  # fmt: skip
    for name in listed.stdout.splitlines():
        if name.startswith(("genlab/", "resources/")) or "/" not in name:
            target = source / name
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes((ROOT / name).read_bytes())
    subprocess.run([sys.executable, "-c", code, str(folder)], cwd=source, check=True, capture_output=True)
    return next(folder.glob("*.whl"))


def test_the_wheel_holds_every_module_and_every_resource(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
    modules = {file.relative_to(ROOT).as_posix() for file in (ROOT / "genlab").rglob("*.py")}
    assert names >= modules
    assert names >= {f"genlab/resources/{name}" for name in shipped_files()}
    assert not any(name.startswith(("tests/", "resources/", "bootstrap")) for name in names)


def test_importlib_finds_the_resources_inside_the_wheel(wheel: Path) -> None:
    code = (
        "import sys; sys.path.insert(0, sys.argv[1]); import importlib.resources as r; "
        "files = r.files('genlab.resources'); print(files); "
        "print(*sorted(entry.name for entry in files.iterdir()))"
    )
    # -S keeps the editable installation out, so that the wheel alone answers.
    answer = subprocess.run(
        [sys.executable, "-I", "-S", "-c", code, str(wheel)], capture_output=True, text=True, check=True
    )
    where, names = answer.stdout.splitlines()
    assert str(wheel) in where
    assert set(names.split()) >= {name.split("/")[0] for name in shipped_files()}

"""Plug-ins as a person installs them: with pip, into a folder of their own, seen by fresh processes."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "docs" / "examples"

VERBS = """
import contextlib, io, json, sys
from genlab.cli import main
found = []
for words in sys.argv[1:]:
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        status = main(json.loads(words))
    found.append([status, out.getvalue(), err.getvalue()])
print(json.dumps(found))
"""


@dataclass(frozen=True)
class Done:
    """What a command left."""

    status: int
    out: str
    err: str


@dataclass(frozen=True)
class Lab:
    """GenLab beside the plug-ins in a folder."""

    plugins: Path

    def install(self, package: Path) -> None:
        """Install a package as `pip install PACKAGE` does, offline."""
        copied = self.plugins.parent / "sources" / package.name
        shutil.copytree(package, copied, ignore=shutil.ignore_patterns("__pycache__", "build", "*.egg-info"))
        options = [
            "--no-deps",
            "--no-build-isolation",
            "--no-index",
            "--quiet",
            "--target",
            str(self.plugins),
        ]
        done = subprocess.run(
            [sys.executable, "-m", "pip", "install", *options, str(copied)], capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr

    def python(self, *arguments: object, cwd: Path | None = None) -> Done:
        """A fresh interpreter that sees the plug-ins."""
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join((str(self.plugins), str(ROOT)))}
        done = subprocess.run(
            [sys.executable, *map(str, arguments)], cwd=cwd, env=environment, capture_output=True, text=True
        )
        return Done(done.returncode, done.stdout, done.stderr)

    def genlab(self, *arguments: object, cwd: Path | None = None) -> Done:
        """A verb of the command line."""
        return self.python("-m", "genlab", *arguments, cwd=cwd)

    def verbs(self, *commands: list[object]) -> list[Done]:
        """Several verbs, one after another in one fresh process, which saves the time of starting it."""
        done = self.python("-c", VERBS, *(json.dumps([str(word) for word in words]) for words in commands))
        assert done.status == 0, done.err
        return [Done(*each) for each in json.loads(done.out)]

    def listed(self, what: str, *more: str) -> Any:
        """What a list verb gives."""
        done = self.genlab("list", what, *more, "--json")
        assert done.status == 0, done.err
        return json.loads(done.out)


@pytest.fixture(scope="session")
def examples(tmp_path_factory: pytest.TempPathFactory) -> Lab:
    """Both examples, installed; not to be changed."""
    lab = Lab(tmp_path_factory.mktemp("examples") / "plugins")
    lab.plugins.mkdir()
    for package in ("genlab-ngram", "genlab-rose"):
        lab.install(EXAMPLES / package)
    return lab


@pytest.fixture
def lab(tmp_path: Path) -> Lab:
    """GenLab beside an empty folder of plug-ins."""
    found = Lab(tmp_path / "plugins")
    found.plugins.mkdir()
    return found


@pytest.fixture(scope="session")
def ngram(examples: Lab, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of the n-gram model on names; not to be changed."""
    run = tmp_path_factory.mktemp("ngram") / "run"
    done = examples.genlab("train", "ngram", "names", "--set", "training.threads=1", "--out", run)
    assert done.status == 0, done.err
    assert "converged" in done.err
    return run

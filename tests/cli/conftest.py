"""The command line as a person uses it, in this process or in one of its own."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

from genlab.cli import main

ROOT = Path(__file__).parents[2]
SMALL = [
    *("--set", "network.width=16"),
    *("--set", "network.depth=1"),
    *("--set", "training.pool=2000"),
    *("--set", "training.threads=1"),
]


class Result(NamedTuple):
    """What a command left: exit status and both outputs."""

    status: int
    out: str
    err: str


Genlab = Callable[..., Result]


@pytest.fixture
def genlab(capsys: pytest.CaptureFixture[str]) -> Genlab:
    """Run a verb in this process."""

    def run(*arguments: object) -> Result:
        capsys.readouterr()
        status = main([str(argument) for argument in arguments])
        return Result(status, *capsys.readouterr())

    return run


def start(*arguments: object, cwd: Path) -> subprocess.Popen[str]:
    """Start a verb in a process of its own, which hears Ctrl-C even where this one was told not to."""
    command = [sys.executable, "-m", "genlab", *map(str, arguments)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    before = signal.signal(signal.SIGINT, signal.SIG_DFL)
    try:
        return subprocess.Popen(
            command, cwd=cwd, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
    finally:
        signal.signal(signal.SIGINT, before)


@pytest.fixture(scope="session")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of 200 steps on moons; not to be changed."""
    path = tmp_path_factory.mktemp("cli") / "run"
    assert main(["train", "diffusion", "moons", "--steps", "200", *SMALL, "--out", str(path)]) == 0
    return path

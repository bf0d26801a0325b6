"""One measurement in a fresh process: ``python -m genlab.bench.child MODULE:FUNCTION JSON``.

A measurement of the window must not share its process with torch, nor one of speed with anything that
ran before. The engine process is spawned from it and imports this module again, so that it imports
nothing that costs time.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from importlib import import_module
from typing import Any


class MeasurementFailed(RuntimeError):
    """A measurement ended with an error; the message is its last words."""


def measure(function: str, timeout: float, **values: Any) -> dict[str, Any]:
    """What a 'module:function' below genlab.bench gives, called with plain values in a process of its own.

    Raises MeasurementFailed, also after `timeout` seconds."""
    command = [sys.executable, "-m", "genlab.bench.child", function, json.dumps(values)]
    try:
        done = subprocess.run(command, env=environment(), capture_output=True, text=True, timeout=timeout)
    except subprocess.TimeoutExpired as late:
        raise MeasurementFailed(f"{function} took longer than {timeout:.0f} s") from late
    if done.returncode:
        raise MeasurementFailed(f"{function}: {last_words(done.stderr) or done.returncode}")
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def environment() -> dict[str, str]:
    """This environment, with Qt drawing offscreen where there is no display."""
    found = dict(os.environ)
    displays = ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM")
    if sys.platform.startswith("linux") and not any(found.get(name) for name in displays):
        found["QT_QPA_PLATFORM"] = "offscreen"
    return found


def last_words(stderr: str) -> str:
    """The last line that is not empty."""
    lines = [line.strip() for line in stderr.splitlines() if line.strip()]
    return lines[-1] if lines else ""


def main() -> None:
    """Call the function named on the command line and print what it gives as one line of JSON."""
    module, _, name = sys.argv[1].partition(":")
    function = getattr(import_module(f"genlab.bench.{module}"), name)
    print(json.dumps(function(**json.loads(sys.argv[2]))), flush=True)


if __name__ == "__main__":
    main()

"""The entry: ``genlab`` opens the lab, ``genlab VERB ...`` works without a window.

The engine process is spawned, so its interpreter runs this module too: everything that costs time, Qt and
torch above all, is imported inside the function that needs it.
"""

from __future__ import annotations

import multiprocessing
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

WINDOW_OPTIONS = ("--smoke",)


def has_display(environ: Mapping[str, str], system: str = sys.platform) -> bool:
    """Say whether a window can be shown: on Linux that takes X11, Wayland or a platform chosen for Qt."""
    if not system.startswith("linux"):
        return True
    return any(environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"))


def fresh_run(parent: Path) -> Path:
    """Return the first of ``diffusion-moons-1``, ``-2``, ... that does not exist in `parent`."""
    number = 1
    while (parent / f"diffusion-moons-{number}").exists():
        number += 1
    return parent / f"diffusion-moons-{number}"


def train_without_window() -> int:
    """Train the default session, draw a sample grid and name it: what a machine without display gets."""
    import genlab.cli as cli

    run = fresh_run(Path("runs"))
    grid = run / "grid.png"
    print("There is no display, so the default session trains without a window: diffusion on moons, 60 s.")
    print(f"For the window, start genlab where there is one. The run goes to {run}.", flush=True)
    status = cli.main(["train", "diffusion", "moons", "--seconds", "60", "--seed", "0", "--out", str(run)])
    if status:
        return status
    status = cli.main(["sample", str(run), "--n", "2000", "--grid", str(grid)])
    if status == 0:
        print(f"Samples: {grid.resolve()}")
    return status


def main(argv: Sequence[str] | None = None) -> int:
    """Run GenLab with the arguments of the command line and return its exit status."""
    multiprocessing.freeze_support()
    arguments = list(sys.argv[1:] if argv is None else argv)
    if arguments and arguments[0] not in WINDOW_OPTIONS:
        import genlab.cli as cli

        return cli.main(arguments)
    if not arguments and not has_display(os.environ):
        return train_without_window()
    import genlab.app.main as window

    return window.main(arguments)


if __name__ == "__main__":
    sys.exit(main())

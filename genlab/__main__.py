"""The entry: ``genlab`` opens the lab, ``genlab VERB ...`` works without a window.

The engine process is spawned, so its interpreter runs this module too: everything that costs time, Qt and
torch above all, is imported inside the function that needs it.
"""

from __future__ import annotations

import gc
import multiprocessing
import os
import sys
from collections.abc import Mapping, Sequence

WINDOW_OPTIONS = ("--smoke",)


def has_display(environ: Mapping[str, str], system: str = sys.platform) -> bool:
    """Say whether a window can be shown: on Linux that takes X11, Wayland or a platform chosen for Qt."""
    if not system.startswith("linux"):
        return True
    return any(environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"))


def train_without_window() -> int:
    """Train the default session and name its sample grid: what a machine without display gets."""
    import genlab.cli as cli
    from genlab.runs.places import fresh_run_folder

    run = fresh_run_folder("diffusion", "moons")
    print("There is no display, so the default session trains without a window: diffusion on moons, 60 s.")
    print("Where there is one, genlab opens the lab.", flush=True)
    status = cli.main(["train", "diffusion", "moons", "--seconds", "60", "--seed", "0", "--out", str(run)])
    if status == 0:
        print(f"A grid of samples lies in {run / 'grid.png'}")
    return status


def _without_window(arguments: list[str]) -> int:
    """Nothing is searched for garbage that lives on or dies with the process: imports, until the engine
    begins, and all that is left in the end."""
    gc.disable()
    import genlab.cli as cli

    try:
        return cli.main(arguments)
    finally:
        gc.freeze()
        gc.enable()


def main(argv: Sequence[str] | None = None) -> int:
    """Run GenLab with the arguments of the command line and return its exit status."""
    multiprocessing.freeze_support()
    arguments = list(sys.argv[1:] if argv is None else argv)
    if arguments and arguments[0] not in WINDOW_OPTIONS:
        return _without_window(arguments)
    if not arguments and not has_display(os.environ):
        return train_without_window()
    # What is imported lives on: to search it for garbage costs a tenth of the start.
    gc.disable()
    import genlab.app.main as window

    return window.main(arguments)


if __name__ == "__main__":
    sys.exit(main())

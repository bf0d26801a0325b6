"""What a row says of the runs behind it."""

from __future__ import annotations

from pathlib import Path

from genlab.api import Run
from genlab.runs.folder import RunFolder


def trained(run: Run) -> str:
    """Seed, steps and torch threads of a run."""
    threads = RunFolder.open(Path(run.folder)).manifest["threads"]
    return f"seed {run.session.seed}: {run.step:,} steps, torch threads {threads}"

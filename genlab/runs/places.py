"""Where GenLab keeps runs, settings and what it may lose; GENLAB_HOME puts all of it elsewhere."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import platformdirs

from genlab.runs.atomic import RunError
from genlab.runs.folder import read_manifest


@dataclass(frozen=True)
class RunSummary:
    """A run as a list shows it. created: ISO 8601, local time; dataset: name for the eye."""

    path: Path
    paradigm: str
    dataset: str
    created: str
    steps: int
    seconds: float


def runs_dir() -> Path:
    """Where runs go unless told otherwise."""
    return _place("runs", platformdirs.user_data_path("genlab", appauthor=False) / "runs")


def config_dir() -> Path:
    """Where settings of the application lie."""
    return _place("config", platformdirs.user_config_path("genlab", appauthor=False))


def cache_dir() -> Path:
    """What may be deleted at any time."""
    return _place("cache", platformdirs.user_cache_path("genlab", appauthor=False))


def fresh_run_folder(paradigm: str, dataset: str) -> Path:
    """A path under `runs_dir` that is not taken: its names sort by time. Nothing is made yet."""
    stamp = datetime.now().strftime("%Y-%m-%d-%H%M%S")
    name = re.sub(r"[^\w.-]+", "-", f"{stamp}-{paradigm}-{dataset}")[:100].rstrip(".")
    path, number = runs_dir() / name, 1
    while path.exists():
        number += 1
        path = runs_dir() / f"{name}-{number}"
    return path


def recent_runs(limit: int = 20) -> list[RunSummary]:
    """Runs under `runs_dir`, the one changed last first. Folders that are not runs are passed over."""
    try:
        entries = list(os.scandir(runs_dir()))
    except OSError:
        return []
    changed: list[tuple[float, Path]] = []
    for entry in entries:
        manifest = Path(entry.path, "run.json")
        try:
            changed.append((manifest.stat().st_mtime, manifest.parent))
        except OSError:
            continue
    found: list[RunSummary] = []
    for _, path in sorted(changed, reverse=True):
        if len(found) == limit:
            break
        try:
            found.append(summary(path))
        except RunError:
            continue
    return found


def summary(path: Path) -> RunSummary:
    """A run in one line. Raises RunError where the folder is not a usable run."""
    manifest = read_manifest(path)
    try:
        dataset = manifest["dataset"]
        return RunSummary(
            path=path,
            paradigm=str(manifest["paradigm"]),
            dataset=str(dataset.get("name") or dataset["id"]),
            created=str(manifest["created"]),
            steps=int(manifest.get("steps") or 0),
            seconds=float(manifest.get("seconds") or 0),
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise RunError(f"{path / 'run.json'} lacks what every run has: {error}") from error


def _place(name: str, otherwise: Path) -> Path:
    home = os.environ.get("GENLAB_HOME")
    return Path(home).expanduser().absolute() / name if home else otherwise

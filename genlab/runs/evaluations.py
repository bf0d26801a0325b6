"""The evaluations of a run: `evaluation.json`, oldest first, bounded in number."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from genlab.runs.atomic import RunError, write_bytes
from genlab.runs.lock import waiting
from genlab.runs.tensors import read_bytes

FORMAT = 1
MOST = 100
"""Evaluations kept; beyond them the oldest go."""
LARGEST = 16 * 2**20


@dataclass(frozen=True)
class Evaluation:
    """What was measured of a run at one step. n: samples per draw. condition, sampler: values of all their
    settings; seed: of the sampler. metrics: as `genlab.metrics.report` gives them, as plain values.
    date: ISO 8601, UTC."""

    step: int
    n: int
    condition: Mapping[str, Any]
    sampler: Mapping[str, Any]
    seed: int
    versions: Mapping[str, str]
    metrics: tuple[Mapping[str, Any], ...]
    date: str


def read_evaluations(path: Path) -> tuple[Evaluation, ...]:
    """What a file holds, oldest first; nothing where it is not there. Raises RunError where it is damaged."""
    if not path.exists():
        return ()
    content = read_bytes(path, LARGEST)
    damaged = RunError(f"{path} is damaged; move it away, and evaluations are kept again")
    try:
        about = json.loads(content)
        format = int(about["format"])
        if format > FORMAT:
            raise RunError(f"{path} was written by a newer GenLab (format {format}; this one reads {FORMAT})")
        return tuple(_evaluation(entry) for entry in about["evaluations"])
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        if isinstance(error, RunError):
            raise
        raise damaged from error


def add_evaluation(path: Path, evaluation: Evaluation) -> None:
    """Put one more at the end of a file, which is replaced whole. Raises RunError: then it is as before.

    Several processes may add at once."""
    with waiting(path.with_name(f".{path.name}.lock")):
        kept = [*read_evaluations(path), evaluation][-MOST:]
        content = {"format": FORMAT, "evaluations": [asdict(entry) for entry in kept]}
        write_bytes(path, json.dumps(content, indent=1, ensure_ascii=False).encode())


def _evaluation(entry: Mapping[str, Any]) -> Evaluation:
    return Evaluation(
        step=int(entry["step"]),
        n=int(entry["n"]),
        condition=dict(entry["condition"]),
        sampler=dict(entry["sampler"]),
        seed=int(entry["seed"]),
        versions=dict(entry["versions"]),
        metrics=tuple(dict(metric) for metric in entry["metrics"]),
        date=str(entry["date"]),
    )

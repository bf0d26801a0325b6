"""Floors: what a perfect sampler scores at a given sample size, and gates that are read against them.

Two samples of one distribution are never at distance 0. The floor of a metric is its value between
independent pairs of real draws. `python -m genlab.metrics.shipped` computes those that ship with GenLab.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from hashlib import sha256
from math import isfinite
from pathlib import Path
from typing import Any

import numpy as np

from genlab.data.catalogue import BUILT_IN
from genlab.data.dataset import Dataset
from genlab.data.files.settings import FILE
from genlab.data.fixed import content_hash
from genlab.data.resources import resource
from genlab.metrics.distances import Values
from genlab.metrics.likelihood import mean_and_error
from genlab.metrics.slices import Work

PAIRS = 40
FORMAT = 1
DRAWN = 256
"""Draws by which a data set of a plug-in is known again."""
WHOLE = 2**31 - 1
"""So many of a set with fixed parts are the whole of a part."""

Statistic = Callable[[Values, Values, np.random.Generator], Work[Mapping[str, float]]]
"""(generated (n, *event), real (m, *event), rng) -> named numbers, by slices."""

DrawReal = Callable[[int, np.random.Generator], Values]
"""n real samples (n, *event); from a fixed set without repetition, at most as many as there are."""


@dataclass(frozen=True)
class Floor:
    """A metric between pairs of real draws of size n: mean, 5-95 % interval, standard error of the mean."""

    mean: float
    low: float
    high: float
    standard_error: float
    n: int
    pairs: int


@dataclass(frozen=True)
class Gate:
    """Whether a model is as good as asked. ratio: mean over the floor's mean. standard_error: of the mean."""

    passed: bool
    mean: float
    standard_error: float
    limit: float
    ratio: float


def floors(
    draw: DrawReal, n: int, statistic: Statistic, rng: np.random.Generator, pairs: int = PAIRS
) -> Work[dict[str, Floor]]:
    """Floor of every number that a statistic gives, by slices.

    Each pair is one draw of 2 n samples, split: for a fixed set of data its halves are disjoint.
    Raises ValueError where fewer than 2 n samples can be drawn, or for fewer than two pairs.
    """
    if pairs < 2:
        raise ValueError("a floor needs at least two pairs")
    values: dict[str, list[float]] = {}
    for _ in range(pairs):
        both = draw(2 * n, rng)
        if len(both) < 2 * n:
            raise ValueError(f"a floor at n = {n} needs {2 * n} real samples, there are {len(both)}")
        yield
        for key, value in (yield from statistic(both[:n], both[n:], rng)).items():
            values.setdefault(key, []).append(value)
    return {key: _summary(found, n) for key, found in values.items()}


def _summary(values: list[float], n: int) -> Floor:
    mean, error = mean_and_error(np.array(values))
    low, high = np.percentile(values, [5, 95])
    return Floor(mean, float(low), float(high), error, n, len(values))


def gate(model_values: Values, floor: Floor, limit: float) -> Gate:
    """Passed when the mean of model_values (k,) is at most limit * floor + 2 standard errors.

    model_values: a metric, lower being better, of k model draws (20 by habit), each against a fresh
    real draw of the floor's size. The standard error is that of their mean.
    """
    mean, error = mean_and_error(np.asarray(model_values, np.float64))
    return Gate(mean <= limit * floor.mean + 2 * error, mean, error, limit, mean / floor.mean)


def draw_real(dataset: Dataset) -> DrawReal:
    """Held-out real samples: fresh ones where the truth is known, else random ones of the test part."""
    if dataset.truth is not None:
        return lambda n, rng: dataset.test(n, rng).x
    held_out = held_out_part(dataset)
    return lambda n, rng: held_out[rng.permutation(len(held_out))[:n]]


def held_out_part(dataset: Dataset) -> Values:
    """The whole test part of a set with fixed parts, (m, *event)."""
    return dataset.test(WHOLE, np.random.default_rng(0)).x


def largest_n(dataset: Dataset, n: int) -> int:
    """The largest sample size up to n at which real can be compared with real."""
    return n if dataset.truth is not None else min(n, len(held_out_part(dataset)) // 2)


class FloorStore:
    """Floors that were computed before: shipped with GenLab, or kept as small JSON files in a folder.

    A floor depends on the data set (by its fingerprint, and those of plug-ins by draws too), the statistic
    and n alone: its random stream is derived from these three, so that it is the same number whoever
    computes it.
    """

    def __init__(self, folder: Path | None = None, table: Mapping[str, Any] | None = None) -> None:
        """folder: where floors are kept. table: what is known, by default what ships with GenLab."""
        self.folder = folder
        known = shipped_table() if table is None else table
        self._known = {key: _read(entry) for key, entry in known["floors"].items()}

    def table(self) -> dict[str, Any]:
        """All known floors as plain values."""
        return {
            "format": FORMAT,
            "floors": {key: _write(entry) for key, entry in sorted(self._known.items())},
        }

    def get(self, dataset: Dataset, name: str, statistic: Statistic, n: int) -> Work[dict[str, Floor]]:
        """The floors of a statistic at size n: looked up, or computed by slices and kept."""
        key = f"{_identity(dataset)}/{name}/{n}"
        if key not in self._known and self._path(key) is not None:
            self._load(key)
        if key not in self._known:
            seed = int.from_bytes(sha256(key.encode()).digest()[:8], "big")
            found = yield from floors(draw_real(dataset), n, statistic, np.random.default_rng(seed))
            self._known[key] = found
            self._save(key, found)
        return self._known[key]

    def _path(self, key: str) -> Path | None:
        return None if self.folder is None else self.folder / (key.replace("/", "-") + ".json")

    def _load(self, key: str) -> None:
        path = self._path(key)
        if path is None or not path.exists():
            return
        try:
            content = json.loads(path.read_text(encoding="utf-8"))
            if content["format"] == FORMAT:
                self._known[key] = _read(content["floors"])
        except (ValueError, KeyError, TypeError):
            return  # A damaged cache is computed anew and overwritten.

    def _save(self, key: str, found: Mapping[str, Floor]) -> None:
        path = self._path(key)
        if path is None:
            return
        path.parent.mkdir(parents=True, exist_ok=True)
        partial = path.with_suffix(f".{os.getpid()}.partial")
        partial.write_text(json.dumps({"format": FORMAT, "floors": _write(found)}), encoding="utf-8")
        os.replace(partial, path)


def _identity(dataset: Dataset) -> str:
    """What tells a data set from others. The fingerprint of one whose code may change says less than that:
    its id and settings stay while its distribution is being written."""
    if dataset.id in BUILT_IN or dataset.id == FILE.id:
        return dataset.fingerprint
    drawn = dataset.test(DRAWN, np.random.default_rng(0))
    return f"{dataset.fingerprint}/{content_hash(drawn.x, drawn.labels)[:16]}"


def _read(entry: Mapping[str, Any]) -> dict[str, Floor]:
    return {key: Floor(**value) for key, value in entry.items()}


def _write(found: Mapping[str, Floor]) -> dict[str, Any]:
    return {key: asdict(value) for key, value in found.items() if isfinite(value.mean)}


def shipped_table() -> dict[str, Any]:
    """The floors that ship with GenLab, as plain values."""
    path = resource("floors.json")
    if not path.is_file():
        return {"format": FORMAT, "floors": {}}
    content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return content

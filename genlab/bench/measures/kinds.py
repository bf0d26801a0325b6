"""The kinds of data on which the window is watched: points, small images, and a person's own images."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from genlab.data import read
from genlab.data.catalogue import DATASETS
from genlab.data.files.settings import FILE
from genlab.settings.data_info import DataInfo
from genlab.settings.paradigm import AnyParadigm

POINTS, DIGITS, OWN = "moons", "digits", "own 28x28 RGB"
KINDS = (POINTS, DIGITS, OWN)
CLASSES = ("disc", "square", "stripes")
EACH = 120
SIDE = 28
FITTED = {"baselines": {"objective.method": "mixture"}}
"""Which method is watched, of a paradigm whose usual one is done at once."""
LARGE = {"baselines": {"objective.covariance": "diag"}}
"""What a paradigm needs to learn the own images, whose axes are too many for its usual settings."""


@contextmanager
def data_of(kind: str) -> Iterator[str]:
    """Data of a kind: a built-in set, or the path of a folder."""
    if kind != OWN:
        yield kind
        return
    with tempfile.TemporaryDirectory(prefix="genlab-bench-images-") as folder:
        write_images(Path(folder))
        yield folder


def write_images(folder: Path, seed: int = 0) -> None:
    """Write a folder of 3 x 120 RGB images, 28 x 28: shapes of any colour and place, a folder each."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:SIDE, :SIDE]
    for name in CLASSES:
        (folder / name).mkdir()
        for number in range(EACH):
            (across, down), size = rng.uniform(9, 19, 2), rng.uniform(5, 9)
            inside = {
                "disc": np.hypot(x - across, y - down) < size,
                "square": np.maximum(abs(x - across), abs(y - down)) < size,
                "stripes": (x + across) % size < size / 2,
            }[name]
            ground, colour = rng.uniform(0, 120, 3), rng.uniform(120, 256, 3)
            pixels = np.where(inside[..., None], colour, ground)
            Image.fromarray(pixels.astype(np.uint8)).save(folder / name / f"{number}.png")


def session_of(paradigm: AnyParadigm, dataset: str = POINTS) -> dict[str, Any]:
    """What a paradigm trains on while it is watched: these data, or its own where it refuses points; a fit
    with a tolerance of 0, so that it is not done before the time is up."""
    if dataset == POINTS and paradigm.refuses(info_of(dataset)):
        dataset = paradigm.dataset
    endless = {"objective.tolerance": 0.0} if "tolerance" in paradigm.objective.model_fields else {}
    large = {} if dataset in DATASETS else LARGE.get(paradigm.id, {})
    settings = FITTED.get(paradigm.id, {}) | endless | large
    return {"paradigm": paradigm.id, "dataset": dataset, "settings": settings}


def info_of(dataset: str) -> DataInfo:
    """What a paradigm knows of a built-in set or of the data at a path."""
    return DATASETS[dataset].info() if dataset in DATASETS else FILE.info(read(dataset)[0])

"""The pictures of each built-in truth that ship with GenLab, readable before anything is computed.

`python -m genlab.data.shipped` makes them again.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from genlab.data.dataset import Dataset
from genlab.data.payloads import Density, Extent, Samples
from genlab.data.resources import resource
from genlab.data.truths.base import Truth
from genlab.settings.spaces import Images

COLUMNS = {1: 512, 2: 128}
"""Cells along each axis of a raster, by the dimension of the space."""
POINTS = 2000
IMAGES = 100


def truth_raster(id: str) -> Density:
    """Log density of a built-in 1-D or 2-D set at its default settings, over its extent.

    Kept in half precision: to 0.1 % of its value. Raises KeyError for a set without a known truth.
    """
    log_prob, extent, integral = _members(id, "log_prob", "extent", "integral")
    left, right, bottom, top = (float(edge) for edge in extent)
    return Density(log_prob.astype(np.float32), (left, right, bottom, top), "exact", float(integral))


def reference(id: str) -> Samples:
    """2,000 draws of a built-in set at its default settings, in half precision, with their labels.

    For the digits the first 100 of the training part. Raises KeyError for a set that none are kept of.
    """
    x, labels = _members(id, "x", "labels")
    return Samples(x.astype(np.float32), None, labels.astype(np.int64), index=1, total=1, time=0.0, nfe=0)


def is_shipped(id: str) -> bool:
    """Whether `reference` has draws of this set."""
    with resource("data", "truth.npz").open("rb") as file, np.load(file, allow_pickle=False) as arrays:
        return f"{id}.x" in arrays.files


def draws_of(dataset: Dataset, n: int = POINTS) -> Samples:
    """At most n labelled examples of a data set: fresh ones, or random ones of its training part."""
    rng = np.random.default_rng(0)
    draw = dataset.train(n, rng)
    rows = np.arange(n) if dataset.truth is not None else rng.permutation(len(draw.x))[:n]
    labels = None if draw.labels is None else draw.labels[rows]
    return Samples(draw.x[rows], None, labels, index=1, total=1, time=0.0, nfe=0)


def density_of(dataset: Dataset) -> Density | None:
    """The exact log density of a data set over its extent; None where it is not known or cannot be drawn."""
    truth = dataset.truth
    if not isinstance(truth, Truth) or truth.dim not in COLUMNS:
        return None
    log_prob = _raster(truth, COLUMNS[truth.dim]).astype(np.float32)
    return Density(log_prob, truth.extent, "exact", truth.mass(truth.extent))


def grid(extent: Extent, dim: int, columns: int) -> NDArray[np.float64]:
    """Cell centres of a regular grid over the extent, row by row from the lowest y, (cells, dim)."""
    centres = (np.arange(columns) + 0.5) / columns
    x = extent[0] + centres * (extent[1] - extent[0])
    if dim == 1:
        return x[:, None]
    y = extent[2] + centres * (extent[3] - extent[2])
    across, up = np.meshgrid(x, y)
    return np.stack([across.ravel(), up.ravel()], axis=1)


def compute(truth: Truth, columns: int, points: int) -> dict[str, NDArray[np.generic]]:
    """What is kept of one set: log_prob, extent, the mass within it, draws and labels."""
    log_prob = _raster(truth, columns)
    draw = truth.draw(points, np.random.default_rng(0))
    half = np.finfo(np.float16)
    return {
        "log_prob": np.where(np.isneginf(log_prob), log_prob, np.maximum(log_prob, half.min)).astype(
            np.float16
        ),
        "extent": np.array(truth.extent),
        "integral": np.array(truth.mass(truth.extent)),
        "x": draw.x.astype(np.float16),
        "labels": np.zeros(points, np.uint8) if draw.labels is None else draw.labels.astype(np.uint8),
    }


def images(dataset: Dataset) -> dict[str, NDArray[np.generic]]:
    """What is kept of a set of images with classes: the first of the training part, and their labels."""
    draw = dataset.train(IMAGES, np.random.default_rng(0))
    labels = np.zeros(len(draw.x), np.uint8) if draw.labels is None else draw.labels.astype(np.uint8)
    return {"x": draw.x[:IMAGES].astype(np.float16), "labels": labels[:IMAGES]}


def write(path: Path) -> None:
    """Compute and store the rasters and draws of every built-in set whose density is known and drawn, and the
    first images of those of images."""
    from genlab.data.catalogue import BUILT_IN

    arrays: dict[str, NDArray[np.generic]] = {}
    for id, record in BUILT_IN.items():
        dataset = record.make(record.settings())
        if isinstance(dataset.truth, Truth) and dataset.truth.dim in COLUMNS:
            found = compute(dataset.truth, COLUMNS[dataset.truth.dim], POINTS)
        elif isinstance(dataset.space, Images):
            found = images(dataset)
        else:
            continue
        arrays |= {f"{id}.{key}": array for key, array in found.items()}
    np.savez_compressed(path, allow_pickle=False, **arrays)


def _raster(truth: Truth, columns: int) -> NDArray[np.float64]:
    log_prob = truth.log_prob(grid(truth.extent, truth.dim, columns))
    return log_prob.reshape((columns,) * truth.dim)


def _members(id: str, *keys: str) -> tuple[NDArray[np.generic], ...]:
    with resource("data", "truth.npz").open("rb") as file, np.load(file, allow_pickle=False) as arrays:
        return tuple(arrays[f"{id}.{key}"] for key in keys)


if __name__ == "__main__":
    write(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(str(resource("data", "truth.npz"))))

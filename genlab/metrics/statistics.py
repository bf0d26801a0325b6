"""The statistics of two samples, generated and real, that apply to a data set.

One call may give several numbers that share their work. Because every statistic takes any two
samples, its floor is the same function applied to two real ones.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict
from math import prod

import numpy as np

from genlab.data.dataset import Dataset
from genlab.metrics.coverage import mode_coverage
from genlab.metrics.distances import (
    Floats,
    equal_size,
    flatten,
    sliced_wasserstein2,
    wasserstein1,
    wasserstein2_1d,
    wasserstein2_aside,
)
from genlab.metrics.features import (
    NEIGHBOURS,
    frechet_distance,
    kernel_distance,
    precision_recall_density_coverage,
)
from genlab.metrics.slices import Work, in_process
from genlab.settings.spaces import Images

Statistic = Callable[[Floats, Floats, np.random.Generator], Work[Mapping[str, float]]]
"""(generated (n, *event), real (m, *event), rng) -> named numbers, by slices."""


def line(x: Floats, y: Floats, rng: np.random.Generator) -> Work[Mapping[str, float]]:
    """W1 and W2 on the line."""
    yield
    x, y = equal_size(x, y, rng)
    return {"w1": wasserstein1(x, y), "w2": wasserstein2_1d(x, y)}


def assignment(x: Floats, y: Floats, rng: np.random.Generator) -> Work[Mapping[str, float]]:
    """Exact W2, in the helper process."""
    return {"w2": (yield from wasserstein2_aside(*equal_size(x, y, rng)))}


def sliced(x: Floats, y: Floats, rng: np.random.Generator) -> Work[Mapping[str, float]]:
    """Sliced W2 with 256 projections."""
    x, y = equal_size(x, y, rng)
    return {"sliced_w2": (yield from sliced_wasserstein2(x, y, rng))}


def neighbourhood(x: Floats, y: Floats, rng: np.random.Generator) -> Work[Mapping[str, float]]:
    """Precision, recall, density, coverage."""
    return asdict((yield from precision_recall_density_coverage(real=y, generated=x)))


def pixels(x: Floats, y: Floats, rng: np.random.Generator) -> Work[Mapping[str, float]]:
    """Frechet and kernel distance on pixels as features."""
    a, b = flatten(x), flatten(y)
    return {
        "frechet": (yield from in_process(frechet_distance, a, b)),
        "kid": (yield from kernel_distance(a, b)),
    }


def modes(centres: Floats, std: float, weights: Floats | None) -> Statistic:
    """Coverage of these modes; the real sample plays no part."""

    def compute(x: Floats, y: Floats, rng: np.random.Generator) -> Work[Mapping[str, float]]:
        yield
        found = mode_coverage(x, centres, std, weights)
        return {
            "modes_captured": float(found.modes_captured),
            "high_quality": found.high_quality,
            "std_ratio": found.std_ratio,
            "reverse_kl": found.reverse_kl,
        }

    return compute


def mode_weights(dataset: Dataset) -> Floats | None:
    """True share of each mode (k,): the class prior where every mode is a class, else None (equal shares)."""
    truth = dataset.truth
    if truth is None or truth.modes is None or len(truth.class_prior) != len(truth.modes):
        return None
    return truth.class_prior


def statistics_for(dataset: Dataset, n: int) -> dict[str, Statistic]:
    """The statistics that apply to samples of size n of this data set, by name."""
    found: dict[str, Statistic] = {}
    if prod(dataset.space.event) == 1:
        found["line"] = line
    else:
        found["assignment"] = assignment
        found["sliced"] = sliced
    truth = dataset.truth
    if truth is not None and truth.modes is not None and truth.mode_std is not None:
        found["modes"] = modes(truth.modes, truth.mode_std, mode_weights(dataset))
    if n > NEIGHBOURS:
        found["neighbourhood"] = neighbourhood
    if isinstance(dataset.space, Images) and n > 1:
        found["pixels"] = pixels
    return found

"""Statistics of two samples, generated and real.

One call may give several numbers that share their work. Because every statistic takes any two
samples, its floor is the same function applied to two real ones.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict

import numpy as np

from genlab.data.dataset import Dataset
from genlab.data.truths.base import Truth
from genlab.metrics.coverage import high_quality_share, mode_coverage
from genlab.metrics.distances import (
    Values,
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
from genlab.metrics.floors import Statistic
from genlab.metrics.records import PairMetric, Reference, coordinates
from genlab.metrics.report import Heading
from genlab.metrics.slices import Work, in_process
from genlab.settings.spaces import Images


def line(x: Values, y: Values, rng: np.random.Generator) -> Work[Mapping[str, float]]:
    """W1 and W2 on the line."""
    yield
    x, y = equal_size(x, y, rng)
    return {"w1": wasserstein1(x, y), "w2": wasserstein2_1d(x, y)}


def assignment(x: Values, y: Values, rng: np.random.Generator) -> Work[Mapping[str, float]]:
    """Exact W2, in the helper process."""
    return {"w2": (yield from wasserstein2_aside(*equal_size(x, y, rng)))}


def sliced(x: Values, y: Values, rng: np.random.Generator) -> Work[Mapping[str, float]]:
    """Sliced W2 with 256 projections."""
    x, y = equal_size(x, y, rng)
    return {"sliced_w2": (yield from sliced_wasserstein2(x, y, rng))}


def neighbourhood(x: Values, y: Values, rng: np.random.Generator) -> Work[Mapping[str, float]]:
    """Precision, recall, density, coverage."""
    return asdict((yield from precision_recall_density_coverage(real=y, generated=x)))


def pixels(x: Values, y: Values, rng: np.random.Generator) -> Work[Mapping[str, float]]:
    """Frechet and kernel distance on pixels as features."""
    a, b = flatten(x), flatten(y)
    return {
        "frechet": (yield from in_process(frechet_distance, a, b)),
        "kid": (yield from kernel_distance(a, b)),
    }


def modes(centres: Values, std: float, weights: Values | None) -> Statistic:
    """Coverage of these modes; the real sample plays no part."""

    def compute(x: Values, y: Values, rng: np.random.Generator) -> Work[Mapping[str, float]]:
        yield
        found = mode_coverage(x, centres, std, weights)
        return {
            "modes_captured": float(found.modes_captured),
            "high_quality": found.high_quality,
            "std_ratio": found.std_ratio,
            "reverse_kl": found.reverse_kl,
        }

    return compute


def mode_weights(dataset: Dataset) -> Values | None:
    """True share of each mode (k,): the class prior where every mode is a class, else None (equal shares)."""
    truth = dataset.truth
    if not isinstance(truth, Truth) or truth.modes is None or len(truth.class_prior) != len(truth.modes):
        return None
    return truth.class_prior


def _has_modes(dataset: Dataset, n: int) -> bool:
    truth = dataset.truth
    return isinstance(truth, Truth) and truth.modes is not None and truth.mode_std is not None


def _modes(dataset: Dataset) -> Statistic:
    truth = dataset.truth
    if not isinstance(truth, Truth) or truth.modes is None or truth.mode_std is None:
        raise ValueError("the modes of these data are not known")
    return modes(truth.modes, truth.mode_std, mode_weights(dataset))


def _mode_references(dataset: Dataset) -> dict[str, Reference]:
    truth = dataset.truth
    if not isinstance(truth, Truth) or truth.modes is None:
        return {}
    return {
        "modes_captured": ("modes", float(len(truth.modes))),
        "high_quality": ("isolated Gaussian modes", high_quality_share(truth.dim)),
        "std_ratio": ("exact samples", 1.0),
        "reverse_kl": ("the truth", 0.0),
    }


def _many(dataset: Dataset, n: int) -> bool:
    """Whether data have several coordinates."""
    return (coordinates(dataset.space) or 0) > 1


W2 = Heading("W2", "lower", "data units", "2-Wasserstein distance, exact by assignment", "W2")
LINE = PairMetric(
    "line",
    "Wasserstein distances",
    lambda dataset, n: coordinates(dataset.space) == 1,
    lambda dataset: line,
    {
        "w1": Heading("W1", "lower", "data units", "1-Wasserstein distance, exact"),
        "w2": W2,
    },
)
ASSIGNMENT = PairMetric(
    "assignment",
    "W2",
    _many,
    lambda dataset: assignment,
    {"w2": W2},
)
SLICED = PairMetric(
    "sliced",
    "Sliced W2",
    _many,
    lambda dataset: sliced,
    {"sliced_w2": Heading("Sliced W2", "lower", "data units", "256 random projections")},
)
MODES = PairMetric(
    "modes",
    "Mode coverage",
    _has_modes,
    _modes,
    {
        "modes_captured": Heading("Modes captured", "higher", "", "at least one sample within 3 sigma"),
        "high_quality": Heading(
            "High-quality share",
            "near",
            "",
            "samples within 3 sigma of a mode; above the floor: modes too tight",
        ),
        "std_ratio": Heading(
            "In-mode std ratio", "near", "", "spread of high-quality samples over what exact samples show"
        ),
        "reverse_kl": Heading(
            "Reverse KL of modes", "lower", "nats", "mode frequencies against the true weights"
        ),
    },
    _mode_references,
)
NEIGHBOURHOOD = PairMetric(
    "neighbourhood",
    "Precision and recall",
    lambda dataset, n: coordinates(dataset.space) is not None and n > NEIGHBOURS,
    lambda dataset: neighbourhood,
    {
        "precision": Heading("Precision", "higher", "", "k = 5"),
        "recall": Heading("Recall", "higher", "", "k = 5"),
        "density": Heading("Density", "near", "", "k = 5"),
        "coverage": Heading("Coverage", "higher", "", "k = 5"),
    },
)
PIXELS = PairMetric(
    "pixels",
    "Distances of pixels",
    lambda dataset, n: isinstance(dataset.space, Images) and n > 1,
    lambda dataset: pixels,
    {
        "frechet": Heading(
            "Frechet distance of pixels", "lower", "levels²", "on raw pixels, not Inception features"
        ),
        "kid": Heading(
            "Kernel distance of pixels", "lower", "", "unbiased MMD², cubic kernel, on raw pixels"
        ),
    },
)

"""Which modes of a mixture a model reaches, and how tightly it sits on them.

The definitions of Lin et al. 2018 (PacGAN, section 4.1): a sample is of high quality when it lies
within three standard deviations of the nearest mode's centre; a mode is captured when at least one
high-quality sample is nearest to it; reverse KL compares the histogram of modes over high-quality
samples with the true weights.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from genlab.metrics.distances import Values, flatten

RADIUS = 3.0
"""How far from a mode, in its standard deviations, a sample is of high quality."""


@dataclass(frozen=True)
class Coverage:
    """Mode coverage of a sample.

    modes_captured of modes_total. high_quality: share of samples within three standard deviations
    of a mode. std_ratio: spread of the high-quality samples about their modes, relative to what
    exact samples show there; above 1 too wide, below 1 too tight; nan without such samples.
    reverse_kl: KL(model's mode frequencies || true weights), nats; inf without such samples.
    """

    modes_captured: int
    modes_total: int
    high_quality: float
    std_ratio: float
    reverse_kl: float


def high_quality_share(dim: int) -> float:
    """Share of exact samples of an isolated Gaussian mode that are of high quality: 0.989 in the plane."""
    return _chi2_cdf(RADIUS**2, dim)


def truncated_std(dim: int) -> float:
    """Standard deviation per axis of a unit Gaussian in R^dim inside three standard deviations: 0.974
    in the plane.

    E[|z|^2 / dim given |z| <= r] = P(chi2 of dim + 2 <= r^2) / P(chi2 of dim <= r^2).
    """
    return float(np.sqrt(_chi2_cdf(RADIUS**2, dim + 2) / _chi2_cdf(RADIUS**2, dim)))


def _chi2_cdf(x: float, freedom: int) -> float:
    from scipy.special import gammainc  # scipy.stats would take half a second to import

    return float(gammainc(freedom / 2, x / 2))


def mode_coverage(
    x: Values, modes: Values, mode_std: float | Values, weights: Values | None = None
) -> Coverage:
    """Coverage of the modes (k, *event) by samples x (n, *event).

    mode_std: standard deviation per axis, data units: one, or one for each mode (k,). weights: true
    share of each mode (k,), equal ones where None. Raises ValueError for an empty sample.
    """
    from scipy.spatial.distance import cdist

    points, centres = flatten(x), flatten(modes)
    if not len(points):
        raise ValueError("samples are empty")
    std = np.broadcast_to(np.asarray(mode_std, np.float64), (len(centres),))
    truth = np.full(len(centres), 1 / len(centres)) if weights is None else np.asarray(weights, np.float64)
    truth = truth / truth.sum()

    distance: NDArray[np.float64] = cdist(points, centres) / std  # (n, k), in standard deviations
    nearest = distance.argmin(axis=1)
    radius = distance[np.arange(len(points)), nearest]
    good = radius <= RADIUS
    counts = np.bincount(nearest[good], minlength=len(centres))
    if not good.any():
        return Coverage(0, len(centres), 0.0, float("nan"), float("inf"))
    dim = centres.shape[1]
    spread = np.sqrt((radius[good] ** 2).mean() / dim)
    shares = counts[counts > 0] / counts.sum()
    return Coverage(
        modes_captured=int((counts > 0).sum()),
        modes_total=len(centres),
        high_quality=float(good.mean()),
        std_ratio=float(spread / truncated_std(dim)),
        reverse_kl=float((shares * np.log(shares / truth[counts > 0])).sum()),
    )

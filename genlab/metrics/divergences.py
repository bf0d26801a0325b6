"""Divergences between two densities known on one regular grid."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from genlab.metrics.distances import Floats


@dataclass(frozen=True)
class GridDivergences:
    """kl_pq: KL(p || q); kl_qp: KL(q || p), nats. total_variation in [0, 1].
    integral_p, integral_q: mass on the grid before normalisation."""

    kl_pq: float
    kl_qp: float
    total_variation: float
    integral_p: float
    integral_q: float


def integral_on_grid(log_p: Floats, cell: float) -> float:
    """Mass of a log density (any shape) on a grid whose cells have size `cell`, by the midpoint rule."""
    from scipy.special import logsumexp

    return float(cell * np.exp(logsumexp(np.asarray(log_p, np.float64))))


def kl_on_grid(log_p: Floats, log_q: Floats, cell: float) -> GridDivergences:
    """Divergences between two log densities on the same grid (any shape), cell size `cell`.

    Both are normalised on the grid first, so that mass outside counts in neither: divergences are
    of the two restricted to the extent, never negative. A cell where one is zero and the other not
    makes the KL towards the first infinite. Raises ValueError for unequal shapes, nan, or no mass.
    """
    from scipy.special import logsumexp

    p, q = np.asarray(log_p, np.float64).ravel(), np.asarray(log_q, np.float64).ravel()
    if np.shape(log_p) != np.shape(log_q):
        raise ValueError(f"grids differ in shape: {np.shape(log_p)} and {np.shape(log_q)}")
    if np.isnan(p).any() or np.isnan(q).any():
        raise ValueError("a log density on the grid is not a number")
    mass_p, mass_q = float(logsumexp(p)), float(logsumexp(q))
    if not (np.isfinite(mass_p) and np.isfinite(mass_q)):
        raise ValueError("a density has no finite mass on the grid")
    share_p, share_q = np.exp(p - mass_p), np.exp(q - mass_q)
    return GridDivergences(
        kl_pq=_kl(p - mass_p, q - mass_q),
        kl_qp=_kl(q - mass_q, p - mass_p),
        total_variation=float(np.abs(share_p - share_q).sum() / 2),
        integral_p=float(cell * np.exp(mass_p)),
        integral_q=float(cell * np.exp(mass_q)),
    )


def _kl(log_p: Floats, log_q: Floats) -> float:
    """Sum of p (log p - log q), with 0 log 0 = 0, in logarithms so that tiny q does not underflow."""
    held = np.exp(log_p) > 0
    return max(0.0, float((np.exp(log_p[held]) * (log_p[held] - log_q[held])).sum()))

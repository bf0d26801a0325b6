"""Likelihoods: the excess over the entropy, bits per dimension.

Logarithms are natural, densities are in data units, means are over test points.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import log, prod, sqrt

import numpy as np

from genlab.metrics.distances import Floats


def mean_and_error(values: Floats) -> tuple[float, float]:
    """Mean of independent values (n,) and its standard error: inf for fewer than two, NaN where one of them
    is not finite."""
    values = np.asarray(values, np.float64)
    if not np.isfinite(values).all():
        return float(values.mean()), float("nan")
    error = float(values.std(ddof=1) / sqrt(len(values))) if len(values) > 1 else float("inf")
    return float(values.mean()), error


def nll_above_entropy(log_p: Floats, log_q: Floats) -> tuple[float, float]:
    """KL(p || q) as the paired mean of log p(x) - log q(x) over test points x of p, and its standard error.

    log_p, log_q: (n,), nats. Pairing cancels the spread of log p, so that the error is far below
    that of the NLL itself. Raises ValueError for unequal lengths or values of log_p that are not finite.
    """
    log_p, log_q = np.asarray(log_p, np.float64), np.asarray(log_q, np.float64)
    if log_p.shape != log_q.shape or log_p.ndim != 1 or not len(log_p):
        raise ValueError(f"log densities must be two vectors of one length: {log_p.shape} and {log_q.shape}")
    if not np.isfinite(log_p).all():
        raise ValueError("the true log density is not finite at every test point")
    return mean_and_error(log_p - log_q)


@dataclass(frozen=True)
class Likelihood:
    """Negative log likelihood in nats per datum, its standard error, and in bits per dimension."""

    nll: float
    standard_error: float
    bits_per_dim: float
    n: int


def nll_summary(log_q: Floats, event: tuple[int, ...]) -> Likelihood:
    """Mean negative log likelihood of test points, from log_q (n,), nats per datum of shape `event`."""
    mean, error = mean_and_error(-np.asarray(log_q, np.float64))
    return Likelihood(mean, error, bits_per_dim(mean, event), len(log_q))


def bits_per_dim(nll: float, event: tuple[int, ...]) -> float:
    """Nats per datum to bits per dimension. For images whose levels are whole numbers (bins of width 1),
    this is the rate of a code for the levels, or a bound on it under dequantisation."""
    return nll / (log(2) * prod(event))

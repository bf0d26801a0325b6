"""Bounds on log p(x) from importance weights, and the pieces of the training loss. Nats throughout."""

from __future__ import annotations

import math

from torch import Tensor


def importance_bound(log_weights: Tensor) -> Tensor:
    """The importance-weighted bound, (n,): log of the mean weight over K, of log weights (K, n).

    It rises in K, in expectation, from the evidence bound (K = 1) to log p(x): Burda et al. (2016), eq. 8."""
    return log_weights.logsumexp(0) - math.log(len(log_weights))


def standard_error(log_weights: Tensor) -> Tensor | None:
    """Standard error of `importance_bound`, (n,), by the delta method: that of the mean weight over the
    mean. None for K = 1, which does not tell."""
    k = len(log_weights)
    if k < 2:
        return None
    weights = (log_weights - log_weights.amax(0)).exp()
    error: Tensor = weights.std(0) / (weights.mean(0) * math.sqrt(k))
    return error


def gaussian_divergence(mean: Tensor, log_scale: Tensor, to_mean: Tensor, to_log_scale: Tensor) -> Tensor:
    """KL(N(mean, scale^2) || N(to_mean, to_scale^2)) of each dimension, the shape of `mean`."""
    ratio = 2 * (log_scale - to_log_scale)
    gap = (mean - to_mean) * (-to_log_scale).exp()
    return 0.5 * (ratio.exp() + gap.square() - 1 - ratio)


def gaussian_log_prob(z: Tensor, mean: Tensor, log_scale: Tensor) -> Tensor:
    """Log density of a diagonal Gaussian at z (..., d), summed over d."""
    gap = (z - mean) * (-log_scale).exp()
    return (-0.5 * gap.square() - log_scale - 0.5 * math.log(2 * math.pi)).sum(-1)


def with_free_bits(divergences: Tensor, least: float) -> Tensor:
    """The divergence that counts, a scalar, of those of each example and dimension (n, d): the sum over
    dimensions of max(least, mean over the batch). Kingma et al. (2016), Inverse Autoregressive Flow, eq. 15.
    """
    return divergences.mean(0).clamp(min=least).sum()


def warmed_up(weight: float, progress: float, share: float) -> float:
    """A weight that rises linearly from 0 over the first `share` of the budget (Sonderby et al. 2016)."""
    return weight if share == 0 else weight * min(1.0, progress / share)

"""The loss that no denoiser can beat: what noise leaves unknown about the data."""

from __future__ import annotations

from collections.abc import Generator

import torch
from torch import Tensor

from genlab.models.denoising import Quantile, x0_log_weight
from genlab.settings.diffusion import DiffusionObjective

QUERIES = 256
POINTS = 10_000
LEVELS = 16
SLICE_ROWS = 64
ENOUGH = 30.0


def denoising_floor(
    x0: Tensor,
    labels: Tensor | None,
    objective: DiffusionObjective,
    quantile: Quantile,
    rng: torch.Generator,
) -> Generator[None, None, float]:
    """The expected weighted loss of the posterior mean, per dimension, in slices.

    The posterior of a noisy point is taken over other draws of the data. `mmse(s) / s^2 = d - s^2 J(s)`, with
    the noise level s and the Fisher information J of the noisy data, is a smooth function of s; where s is so
    small that fewer than 30 draws carry the posterior, J is that of the least level with more.

    Args:
        x0: standardised draws, shape `(n, d)`.
        labels: their classes, where the denoiser knows them, shape `(n,)`.

    Source: Guo, Shamai and Verdu (2005), Mutual Information and Minimum Mean-Square Error, for the identity.
    """
    queries, points = x0[:QUERIES], x0[QUERIES : QUERIES + POINTS]
    different = None
    if labels is not None:
        different = labels[:QUERIES, None] != labels[None, QUERIES : QUERIES + POINTS]
    noise = torch.randn(queries.shape, generator=rng, device=queries.device)
    u = (torch.arange(LEVELS, device=x0.device) + 0.5) / LEVELS
    log_snr = quantile(u)
    levels = torch.exp(-0.5 * log_snr)
    d = x0.shape[1]
    remaining = []
    carried = []
    for level in levels:
        noisy = queries + level * noise
        variances, counts = [], []
        for first in range(0, len(noisy), SLICE_ROWS):
            rows = slice(first, first + SLICE_ROWS)
            squares = (noisy[rows, None] - points).square().sum(2)
            logits = -0.5 * squares / level.square()
            if different is not None:
                logits = logits.masked_fill(different[rows], -torch.inf)
            share = logits.softmax(1)
            count = 1 / share.square().sum(1)
            variance = share @ points.square().sum(1) - (share @ points).square().sum(1)
            variances.append(variance * count / (count - 1).clamp_min(1e-3))
            counts.append(count)
            yield
        remaining.append(torch.cat(variances).mean() / level.square())
        carried.append(torch.cat(counts).quantile(0.1))
    share = torch.stack(remaining)
    known = int((torch.stack(carried) >= ENOUGH).float().argmax())
    information = (d - share[known]) / levels[known].square()
    share[:known] = d - levels[:known].square() * information
    x0_errors = share.clamp_min(0) * levels.square() / d
    weights = x0_log_weight(objective.weight, objective.target, log_snr, objective.gamma).exp()
    return float((weights * x0_errors).mean())

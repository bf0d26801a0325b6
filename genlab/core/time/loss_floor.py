"""The loss that no denoiser can beat: what noise leaves unknown about the data."""

from __future__ import annotations

from collections.abc import Callable, Generator

import torch
from torch import Tensor

from genlab.core.time.denoising import Quantile
from genlab.core.time.model import TO, TS, TimeModel
from genlab.core.training import Batch

QUERIES = 256
POINTS = 10_000
LEVELS = 16
SLICE_ROWS = 24
ENOUGH = 30.0

LogWeight = Callable[[Tensor], Tensor]
"""Of the squared error of x0, as a function of the log signal-to-noise ratio."""


def denoising_floor(
    model: TimeModel[TO, TS], batch: Batch, quantile: Quantile, log_weight: LogWeight, rng: torch.Generator
) -> Generator[None, None, float | None]:
    """The expected weighted loss of the posterior mean, per dimension, in slices; None for images and for
    data too few to tell.

    The posterior of a noisy point is taken over other draws of the data: of its class, for the share of
    examples that trains with labels.

    Args:
        quantile: of the training distribution of noise levels.
        log_weight: of the squared error of x0.
    """
    if model.images or len(batch.x) < POINTS:
        return None
    labels = batch.labels if model.classes.learned else None
    share = model.label_dropout if labels is not None else 1.0
    x0 = model.standardise(batch.x)
    total = 0.0
    for part, given in ((share, None), (1 - share, labels)):
        if part > 0:
            total += part * (yield from _floor(x0, given, quantile, log_weight, rng))
    return total


def _floor(
    x0: Tensor, labels: Tensor | None, quantile: Quantile, log_weight: LogWeight, rng: torch.Generator
) -> Generator[None, None, float]:
    """`mmse(s) / s^2 = d - s^2 J(s)`, with the noise level s and the Fisher information J of the noisy data,
    is a smooth function of s; where s is so small that fewer than 30 draws carry the posterior, J is that of
    the least level with more.

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
    return float((log_weight(log_snr).exp() * x0_errors).mean())

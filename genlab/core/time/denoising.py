"""Denoising as a regression: how noise levels are spread over a batch and how errors are weighed.

Everything is a function of the log signal-to-noise ratio, in variance-preserving coordinates
`z = a x0 + b noise` with `a^2 = snr / (1 + snr)` and `b^2 = 1 / (1 + snr)`. In them the preconditioned
network of Karras et al. (2022) predicts `-v`, so that one parametrisation serves every schedule.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor

Target = Literal["x0", "noise", "v"]
Weight = Literal["simple", "snr", "min-snr", "edm"]
Quantile = Callable[[Tensor], Tensor]
PARTS = 4


def stratified(n: int, rng: torch.Generator) -> Tensor:
    """One uniform number in each of n equal parts of (0, 1), rising, shape `(n,)`.

    Source: Kingma et al. (2021), Variational Diffusion Models, appendix I.1, with independent offsets."""
    place = torch.arange(n, device=rng.device, dtype=torch.float32)
    return (place + torch.rand(n, generator=rng, device=rng.device)) / n


def log_error_ratio(target: Target, log_snr: Tensor) -> Tensor:
    """Log of the squared error of the predicted quantity over that of x0 at the same z.

    1 for x0, snr for the noise, snr + 1 for v (Salimans & Ho 2022, section 4)."""
    if target == "x0":
        return torch.zeros_like(log_snr)
    return log_snr if target == "noise" else F.softplus(log_snr)


def x0_log_weight(weight: Weight, target: Target, log_snr: Tensor, gamma: float) -> Tensor:
    """Log weight of the squared error of x0.

    `simple` weighs what is predicted evenly; `snr` is snr; `min-snr` is min(snr, gamma) (Hang et al. 2023,
    eq. 8); `edm` is snr + 1, which is `(sigma^2 + sigma_data^2) / (sigma sigma_data)^2` of Karras et al.
    (2022, table 1) for data of unit variance."""
    match weight:
        case "simple":
            return log_error_ratio(target, log_snr)
        case "snr":
            return log_snr
        case "min-snr":
            return log_snr.clamp(max=math.log(gamma))
        case "edm":
            return F.softplus(log_snr)


def loss_weight(weight: Weight, target: Target, log_snr: Tensor, gamma: float) -> Tensor:
    """Weight of the squared error of the predicted quantity, `(n,)`; finite at both ends."""
    ratio = x0_log_weight(weight, target, log_snr, gamma) - log_error_ratio(target, log_snr)
    return ratio.exp()


def by_level(losses: Tensor) -> dict[str, Tensor]:
    """Means of quarters of losses `(n,)` sorted by noise: `level 1` (least noise) to `level 4`. With fewer
    losses than quarters, some repeat."""
    n = len(losses)
    if n % PARTS == 0:
        means = list(losses.reshape(PARTS, -1).mean(1).unbind())
    else:
        edges = [k * n // PARTS for k in range(PARTS + 1)]
        means = [losses[low : max(high, low + 1)].mean() for low, high in itertools.pairwise(edges)]
    return {f"level {k}": mean for k, mean in enumerate(means, 1)}

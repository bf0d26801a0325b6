"""Between data units and the numbers that a flow bends: points are standardised, images become logits."""

from __future__ import annotations

from math import log

import torch
from torch import Tensor

ALPHA = 0.05
"""How far the ends of the levels are kept from 0 and 1."""


def to_logits(x: Tensor, levels: int) -> tuple[Tensor, Tensor]:
    """Dequantised images x `(n, *event)` in [-1/2, levels - 1/2) as logits of the same shape, and the log of
    the volume change `(n,)`: y = logit(alpha + (1 - 2 alpha) (x + 1/2) / levels).

    Source: Dinh et al. (2017), Density estimation using Real NVP, section 4.1."""
    p = ALPHA + (1 - 2 * ALPHA) * (x + 0.5) / levels
    rate = log((1 - 2 * ALPHA) / levels)
    log_p, log_rest = p.log(), torch.log1p(-p)
    return log_p - log_rest, (rate - log_p - log_rest).flatten(1).sum(1)


def from_logits(y: Tensor, levels: int) -> Tensor:
    """The inverse of `to_logits`; beyond the ends of the levels it goes on, by at most a tenth of them."""
    return (torch.sigmoid(y) - ALPHA) / (1 - 2 * ALPHA) * levels - 0.5

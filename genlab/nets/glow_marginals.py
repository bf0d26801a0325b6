"""The first layer of a flow of images: each pixel, by its own distribution function, to a normal variable."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

_MOST_BINS = 32
_LEAST = 1e-14
"""Least probability that is looked up: about that of noise that single precision rounds to 0."""


class Marginals(nn.Module):
    """Each pixel's histogram as a distribution function, followed by the quantile function of N(0, 1).

    A pixel that is always 0 is uniform on one bin once it is dequantised: no affine map fits that, this one
    does so exactly. The histogram is fitted once, to a reference draw, and has a bin for each level, or 32
    where there are more; a pseudo-count keeps every bin open. Outside the range of the levels the density
    is 0.

    Args:
        levels: whole levels to fit to, shape `(n, *event)`.
        count: number of levels.
        pseudo: images' worth of evenly spread counts.

    Source: Chen and Gopinath (2000), Gaussianization (its marginal step).
    """

    log_prob: Tensor
    below: Tensor
    above: Tensor
    knots: Tensor

    def __init__(self, levels: Tensor, count: int, pseudo: float = 1.7) -> None:
        super().__init__()
        bins = min(count, _MOST_BINS)
        self.bin_width = count / bins
        flat = levels.flatten(1).double()
        index = ((flat + 0.5) / self.bin_width).floor().long().clamp(0, bins - 1)
        counts = torch.zeros(flat.shape[1], bins, dtype=torch.float64)
        counts.scatter_add_(1, index.T, torch.ones_like(flat.T))
        counts += pseudo / bins
        prob = counts / counts.sum(1, keepdim=True)
        zero = prob.new_zeros(len(prob), 1)
        below = torch.cat([zero, prob[:, :-1].cumsum(1)], 1)
        above = torch.cat([prob[:, 1:].flip(1).cumsum(1).flip(1), zero], 1)
        self.register_buffer("log_prob", prob.log().float())
        self.register_buffer("below", below.float())
        self.register_buffer("above", above.float())
        self.register_buffer("knots", _quantile(below[:, 1:], above[:, :-1]).float())

    def to_base(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """z of the shape of x and log|det dz/dx|, shape `(n,)`; -inf outside the range of the levels."""
        place = (x.flatten(1).T + 0.5) / self.bin_width  # (pixels, n)
        bins = self.log_prob.shape[1]
        inside = (place >= 0) & (place <= bins)
        index = place.floor().long().clamp(0, bins - 1)
        share = (place - index).clamp(0, 1)
        log_prob = self.log_prob.gather(1, index)
        prob = log_prob.exp()
        z = _quantile(
            self.below.gather(1, index) + share * prob, self.above.gather(1, index) + (1 - share) * prob
        )
        log_det = log_prob - math.log(self.bin_width) + 0.5 * (z.square() + math.log(2 * math.pi))
        log_det = log_det.masked_fill(~inside, -math.inf)
        return z.T.reshape(x.shape), log_det.sum(0)

    def to_data(self, z: Tensor) -> Tensor:
        """x of the shape of z, data units, within the range of the levels."""
        flat = z.flatten(1).T.contiguous()
        index = torch.searchsorted(self.knots, flat)
        prob = self.log_prob.gather(1, index).exp()
        # Of two nearly equal numbers, the difference is taken on the side where both are small.
        from_below = (torch.special.ndtr(flat) - self.below.gather(1, index)) / prob
        from_above = 1 - (torch.special.ndtr(-flat) - self.above.gather(1, index)) / prob
        share = torch.where(flat < 0, from_below, from_above).clamp(0, 1)
        return ((index + share) * self.bin_width - 0.5).T.reshape(z.shape)


def _quantile(below: Tensor, above: Tensor) -> Tensor:
    """The normal quantile of a probability, given it and its complement, exact in both tails."""
    low = torch.special.ndtri(below.clamp(_LEAST, 0.5))
    high = torch.special.ndtri(above.clamp(_LEAST, 0.5))
    return torch.where(below < above, low, -high)

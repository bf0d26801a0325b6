"""From whole levels to numbers with a density: uniform noise, or noise that a small flow learns to add."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod

import torch
import torch.nn.functional as F
from torch import Tensor, nn

COUPLINGS = 4
WIDTH = 24
_LOG_SCALE = 2.0
_LEAST = 1e-6
"""Noise keeps this far from both ends of its interval: beyond them lie other levels."""


class Dequantisation(nn.Module, ABC):
    """Noise u on (0, 1) for each level, and its log density: E[log p(x) - log q(u)] with x = level + u - 1/2
    is a lower bound on the log probability of the levels (Theis et al. 2016; Ho et al. 2019)."""

    @abstractmethod
    def forward(self, levels: Tensor, rng: torch.Generator) -> tuple[Tensor, Tensor]:
        """x of the shape of `levels`, `(n, *event)`, and log q `(n,)`, nats."""


class UniformDequantisation(Dequantisation):
    """The same density, 1, for all noise."""

    def forward(self, levels: Tensor, rng: torch.Generator) -> tuple[Tensor, Tensor]:
        """Uniform on [-1/2, 1/2) about each level; log q is 0."""
        u = torch.rand(levels.shape, generator=rng, device=rng.device, dtype=levels.dtype)
        return levels + u - 0.5, levels.new_zeros(len(levels))


class VariationalDequantisation(Dequantisation):
    """Noise from affine couplings on a checkerboard that see the levels, then the normal distribution
    function. The couplings begin as the identity, and the noise as uniform.

    Args:
        event: shape of an image, `(channels, height, width)`.
        count: number of levels.

    Source: Ho et al. (2019), Flow++, section 3.1.
    """

    mask: Tensor

    def __init__(self, event: tuple[int, ...], count: int) -> None:
        super().__init__()
        self.count = count
        channels, height, width = event
        squares = (torch.arange(height)[:, None] + torch.arange(width)) % 2
        self.register_buffer("mask", squares.float(), persistent=False)
        self.nets = nn.ModuleList(_Net(channels) for _ in range(COUPLINGS))

    def forward(self, levels: Tensor, rng: torch.Generator) -> tuple[Tensor, Tensor]:
        """The couplings applied to normal noise."""
        h = torch.randn(levels.shape, generator=rng, device=rng.device, dtype=levels.dtype)
        log_q = _log_normal(h)
        for index, net in enumerate(self.nets):
            shift, log_scale = self._moments(net, index, h, levels)
            h = h * log_scale.exp() + shift
            log_q = log_q - log_scale.flatten(1).sum(1)
        u = torch.special.ndtr(h).clamp(_LEAST, 1 - _LEAST)
        return levels + u - 0.5, log_q - _log_normal(h)

    def log_prob(self, u: Tensor, levels: Tensor) -> Tensor:
        """log q of noise u in (0, 1), shape `(n, *event)`, for these levels: `(n,)`, nats."""
        h = torch.special.ndtri(u)
        log_q = -_log_normal(h)
        for index, net in reversed(list(enumerate(self.nets))):
            shift, log_scale = self._moments(net, index, h, levels)
            h = (h - shift) * torch.exp(-log_scale)
            log_q = log_q - log_scale.flatten(1).sum(1)
        return log_q + _log_normal(h)

    def _moments(self, net: nn.Module, index: int, h: Tensor, levels: Tensor) -> tuple[Tensor, Tensor]:
        """Shift and log scale, 0 where this coupling leaves the noise alone and looks at it."""
        seen = self.mask if index % 2 else 1 - self.mask
        shift, log_scale = net(h * seen, 2 * levels / (self.count - 1) - 1).chunk(2, 1)
        log_scale = _LOG_SCALE * torch.tanh(log_scale / _LOG_SCALE)
        return shift * (1 - seen), log_scale * (1 - seen)


class _Net(nn.Module):
    """Two convolutions over noise and levels; the last begins at zero."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.first = nn.Conv2d(2 * channels, WIDTH, 3, padding=1)
        self.last = nn.Conv2d(WIDTH, 2 * channels, 3, padding=1)
        nn.init.zeros_(self.last.weight)
        assert self.last.bias is not None
        nn.init.zeros_(self.last.bias)

    def forward(self, noise: Tensor, levels: Tensor) -> Tensor:
        out: Tensor = self.last(F.silu(self.first(torch.cat([noise, levels], 1))))
        return out


def _log_normal(h: Tensor) -> Tensor:
    return -0.5 * (h.square() + math.log(2 * math.pi)).flatten(1).sum(1)

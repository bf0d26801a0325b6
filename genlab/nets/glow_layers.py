"""The layers of a Glow: act-norm, invertible 1x1 convolution, coupling.

Each maps images `(n, channels, height, width)` towards the base with its log-determinant `(n,)`, and back.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from zuko.transforms import MonotonicRQSTransform

from genlab.nets.glow_conditioner import Conditioner, NetKind

SPLINE_BOUND = 5.0
SLOPE = 1e-3
_LOG_SCALE = 2.0
"""Largest log factor of an affine coupling, either way."""

CouplingKind = Literal["affine", "spline"]


def squeeze(x: Tensor) -> Tensor:
    """Blocks of 2 x 2 pixels as channels: `(n, c, 2h, 2w)` to `(n, 4c, h, w)`."""
    return F.pixel_unshuffle(x, 2)


def unsqueeze(x: Tensor) -> Tensor:
    """The inverse of `squeeze`."""
    return F.pixel_shuffle(x, 2)


def bounded(log_scale: Tensor) -> Tensor:
    """The same near 0, never beyond +-2: one step cannot stretch without limit."""
    return _LOG_SCALE * torch.tanh(log_scale / _LOG_SCALE)


class GlowLayer(nn.Module, ABC):
    """An invertible map of images, given labels as contexts `(n, labels)`, one-hot, or None."""

    @abstractmethod
    def to_base(self, x: Tensor, context: Tensor | None) -> tuple[Tensor, Tensor]:
        """One layer nearer to the base, and log|det| `(n,)`."""

    @abstractmethod
    def to_data(self, z: Tensor, context: Tensor | None) -> Tensor:
        """One layer nearer to the data."""


class ActNorm(GlowLayer):
    """A shift and a factor for each channel, which `initialise` sets from data.

    Source: Kingma and Dhariwal (2018), Glow, section 3.1.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.shift = nn.Parameter(torch.zeros(channels, 1, 1))
        self.log_scale = nn.Parameter(torch.zeros(channels, 1, 1))

    @torch.no_grad()
    def initialise(self, x: Tensor) -> None:
        """Give every channel of these activations zero mean and unit variance."""
        std, mean = torch.std_mean(x, (0, 2, 3), correction=0)
        self.shift.copy_(-mean[:, None, None])
        self.log_scale.copy_(-std.clamp(min=1e-6).log()[:, None, None])

    def to_base(self, x: Tensor, context: Tensor | None) -> tuple[Tensor, Tensor]:
        """`(x + shift) * scale`."""
        log_det = self.log_scale.sum() * (x.shape[2] * x.shape[3])
        return (x + self.shift) * self.log_scale.exp(), log_det.expand(len(x))

    def to_data(self, z: Tensor, context: Tensor | None) -> Tensor:
        """`z / scale - shift`."""
        return z * torch.exp(-self.log_scale) - self.shift


class InvertibleConv(GlowLayer):
    """A 1x1 convolution: the same invertible matrix mixes the channels of every pixel.

    Held as W = P L (U + diag(s)) with P a fixed permutation and s positive, so that the log-determinant is a
    sum and the inverse is two triangular solves. It begins as P, which moves the channels on by a quarter of
    their number: couplings take turns, and images on the way can be recognised, which a random rotation, the
    beginning in the paper, would prevent.

    Source: Kingma and Dhariwal (2018), Glow, section 3.2 and equation 10.
    """

    permutation: Tensor

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.register_buffer("permutation", torch.eye(channels).roll(-channels // 4, 0))
        self.lower = nn.Parameter(torch.zeros(channels, channels))
        self.upper = nn.Parameter(torch.zeros(channels, channels))
        self.log_scale = nn.Parameter(torch.zeros(channels))

    def _factors(self) -> tuple[Tensor, Tensor]:
        lower = self.lower.tril(-1) + torch.eye(len(self.lower)).to(self.lower)
        return lower, self.upper.triu(1) + torch.diag(self.log_scale.exp())

    @property
    def weight(self) -> Tensor:
        """W, shape `(channels, channels)`."""
        lower, upper = self._factors()
        weight: Tensor = self.permutation @ lower @ upper
        return weight

    def to_base(self, x: Tensor, context: Tensor | None) -> tuple[Tensor, Tensor]:
        """`W x` at every pixel."""
        log_det = self.log_scale.sum() * (x.shape[2] * x.shape[3])
        return F.conv2d(x, self.weight[:, :, None, None]), log_det.expand(len(x))

    def to_data(self, z: Tensor, context: Tensor | None) -> Tensor:
        """`W^-1 z` at every pixel."""
        lower, upper = self._factors()
        columns: Tensor = self.permutation.T @ z.movedim(1, 0).flatten(1)  # (channels, n * pixels)
        columns = torch.linalg.solve_triangular(lower, columns, upper=False, unitriangular=True)
        columns = torch.linalg.solve_triangular(upper, columns, upper=True)
        return columns.reshape(z.shape[1], len(z), *z.shape[2:]).movedim(0, 1)


class Coupling(GlowLayer):
    """Half of the channels transform the other half, each value by itself.

    Affine: `b * exp(s) + t` with |s| < 2. Spline: a monotonic rational-quadratic one on [-5, 5], the
    identity beyond.

    Sources: Dinh et al. (2017), RealNVP, section 3.2; Durkan et al. (2019), Neural Spline Flows.
    """

    def __init__(
        self,
        event: tuple[int, ...],
        kind: CouplingKind,
        bins: int,
        net: NetKind,
        width: int,
        depth: int,
        labels: int,
        dropout: float,
    ) -> None:
        super().__init__()
        channels, *sides = event
        self.kept = channels // 2
        self.bins = bins if kind == "spline" else 0
        self.numbers = 3 * bins - 1 if kind == "spline" else 2
        out = ((channels - self.kept) * self.numbers, *sides)
        self.net = Conditioner((self.kept, *sides), out, net, width, depth, labels, dropout)

    def _parameters_from(self, a: Tensor, context: Tensor | None) -> Tensor:
        numbers: Tensor = self.net(a, context)
        parts: Tensor = numbers.reshape(len(a), -1, self.numbers, *a.shape[2:]).movedim(2, -1)
        return parts  # (n, channels, h, w, numbers)

    def _spline(self, numbers: Tensor) -> MonotonicRQSTransform:
        k = self.bins
        widths, heights, slopes = numbers[..., :k], numbers[..., k : 2 * k], numbers[..., 2 * k :]
        return MonotonicRQSTransform(widths, heights, slopes, bound=SPLINE_BOUND, slope=SLOPE)

    def to_base(self, x: Tensor, context: Tensor | None) -> tuple[Tensor, Tensor]:
        """The first half as it is, the second transformed."""
        a, b = x[:, : self.kept], x[:, self.kept :]
        numbers = self._parameters_from(a, context)
        if self.bins:
            moved, log_det = self._spline(numbers).call_and_ladj(b)
        else:
            log_det = bounded(numbers[..., 0])
            moved = b * log_det.exp() + numbers[..., 1]
        return torch.cat([a, moved], 1), log_det.flatten(1).sum(1)

    def to_data(self, z: Tensor, context: Tensor | None) -> Tensor:
        """The second half transformed back."""
        a, b = z[:, : self.kept], z[:, self.kept :]
        numbers = self._parameters_from(a, context)
        if self.bins:
            moved = self._spline(numbers).inv(b)
        else:
            moved = (b - numbers[..., 1]) * torch.exp(-bounded(numbers[..., 0]))
        return torch.cat([a, moved], 1)

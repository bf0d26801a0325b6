"""Layers whose weight is divided by its largest singular value."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class SpectralLinear(nn.Linear):
    """A linear layer that stretches no vector by more than 1.

    The singular vector `u` is exact at first; `follow` takes one power iteration, which is enough to keep up
    with weights that move a little at a time. Forward passes change nothing.

    Source: Miyato et al. (2018), Spectral Normalization for GANs, algorithm 1.
    """

    u: Tensor

    def __init__(self, before: int, after: int, bias: bool = True) -> None:
        super().__init__(before, after, bias)
        self.register_buffer("u", leading_vector(self.weight))

    def forward(self, x: Tensor) -> Tensor:
        """`W x / sigma + b`, shape `(n, after)`."""
        return F.linear(x, self.weight / spectral_norm(self.weight, self.u), self.bias)

    def follow(self) -> None:
        """One power iteration after the weights have moved."""
        self.u.copy_(_iterate(self.weight, self.u))


class SpectralConv(nn.Conv2d):
    """A 3x3 convolution whose kernel, as a matrix of output channels by everything else, has norm 1."""

    u: Tensor

    def __init__(self, before: int, after: int) -> None:
        super().__init__(before, after, 3, padding=1)
        self.register_buffer("u", leading_vector(self.weight))

    def forward(self, x: Tensor) -> Tensor:
        """The convolution with the normalised kernel, shape `(n, after, rows, columns)`."""
        out: Tensor = self._conv_forward(x, self.weight / spectral_norm(self.weight, self.u), self.bias)
        return out

    def follow(self) -> None:
        """One power iteration after the weights have moved."""
        self.u.copy_(_iterate(self.weight, self.u))


def linear(before: int, after: int, spectral: bool, bias: bool = True) -> nn.Linear:
    """A linear layer, normalised or not."""
    return SpectralLinear(before, after, bias) if spectral else nn.Linear(before, after, bias)


def conv(before: int, after: int, spectral: bool) -> nn.Conv2d:
    """A 3x3 convolution, normalised or not."""
    return SpectralConv(before, after) if spectral else nn.Conv2d(before, after, 3, padding=1)


def spectral_norm(weight: Tensor, u: Tensor) -> Tensor:
    """`u^T W v` with `v = W^T u / |W^T u|`: the largest singular value where `u` belongs to it, a scalar.

    Gradients take `u` and `v` as constants, which is exact there."""
    matrix = weight.flatten(1)
    v = F.normalize(matrix.detach().T @ u, dim=0)
    sigma: Tensor = u @ matrix @ v
    return sigma


def leading_vector(weight: Tensor) -> Tensor:
    """The left singular vector of the largest singular value, (rows,)."""
    left: Tensor = torch.linalg.svd(weight.detach().flatten(1), full_matrices=False)[0]
    return left[:, 0].contiguous()


def follow(module: nn.Module) -> None:
    """Let every normalised layer of a network keep up with its weights."""
    with torch.no_grad():
        for layer in module.modules():
            if isinstance(layer, SpectralLinear | SpectralConv):
                layer.follow()


def _iterate(weight: Tensor, u: Tensor) -> Tensor:
    matrix = weight.detach().flatten(1)
    return F.normalize(matrix @ F.normalize(matrix.T @ u, dim=0), dim=0)

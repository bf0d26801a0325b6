"""Fixed features of positions and noise levels, from which a backbone begins."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

LEVEL_OCTAVES = 3


def noise_level(c_noise: Tensor) -> Tensor:
    """`sigma / alpha`, shape `(n,)`, from `c_noise = log(sigma / alpha) / 4`."""
    return torch.exp(4.0 * c_noise)


class PointFeatures(nn.Module):
    """Sine and cosine features of a noisy point and of its noise level, next to the point itself.

    With `y = z sqrt(1 + s^2)`, the point in the units of the data, and `s = sigma / alpha`: `sin(2^k y)` and
    `cos(2^k y)` for each coordinate and octave k, times `exp(-(2^k s)^2 / 2)`: the factor by which the noise
    shrinks their mean, so that detail drowned in noise is silent. The level enters as itself and as undamped
    sines and cosines.

    Undamped, they are features of z itself: for a source that is no noise and has detail of its own.

    Args:
        dim: coordinates of a point, d.
        octaves: number of octaves; 0 leaves the position as it is.
        damped: whether noise damps them.

    Attributes:
        size: number of features.

    Sources: Tancik et al. (2020), Fourier Features; the damping as integrated by Barron et al. (2021), eq.
    13.
    """

    def __init__(self, dim: int, octaves: int, damped: bool = True) -> None:
        super().__init__()
        self.damped = damped
        position = torch.kron(torch.eye(dim), 2.0 ** torch.arange(octaves))  # (d, d * octaves)
        level = math.pi * 2.0 ** torch.arange(-1.0, LEVEL_OCTAVES - 1.0)
        waves = _block_diagonal(position, level[None])  # (d + 1, waves)
        drowning = -0.5 * torch.cat([position.sum(0), torch.zeros(LEVEL_OCTAVES)]).square()
        # A cosine is a sine a quarter period on: one product and one sine serve all features.
        self.register_buffer("waves", torch.cat([waves, waves], 1), persistent=False)
        self.register_buffer("drowning", torch.cat([drowning, drowning]), persistent=False)
        quarter = torch.cat([torch.zeros(waves.shape[1]), torch.full((waves.shape[1],), math.pi / 2)])
        self.register_buffer("phase", quarter, persistent=False)
        self.size = dim + 1 + 2 * waves.shape[1]

    waves: Tensor
    drowning: Tensor
    phase: Tensor

    def forward(self, z: Tensor, c_noise: Tensor) -> Tensor:
        """Features, shape `(n, size)`, of `z`, shape `(n, d)`, and `c_noise`, shape `(n,)` or `(1,)`."""
        level = c_noise[:, None].expand(len(z), 1)
        if not self.damped:
            waves = torch.addmm(self.phase, torch.cat([z, level], 1), self.waves).sin()
            return torch.cat([z, level, waves], 1)
        square = noise_level(c_noise)[:, None].square()
        y = torch.cat([z * torch.sqrt(1.0 + square), level], 1)
        waves = torch.addmm(self.phase, y, self.waves).sin() * torch.exp(square * self.drowning)
        return torch.cat([z, level, waves], 1)

    def columns(self, z: Tensor, c_noise: Tensor) -> Tensor:
        """`forward` transposed, shape `(size, n)`, for `c_noise` of shape `(1,)`; nothing is differentiated.

        One product gives all features, each in one piece of memory.
        """
        d = z.shape[1]
        square = noise_level(c_noise).square()
        waves = self.waves[:d] * torch.sqrt(1.0 + square) if self.damped else self.waves[:d]
        slopes = torch.cat([torch.eye(d, d + 1, device=z.device), waves], 1)
        offsets = torch.cat([z.new_zeros(d), c_noise, torch.addcmul(self.phase, self.waves[d], c_noise)])
        found = torch.addmm(offsets[:, None], slopes.t(), z.t())
        found[d + 1 :].sin_()
        if self.damped:
            found[d + 1 :].mul_(torch.exp(square * self.drowning)[:, None])
        return found


def _block_diagonal(first: Tensor, second: Tensor) -> Tensor:
    out = torch.zeros(first.shape[0] + second.shape[0], first.shape[1] + second.shape[1])
    out[: first.shape[0], : first.shape[1]] = first
    out[first.shape[0] :, first.shape[1] :] = second
    return out


class LevelFeatures(nn.Module):
    """Sine and cosine features of the noise level alone, for backbones of images.

    Args:
        size: number of features, even.

    Source: Vaswani et al. (2017), section 3.5, on a continuous position.
    """

    def __init__(self, size: int) -> None:
        super().__init__()
        octaves = torch.linspace(-1.0, 5.0, size // 2)
        self.register_buffer("waves", 2.0**octaves, persistent=False)

    waves: Tensor

    def forward(self, c_noise: Tensor) -> Tensor:
        """Features, shape `(n, size)`, of `c_noise`, shape `(n,)`."""
        phase = c_noise[:, None] * self.waves
        return torch.cat([phase.sin(), phase.cos()], 1)

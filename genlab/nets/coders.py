"""Encoders and decoders: from a datum to a vector, and from a latent vector to a datum's parameters."""

from __future__ import annotations

from itertools import pairwise
from math import prod

import torch
import torch.nn.functional as F
from torch import Tensor, nn

_HIDDEN = 256


class Perceptron(nn.Module):
    """Hidden layers of SiLU units between two linear maps; with depth 0 one linear map.

    Args:
        inputs: length of the vector that comes in.
        outputs: length of the vector that goes out.
        width: units per hidden layer.
        depth: hidden layers.
        dropout: share of hidden units dropped while training.
    """

    def __init__(self, inputs: int, outputs: int, width: int, depth: int, dropout: float = 0.0) -> None:
        super().__init__()
        sizes = [inputs] + [width] * depth
        self.hidden = nn.ModuleList(nn.Linear(a, b) for a, b in pairwise(sizes))
        self.last = nn.Linear(sizes[-1], outputs)
        self.dropout = dropout

    def forward(self, x: Tensor) -> Tensor:
        """Shape `(n, outputs)`, of x `(n, *event)`, which is flattened."""
        h = x.flatten(1)
        for layer in self.hidden:
            h = F.silu(layer(h))
            if self.dropout:
                h = F.dropout(h, self.dropout, self.training)
        out: Tensor = self.last(h)
        return out


class ImageEncoder(nn.Module):
    """Convolutions from full to half and, for sides of 16 pixels and more, quarter resolution; then a layer.

    Args:
        event: shape of an image, `(channels, height, width)`.
        outputs: length of the vector that goes out.
        width: channels at full resolution; below, twice as many.
        dropout: share of units dropped while training.
    """

    def __init__(self, event: tuple[int, ...], outputs: int, width: int, dropout: float = 0.0) -> None:
        super().__init__()
        channels, *sides = event
        halvings, small = _resolutions(sides)
        self.first = nn.Conv2d(channels, width, 3, padding=1)
        widths = [width] + [2 * width] * halvings
        self.down = nn.ModuleList(nn.Conv2d(a, b, 3, padding=1, stride=2) for a, b in pairwise(widths))
        self.head = Perceptron(widths[-1] * prod(small), outputs, _HIDDEN, 1, dropout)
        self.dropout = dropout

    def forward(self, x: Tensor) -> Tensor:
        """Shape `(n, outputs)`, of images x `(n, *event)`."""
        h = F.silu(self.first(x))
        for layer in self.down:
            h = F.silu(layer(h))
        out: Tensor = self.head(F.dropout(h, self.dropout, self.training) if self.dropout else h)
        return out


class ImageDecoder(nn.Module):
    """Two layers, then convolutions that double the resolution up to the image's.

    Neighbouring pixels share what the convolutions learn; each also has a bias of its own.

    Args:
        latent: length of the latent vector.
        event: shape of an image, `(channels, height, width)`.
        outputs: parameters for each value of an image.
        width: channels at full resolution; below, twice as many.
        dropout: share of units dropped while training.
    """

    def __init__(
        self, latent: int, event: tuple[int, ...], outputs: int, width: int, dropout: float = 0.0
    ) -> None:
        super().__init__()
        self.event, self.outputs, self.dropout = event, outputs, dropout
        channels, *sides = event
        halvings, self.small = _resolutions(sides)
        wide = 2 * width
        self.first = nn.Linear(latent, _HIDDEN)
        self.second = nn.Linear(_HIDDEN, wide * prod(self.small))
        ups = [wide] * (halvings - 1) + [width]
        befores = [wide] * halvings
        # A product with four times the channels, dealt out to four pixels: a doubling without a grid.
        self.up = nn.ModuleList(nn.Conv2d(a, 4 * b, 3, padding=1) for a, b in zip(befores, ups, strict=True))
        self.full = nn.Conv2d(width, width, 3, padding=1)
        self.last = nn.Conv2d(width, channels * outputs, 1, bias=False)
        self.bias = nn.Parameter(torch.zeros(*event, outputs))

    def forward(self, z: Tensor) -> Tensor:
        """Shape `(n, *event, outputs)`, of latents z `(n, latent)`."""
        h = self._drop(F.silu(self.first(z)))
        h = self._drop(F.silu(self.second(h))).reshape(len(z), -1, *self.small)
        for layer in self.up:
            h = self._drop(F.silu(F.pixel_shuffle(layer(h), 2)))
        found: Tensor = self.last(h + F.silu(self.full(h)))
        channels, height, width = self.event
        found = found[..., :height, :width].reshape(len(z), channels, self.outputs, height, width)
        return found.permute(0, 1, 3, 4, 2) + self.bias

    def _drop(self, h: Tensor) -> Tensor:
        return F.dropout(h, self.dropout, self.training) if self.dropout else h


def build_coders(
    kind: str,
    event: tuple[int, ...],
    codes: int,
    latent: int,
    outputs: int,
    width: int,
    depth: int,
    dropout: float,
) -> tuple[nn.Module, nn.Module]:
    """An encoder to `codes` numbers, and a decoder from `latent` to `outputs` parameters per value.

    kind: 'mlp' or 'conv'. Raises ValueError for convolutions over anything but images."""
    if kind == "conv":
        if len(event) != 3:
            raise ValueError("convolutions need images; points take network.kind mlp")
        return ImageEncoder(event, codes, width, dropout), ImageDecoder(
            latent, event, outputs, width, dropout
        )
    size = prod(event)
    encoder = Perceptron(size, codes, width, depth, dropout)
    return encoder, Perceptron(latent, size * outputs, width, depth, dropout)


def _resolutions(sides: list[int]) -> tuple[int, tuple[int, ...]]:
    """How often an image is halved, and its sides then."""
    halvings = 2 if min(sides) >= 16 else 1
    return halvings, tuple(-(-side // 2**halvings) for side in sides)

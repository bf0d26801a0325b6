"""A small Glow: an invertible network between normalised images and normal noise of the same shape."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from genlab.nets.glow_conditioner import NetKind
from genlab.nets.glow_layers import ActNorm, Coupling, CouplingKind, InvertibleConv, squeeze, unsqueeze


@dataclass(frozen=True)
class GlowSize:
    """How large a Glow is and what its couplings are.

    scales: how often images are halved, at most. steps: of flow at each scale. The rest: see `Coupling`."""

    scales: int = 2
    steps: int = 4
    coupling: CouplingKind = "spline"
    bins: int = 8
    net: NetKind = "dense"
    width: int = 96
    depth: int = 2
    dropout: float = 0.0


def scales_of(event: tuple[int, ...], wanted: int) -> int:
    """How many times the sides of an image can be halved, at most `wanted`; 0 where a side is odd."""
    count = 0
    while count < wanted and all(side % 2 ** (count + 1) == 0 for side in event[1:]):
        count += 1
    return count


class GlowStep(nn.Module):
    """One step of flow at one scale: act-norm, invertible 1x1 convolution, coupling.

    It takes and gives whole images `(n, *event)`, in which the channels that left the flow at earlier scales
    keep their places. After the last step of a scale but the innermost, half of the channels leave with a
    normal prior whose mean and spread depend on those that stay: an affine coupling to standard normal noise.

    Sources: Kingma and Dhariwal (2018), Glow, section 3; Dinh et al. (2017), RealNVP, section 3.6.
    """

    def __init__(self, event: tuple[int, ...], scale: int, size: GlowSize, labels: int, leaves: bool) -> None:
        super().__init__()
        self.scale = scale
        channels, height, width = event
        inner = (channels * 2 ** (scale + 2), height // 2 ** (scale + 1), width // 2 ** (scale + 1))
        net = (size.net, size.width, size.depth, labels, size.dropout)
        self.norm = ActNorm(inner[0])
        self.mix = InvertibleConv(inner[0])
        self.coupling = Coupling(inner, size.coupling, size.bins, *net)
        self.prior = Coupling(inner, "affine", 0, *net) if leaves else None

    def to_base(self, x: Tensor, context: Tensor | None) -> tuple[Tensor, Tensor]:
        """One step nearer to the base, and log|det| `(n,)`."""
        h, left = _apart(x, self.scale)
        log_det = h.new_zeros(len(h))
        for layer in (self.norm, self.mix, self.coupling, self.prior):
            if layer is not None:
                h, change = layer.to_base(h, context)
                log_det = log_det + change
        return _together(h, left), log_det

    def to_data(self, z: Tensor, context: Tensor | None) -> Tensor:
        """One step nearer to the data."""
        h, left = _apart(z, self.scale)
        for layer in (self.prior, self.coupling, self.mix, self.norm):
            if layer is not None:
                h = layer.to_data(h, context)
        return _together(h, left)

    def initialise(self, x: Tensor) -> None:
        """Set the act-norm from images as they reach the step."""
        self.norm.initialise(_apart(x, self.scale)[0])


class Glow(nn.Module):
    """At each scale: blocks of pixels become channels, steps of flow mix and bend them, half of them leave.

    Args:
        event: shape of an image, `(channels, height, width)`.
        size: scales, steps and the networks of the couplings.
        labels: number of classes; 0 for none.

    Attributes:
        steps: of flow, nearest to the data first.

    Raises:
        ValueError: for images with an odd side.

    Source: Kingma and Dhariwal (2018), Glow.
    """

    def __init__(self, event: tuple[int, ...], size: GlowSize, labels: int = 0) -> None:
        super().__init__()
        scales = scales_of(event, size.scales)
        if not scales:
            raise ValueError(
                f"a Glow halves the sides of images, and {event[2]} x {event[1]} cannot be halved"
            )
        self.steps = nn.ModuleList(
            GlowStep(event, scale, size, labels, leaves=scale < scales - 1 and step == size.steps - 1)
            for scale in range(scales)
            for step in range(size.steps)
        )

    @property
    def chain(self) -> list[GlowStep]:
        """The steps, as what they are."""
        return [step for step in self.steps if isinstance(step, GlowStep)]

    @torch.no_grad()
    def initialise(self, x: Tensor) -> None:
        """Set every act-norm from a draw of images `(n, *event)`, so that each channel leaves it with zero
        mean and unit variance."""
        for step in self.chain:
            step.initialise(x)
            x, _ = step.to_base(x, None)

    def to_base(self, x: Tensor, context: Tensor | None) -> tuple[Tensor, Tensor]:
        """z `(n, *event)` and log|det dz/dx| `(n,)`; contexts `(n, labels)`: one-hot, or None."""
        log_det = x.new_zeros(len(x))
        for step in self.chain:
            x, change = step.to_base(x, context)
            log_det = log_det + change
        return x, log_det

    def to_data(self, z: Tensor, context: Tensor | None) -> Tensor:
        """The inverse of `to_base`."""
        for step in reversed(self.chain):
            z = step.to_data(z, context)
        return z


def _apart(x: Tensor, scale: int) -> tuple[Tensor, list[Tensor]]:
    """The activations of a scale, and what has left at the scales before it."""
    left: list[Tensor] = []
    for _ in range(scale):
        x, leaving = squeeze(x).chunk(2, 1)
        left.append(leaving)
    return squeeze(x), left


def _together(h: Tensor, left: Sequence[Tensor]) -> Tensor:
    """The inverse of `_apart`."""
    h = unsqueeze(h)
    for leaving in reversed(left):
        h = unsqueeze(torch.cat([h, leaving], 1))
    return h

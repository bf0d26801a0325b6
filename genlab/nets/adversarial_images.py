"""Generator and discriminator of small images."""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor, nn

from genlab.nets.adversarial import SLOPE, Judgement, Latent, LatentInput
from genlab.nets.spectral import conv, linear


class ImageGenerator(nn.Module):
    """From latents to a quarter of the resolution, and by two doublings to standardised images.

    Each doubling is followed by `depth` residual convolutions, whose channels the latent modulates, so that
    it acts at every resolution.

    Args:
        event: (channels, height, width); sides that 4 does not divide are padded and cut again.
        latent: length of the normal latent.
        categories: number of values of the discrete latent; 0 for none.
        labels: number of classes; 0 for none.
        width: channels at full resolution; below, twice as many.
        depth: convolutions at each resolution.
    """

    def __init__(
        self, event: tuple[int, ...], latent: int, categories: int, labels: int, width: int, depth: int
    ) -> None:
        super().__init__()
        channels, *self.sides = event
        self.quarter = tuple(-(-side // 4) for side in self.sides)
        self.input = LatentInput(latent, categories, labels, 4 * width)
        self.spread = nn.Linear(4 * width, 2 * width * self.quarter[0] * self.quarter[1])
        self.stages = nn.ModuleList()
        self.styles = nn.ModuleList()
        before = 2 * width
        for wide in (2 * width, width):
            self.stages.append(
                nn.ModuleList(conv(before if i == 0 else wide, wide, False) for i in range(depth))
            )
            self.styles.append(nn.Linear(4 * width, wide))
            before = wide
        self.last = nn.Conv2d(width, channels, 3, padding=1)

    def forward(self, latent: Latent, label: Tensor | None = None) -> Tensor:
        """Standardised images, shape `(n, *event)`."""
        w = F.leaky_relu(self.input(latent, label), SLOPE)
        h = self.spread(w).unflatten(1, (-1, *self.quarter))
        for layers, style in zip(self.stages, self.styles, strict=True):
            assert isinstance(layers, nn.ModuleList)
            h = F.interpolate(F.leaky_relu(h, SLOPE), scale_factor=2.0, mode="nearest")
            for i, layer in enumerate(layers):
                h = (
                    layer(h) * (1 + style(w)[:, :, None, None])
                    if i == 0
                    else h + layer(F.leaky_relu(h, SLOPE))
                )
        x: Tensor = self.last(F.leaky_relu(h, SLOPE))
        return x[..., : self.sides[0], : self.sides[1]]


class ImageCritic(nn.Module):
    """Convolutions at full, half and quarter resolution; a pack of m images lies in m times the channels.

    Args:
        event: (channels, height, width).
        width: channels at full resolution; below, twice as many.
        depth: convolutions at each resolution.
        judgement: the last layer, over 4 * width features. pack: images judged together.
        spectral: whether weights are divided by their largest singular value.
    """

    def __init__(
        self, event: tuple[int, ...], width: int, depth: int, judgement: Judgement, pack: int, spectral: bool
    ) -> None:
        super().__init__()
        channels, *sides = event
        quarter = [-(-side // 4) for side in sides]
        self.pad = (0, 4 * quarter[1] - sides[1], 0, 4 * quarter[0] - sides[0])
        self.stages = nn.ModuleList()
        before = pack * channels
        for wide in (width, 2 * width):
            self.stages.append(
                nn.ModuleList(conv(before if i == 0 else wide, wide, spectral) for i in range(depth))
            )
            before = wide
        self.dense = linear(2 * width * quarter[0] * quarter[1], 4 * width, spectral)
        self.judgement = judgement

    def forward(self, x: Tensor, labels: Tensor | None = None) -> Tensor:
        """Scores, shape `(n,)`, of packs of shape `(n, m, *event)`; labels: (n, m), or None."""
        h = F.pad(x.flatten(1, 2), self.pad)
        for layers in self.stages:
            assert isinstance(layers, nn.ModuleList)
            for layer in layers:
                h = F.leaky_relu(layer(h), SLOPE)
            h = F.avg_pool2d(h, 2)
        score: Tensor = self.judgement(F.leaky_relu(self.dense(h.flatten(1)), SLOPE), labels)
        return score

"""The backbone for images: a small U-Net modulated by noise level and label."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from genlab.nets.features import LevelFeatures

_LEVEL_FEATURES = 32
_CONDITION = 4  # length of the conditioning vector, in multiples of the network's width
_GROUPS = 8
_LEAST_SIDE = 4


class Block(nn.Module):
    """Two convolutions around a modulation: normalised channels are scaled and shifted by the condition.

    Args:
        before: channels that come in.
        width: channels that go out.
        dropout: share of units dropped while training.

    Source: Dhariwal and Nichol (2021), Diffusion Models Beat GANs, section 3 (adaptive group normalisation).
    """

    def __init__(self, before: int, width: int, dropout: float) -> None:
        super().__init__()
        self.width = width
        self.first_norm = nn.GroupNorm(_groups(before), before)
        self.first = nn.Conv2d(before, width, 3, padding=1)
        self.second_norm = nn.GroupNorm(_groups(width), width)
        self.dropout = dropout
        self.second = nn.Conv2d(width, width, 3, padding=1)
        self.skip = nn.Conv2d(before, width, 1) if before != width else nn.Identity()
        nn.init.zeros_(self.second.weight)

    def forward(self, h: Tensor, modulation: Tensor) -> Tensor:
        """The next activations, shape `(n, width, rows, columns)`; modulation: shape `(n, 2 * width)`."""
        scale, shift = modulation[:, :, None, None].chunk(2, 1)
        inner = self.first(F.silu(self.first_norm(h)))
        inner = F.silu(torch.addcmul(shift, self.second_norm(inner), 1 + scale))
        if self.dropout:
            inner = F.dropout(inner, self.dropout, self.training)
        out: Tensor = self.second(inner) + self.skip(h)
        return out


class UNet(nn.Module):
    """Residual blocks at full, half and, for images of 16 pixels and more, quarter resolution, and back up.

    Sides below 4, or that the resolutions do not divide, are padded and cut again. The last layer begins at
    zero: an untrained network predicts 0.

    Args:
        event: shape of an image, `(channels, height, width)`.
        width: channels at full resolution; below, twice as many.
        depth: residual blocks at each resolution, on the way down and again on the way up.
        labels: number of classes; 0 for none.
        dropout: share of units dropped in each block while training.

    Source: Ho et al. (2020), Denoising Diffusion Probabilistic Models, appendix B.
    """

    def __init__(
        self, event: tuple[int, ...], width: int, depth: int, labels: int = 0, dropout: float = 0.0
    ) -> None:
        super().__init__()
        channels, *self.sides = event
        halvings = 2 if min(self.sides) >= 16 else 1
        self.multiple = 2**halvings
        size = _CONDITION * width
        self.level_features = LevelFeatures(_LEVEL_FEATURES)
        self.level = nn.Linear(_LEVEL_FEATURES, size)
        # Row 0 stands for 'no class given'.
        self.label = nn.Embedding(labels + 1, size) if labels else None
        self.first = nn.Conv2d(channels, width, 3, padding=1)
        widths = [width] + [2 * width] * halvings
        before = width
        self.down = nn.ModuleList()
        for wide in widths:
            self.down.append(_blocks(before, wide, depth, dropout))
            before = wide
        self.narrow = nn.ModuleList()
        self.up = nn.ModuleList()
        for wide in reversed(widths[:-1]):
            self.narrow.append(nn.Conv2d(before, wide, 1))
            self.up.append(_blocks(wide, wide, depth, dropout))
            before = wide
        self.norm = nn.GroupNorm(_groups(before), before)
        self.last = nn.Conv2d(before, channels, 3, padding=1)
        self.parts = [2 * block.width for block in self.modules() if isinstance(block, Block)]
        # One product for the modulations of all blocks, in the order in which they act.
        self.modulation = nn.Linear(size, sum(self.parts))
        nn.init.zeros_(self.last.weight)
        assert self.last.bias is not None
        nn.init.zeros_(self.last.bias)

    def forward(self, z: Tensor, c_noise: Tensor, label: Tensor | None = None) -> Tensor:
        """The prediction, shape `(n, channels, height, width)`.

        Args:
            z: noisy images of unit variance, shape `(n, channels, height, width)`.
            c_noise: a quarter of the log noise level, shape `(n,)`, or `(1,)` for all.
            label: classes, shape `(n,)`, -1 for 'no class given', which None means for all.
        """
        condition = self.level(self.level_features(c_noise))
        if self.label is not None:
            condition = condition + (self.label.weight[0] if label is None else self.label(label + 1))
        modulations = iter(self.modulation(F.silu(condition)).split(self.parts, 1))
        bottom, right = (max(_LEAST_SIDE - side, -side % self.multiple) for side in self.sides)
        h = self.first(F.pad(z, (0, right, 0, bottom)) if right or bottom else z)
        skips: list[Tensor] = []
        for i, stage in enumerate(self.down):
            if i:
                skips.append(h)
                h = F.avg_pool2d(h, 2)
            for block in _members(stage):
                h = block(h, next(modulations))
        # Adding the skips costs half of what concatenating them does, and learns as well at this size.
        for narrow, stage in zip(self.narrow, self.up, strict=True):
            h = F.interpolate(narrow(h), scale_factor=2.0, mode="nearest") + skips.pop()
            for block in _members(stage):
                h = block(h, next(modulations))
        out: Tensor = self.last(F.silu(self.norm(h)))
        return out[..., : self.sides[0], : self.sides[1]]


def _blocks(before: int, width: int, depth: int, dropout: float) -> nn.ModuleList:
    return nn.ModuleList(Block(before if i == 0 else width, width, dropout) for i in range(depth))


def _members(stage: nn.Module) -> list[nn.Module]:
    return list(stage.children())


def _groups(channels: int) -> int:
    """The largest number of groups up to 8 that divides the channels."""
    return next(groups for groups in range(_GROUPS, 0, -1) if channels % groups == 0)

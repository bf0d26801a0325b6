"""The small network inside a layer of a Glow, that says how the layer acts."""

from __future__ import annotations

from math import prod
from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn

NetKind = Literal["convolution", "dense"]

_LABEL_SPREAD = 0.3


class Conditioner(nn.Module):
    """Residual hidden layers of SiLU units, convolutional or dense, that know the label and the place.

    Convolutions see a neighbourhood and share their weights between pixels; dense layers see the whole image,
    which for few pixels costs less and fits better. The last layer begins at zero: a fresh layer of a flow is
    the identity.

    Args:
        event: shape of what comes in, `(channels, height, width)`.
        out: shape of what goes out, with the same sides.
        kind: convolutional or dense.
        width: channels or units of a hidden layer.
        depth: hidden layers.
        labels: number of classes; 0 for none.
        dropout: share of hidden units dropped while training.
    """

    def __init__(
        self,
        event: tuple[int, ...],
        out: tuple[int, ...],
        kind: NetKind,
        width: int,
        depth: int,
        labels: int,
        dropout: float,
    ) -> None:
        super().__init__()
        self.out = out
        self.dropout = dropout
        self.dense = kind == "dense"
        self.label = nn.Linear(labels, width, bias=False) if labels else None
        self.first: nn.Module
        self.last: nn.Linear | nn.Conv2d
        if self.dense:
            self.first = nn.Linear(prod(event), width)
            self.hidden = nn.ModuleList(nn.Linear(width, width) for _ in range(depth - 1))
            self.last = nn.Linear(width, prod(out))
        else:
            self.first = nn.Conv2d(event[0], width, 3, padding=1, bias=False)
            self.hidden = nn.ModuleList(nn.Conv2d(width, width, 3, padding=1) for _ in range(depth - 1))
            self.last = nn.Conv2d(width, out[0], 3, padding=1, bias=False)
            # Handwriting is centred: where a pixel is says much about it.
            self.place = nn.Parameter(torch.zeros(width, *event[1:]))
            self.bias = nn.Parameter(torch.zeros(out))
        if self.label is not None:
            nn.init.normal_(self.label.weight, std=_LABEL_SPREAD)
        nn.init.zeros_(self.last.weight)
        if self.last.bias is not None:
            nn.init.zeros_(self.last.bias)

    def forward(self, x: Tensor, context: Tensor | None) -> Tensor:
        """Numbers of shape `(n, *out)` from x, shape `(n, *event)`, and labels as contexts, shape
        `(n, labels)`: one-hot, zeros for no class, which None means for all."""
        h = self.first(x.flatten(1)) if self.dense else self.first(x) + self.place
        if self.label is not None and context is not None:
            given = self.label(context)
            h = h + (given if self.dense else given[:, :, None, None])
        h = F.silu(h)
        for layer in self.hidden:
            h = h + F.silu(layer(self._drop(h)))
        numbers: Tensor = self.last(self._drop(h))
        return numbers.reshape(-1, *self.out) if self.dense else numbers + self.bias

    def _drop(self, h: Tensor) -> Tensor:
        return F.dropout(h, self.dropout, self.training) if self.dropout else h

"""The backbone for points: a multilayer perceptron that knows noise level and label."""

from __future__ import annotations

from math import prod

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from genlab.nets.features import PointFeatures


class MLP(nn.Module):
    """Hidden layers of SiLU units over the features of a noisy point, its noise level and its label.

    The label acts as a bias of the first layer. The last layer begins at zero: an untrained network predicts
    0.

    Args:
        event: shape of one datum; anything but a point is flattened.
        width: units per hidden layer.
        depth: hidden layers.
        labels: number of classes; 0 for none.
        octaves: octaves of sine and cosine features of the position.
        dropout: share of hidden units dropped while training.
        damped: whether noise damps the features of the position.
        out: shape of what is predicted of each point; that of the point by default.
    """

    def __init__(
        self,
        event: tuple[int, ...],
        width: int,
        depth: int,
        labels: int = 0,
        octaves: int = 6,
        dropout: float = 0.0,
        damped: bool = True,
        out: tuple[int, ...] | None = None,
    ) -> None:
        super().__init__()
        self.event = event if out is None else out
        dim = prod(event)
        self.features = PointFeatures(dim, octaves, damped)
        self.first = nn.Linear(self.features.size, width)
        self.hidden = nn.ModuleList(nn.Linear(width, width) for _ in range(depth - 1))
        self.last = nn.Linear(width, prod(self.event))
        # Row 0 stands for 'no class given'.
        self.label = nn.Embedding(labels + 1, width) if labels else None
        self.dropout = dropout
        nn.init.zeros_(self.last.weight)
        nn.init.zeros_(self.last.bias)
        if self.label is not None:
            nn.init.normal_(self.label.weight, std=0.5)

    def forward(self, z: Tensor, c_noise: Tensor, label: Tensor | None = None) -> Tensor:
        """The prediction, shape `(n, *out)`.

        Args:
            z: noisy points of unit variance, shape `(n, *event)`.
            c_noise: a quarter of the log noise level, shape `(n,)`, or `(1,)` for all.
            label: classes, shape `(n,)`, -1 for 'no class given', which None means for all.
        """
        if len(c_noise) == 1 and not (torch.is_grad_enabled() or (self.dropout and self.training)):
            return self._at_level(z, c_noise, label)
        h = self.first(self.features(z.flatten(1), c_noise))
        if self.label is not None:
            h = h + (self.label.weight[0] if label is None else self.label(label + 1))
        h = F.silu(h)
        for layer in self.hidden:
            if self.dropout:
                h = F.dropout(h, self.dropout, self.training)
            h = F.silu(layer(h))
        out: Tensor = self.last(h)
        return out.reshape(-1, *self.event)

    def _at_level(self, z: Tensor, c_noise: Tensor, label: Tensor | None) -> Tensor:
        """`forward` where all points share their level and nothing is differentiated or dropped: in fewer
        passes over the activations, and in place."""
        bias: Tensor = self.first.bias
        if self.label is not None:
            bias = bias + self.label.weight
            bias = bias[0] if label is None else F.embedding(label + 1, bias)
        h = torch.addmm(bias, self.features.columns(z.flatten(1), c_noise).t(), self.first.weight.t())
        F.silu(h, inplace=True)
        for layer in self.hidden:
            h = F.silu(layer(h), inplace=True)
        out: Tensor = self.last(h)
        return out.reshape(-1, *self.event)

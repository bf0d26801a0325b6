"""Many parameters as one vector: one optimiser kernel, one norm, one running average per step."""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import Tensor, nn


class FlatParameters:
    """Parameters and their gradients as views into two vectors.

    vector: (total,), a leaf whose gradient is the vector of all gradients. Writing to it moves the
    parameters, and backward passes add into its gradient. The parameters must share one dtype.
    """

    def __init__(self, parameters: Iterable[nn.Parameter]) -> None:
        self.parameters = tuple(parameters)
        flat = torch.cat([p.detach().reshape(-1) for p in self.parameters])
        self.vector = nn.Parameter(flat)
        self.vector.grad = torch.zeros_like(flat)
        start = 0
        for p in self.parameters:
            stop = start + p.numel()
            p.data = flat[start:stop].view_as(p)
            p.grad = self.vector.grad[start:stop].view_as(p)
            start = stop

    @property
    def gradient(self) -> Tensor:
        """All gradients, (total,)."""
        assert self.vector.grad is not None
        return self.vector.grad

    def load(self, values: Tensor) -> None:
        """Set every parameter from one vector (total,)."""
        with torch.no_grad():
            self.vector.copy_(values)

"""Many parameters as one vector: one optimiser kernel, one norm, one running average per step."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import torch
from torch import Tensor, nn


def pieces(vector: Tensor, parameters: Iterable[Tensor]) -> Iterator[Tensor]:
    """Views into a vector (total,), one for each parameter, laid out in memory as the parameter is.

    The layout matters: convolutions are fastest where their weights keep the channels last."""
    start = 0
    for p in parameters:
        yield vector[start : start + p.numel()].as_strided(p.size(), p.stride(), start)
        start += p.numel()


class FlatParameters:
    """Parameters and their gradients as views into two vectors.

    vector: (total,), a leaf whose gradient is the vector of all gradients. Writing to it moves the
    parameters, and backward passes add into its gradient. The parameters must share one dtype.
    """

    def __init__(self, parameters: Iterable[nn.Parameter]) -> None:
        self.parameters = tuple(parameters)
        flat = torch.cat([p.detach().as_strided((p.numel(),), (1,)) for p in self.parameters])
        self.vector = nn.Parameter(flat)
        self.vector.grad = torch.zeros_like(flat)
        views = zip(pieces(flat, self.parameters), pieces(self.gradient, self.parameters), strict=True)
        for p, (values, gradient) in zip(self.parameters, list(views), strict=True):
            p.data = values
            p.grad = gradient

    @property
    def gradient(self) -> Tensor:
        """All gradients, (total,)."""
        assert self.vector.grad is not None
        return self.vector.grad

    def load(self, values: Tensor) -> None:
        """Set every parameter from one vector (total,)."""
        with torch.no_grad():
            self.vector.copy_(values)

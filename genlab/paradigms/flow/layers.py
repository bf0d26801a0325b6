"""What a layer of a flow is: an invertible map of points with a known log-determinant."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn
from zuko.lazy import LazyTransform

from genlab.sampling.pieces import in_pieces
from genlab.sampling.slices import Work

Way = Callable[[Tensor, Tensor | None], tuple[Tensor, Tensor]]


class Layer(nn.Module, ABC):
    """An invertible map between points nearer to the data and points nearer to the base.

    It has a closed form in one direction. flipped: the closed form runs from base to data, as in inverse
    autoregressive flows; else from data to base. Contexts are `(n, c)`, or None where there are no labels.
    """

    flipped = False

    @abstractmethod
    def closed(self, u: Tensor, context: Tensor | None) -> tuple[Tensor, Tensor]:
        """The closed form v of points u `(n, d)`, and log|det dv/du| `(n,)`."""

    @abstractmethod
    def solve(self, v: Tensor, context: Tensor | None) -> Tensor:
        """The points u `(n, d)` whose closed form is v."""

    def to_base(self, x: Tensor, context: Tensor | None) -> tuple[Tensor, Tensor]:
        """z `(n, d)` and log|det dz/dx| `(n,)`, one layer nearer to the base."""
        if not self.flipped:
            return self.closed(x, context)
        z = self.solve(x, context)
        return z, -self.closed(z, context)[1]

    def to_data(self, z: Tensor, context: Tensor | None) -> Tensor:
        """x `(n, d)`, one layer nearer to the data."""
        return self.closed(z, context)[0] if self.flipped else self.solve(z, context)

    def to_data_with_log_det(self, z: Tensor, context: Tensor | None) -> tuple[Tensor, Tensor]:
        """x `(n, d)` and log|det dx/dz| `(n,)`."""
        if self.flipped:
            return self.closed(z, context)
        x = self.solve(z, context)
        return x, -self.closed(x, context)[1]

    @property
    def owner(self) -> nn.Module:
        """Whose networks take the time of a pass."""
        return self

    def base_in_slices(self, x: Tensor, context: Tensor | None) -> Work[tuple[Tensor, Tensor]]:
        """As `to_base`, in slices."""
        return (yield from self._in_slices("to base", self.to_base, x, context))

    def data_in_slices(self, z: Tensor, context: Tensor | None) -> Work[Tensor]:
        """As `to_data`, in slices."""

        def way(z: Tensor, context: Tensor | None) -> tuple[Tensor, Tensor]:
            x = self.to_data(z, context)
            return x, x[:, :0]

        return (yield from self._in_slices("to data", way, z, context))[0]

    def data_and_log_det_in_slices(self, z: Tensor, context: Tensor | None) -> Work[tuple[Tensor, Tensor]]:
        """As `to_data_with_log_det`, in slices."""
        return (yield from self._in_slices("with log det", self.to_data_with_log_det, z, context))

    def _in_slices(
        self, kind: str, way: Way, x: Tensor, context: Tensor | None
    ) -> Work[tuple[Tensor, Tensor]]:
        def work(rows: slice) -> tuple[Tensor, Tensor]:
            # One row of context may serve all.
            several = context is not None and context.ndim > 1 and len(context) == len(x)
            return way(x[rows], context[rows] if context is not None and several else context)

        parts = yield from in_pieces(self.owner, kind, len(x), work)
        return torch.cat([moved for moved, _ in parts]), torch.cat([change for _, change in parts])


class ZukoLayer(Layer):
    """A transform of zuko; its closed form and its inverse can both be differentiated."""

    def __init__(self, transform: LazyTransform, flipped: bool = False) -> None:
        super().__init__()
        self.transform = transform
        self.flipped = flipped

    def closed(self, u: Tensor, context: Tensor | None) -> tuple[Tensor, Tensor]:
        """One pass of the conditioner."""
        v, log_det = self.transform(context).call_and_ladj(u)
        return v, log_det

    def solve(self, v: Tensor, context: Tensor | None) -> Tensor:
        """One pass for couplings, one for each dimension for autoregressive transforms."""
        u: Tensor = self.transform(context).inv(v)
        return u


def to_base(layers: Sequence[Layer], x: Tensor, context: Tensor | None) -> tuple[Tensor, Tensor]:
    """Through all layers: z `(n, d)` and the sum of the log-determinants `(n,)`."""
    total = x.new_zeros(len(x))
    for layer in layers:
        x, log_det = layer.to_base(x, context)
        total = total + log_det
    return x, total


def normal_log_prob(z: Tensor, scale: float = 1.0) -> Tensor:
    """Log density of N(0, scale^2 I) at z `(n, *event)`, nats."""
    z = z.flatten(1)
    constant = z.shape[1] * (0.5 * torch.log(torch.tensor(2 * torch.pi)).item() + _log(scale))
    return -0.5 / scale**2 * z.square().sum(1) - constant


def _log(scale: float) -> float:
    return torch.log(torch.tensor(scale, dtype=torch.float64)).item()

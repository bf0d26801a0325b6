"""The layers of each kind of flow, nearest to the data first."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import torch
from torch import Tensor, nn
from zuko.flows import MaskedAutoregressiveTransform
from zuko.flows.coupling import GeneralCouplingTransform
from zuko.lazy import LazyTransform
from zuko.transforms import AdditiveTransform, MonotonicAffineTransform, MonotonicRQSTransform

from genlab.paradigms.flow.layers import Layer, ZukoLayer
from genlab.paradigms.flow.planar import Planar, Radial
from genlab.paradigms.flow.settings import FlowNetwork

SLOPE = 1e-3
"""Least slope of a spline."""


class Scaling(Layer):
    """A factor for each axis, the only change of volume in NICE (Dinh et al. 2014, section 3.3)."""

    def __init__(self, dim: int) -> None:
        super().__init__()
        self.log_scale = nn.Parameter(torch.zeros(dim))

    def closed(self, u: Tensor, context: Tensor | None) -> tuple[Tensor, Tensor]:
        """See `Layer`."""
        return u * self.log_scale.exp(), self.log_scale.sum().expand(len(u))

    def solve(self, v: Tensor, context: Tensor | None) -> Tensor:
        """See `Layer`."""
        return v * (-self.log_scale).exp()


def build_layers(network: FlowNetwork, dim: int, labels: int, reverse: bool) -> Sequence[Layer]:
    """The layers of a flow of points `(n, dim)` with contexts `(n, labels)`.

    reverse: it is trained by sampling, so planar and radial layers have their closed form towards the data.
    """
    kind = network.kind
    if kind in ("planar", "radial"):
        small = Planar if kind == "planar" else Radial
        return [small(dim, labels, flipped=reverse) for _ in range(network.folds)]
    if kind in ("nice", "realnvp", "nsf-coupling"):
        couplings: list[Layer] = [
            ZukoLayer(_coupling(network, dim, labels, i % 2)) for i in range(network.couplings)
        ]
        return [*couplings, Scaling(dim)] if kind == "nice" else couplings
    orders = (torch.arange(dim), torch.arange(dim).flip(0))
    return [
        ZukoLayer(
            MaskedAutoregressiveTransform(dim, labels, order=orders[i % 2], **_univariate(network)),
            flipped=kind == "iaf",
        )
        for i in range(network.transforms)
    ]


def _coupling(network: FlowNetwork, dim: int, labels: int, parity: int) -> LazyTransform:
    mask = torch.arange(dim) % 2 == parity
    transform: LazyTransform = GeneralCouplingTransform(dim, labels, mask, **_univariate(network))
    return transform


def _univariate(network: FlowNetwork) -> dict[str, object]:
    """What is done to each coordinate, and the network that decides its numbers."""
    hidden = {"hidden_features": [network.width] * network.depth}
    if network.kind == "nice":
        return {"univariate": AdditiveTransform, "shapes": [()], **hidden}
    if network.kind in ("nsf-coupling", "nsf-ar"):
        spline = partial(MonotonicRQSTransform, bound=network.bound, slope=SLOPE)
        return {
            "univariate": spline,
            "shapes": [(network.bins,), (network.bins,), (network.bins - 1,)],
            **hidden,
        }
    return {"univariate": MonotonicAffineTransform, "shapes": [(), ()], **hidden}

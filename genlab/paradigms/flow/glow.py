"""The steps of a Glow as layers of a flow."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor

from genlab.nets.glow import Glow, GlowSize, GlowStep
from genlab.paradigms.flow.layers import Layer
from genlab.paradigms.flow.settings import FlowNetwork


class GlowLayer(Layer):
    """One step of a Glow on flattened images `(n, d)`."""

    def __init__(self, step: GlowStep, event: tuple[int, ...]) -> None:
        super().__init__()
        self.step = step
        self.event = event

    def closed(self, u: Tensor, context: Tensor | None) -> tuple[Tensor, Tensor]:
        """One pass of the networks."""
        v, log_det = self.step.to_base(u.reshape(-1, *self.event), context)
        return v.flatten(1), log_det

    def solve(self, v: Tensor, context: Tensor | None) -> Tensor:
        """One pass of the networks."""
        return self.step.to_data(v.reshape(-1, *self.event), context).flatten(1)


def glow_layers(
    network: FlowNetwork, event: tuple[int, ...], labels: int, reference: Tensor
) -> Sequence[GlowLayer]:
    """The layers of a Glow of images, nearest to the data first.

    reference: images `(n, d)` as they reach the first layer, from which the act-norms begin. Raises
    ValueError for images with an odd side."""
    size = GlowSize(
        scales=network.scales,
        steps=network.flow_steps,
        coupling=network.coupling,
        bins=network.bins,
        net=network.conditioner,
        width=network.width,
        depth=network.depth,
        dropout=network.dropout,
    )
    glow = Glow(event, size, labels)
    glow.initialise(reference.reshape(-1, *event))
    return [GlowLayer(step, event) for step in glow.chain]

"""What drawings need to know beside their payloads: of the data, and of the model in view."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from genlab.data.payloads import Density, Extent, Samples
from genlab.settings.spaces import Space


@dataclass(frozen=True)
class Scene:
    """The data of a run in view, as they are known before any model is.

    labels: names of the classes, empty where there are none. reference: real data to draw beside the
    model's. truth: exact density on a grid, or None. extent: the part of the plane that panels show (1-D: of
    the line, its first two values; of signals, seconds and values).
    """

    space: Space
    labels: tuple[str, ...]
    reference: Samples | None
    truth: Density | None
    extent: Extent


@dataclass(frozen=True)
class ModelInfo:
    """What is known of the model in view beside its numbers.

    has_density: else its density is told by samples alone; density_reason: how it is known, or why it is
    not. averaged: samples are drawn with the running average of the weights. step, symbol: what a step of
    its trajectories is called, and the time of their frames; empty: the time says nothing. elsewhere: names
    of recorded losses, or their beginnings, that other panels draw. label: of the samples that it is asked
    for, as in `Condition`."""

    has_density: bool = True
    density_reason: str = ""
    averaged: bool = False
    step: str = "step"
    symbol: str = "σ"
    elsewhere: tuple[str, ...] = ()
    label: str = "any"


def window_of(scene: Scene) -> Extent:
    """The part of the extent that a view begins with: where the truth is not negligible, with a margin.

    Without a truth on the plane, the whole extent."""
    if scene.truth is None or scene.truth.log_prob.ndim != 2:
        return scene.extent
    log_prob = scene.truth.log_prob
    seen = log_prob > log_prob.max() - 7.0
    edges = []
    for axis, (low, high) in ((0, scene.extent[:2]), (1, scene.extent[2:])):
        places = np.flatnonzero(seen.any(axis=axis))
        size = (high - low) / seen.shape[1 - axis]
        first, last = low + places[0] * size, low + (places[-1] + 1) * size
        margin = 0.1 * (last - first)
        edges += [max(low, first - margin), min(high, last + margin)]
    return edges[0], edges[1], edges[2], edges[3]

"""FFJORD's concentric rings."""

from __future__ import annotations

import numpy as np

from genlab.data.known import known_points
from genlab.data.truths.rings import Rings
from genlab.settings.fields import Settings, setting


class RingsSettings(Settings):
    """FFJORD's concentric rings."""

    rings: int = setting(4, "Number of rings, the outermost of radius 3.", symbol="K", ge=1, le=8)
    noise: float = setting(0.08, "Standard deviation of the noise.", symbol="σ", ge=0.005, le=1, log=True)


def _truth(settings: RingsSettings) -> Rings:
    # FFJORD multiplies the circles by 3 before it adds the noise.
    return Rings(3.0 * np.arange(1, settings.rings + 1) / settings.rings, settings.noise)


def _labels(settings: RingsSettings) -> tuple[str, ...]:
    return tuple(f"ring {k + 1}" for k in range(settings.rings))


RECORD = known_points(
    "rings",
    "Rings",
    "Four concentric rings, as FFJORD (2019) defines them.",
    dim=2,
    settings=RingsSettings,
    truth=_truth,
    labels=_labels,
)

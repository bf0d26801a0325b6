"""FFJORD's two half circles."""

from __future__ import annotations

import numpy as np

from genlab.data.known import known_points
from genlab.data.truths.curves import NoisyCurves, half_circles
from genlab.settings.fields import Settings, setting


class MoonsSettings(Settings):
    """FFJORD's two half circles."""

    noise: float = setting(
        0.1, "Standard deviation of the noise, before the factor 2.", symbol="σ", ge=0.02, le=1, log=True
    )


def _truth(settings: MoonsSettings) -> NoisyCurves:
    return half_circles(settings.noise, 2.0, np.array([-1.0, -0.2]))


def _labels(settings: MoonsSettings) -> tuple[str, ...]:
    return ("upper", "lower")


RECORD = known_points(
    "moons",
    "Moons",
    "Two interleaved half circles, as FFJORD (2019) defines them.",
    dim=2,
    settings=MoonsSettings,
    truth=_truth,
    labels=_labels,
)

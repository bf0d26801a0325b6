"""FFJORD's two circles."""

from __future__ import annotations

import numpy as np

from genlab.data.known import known_points
from genlab.data.truths.rings import Rings
from genlab.settings.fields import Settings, setting


class CirclesSettings(Settings):
    """FFJORD's two circles."""

    factor: float = setting(0.5, "Radius of the inner circle over that of the outer.", ge=0.05, le=0.95)
    noise: float = setting(
        0.08, "Standard deviation of the noise, before the factor 3.", symbol="σ", ge=0.005, le=1, log=True
    )


def _truth(settings: CirclesSettings) -> Rings:
    return Rings(3.0 * np.array([1.0, settings.factor]), 3.0 * settings.noise)


def _labels(settings: CirclesSettings) -> tuple[str, ...]:
    return ("outer", "inner")


RECORD = known_points(
    "circles",
    "Circles",
    "Two concentric circles, as FFJORD (2019) defines them.",
    dim=2,
    settings=CirclesSettings,
    truth=_truth,
    labels=_labels,
)

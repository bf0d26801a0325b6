"""FFJORD's swiss roll."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from genlab.data.known import known_points
from genlab.data.truths.curves import Arc, NoisyCurves
from genlab.settings.fields import Settings, setting


class SwissRollSettings(Settings):
    """FFJORD's swiss roll."""

    noise: float = setting(
        1.0, "Standard deviation of the noise, before division by 5.", symbol="σ", ge=0.25, le=3, log=True
    )


def _truth(settings: SwissRollSettings) -> NoisyCurves:
    """scikit-learn's `make_swiss_roll`, first and third axis, divided by 5; classes are half turns."""
    cuts = np.pi * np.array([1.5, 2.5, 3.5, 4.5])
    arcs = [
        Arc(lambda t: t[:, None] * np.stack([np.cos(t), np.sin(t)], axis=1), float(low), float(high))
        for low, high in pairwise(cuts)
    ]
    return NoisyCurves(arcs, settings.noise, scale=np.full(2, 0.2), shift=np.zeros(2))


def _labels(settings: SwissRollSettings) -> tuple[str, ...]:
    return ("inner", "middle", "outer")


RECORD = known_points(
    "swissroll",
    "Swiss roll",
    "scikit-learn's roll seen from its end, as FFJORD (2019) defines it.",
    dim=2,
    settings=SwissRollSettings,
    truth=_truth,
    labels=_labels,
)

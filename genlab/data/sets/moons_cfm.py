"""The two half circles in the manner of the flow-matching papers."""

from __future__ import annotations

import numpy as np

from genlab.data.known import known_points
from genlab.data.truths.curves import NoisyCurves, half_circles
from genlab.settings.fields import Settings, setting


class MoonsCfmSettings(Settings):
    """The two half circles in the manner of the flow-matching papers."""

    noise: float = setting(
        0.2, "Standard deviation of the noise, before the factor 3.", symbol="σ", ge=0.02, le=1, log=True
    )


def _truth(settings: MoonsCfmSettings) -> NoisyCurves:
    return half_circles(settings.noise, 3.0, np.array([-1.0, -1.0]))


def _labels(settings: MoonsCfmSettings) -> tuple[str, ...]:
    return ("upper", "lower")


RECORD = known_points(
    "moons-cfm",
    "Moons (CFM)",
    "Two half circles with noise 0.2, times 3, minus 1, in the manner of conditional flow matching "
    "(Tong et al. 2024).",
    dim=2,
    settings=MoonsCfmSettings,
    truth=_truth,
    labels=_labels,
)

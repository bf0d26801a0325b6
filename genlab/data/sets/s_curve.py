"""scikit-learn's S-curve."""

from __future__ import annotations

import numpy as np

from genlab.data.known import known_points
from genlab.data.truths.curves import Arc, NoisyCurves
from genlab.settings.fields import Settings, setting


class SCurveSettings(Settings):
    """scikit-learn's S-curve."""

    noise: float = setting(
        0.05, "Standard deviation of the noise, before standardisation.", symbol="σ", ge=0.02, le=1, log=True
    )


def _truth(settings: SCurveSettings) -> NoisyCurves:
    """scikit-learn's `make_s_curve`, first and third axis, over its exact standard deviations."""
    reach = 1.5 * np.pi
    # With t uniform on (-reach, reach): E sin^2 t = 1/2 and E (1 - cos t)^2 = 3/2 - 2 E cos t.
    variance = np.array([0.5, 1.5 - 2 * np.sin(reach) / reach]) + settings.noise**2
    upper = Arc(lambda t: np.stack([np.sin(t), 1 - np.cos(t)], axis=1), -reach, 0.0)
    lower = Arc(lambda t: np.stack([np.sin(t), np.cos(t) - 1], axis=1), 0.0, reach)
    return NoisyCurves([upper, lower], settings.noise, scale=1 / np.sqrt(variance), shift=np.zeros(2))


def _labels(settings: SCurveSettings) -> tuple[str, ...]:
    return ("upper", "lower")


RECORD = known_points(
    "s-curve",
    "S-curve",
    "scikit-learn's S-curve, first and third axis, each standardised to mean 0 and variance 1.",
    dim=2,
    settings=SCurveSettings,
    truth=_truth,
    labels=_labels,
)

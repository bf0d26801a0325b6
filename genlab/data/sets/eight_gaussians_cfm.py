"""The Gaussians on a circle of the flow-matching papers."""

from __future__ import annotations

from genlab.data.known import known_points
from genlab.data.truths.mixtures import GaussianMixture, angles, on_a_circle
from genlab.settings.fields import Settings, setting


class EightGaussiansCfmSettings(Settings):
    """The Gaussians on a circle of the flow-matching papers."""

    modes: int = setting(8, "Number of Gaussians on the circle.", symbol="K", ge=2, le=24)
    radius: float = setting(5.0, "Radius of the circle of centres.", symbol="R", gt=0, le=10)
    noise: float = setting(
        0.1**0.25,
        "Standard deviation per axis (the papers' code has the variance 0.1 ** 0.5).",
        symbol="σ",
        ge=0.005,
        le=2,
        log=True,
    )


def _truth(settings: EightGaussiansCfmSettings) -> GaussianMixture:
    return on_a_circle(settings.modes, settings.radius, settings.noise)


def _labels(settings: EightGaussiansCfmSettings) -> tuple[str, ...]:
    return angles(settings.modes)


RECORD = known_points(
    "8gaussians-cfm",
    "8 Gaussians (CFM)",
    "Gaussians on a circle of radius 5, as in conditional flow matching (Tong et al. 2024).",
    dim=2,
    settings=EightGaussiansCfmSettings,
    truth=_truth,
    labels=_labels,
    modes=True,
)

"""FFJORD's Gaussians on a circle."""

from __future__ import annotations

from genlab.data.known import known_points
from genlab.data.truths.mixtures import GaussianMixture, angles, on_a_circle
from genlab.settings.fields import Settings, setting


class EightGaussiansSettings(Settings):
    """FFJORD's Gaussians on a circle."""

    modes: int = setting(8, "Number of Gaussians on the circle.", symbol="K", ge=2, le=24)
    radius: float = setting(4 / 1.414, "Radius of the circle of centres.", symbol="R", gt=0, le=10)
    noise: float = setting(0.5 / 1.414, "Standard deviation per axis.", symbol="σ", ge=0.005, le=2, log=True)


def _truth(settings: EightGaussiansSettings) -> GaussianMixture:
    return on_a_circle(settings.modes, settings.radius, settings.noise)


def _labels(settings: EightGaussiansSettings) -> tuple[str, ...]:
    return angles(settings.modes)


RECORD = known_points(
    "8gaussians",
    "8 Gaussians",
    "Gaussians on a circle, as FFJORD (2019) defines them.",
    dim=2,
    settings=EightGaussiansSettings,
    truth=_truth,
    labels=_labels,
    modes=True,
)

"""The tight Gaussians on a circle of the GAN papers."""

from __future__ import annotations

from genlab.data.known import known_points
from genlab.data.truths.mixtures import GaussianMixture, angles, on_a_circle
from genlab.settings.fields import Settings, setting


class GanRingSettings(Settings):
    """The tight Gaussians on a circle of the GAN papers."""

    modes: int = setting(8, "Number of Gaussians on the circle.", symbol="K", ge=2, le=24)
    radius: float = setting(1.0, "Radius of the circle of centres.", symbol="R", gt=0, le=10)
    noise: float = setting(0.01, "Standard deviation per axis.", symbol="σ", ge=0.005, le=2, log=True)


def _truth(settings: GanRingSettings) -> GaussianMixture:
    return on_a_circle(settings.modes, settings.radius, settings.noise)


def _labels(settings: GanRingSettings) -> tuple[str, ...]:
    return angles(settings.modes)


RECORD = known_points(
    "gan-ring",
    "GAN ring",
    "Tight Gaussians on a circle, as mode-collapse studies of GANs use (PacGAN, Lin et al. 2018).",
    dim=2,
    settings=GanRingSettings,
    truth=_truth,
    labels=_labels,
    modes=True,
    tight=True,
)

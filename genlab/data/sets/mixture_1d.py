"""Equally likely Gaussians on a line."""

from __future__ import annotations

from genlab.data.known import known_points
from genlab.data.truths.mixtures import GaussianMixture, even, on_a_line
from genlab.settings.fields import Settings, setting


class MixtureSettings(Settings):
    """Equally likely Gaussians on a line."""

    modes: int = setting(2, "Number of Gaussians.", symbol="K", ge=1, le=12)
    spacing: float = setting(4.0, "Distance between neighbouring centres.", symbol="d", gt=0, le=20)
    noise: float = setting(0.5, "Standard deviation of each Gaussian.", symbol="σ", ge=0.01, le=5, log=True)


def _truth(settings: MixtureSettings) -> GaussianMixture:
    centres = on_a_line(settings.modes, settings.spacing)[:, None]
    return GaussianMixture(centres, even(settings.modes), settings.noise)


def _labels(settings: MixtureSettings) -> tuple[str, ...]:
    return tuple(f"mode {k + 1}" for k in range(settings.modes))


RECORD = known_points(
    "mixture-1d",
    "Mixture",
    "Equally likely Gaussians on a line; GenLab's own.",
    dim=1,
    bounds=(-10.0, 10.0),
    settings=MixtureSettings,
    truth=_truth,
    labels=_labels,
    modes=True,
)

"""Gaussians on a line with geometrically falling probabilities."""

from __future__ import annotations

import numpy as np

from genlab.data.known import known_points
from genlab.data.truths.mixtures import GaussianMixture, on_a_line
from genlab.settings.fields import Settings, setting


class UnevenMixtureSettings(Settings):
    """Gaussians on a line, each less likely than the one to its left."""

    modes: int = setting(3, "Number of Gaussians.", symbol="K", ge=2, le=8)
    spacing: float = setting(3.0, "Distance between neighbouring centres.", symbol="d", gt=0, le=20)
    noise: float = setting(0.4, "Standard deviation of each Gaussian.", symbol="σ", ge=0.01, le=5, log=True)
    ratio: float = setting(
        0.4, "Probability of a mode relative to its neighbour on the left.", symbol="r", ge=0.05, le=1
    )


def _truth(settings: UnevenMixtureSettings) -> GaussianMixture:
    weights = settings.ratio ** np.arange(settings.modes)
    centres = on_a_line(settings.modes, settings.spacing)[:, None]
    return GaussianMixture(centres, weights / weights.sum(), settings.noise)


def _labels(settings: UnevenMixtureSettings) -> tuple[str, ...]:
    return tuple(f"mode {k + 1}" for k in range(settings.modes))


RECORD = known_points(
    "mixture-1d-uneven",
    "Uneven mixture",
    "Gaussians on a line with geometrically falling probabilities (GenLab's own): are rare modes found?",
    dim=1,
    bounds=(-10.0, 10.0),
    settings=UnevenMixtureSettings,
    truth=_truth,
    labels=_labels,
    modes=True,
)

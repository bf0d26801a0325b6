"""Starter: two Gaussians side by side. Put your own distribution in place of `truth`."""

from __future__ import annotations

import numpy as np

from genlab.data.known import known_points
from genlab.data.truths.base import Truth
from genlab.data.truths.mixtures import GaussianMixture
from genlab.settings.fields import Settings, setting


class StarterSettings(Settings):
    """Two Gaussians side by side."""

    gap: float = setting(4.0, "Distance between their centres.", gt=0, le=20)
    std: float = setting(0.5, "Standard deviation of both.", symbol="σ", gt=0, le=5)


def truth(settings: StarterSettings) -> Truth:
    """The distribution: what is drawn, its density and its score."""
    centres = np.array([[-settings.gap / 2, 0.0], [settings.gap / 2, 0.0]])
    return GaussianMixture(centres, np.array([0.5, 0.5]), settings.std)


def labels(settings: StarterSettings) -> tuple[str, ...]:
    """The names of the classes."""
    return ("left", "right")


RECORD = known_points(
    "starter",
    "Starter",
    "Two Gaussians side by side.",
    dim=2,
    settings=StarterSettings,
    truth=truth,
    labels=labels,
    modes=True,
)

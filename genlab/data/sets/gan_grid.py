"""The square grid of tight Gaussians of the GAN papers."""

from __future__ import annotations

import numpy as np

from genlab.data.known import known_points
from genlab.data.truths.mixtures import GaussianMixture, even, on_a_line
from genlab.settings.fields import Settings, setting


class GanGridSettings(Settings):
    """The square grid of tight Gaussians of the GAN papers."""

    side: int = setting(5, "Gaussians per side of the grid.", symbol="K", ge=1, le=8)
    spacing: float = setting(2.0, "Distance between neighbouring centres.", symbol="d", gt=0, le=10)
    noise: float = setting(0.05, "Standard deviation per axis.", symbol="σ", ge=0.005, le=2, log=True)


def _truth(settings: GanGridSettings) -> GaussianMixture:
    line = on_a_line(settings.side, settings.spacing)
    rows, columns = np.meshgrid(line, line, indexing="ij")
    centres = np.stack([columns.ravel(), rows.ravel()], axis=1)
    return GaussianMixture(centres, even(settings.side**2), settings.noise)


def _labels(settings: GanGridSettings) -> tuple[str, ...]:
    side = range(settings.side)
    return tuple(f"row {row + 1}, column {column + 1}" for row in side for column in side)


RECORD = known_points(
    "gan-grid",
    "GAN grid",
    "A 5 x 5 grid of tight Gaussians, as mode-collapse studies of GANs use (PacGAN, Lin et al. 2018).",
    dim=2,
    settings=GanGridSettings,
    truth=_truth,
    labels=_labels,
    modes=True,
    tight=True,
)

"""Settings worth seeing: the paradigm at its best, and failing."""

from __future__ import annotations

from genlab.settings.paradigm import Preset

PRESETS = (
    Preset("best", "Enough Gaussians", "Thirty-two for each moon lie along it.", "moons",
           {"network.components": 32}),
    Preset("failing", "One Gaussian", "One for each moon cannot bend.", "moons", {"network.components": 1}),
)  # fmt: skip

"""What every paradigm's sampling bar has in common."""

from __future__ import annotations

from genlab.settings.fields import Settings, setting


class SamplerSettings(Settings):
    """Which samples are asked for; paradigms add how they are drawn."""

    label: str = setting(
        "any",
        "'any' draws labels from the class prior, 'none' ignores labels, or the name of a class.",
    )
    seed: int = setting(0, "Seed of the sampling noise.", ge=0, le=2**31 - 1)

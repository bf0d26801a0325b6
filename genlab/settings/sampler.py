"""What every paradigm's sampling bar has in common."""

from __future__ import annotations

from genlab.settings.fields import Settings, setting


class SamplerSettings(Settings):
    """How samples are drawn: with which noise; paradigms add the rest."""

    seed: int = setting(0, "Seed of the sampling noise.", ge=0, le=2**31 - 1)

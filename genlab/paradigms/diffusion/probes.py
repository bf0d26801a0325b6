"""What the extra panels of the diffusion workspace draw."""

from __future__ import annotations

from collections.abc import Mapping

from genlab.paradigms.diffusion.settings import DiffusionObjective, DiffusionSampler
from genlab.probes.fields import score_field
from genlab.probes.time import SHARED_PROBES, TimeProbe

PROBES: Mapping[str, TimeProbe[DiffusionObjective, DiffusionSampler]] = {
    "score": score_field,
    **SHARED_PROBES,
}

"""The extra panels that every paradigm on a continuous time has."""

from __future__ import annotations

from collections.abc import Mapping

from genlab.models.continuous_time import Probe
from genlab.models.equivalence import equivalence
from genlab.models.guidance_map import guidance_map
from genlab.models.truncation import truncation

SHARED_PROBES: Mapping[str, Probe] = {
    "guidance": guidance_map,
    "equivalence": equivalence,
    "truncation": truncation,
}

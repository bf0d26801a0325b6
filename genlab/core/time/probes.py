"""The extra panels that every paradigm on a continuous time has."""

from __future__ import annotations

from collections.abc import Mapping

from genlab.core.time.equivalence import equivalence
from genlab.core.time.guidance_map import guidance_map
from genlab.core.time.process import Probe
from genlab.core.time.truncation import truncation

SHARED_PROBES: Mapping[str, Probe] = {
    "guidance": guidance_map,
    "equivalence": equivalence,
    "truncation": truncation,
}

"""Flow matching: learns the velocity that carries a source to the data."""

from __future__ import annotations

from genlab.paradigms.flow_matching.panels import panels
from genlab.paradigms.flow_matching.presets import PRESETS
from genlab.paradigms.flow_matching.settings import (
    FlowMatchingObjective,
    FlowMatchingSampler,
    capabilities,
    defaults,
)
from genlab.settings.paradigm import Paradigm
from genlab.settings.time import TimeNetwork

PARADIGM = Paradigm(
    id="flow-matching",
    title="Flow matching",
    group="Score and time",
    summary="Learns the velocity that carries a source to the data, along paths as straight as one likes.",
    model="genlab.paradigms.flow_matching.model:FlowMatching",
    probes="genlab.paradigms.flow_matching.probes:PROBES",
    objective=FlowMatchingObjective,
    network=TimeNetwork,
    sampler=FlowMatchingSampler,
    defaults=defaults,
    capabilities=capabilities,
    panels=panels,
    presets=PRESETS,
)

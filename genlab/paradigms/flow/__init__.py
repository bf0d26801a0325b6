"""Normalizing flows: bend simple noise into data by an invertible map."""

from __future__ import annotations

from genlab.paradigms.flow.panels import panels
from genlab.paradigms.flow.presets import PRESETS
from genlab.paradigms.flow.settings import (
    FlowNetwork,
    FlowObjective,
    FlowSampler,
    capabilities,
    defaults,
)
from genlab.settings.paradigm import Paradigm

PARADIGM = Paradigm(
    id="flow",
    title="Normalizing flow",
    group="Likelihood",
    summary="Bends simple noise into data by an invertible map, so that every density is exact.",
    model="genlab.paradigms.flow.model:Flow",
    probes="genlab.paradigms.flow.probes:PROBES",
    objective=FlowObjective,
    network=FlowNetwork,
    sampler=FlowSampler,
    defaults=defaults,
    capabilities=capabilities,
    panels=panels,
    presets=PRESETS,
)

"""Baselines: counts, kernels, a few Gaussians or the data themselves."""

from __future__ import annotations

from genlab.paradigms.baselines.panels import panels
from genlab.paradigms.baselines.presets import PRESETS
from genlab.paradigms.baselines.settings import (
    BaselinesNetwork,
    BaselinesObjective,
    BaselinesSampler,
    BaselinesTraining,
    capabilities,
    defaults,
)
from genlab.settings.paradigm import Paradigm

PARADIGM = Paradigm(
    id="baselines",
    title="Baselines",
    group="Baselines",
    summary="Counts, kernels, a few Gaussians or the data themselves: what every network has to beat.",
    model="genlab.paradigms.baselines.model:Baselines",
    probes="genlab.paradigms.baselines.probes:PROBES",
    objective=BaselinesObjective,
    network=BaselinesNetwork,
    sampler=BaselinesSampler,
    defaults=defaults,
    capabilities=capabilities,
    panels=panels,
    presets=PRESETS,
    training=BaselinesTraining,
    dataset="mixture-1d",
)

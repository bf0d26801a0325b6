"""Diffusion: adds noise to data in small steps and learns to take it away again."""

from __future__ import annotations

from genlab.paradigms.diffusion.panels import panels
from genlab.paradigms.diffusion.presets import PRESETS
from genlab.paradigms.diffusion.settings import (
    DiffusionObjective,
    DiffusionSampler,
    capabilities,
    defaults,
)
from genlab.settings.paradigm import Paradigm
from genlab.settings.time import TimeNetwork

PARADIGM = Paradigm(
    id="diffusion",
    title="Diffusion",
    group="Score and time",
    summary="Adds noise to data in small steps and learns to take it away again.",
    model="genlab.paradigms.diffusion.model:Diffusion",
    probes="genlab.paradigms.diffusion.probes:PROBES",
    objective=DiffusionObjective,
    network=TimeNetwork,
    sampler=DiffusionSampler,
    defaults=defaults,
    capabilities=capabilities,
    panels=panels,
    presets=PRESETS,
)

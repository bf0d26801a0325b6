"""Starter: a few Gaussians for each class, moved by gradients until data are likely under them."""

from __future__ import annotations

from genlab.settings.paradigm import Paradigm
from genlab.settings.spaces import Points
from genlab_starter.panels import panels
from genlab_starter.presets import PRESETS
from genlab_starter.settings import (
    StarterNetwork,
    StarterObjective,
    StarterSampler,
    capabilities,
    defaults,
)

PARADIGM = Paradigm(
    id="starter",
    title="Starter",
    group="Plug-ins",
    summary="A few Gaussians for each class, moved by gradients until data are likely under them.",
    model="genlab_starter.model:StarterModel",
    probes="genlab_starter.probes:PROBES",
    objective=StarterObjective,
    network=StarterNetwork,
    sampler=StarterSampler,
    defaults=defaults,
    capabilities=capabilities,
    panels=panels,
    presets=PRESETS,
    spaces=(Points,),
)

"""Adversarial models: a generator learns to draw what a discriminator cannot tell from real data."""

from __future__ import annotations

from genlab.paradigms.gan.panels import panels
from genlab.paradigms.gan.presets import PRESETS
from genlab.paradigms.gan.settings import (
    GanNetwork,
    GanObjective,
    GanSampler,
    GanTraining,
    capabilities,
    defaults,
)
from genlab.settings.paradigm import Paradigm

PARADIGM = Paradigm(
    id="gan",
    title="Adversarial",
    group="Without likelihood",
    summary="A generator learns to draw what a discriminator cannot tell from real data.",
    model="genlab.paradigms.gan.model:GAN",
    probes="genlab.paradigms.gan.probes:PROBES",
    objective=GanObjective,
    network=GanNetwork,
    sampler=GanSampler,
    training=GanTraining,
    defaults=defaults,
    capabilities=capabilities,
    panels=panels,
    presets=PRESETS,
    dataset="gan-ring",
)

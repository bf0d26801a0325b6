"""Latent variable models: a code for each datum, and a decoder that turns codes drawn at random into data."""

from __future__ import annotations

from genlab.paradigms.vae.panels import panels
from genlab.paradigms.vae.presets import PRESETS
from genlab.paradigms.vae.settings import VAENetwork, VAEObjective, VAESampler, capabilities, defaults
from genlab.settings.paradigm import Paradigm

PARADIGM = Paradigm(
    id="vae",
    title="Latent variable",
    group="Likelihood",
    summary="Learns a code for each datum and a decoder that turns codes drawn at random into data.",
    model="genlab.paradigms.vae.model:VAE",
    probes="genlab.paradigms.vae.probes:PROBES",
    objective=VAEObjective,
    network=VAENetwork,
    sampler=VAESampler,
    defaults=defaults,
    capabilities=capabilities,
    panels=panels,
    presets=PRESETS,
)

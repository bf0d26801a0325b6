"""Diffusion at its best, and at its plainest."""

from __future__ import annotations

from genlab.settings.paradigm import Preset

PRESETS = (
    Preset("moons", "Two moons", "The default: a clean start on an easy density.", "moons", {}),
    Preset(
        "ddpm",
        "DDPM, as published",
        "Noise, linear schedule, simple weight, 1,000 ancestral steps (Ho et al. 2020).",
        "moons",
        {
            "objective.target": "noise",
            "objective.schedule": "linear",
            "objective.weight": "simple",
            "sampler.method": "ddpm",
            "sampler.steps": 1000,
            "sampler.spacing": "trailing",
        },
    ),
    Preset(
        "few-steps",
        "Five steps",
        "DPM-Solver++ in five steps: what a second-order solver buys.",
        "8gaussians-cfm",
        {"sampler.method": "dpm++2m", "sampler.steps": 5},
    ),
    Preset("digits", "Handwritten digits", "Class labels and guidance on 8x8 images.", "digits", {}),
)

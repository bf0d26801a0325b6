"""Flows worth seeing: straight and crooked, in many steps and in one."""

from __future__ import annotations

from genlab.settings.paradigm import Preset

PRESETS = (
    Preset("moons", "Two moons", "The default: straight paths from noise, coupled at random.", "moons", {}),
    Preset(
        "optimal",
        "Optimal transport straightens",
        "Noise and data are coupled by optimal transport: paths hardly bend, and few steps are enough.",
        "8gaussians-cfm",
        {
            "objective.coupling": "optimal",
            "objective.condition_dropout": 1.0,
            "sampler.method": "euler",
            "sampler.steps": 4,
        },
    ),
    Preset(
        "morph",
        "Eight Gaussians become two moons",
        "Another data set as the source, coupled by optimal transport: one Euler step is enough.",
        "moons-cfm",
        {
            "objective.source": "8gaussians-cfm",
            "objective.coupling": "optimal",
            "objective.coupled": 2048,
            "objective.condition_dropout": 1.0,
            "sampler.method": "euler",
            "sampler.steps": 1,
        },
    ),
    Preset(
        "crooked",
        "One step without straight paths",
        "The same morph, coupled at random: one Euler step lands in the middle of everything.",
        "moons-cfm",
        {
            "objective.source": "8gaussians-cfm",
            "objective.condition_dropout": 1.0,
            "sampler.method": "euler",
            "sampler.steps": 1,
        },
    ),
    Preset(
        "reflow",
        "Reflow",
        "The flow is trained anew on pairs that it drew itself: its paths no longer cross, and straighten.",
        "8gaussians-cfm",
        {"objective.method": "reflow", "objective.rounds": 2, "sampler.method": "euler", "sampler.steps": 4},
    ),
    Preset(
        "student",
        "One-step student",
        "A student learns from its teacher's pairs to go the whole way in one pass.",
        "moons-cfm",
        {"objective.method": "student", "training.seconds": 120.0},
    ),
    Preset(
        "consistency-distillation",
        "Consistency distillation",
        "A student must say the same of every point on its teacher's path: one pass, or a few refinements.",
        "moons-cfm",
        {
            "objective.method": "consistency-distillation",
            "sampler.steps": 1,
            "training.seconds": 180.0,
        },
    ),
    Preset(
        "consistency-training",
        "Consistency training",
        "The same without a teacher, from pairs of neighbouring noise levels.",
        "moons-cfm",
        {"objective.method": "consistency-training", "sampler.steps": 1, "training.seconds": 180.0},
    ),
    Preset("digits", "Handwritten digits", "Class labels and guidance on 8x8 images.", "digits", {}),
)

"""Scores worth following: by ODE, SDE and chains, and where chains get stuck."""

from __future__ import annotations

from genlab.settings.paradigm import Preset

PRESETS = (
    Preset("moons", "Two moons", "The default: a VE SDE and its probability-flow ODE.", "moons", {}),
    Preset(
        "ncsn",
        "Annealed Langevin",
        "A ladder of noise levels, a chain at each in turn (NCSN, Song & Ermon 2019).",
        "8gaussians",
        {
            "objective.noise": "ncsn",
            "objective.predict": "noise",
            "objective.weight": "variance",
            "sampler.method": "annealed-langevin",
        },
    ),
    Preset(
        "predictor-corrector",
        "Predictor-corrector",
        "The VP SDE backwards in 500 steps, each mended by a Langevin step (Song et al. 2021).",
        "moons",
        {
            "objective.noise": "vp",
            "objective.weight": "likelihood",
            "sampler.method": "predictor-corrector",
            "sampler.steps": 500,
            "sampler.spacing": "linear",
        },
    ),
    Preset(
        "sliced",
        "Sliced score matching",
        "No noise is predicted: the loss asks for the slope of the score along random directions.",
        "moons",
        {"objective.matching": "sliced", "objective.sigma_min": 0.02, "objective.weight": "variance"},
    ),
    Preset(
        "stuck",
        "Langevin without annealing is stuck",
        "Chains at one low noise level find a mode and stay: the shares of the modes are wrong.",
        "8gaussians",
        {"sampler.method": "ula", "sampler.steps": 200, "sampler.level": 0.05},
    ),
    Preset(
        "guided",
        "Guidance is not the tilted density",
        "Label and guidance scale 3: compare the map of what guidance does with the exactly tilted one.",
        "moons-cfm",
        {"condition.label": "upper", "sampler.guidance": 3.0},
    ),
    Preset("digits", "Handwritten digits", "Class labels and guidance on 8x8 images.", "digits", {}),
)

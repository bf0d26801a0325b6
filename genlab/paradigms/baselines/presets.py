"""Four methods at their best, and how each of them fails."""

from __future__ import annotations

from genlab.settings.paradigm import Preset

_KERNEL = {"objective.method": "kernel", "objective.bandwidth": "fixed"}

PRESETS = (
    Preset(
        "interval",
        "Between two modes",
        "What is the probability that x lies between -0.5 and 0.5? Four methods, three answers.",
        "mixture-1d",
        {"objective.method": "kernel", "objective.bandwidth": "scott", "condition.label": "none"},
    ),
    Preset(
        "em",
        "EM on eight Gaussians",
        "Eight Gaussians begin at random points and part; with another seed two may stay in one mode.",
        "8gaussians",
        {
            "objective.method": "mixture",
            "objective.components": 8,
            "objective.start": "random",
            "training.pace": 8,
            "condition.label": "none",
        },
    ),
    Preset(
        "narrow",
        "Too narrow a kernel",
        "A bump of a hundredth of the spread about each of 500 points: memorised, not learnt.",
        "moons",
        {**_KERNEL, "objective.width": 0.01, "network.stored": 500},
    ),
    Preset(
        "wide",
        "Too wide a kernel",
        "A bridge of probability between two modes where the truth has none.",
        "mixture-1d",
        {**_KERNEL, "objective.width": 0.5, "condition.label": "none"},
    ),
    Preset(
        "memory",
        "Only remembered",
        "Samples look perfect because they are the training points; there is no density at all.",
        "moons",
        {"objective.method": "nearest", "network.stored": 500},
    ),
    Preset(
        "digits",
        "Handwritten digits",
        "One Gaussian over the 64 pixels for each digit: a blur of all its ways of being written.",
        "digits",
        {},
    ),
)

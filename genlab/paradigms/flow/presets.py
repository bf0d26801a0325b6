"""Flows worth seeing: what they do well, and how they typically fail."""

from __future__ import annotations

from genlab.settings.paradigm import Preset

PRESETS = (
    Preset(
        "moons", "Two moons by splines", "The default: three layers bend noise into two moons.", "moons", {}
    ),
    Preset(
        "checkerboard",
        "Checkerboard",
        "Hard edges: splines come close, and smear a little.",
        "checkerboard",
        {},
    ),
    Preset(
        "bridge",
        "A bridge between modes",
        "Affine couplings without labels cannot tear one Gaussian into eight: thin bridges of probability "
        "stay between the modes.",
        "8gaussians",
        {"network.kind": "realnvp", "network.couplings": 4, "objective.condition_dropout": 1.0},
    ),
    Preset(
        "nice",
        "NICE is too weak",
        "Additive couplings keep every volume: they shear space but can neither gather nor thin it out.",
        "8gaussians",
        {"network.kind": "nice", "objective.condition_dropout": 1.0},
    ),
    Preset(
        "planar",
        "Planar layers, one fold at a time",
        "Sixteen planar layers, each a fold along one line: scrub the warp to see them.",
        "moons",
        {"network.kind": "planar", "network.folds": 16, "objective.condition_dropout": 1.0},
    ),
    Preset(
        "mode-seeking",
        "Reverse KL seeks modes",
        "Trained on its own samples against the true density, the flow settles on one or a few of the eight "
        "modes; with one, the loss stalls at ln 8 = 2.08.",
        "8gaussians",
        {
            "data.noise": 0.2,
            "objective.divergence": "reverse",
            "objective.condition_dropout": 1.0,
            "network.kind": "realnvp",
            "network.couplings": 4,
        },
    ),
    Preset(
        "continuous",
        "Continuous flow",
        "Points follow a learned velocity; the density changes by its divergence (FFJORD).",
        "moons",
        {"network.kind": "continuous"},
    ),
    Preset(
        "glow",
        "Digits by a small Glow",
        "Act-norm, invertible 1x1 convolutions and spline couplings at two scales: scrub the timeline from "
        "noise to digits.",
        "digits",
        {},
    ),
    Preset(
        "by-heart",
        "A thousand digits learnt by heart",
        "Without dropout and early stopping the loss keeps falling while the held-out likelihood gets worse.",
        "digits",
        {"network.dropout": 0.0, "training.keep": "last", "training.decay": "constant"},
    ),
)

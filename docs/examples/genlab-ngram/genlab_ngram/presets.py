"""An n-gram model at its best, and failing."""

from __future__ import annotations

from genlab.settings.paradigm import Preset

PRESETS = (
    Preset(
        "names", "First names", "Three letters at a time, all orders mixed: names nobody has.", "names", {}
    ),
    Preset(
        "chain",
        "A chain it can know",
        "Each letter depends on the one before it, and pairs are counted: the loss reaches the entropy.",
        "markov-letters",
        {"objective.order": 2, "objective.smoothing": "add-k"},
    ),
    Preset(
        "memory",
        "Learnt by heart",
        "Eight letters at a time and nothing for the unseen: most samples are names of the training data, "
        "and most other names have probability zero.",
        "names",
        {"objective.order": 8, "objective.smoothing": "add-k", "objective.k": 0.0},
    ),
    Preset(
        "flat",
        "Smoothed away",
        "A thousand is added to every count: what was counted no longer matters, and letters come evenly.",
        "names",
        {"objective.order": 3, "objective.smoothing": "add-k", "objective.k": 1000.0},
    ),
)

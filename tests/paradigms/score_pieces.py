"""Pieces that several tests of score-based models use."""

from __future__ import annotations

from functools import cache
from typing import Any

from genlab.session.session import Session
from tests.paradigms.conftest import train

MEAN, STD = 2.0, 0.5
"""Of mixture-1d: equally likely Gaussians at -2 and 2."""


@cache
def on_a_line(steps: int = 400, **values: Any) -> Any:
    """A small model of mixture-1d after a few hundred steps; double underscores stand for dots."""
    small = {"network.width": 64, "training.batch_size": 256, "training.ema": 0.9}
    chosen = {key.replace("__", "."): value for key, value in values.items()}
    return train(Session.default("score", "mixture-1d").with_values({**small, **chosen}), steps)

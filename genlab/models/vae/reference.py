"""What a bound reads in the best case."""

from __future__ import annotations

from collections.abc import Generator

import numpy as np

from genlab.data.dataset import Truth
from genlab.models.base import Batch

CHUNK = 512
MOST = 8192
"""Data that serve the estimate."""


def conditional_entropy(truth: Truth, batch: Batch) -> Generator[None, None, float]:
    """Entropy of a datum given its class, nats, by slices: H(x, c) - H(c), from the exact joint density at
    each datum of a batch with labels, corrected by what its average of log p(x) misses the known entropy."""
    assert batch.labels is not None
    x, labels = batch.x[:MOST].cpu().numpy(), batch.labels[:MOST].cpu().numpy()
    total, n = 0.0, 0
    for start in range(0, len(x), CHUNK):
        points, classes = x[start : start + CHUNK], labels[start : start + CHUNK]
        each = truth.log_prob(points)
        for label in np.unique(classes):
            chosen = classes == label
            # Pairing with log p(x) cancels most of the spread.
            total += float((truth.log_prob(points[chosen], int(label)) - each[chosen]).sum())
        n += len(points)
        yield
    return truth.entropy - total / n

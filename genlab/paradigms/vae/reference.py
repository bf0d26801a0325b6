"""What a bound reads in the best case."""

from __future__ import annotations

from collections.abc import Generator

import numpy as np

from genlab.core.training import Batch
from genlab.data.truths.base import Truth

CHUNK = 512
MOST = 8192
"""Data that serve the estimate."""


def best_bound(truth: Truth, batch: Batch, given: float) -> Generator[None, None, float]:
    """Entropy of a datum, nats, when its class is told with probability `given`, by slices.

    Given the class it is less by the information that the class has of a datum, estimated on data with
    labels; the rest is exact."""
    if batch.labels is None or given == 0:
        return truth.entropy
    x, labels = batch.x[:MOST].cpu().numpy(), batch.labels[:MOST].cpu().numpy()
    information = 0.0
    for start in range(0, len(x), CHUNK):
        points, classes = x[start : start + CHUNK], labels[start : start + CHUNK]
        each = truth.log_prob(points)
        for label in np.unique(classes):
            chosen = classes == label
            told = truth.log_prob(points[chosen], int(label))
            information += float((told - each[chosen]).sum()) / len(x)
        yield
    return truth.entropy - given * information

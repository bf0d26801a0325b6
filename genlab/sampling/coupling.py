"""Couplings: which point of a source goes with which datum."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Points = NDArray[np.floating]
Index = NDArray[np.int64]

MOST_ROUNDS, MARGIN = 2000, 1e-4


def optimal(source: Points, data: Points) -> Index:
    """The source point of each datum under exact optimal transport, for squared Euclidean cost, (n,).

    source, data: (n, *event), of equal number. It blocks for about 0.1 s at n = 512 and from 0.2 to 0.6 s at
    1,024, without holding the interpreter's lock.

    Source: Tong et al. (2024), Improving and Generalizing Flow-Based Generative Models with Minibatch Optimal
    Transport, section 3.2.
    """
    from scipy.optimize import linear_sum_assignment

    rows, columns = linear_sum_assignment(squared_distances(data, source))
    found = np.empty(len(data), np.int64)
    found[rows] = columns
    return found


def within_classes(source: Points, data: Points, labels: Index) -> Index:
    """`optimal` within each class: its data are coupled to as many source points, chosen in their order, so
    that the source says nothing of the label.

    Source: Cheng and Schwing (2025), The Curse of Conditions: Analyzing and Improving Optimal Transport for
    Conditional Flow-Based Generation, section 4.
    """
    found = np.empty(len(data), np.int64)
    begun = 0
    for label in np.unique(labels):
        rows = np.flatnonzero(labels == label)
        found[rows] = begun + optimal(source[begun : begun + len(rows)], data[rows])
        begun += len(rows)
    return found


def sinkhorn(source: Points, data: Points, blur: float, rng: np.random.Generator) -> Index:
    """A source point for each datum, drawn from its row of the entropic transport plan, (n,).

    blur: regularisation epsilon in units of the mean cost.

    Source: Cuturi (2013), Sinkhorn Distances, algorithm 1.
    """
    plan = sinkhorn_plan(source, data, blur)
    totals = plan.cumsum(1)
    chosen = (totals < rng.random((len(plan), 1)) * totals[:, -1:]).sum(1)
    found: Index = np.minimum(chosen, len(source) - 1)
    return found


def sinkhorn_plan(source: Points, data: Points, blur: float) -> NDArray[np.float64]:
    """The entropic transport plan between two samples, (data, source): rows sum to 1/n, columns to 1/m."""
    cost = squared_distances(data, source)
    scale = blur * cost.mean()
    # The least cost of each row and column is taken off: potentials that keep the kernel from vanishing.
    cost -= cost.min(1, keepdims=True)
    cost -= cost.min(0, keepdims=True)
    kernel = np.exp(-cost / scale)
    n, m = kernel.shape
    v = np.ones(m)
    for _ in range(MOST_ROUNDS):
        u = 1 / (n * (kernel @ v))
        columns = v * (kernel.T @ u)
        if np.abs(columns * m - 1).max() < MARGIN:
            break
        v = 1 / (m * (kernel.T @ u))
    plan: NDArray[np.float64] = u[:, None] * kernel * v
    return plan


def squared_distances(x: Points, y: Points) -> NDArray[np.float64]:
    """Squared Euclidean distances between samples (n, *event) and (m, *event), (n, m)."""
    from scipy.spatial.distance import cdist

    a, b = (np.asarray(z, np.float64).reshape(len(z), -1) for z in (x, y))
    distances: NDArray[np.float64] = cdist(a, b, "sqeuclidean")
    return distances

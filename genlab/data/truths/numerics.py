"""Quadrature, mixtures and windows that known densities are worked out with."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from genlab.data.dataset import Float
from genlab.data.payloads import Extent

PANEL = 16


def central_differences(function: Callable[[Float], Float], x: Float, step: float) -> Float:
    """Fourth-order gradient of a function (n, d) -> (n,), (n, d)."""
    gradient = np.empty_like(x)
    for axis in range(x.shape[1]):
        offset = np.zeros(x.shape[1])
        offset[axis] = step
        near = function(x + offset) - function(x - offset)
        far = function(x + 2 * offset) - function(x - 2 * offset)
        gradient[:, axis] = (8 * near - far) / (12 * step)
    return gradient


def combine(log_classes: Float, scores: Float, prior: Float) -> tuple[Float, Float]:
    """Log density (n,) and score (n, d) of a mixture.

    log_classes: (n, k) log density of each class. scores: (n, k, d) its score. prior: (k,).
    Where every class has density 0 the score is 0.
    """
    joint = log_classes + np.log(prior)
    top = joint.max(axis=1, keepdims=True)
    share = np.exp(joint - np.where(np.isfinite(top), top, 0.0))
    total = share.sum(axis=1)
    with np.errstate(divide="ignore"):
        log_prob = np.log(total) + top[:, 0]
    posterior = share / np.where(total > 0, total, 1.0)[:, None]
    return log_prob, np.einsum("nk,nkd->nd", posterior, scores)


def gauss_panels(edges: Float) -> tuple[Float, Float]:
    """Nodes and weights of a 16-point Gauss-Legendre rule between each two neighbouring edges."""
    nodes, weights = np.polynomial.legendre.leggauss(PANEL)
    half = (edges[1:] - edges[:-1])[:, None] / 2
    middle = (edges[1:] + edges[:-1])[:, None] / 2
    return (middle + half * nodes).ravel(), (half * weights).ravel()


def even_edges(low: float, high: float, spacing: float) -> Float:
    """Edges of panels of equal width, for a mean spacing of the nodes of at most `spacing`."""
    return np.linspace(low, high, max(2, int(np.ceil((high - low) / (PANEL * spacing)))) + 1)


def gauss_normal(order: int) -> tuple[Float, Float]:
    """Nodes and weights for expectations under the standard normal distribution."""
    nodes, weights = np.polynomial.hermite_e.hermegauss(order)
    return nodes, weights / np.sqrt(2 * np.pi)


def square_extent(low: Float, high: Float) -> Extent:
    """The smallest square around a box, its half side rounded up to a tenth; or the interval in 1-D."""
    centre = np.round((low + high) / 2, 2)
    half = float(np.ceil(10 * np.max(np.maximum(high - centre, centre - low)) - 1e-9) / 10)
    x = (float(centre[0]) - half, float(centre[0]) + half)
    if len(low) == 1:
        return (*x, 0.0, 0.0)
    return (*x, float(centre[1]) - half, float(centre[1]) + half)

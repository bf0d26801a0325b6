"""Numbers from two densities on grids."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from genlab.data.payloads import Density, Extent

Floats = NDArray[np.float64]
FLOOR = -200.0
"""Below this a logarithm (nats) stands for a density of zero."""


@dataclass(frozen=True)
class Comparison:
    """Kullback-Leibler divergences over the extent, in nats; p the truth, q the model."""

    forward: float
    reverse: float


def cell(shape: tuple[int, ...], extent: Extent) -> float:
    """Area (1-D: length) of a cell."""
    area = (extent[1] - extent[0]) / shape[-1]
    return area * (extent[3] - extent[2]) / shape[0] if len(shape) == 2 else area


def resampled(density: Density, shape: tuple[int, ...], extent: Extent) -> Floats:
    """log_prob (nats) of a grid at the cell centres of another; -inf beyond the grid's own extent.

    Cubic in the logarithm, so exact for Gaussians; at the edge of a support, where a neighbour's
    logarithm is -inf, linear in the density."""
    log_prob = np.asarray(density.log_prob, np.float64)
    if log_prob.shape == shape and density.extent == extent:
        return log_prob
    logarithm, value, least = np.maximum(log_prob, -700.0), np.exp(log_prob), log_prob
    beyond = np.zeros(shape, bool)
    for axis in range(len(shape)):
        along_x = axis == len(shape) - 1
        low, high = density.extent[:2] if along_x else density.extent[2:]
        start, end = extent[:2] if along_x else extent[2:]
        n, m = log_prob.shape[axis], shape[axis]
        centres = start + (np.arange(m) + 0.5) * (end - start) / m
        place = (centres - low) / (high - low) * n - 0.5
        outside = (place < -0.5 - 1e-6) | (place > n - 0.5 + 1e-6)
        base = np.clip(np.floor(place).astype(int), 1, n - 3)
        broad = [-1 if a == axis else 1 for a in range(len(shape))]
        t = (place - base).reshape(broad)
        cubic = (
            -t * (t - 1) * (t - 2) / 6,
            (t + 1) * (t - 1) * (t - 2) / 2,
            -(t + 1) * t * (t - 2) / 2,
            (t + 1) * t * (t - 1) / 6,
        )
        near = [base + offset for offset in (-1, 0, 1, 2)]
        logarithm = sum(w * logarithm.take(k, axis) for w, k in zip(cubic, near, strict=True))
        share = np.clip(t, 0.0, 1.0)
        value = value.take(near[1], axis) * (1 - share) + value.take(near[2], axis) * share
        least = np.minimum.reduce([least.take(k, axis) for k in near])
        beyond |= outside.reshape(broad)
    with np.errstate(divide="ignore"):
        sharp = np.log(value)
    return np.where(beyond, -np.inf, np.where(least < FLOOR, sharp, logarithm))


def compare(truth: Floats, model: Floats, area: float) -> Comparison:
    """KL(p || q) and KL(q || p) by the midpoint rule, from log densities on one grid.

    Infinite where one vanishes on a cell that the other gives more than 1e-9 of mass."""

    def divergence(a: Floats, b: Floats) -> float:
        mass = np.exp(a) * area
        counted = mass > 1e-9
        with np.errstate(invalid="ignore"):
            return float(np.sum(mass[counted] * (a[counted] - b[counted])))

    return Comparison(divergence(truth, model), divergence(model, truth))

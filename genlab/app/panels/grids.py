"""Numbers from two densities on grids."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from genlab.data.payloads import Density, Extent

Floats = NDArray[np.float64]


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
    """log_prob (nats) of a grid at the cell centres of another, linear between its own centres.

    Interpolates the logarithm; it is -inf beyond the grid's own extent."""
    log_prob = np.asarray(density.log_prob, np.float64)
    if log_prob.shape == shape and density.extent == extent:
        return log_prob
    logarithm, value = np.maximum(log_prob, -700.0), np.exp(log_prob)
    beyond = np.zeros(shape, bool)
    for axis in range(len(shape)):
        along_x = axis == len(shape) - 1
        low, high = density.extent[:2] if along_x else density.extent[2:]
        start, end = extent[:2] if along_x else extent[2:]
        n, m = log_prob.shape[axis], shape[axis]
        centres = start + (np.arange(m) + 0.5) * (end - start) / m
        place = (centres - low) / (high - low) * n - 0.5
        outside = (place < -0.5 - 1e-6) | (place > n - 0.5 + 1e-6)
        place = np.clip(place, 0, n - 1)
        base = np.minimum(place.astype(int), max(n - 2, 0))
        broad = [-1 if a == axis else 1 for a in range(len(shape))]
        weight, upper = (place - base).reshape(broad), np.minimum(base + 1, n - 1)
        logarithm = logarithm.take(base, axis) * (1 - weight) + logarithm.take(upper, axis) * weight
        value = value.take(base, axis) * (1 - weight) + value.take(upper, axis) * weight
        beyond |= outside.reshape(broad)
    with np.errstate(divide="ignore"):
        sharp = np.log(value)
    # At the edge of a support one neighbour's logarithm is -inf: the density itself is interpolated there.
    return np.where(beyond, -np.inf, np.where(logarithm < -100.0, sharp, logarithm))


def compare(truth: Floats, model: Floats, area: float) -> Comparison:
    """KL(p || q) and KL(q || p) by the midpoint rule, from log densities on one grid.

    Infinite where one vanishes on a cell that the other gives more than 1e-9 of mass."""

    def divergence(a: Floats, b: Floats) -> float:
        mass = np.exp(a) * area
        counted = mass > 1e-9
        with np.errstate(invalid="ignore"):
            return float(np.sum(mass[counted] * (a[counted] - b[counted])))

    return Comparison(divergence(truth, model), divergence(model, truth))

"""The exact score of noisy data, where the data's own density is known."""

from __future__ import annotations

from collections.abc import Generator
from itertools import product

import numpy as np
import torch
from torch import Tensor

from genlab.data.dataset import Float, Truth, gauss_normal
from genlab.models.base import Model
from genlab.sampling.ideal import IdealDenoiser
from genlab.sampling.path import VarianceExploding

DRAWS = 16_384
SLICE_ROWS = 64
QUADRATURE_BELOW = 0.15
"""Noise level, in standard deviations of the data, below which quadrature is exact and draws are too few."""
NODES = {1: 40, 2: 14}
"""Of a Gauss-Hermite rule on each axis, by dimension."""
SLICE_POINTS = 4096


def true_score(
    model: Model, y: Tensor, level: float, label: int | None = None
) -> Generator[None, None, Tensor]:
    """Gradient of the log density of standardised data plus noise, at y (n, d), in slices: (n, d).

    With `p_s(y) = E[p(y - s u)]`, u standard normal, the score is `-E[u p(y - s u)] / (s p_s(y))`: by
    Gauss-Hermite quadrature over the exact density p where the level s is small, also where p has edges;
    else that of the ideal denoiser of 16,384 draws. Where the density vanishes it is 0.

    label: of that class alone. Raises ValueError where the truth of the data is not known.
    """
    truth = model.truth
    if truth is None:
        raise ValueError("the exact score is known for the built-in sets only")
    if level < QUADRATURE_BELOW and truth.dim in NODES:
        return (yield from _by_quadrature(model, truth, y, level, label))
    draw = truth.draw(DRAWS, np.random.default_rng(0), label)
    data = model.standardise(torch.as_tensor(draw.x, device=model.device)).to(y)
    ideal = IdealDenoiser(data, VarianceExploding())
    t = torch.tensor(level, dtype=torch.float64)
    parts = []
    for first in range(0, len(y), SLICE_ROWS):
        parts.append(ideal.predict(y[first : first + SLICE_ROWS], t).score)
        yield
    return torch.cat(parts)


def _by_quadrature(
    model: Model, truth: Truth, y: Tensor, level: float, label: int | None
) -> Generator[None, None, Tensor]:
    nodes, weights = _rule(truth.dim)
    std, mean = model.std.cpu().numpy().astype(np.float64), model.mean.cpu().numpy().astype(np.float64)
    points = y.cpu().numpy().astype(np.float64)
    score = np.zeros_like(points)
    rows = max(1, SLICE_POINTS // len(nodes))
    for first in range(0, len(points), rows):
        part = slice(first, first + rows)
        moved = (points[part, None] - level * nodes) * std + mean  # (rows, nodes, d)
        log_p = truth.log_prob(moved.reshape(-1, truth.dim), label).reshape(moved.shape[:2]) + np.log(weights)
        top = log_p.max(1, keepdims=True)
        share = np.exp(log_p - np.where(np.isfinite(top), top, 0.0))
        total = share.sum(1, keepdims=True)
        score[part] = -(share / np.where(total > 0, total, 1.0)) @ nodes / level
        yield
    return torch.as_tensor(score, dtype=y.dtype, device=y.device)


def _rule(dim: int) -> tuple[Float, Float]:
    """Nodes (m, dim) and weights (m,) for expectations under the standard normal distribution."""
    nodes, weights = gauss_normal(NODES[dim])
    return (
        np.array(list(product(nodes, repeat=dim))),
        np.array([np.prod(w) for w in product(weights, repeat=dim)]),
    )

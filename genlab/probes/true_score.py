"""The exact score of noisy data, where the data's own density is known."""

from __future__ import annotations

import hashlib
import math
from collections import OrderedDict
from collections.abc import Generator
from itertools import product

import numpy as np
import torch
from torch import Tensor

from genlab.core.model import NumberModel
from genlab.data.dataset import Float
from genlab.data.truths.base import Truth
from genlab.data.truths.mixtures import GaussianMixture
from genlab.data.truths.numerics import gauss_normal
from genlab.sampling.ideal import IdealDenoiser
from genlab.sampling.path import VarianceExploding
from genlab.settings.paradigm import N, O, S

DRAWS = 16_384
SLICE_ROWS = 24
QUADRATURE_BELOW = 0.15
"""Noise level, in standard deviations of the data, below which quadrature is good and draws are too few."""
NODES = {1: 40, 2: 14}
"""Of a Gauss-Hermite rule on each axis, by dimension."""
SPACING, REACH = 0.25, 5.5
"""Of the nodes of a grid rule, in standard deviations of the noise."""
SLICE_POINTS = 4096
REMEMBERED = 64
"""Answers: previews ask the same of other weights again and again."""

_last: OrderedDict[tuple[object, ...], tuple[Truth, Tensor]] = OrderedDict()


def true_score(
    model: NumberModel[O, N, S], y: Tensor, level: float, label: int | None = None
) -> Generator[None, None, Tensor]:
    """Gradient of the log density of standardised data plus noise, at y (n, d), in slices: (n, d).

    A mixture of Gaussians has a closed form. For other data, with `p_s(y) = E[p(y - s u)]`, u standard
    normal, the score is `-E[u p(y - s u)] / (s p_s(y))`: by quadrature over the exact density p where the
    level s is small; else that of the ideal denoiser of 16,384 draws. Near the data quadrature errs by 1 %
    where p has edges, by 3 % where it has structure as fine as s / 3, and by less than 0.2 % otherwise; draws
    err by 5 to 10 % at a level of 0.15 and by 1 % at 1. Where the density vanishes the score is 0.

    label: of that class alone. What was asked last is remembered. Raises ValueError where the truth of the
    data is not known.
    """
    truth = model.truth
    if truth is None:
        raise ValueError("the exact score is known for the built-in sets only")
    points = [value.detach().cpu().numpy().tobytes() for value in (y, model.mean, model.std)]
    key = (id(truth), str(y.dtype), y.shape, hashlib.sha1(b"".join(points)).digest(), level, label)
    if key not in _last:
        found = yield from _true_score(model, truth, y, level, label)
        _last[key] = truth, found.cpu()  # As long as the truth is kept, no other has its id.
        while len(_last) > REMEMBERED:
            _last.popitem(last=False)
    _last.move_to_end(key)
    return _last[key][1].to(y.device, copy=True)


def _true_score(
    model: NumberModel[O, N, S], truth: Truth, y: Tensor, level: float, label: int | None
) -> Generator[None, None, Tensor]:
    if isinstance(truth, GaussianMixture):
        return (yield from _of_mixture(model, truth, y, level, label))
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


def _of_mixture(
    model: NumberModel[O, N, S], truth: GaussianMixture, y: Tensor, level: float, label: int | None
) -> Generator[None, None, Tensor]:
    """Each component stays Gaussian: standardised noise of the level adds to its variance."""
    assert truth.modes is not None
    assert truth.mode_std is not None
    rows = slice(None) if label is None else slice(label, label + 1)
    std, mean = _statistics(model)
    centres, log_weights = (truth.modes[rows] - mean) / std, np.log(truth.class_prior[rows])
    variance = (truth.mode_std / std) ** 2 + level**2
    points = y.cpu().numpy().astype(np.float64)
    score = np.zeros_like(points)
    size = max(1, SLICE_POINTS // len(centres))
    for first in range(0, len(points), size):
        part = slice(first, first + size)
        pull = (centres - points[part, None]) / variance  # (rows, components, d)
        exponent = log_weights - 0.5 * (pull**2 * variance).sum(2)
        share = np.exp(exponent - exponent.max(1, keepdims=True))
        score[part] = np.einsum("nk,nkd->nd", share / share.sum(1, keepdims=True), pull)
        yield
    return torch.as_tensor(score, dtype=y.dtype, device=y.device)


def _by_quadrature(
    model: NumberModel[O, N, S], truth: Truth, y: Tensor, level: float, label: int | None
) -> Generator[None, None, Tensor]:
    nodes, weights = _turned_grid() if truth.edges else _gauss(truth.dim)
    std, mean = _statistics(model)
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


def _statistics(model: NumberModel[O, N, S]) -> tuple[Float, Float]:
    """The standard deviation and mean that standardise the data, (d,) each."""
    return model.std.cpu().numpy().astype(np.float64), model.mean.cpu().numpy().astype(np.float64)


def _gauss(dim: int) -> tuple[Float, Float]:
    """Nodes (m, dim) and weights (m,) for expectations of smooth functions of standard normal numbers."""
    nodes, weights = gauss_normal(NODES[dim])
    return (
        np.array(list(product(nodes, repeat=dim))),
        np.array([np.prod(w) for w in product(weights, repeat=dim)]),
    )


def _turned_grid() -> tuple[Float, Float]:
    """The same in the plane, for functions that jump along lines parallel to the axes.

    A Gauss rule sees an edge at 14 places only. No two nodes of a square grid turned by the arctangent of
    the golden ratio share a coordinate, and these lie evenly.
    """
    steps = math.ceil(REACH / SPACING)
    axis = SPACING * np.arange(-steps, steps + 1)
    tilt = math.atan((math.sqrt(5) - 1) / 2)
    turn = np.array([[math.cos(tilt), math.sin(tilt)], [-math.sin(tilt), math.cos(tilt)]])
    nodes = np.array(list(product(axis, repeat=2))) @ turn
    square = (nodes**2).sum(1)
    inside = square <= REACH**2
    weights = np.exp(-0.5 * square[inside])
    return nodes[inside], weights / weights.sum()

"""What guidance does to a density, beside what the same scale means when it tilts the data exactly."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from genlab.data.dataset import Float, Truth
from genlab.data.payloads import Maps, ScalarMap
from genlab.models.base import ProbeRequest
from genlab.models.continuous_time import ContinuousTime
from genlab.models.fields import plane
from genlab.sampling.condition import Condition
from genlab.sampling.denoiser import Denoiser
from genlab.sampling.likelihood import ode_log_prob
from genlab.settings.continuous_time import TimeSampler

PASSES = ((24, 6), (48, 24))
"""Columns of the grid and steps of the ODE: first quickly, then well."""
CHUNK = 768
SLICE_POINTS = 512


def guidance_map(model: ContinuousTime, request: ProbeRequest) -> Iterator[Maps | None]:
    """Densities over the extent for the chosen class c and guidance scale w: exactly tilted,
    `p(x) p(c | x)^w`, and of the guided probability-flow ODEs, each normalised over the extent. Twice, coarse
    and then fine.

    A title gives the total variation distance to the exact one, half the integral of the absolute difference.
    Where the truth is not known, there are only the guided ones, without it.

    Raises:
        ValueError: where nothing is guided.
    """
    sampler = request.sampler
    assert isinstance(sampler, TimeSampler)
    label = _class(model, sampler)
    name, w = model.label_names[label], sampler.guidance
    for columns, steps in PASSES:
        points = plane(model, columns)
        exact = None
        if model.truth is not None:
            tilted = yield from tilted_log_prob(
                model.truth, points.cpu().numpy().astype(np.float64), label, w
            )
            exact = shares(tilted)
        found = []
        for way in ways(model, sampler):
            log_p = yield from _guided_log_prob(model, way.denoiser, points, label, steps)
            found.append((way.title, shares(log_p)))
        yield _maps(model, columns, exact, found, f"p(x) p({name} | x)^{w:g}")


@dataclass(frozen=True)
class Way:
    """A way of guiding, and what it is called."""

    title: str
    denoiser: Denoiser


def ways(model: ContinuousTime, sampler: TimeSampler) -> list[Way]:
    """Classifier-free guidance; and, where the model has trained a classifier, guidance by that."""
    if "guide" not in type(sampler).model_fields:
        return [Way("classifier-free", model.denoiser(sampler))]
    known = {"classifier-free": "classifier-free"}
    if getattr(model, "classifier", None) is not None:
        known["classifier"] = "by a classifier"
    return [
        Way(title, model.denoiser(sampler.model_copy(update={"guide": guide})))
        for guide, title in known.items()
    ]


def tilted_log_prob(truth: Truth, x: Float, label: int, scale: float) -> Generator[None, None, Float]:
    """`log p(x) + scale log p(label | x)` at points (n, d), in slices: (n,), up to a constant; minus infinity
    where the class or the data have density 0. A scale of 1 is the density of the class."""
    parts = []
    for first in range(0, len(x), SLICE_POINTS):
        rows = x[first : first + SLICE_POINTS]
        log_p, log_class = truth.log_prob(rows), truth.log_prob(rows, label)
        known = np.isfinite(log_p) & np.isfinite(log_class)
        value = np.full(len(rows), -np.inf)
        posterior = np.log(truth.class_prior[label]) + log_class[known] - log_p[known]
        value[known] = log_p[known] + scale * posterior
        parts.append(value)
        yield
    return np.concatenate(parts)


def shares(log_density: Float) -> Float:
    """Probability of each cell of a grid, by the density at its centre and summing to 1."""
    mass = np.exp(log_density - log_density.max())
    normalised: Float = mass / mass.sum()
    return normalised


def total_variation(p: Float, q: Float) -> float:
    """Half the sum of absolute differences of two distributions over cells: 0 alike, 1 apart."""
    return float(0.5 * np.abs(p - q).sum())


def _class(model: ContinuousTime, sampler: TimeSampler) -> int:
    if not model.label_names:
        raise ValueError("these data have no labels to guide towards")
    if sampler.label in ("any", "none"):
        raise ValueError("choose a label: guidance leans towards one class")
    if not model.guided(sampler):
        raise ValueError("choose a guidance scale other than 1: at 1 nothing is guided")
    return model.label_names.index(sampler.label)


def _guided_log_prob(
    model: ContinuousTime, denoiser: Denoiser, points: Tensor, label: int, steps: int
) -> Generator[None, None, Float]:
    """Log density of the guided ODE's samples, up to a constant, (n,)."""
    labels = torch.full((len(points),), label, device=model.device)
    slices = ode_log_prob(
        denoiser,
        model.standardise(points),
        Condition(labels),
        steps=steps,
        error=False,
        chunk=CHUNK,
        base=model.base_log_prob(),
    )
    parts = []
    for part in slices:
        if part is not None:
            parts.append(part.value)
        yield
    return torch.cat(parts).double().cpu().numpy()


def _maps(
    model: ContinuousTime, columns: int, exact: Float | None, found: list[tuple[str, Float]], formula: str
) -> Maps:
    left, right, low, high = model.extent
    cell = (right - left) * (high - low) / columns**2
    top = max(float(values.max()) for values in ([exact] if exact is not None else [p for _, p in found]))

    def drawn(title: str, values: Float) -> ScalarMap:
        density = (values / cell).astype(np.float32).reshape(columns, columns)
        return ScalarMap(density, model.extent, title, (0.0, top / cell), unit="per unit area")

    if exact is None:
        note = (
            f"Where guidance takes the samples. To tilt the data exactly would be {formula}, not known here."
        )
        return Maps(tuple(drawn(title, values) for title, values in found), note)
    far = [(title, total_variation(exact, values)) for title, values in found]
    titles = [f"{title}, TV {distance:.2f}" for title, distance in far]
    maps = [drawn(f"exact: {formula}", exact)]
    maps += [drawn(title, values) for title, (_, values) in zip(titles, found, strict=True)]
    note = (
        "Guided samples are not drawn from the tilted density: TV is the total variation distance to it, "
        "from 0 (the same) to 1 (nothing in common)."
    )
    return Maps(tuple(maps), note)

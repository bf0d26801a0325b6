"""What guidance does to a density, beside what the same scale means when it tilts the data exactly."""

from __future__ import annotations

import math
from collections.abc import Generator, Iterator
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from genlab.core.requests import Ask, ProbeRequest
from genlab.core.time.model import TO, TS, TimeModel
from genlab.data.dataset import Float
from genlab.data.payloads import Maps, ScalarMap
from genlab.data.truths.base import Truth
from genlab.probes.pieces import plane
from genlab.sampling.condition import Conditions
from genlab.sampling.denoiser import Denoiser
from genlab.sampling.likelihood import ode_log_prob

COARSE, FINE = (24, 6), (48, 24)
"""Columns of the grid and steps of the ODE: first quickly, then well."""
LEAST_COLUMNS = 16
CHUNK = 384
SLICE_POINTS = 512
RAISED = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")
EMPTY = 1e-4
"""Of the largest coarse density: fine cells amid less than that are not looked at."""
BRIGHTEST = 2.0
"""Times the largest exact density: what is more has the last colour."""
WIDEST_CELL = 1.5
"""In standard deviations of a mode: wider cells tell no distance between densities."""


def guidance_map(model: TimeModel[TO, TS], request: ProbeRequest[TS]) -> Iterator[Maps | None]:
    """Densities over the extent for the chosen class c and guidance scale w: exactly tilted,
    `p(x) p(c | x)^w`, and of the guided probability-flow ODEs, each normalised over the extent. Twice, coarse
    and then fine; with less detail once, as fine as that allows.

    A title gives the total variation distance to the exact one, half the integral of the absolute difference;
    the note, in the end, that at w = 1, where both are the density of the class and only the network errs.
    Where the truth is not known, there are only the guided ones, without it.

    Raises:
        ValueError: where nothing is guided.
    """
    sampler = request.sampler
    label = _class(model, request)
    tilt = Tilt(label, model.data.labels[label], sampler.guidance)
    if request.detail < 1:
        columns, steps = request.columns(FINE[0], LEAST_COLUMNS), request.fewer(FINE[1], COARSE[1])
        once = yield from _densities(model, sampler, tilt, columns, steps, None)
        yield _maps(model, columns, once, tilt, ())
        return
    coarse = yield from _densities(model, sampler, tilt, *COARSE, None)
    yield _maps(model, COARSE[0], coarse, tilt, ())
    plain: tuple[float, ...] = ()
    if coarse.exact is not None and tilt.scale != 1:
        class_alone = replace(tilt, scale=1.0)
        unguided = yield from _densities(model, sampler, class_alone, *COARSE, None)
        plain = unguided.distances()
    fine = yield from _densities(model, sampler, tilt, *FINE, coarse)
    yield _maps(model, FINE[0], fine, tilt, plain)


@dataclass(frozen=True)
class Tilt:
    """The class towards which guidance leans, and its scale w."""

    label: int
    name: str
    scale: float

    @property
    def formula(self) -> str:
        """The density that the scale stands for."""
        power = f"{self.scale:g}"
        raised = power.translate(RAISED) if power.isdigit() else f"^{power}"
        return f"p(x) p({self.name} | x){raised}"


@dataclass(frozen=True)
class Densities:
    """Probabilities of the cells of a grid: exactly tilted, or None; and guided, by the way of guiding.

    resolved: whether the cells are small enough for the modes of the data."""

    exact: Float | None
    guided: dict[str, Float]
    resolved: bool = True

    def distances(self) -> tuple[float, ...]:
        """Total variation distance of each guided one to the exact one; none where that is not known or the
        cells are too wide."""
        if self.exact is None or not self.resolved:
            return ()
        return tuple(total_variation(self.exact, values) for values in self.guided.values())


def tilted_log_prob(truth: Truth, x: Float, label: int, scale: float) -> Generator[None, None, Float]:
    """`log p(x) + scale log p(label | x)` at points (n, d), in slices: (n,), up to a constant; minus infinity
    where the class or the data have density 0. A scale of 1 is the density of the class."""
    parts = []
    for first in range(0, len(x), SLICE_POINTS):
        rows = x[first : first + SLICE_POINTS]
        value = truth.log_prob(rows)
        if scale > 0:
            joint = truth.log_prob(rows, label) + np.log(truth.class_prior[label])
            known = np.isfinite(joint)
            value[known] += scale * (joint[known] - value[known])
            value[~known] = -np.inf
        parts.append(value)
        yield
    return np.concatenate(parts)


def shares(log_density: Float) -> Float:
    """Probability of each cell of a grid, by the density at its centre and summing to 1."""
    mass = np.exp(log_density - log_density.max())
    normalised: Float = mass / mass.sum()
    return normalised


def occupied(coarse: Float, columns: int) -> NDArray[np.bool_]:
    """Which cells of a grid of so many columns, (columns^2,), lie in or beside a coarse cell that is not
    nearly empty. coarse: probabilities of the cells of a square grid."""
    side = math.isqrt(len(coarse))
    full = np.pad((coarse > EMPTY * coarse.max()).reshape(side, side), 1)
    grown = np.asarray(np.lib.stride_tricks.sliding_window_view(full, (3, 3)).any((2, 3)))
    at = (np.arange(columns) * 2 + 1) * side // (2 * columns)
    found: NDArray[np.bool_] = grown[at[:, None], at].ravel()
    return found


def total_variation(p: Float, q: Float) -> float:
    """Half the sum of absolute differences of two distributions over cells: 0 alike, 1 apart."""
    return float(0.5 * np.abs(p - q).sum())


def _densities(
    model: TimeModel[TO, TS],
    sampler: TS,
    tilt: Tilt,
    columns: int,
    steps: int,
    coarse: Densities | None,
) -> Generator[None, None, Densities]:
    """coarse: the same on fewer columns, which shows where to look."""
    points = plane(model.extent, columns, model.device)
    exact = None
    if model.truth is not None:
        x = points.cpu().numpy().astype(np.float64)
        exact = shares((yield from tilted_log_prob(model.truth, x, tilt.label, tilt.scale)))
    guided = {}
    for title, denoiser in model.ways_to_guide(sampler.model_copy(update={"guidance": tilt.scale})).items():
        seen = np.ones(columns**2, bool) if coarse is None else occupied(coarse.guided[title], columns)
        log_p = np.full(columns**2, -np.inf)
        chosen = points[torch.as_tensor(seen, device=points.device)]
        log_p[seen] = yield from guided_log_prob(model, denoiser, chosen, tilt.label, steps)
        guided[title] = shares(log_p)
    std = None if model.truth is None else model.truth.mode_std
    cell = (model.extent[1] - model.extent[0]) / columns
    return Densities(exact, guided, std is None or cell <= WIDEST_CELL * std)


def guided_log_prob(
    model: TimeModel[TO, TS], denoiser: Denoiser, points: Tensor, label: int, steps: int
) -> Generator[None, None, Float]:
    """Log density of what the ODE of a denoiser draws of a class, at points (n, d) in data units, up to a
    constant, in slices: (n,)."""
    slices = ode_log_prob(
        denoiser,
        model.standardise(points),
        Conditions(torch.full((len(points),), label, device=model.device)),
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
    found: Float = torch.cat(parts).double().cpu().numpy()
    return found


def _maps(
    model: TimeModel[TO, TS], columns: int, found: Densities, tilt: Tilt, plain: tuple[float, ...]
) -> Maps:
    """Side by side on one scale, from 0 to the largest, or to twice the largest of the exact one."""
    left, right, low, high = model.extent
    cell = (right - left) * (high - low) / columns**2
    exact = found.exact
    top = max(float(values.max()) for values in found.guided.values())
    if exact is not None:
        top = min(max(top, float(exact.max())), BRIGHTEST * float(exact.max()))

    def drawn(title: str, values: Float) -> ScalarMap:
        density = (values / cell).astype(np.float32).reshape(columns, columns)
        return ScalarMap(density, model.extent, title, (0.0, top / cell), unit="density")

    if exact is None:
        note = f"Where guidance takes the samples; {tilt.formula} is not known of these data."
        return Maps(tuple(drawn(title.capitalize(), values) for title, values in found.guided.items()), note)
    distances = found.distances()
    titles = [title.capitalize() for title in found.guided]
    if distances:
        titles = [f"{title}, TV {each:.2f}" for title, each in zip(titles, distances, strict=True)]
    maps = [drawn(f"Exact {tilt.formula}", exact)]
    maps += [drawn(title, values) for title, values in zip(titles, found.guided.values(), strict=True)]
    if not distances:
        return Maps(tuple(maps), "The modes are narrower than the cells of these maps: no distance is told.")
    note = "TV is the total variation distance to the exactly tilted density, from 0 (alike) to 1 (apart)"
    if plain:
        note += f"; at w = 1 it is {' and '.join(f'{each:.2f}' for each in plain)}, the network's own error"
    return Maps(tuple(maps), note + ".")


def _class(model: TimeModel[TO, TS], ask: Ask[TS]) -> int:
    if model.event != (2,):
        raise ValueError("guidance is mapped in the plane only")
    if not model.data.labels:
        raise ValueError("these data have no labels to guide towards")
    if ask.condition.label in ("any", "none"):
        raise ValueError("choose a label: guidance leans towards one class")
    able = model.able(ask)
    if able.density == "none":
        raise ValueError(able.density_reason)
    if ask.sampler.guidance != 1 and not model.guided(ask):
        raise ValueError("this model never saw a label, so nothing leans towards one")
    model.refuse(ask)
    return model.classes.index(ask.condition.label)

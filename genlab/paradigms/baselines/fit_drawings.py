"""Pictures of what a fit is made of: bins, kernels, Gaussians or stored points."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from genlab.core.random import generator
from genlab.core.requests import ProbeRequest
from genlab.data.payloads import Array, Curves, Group, Plane, Tiles
from genlab.paradigms.baselines.histogram import Histogram, Pixels
from genlab.paradigms.baselines.kernel import Kernel, reach
from genlab.paradigms.baselines.mixture import Mixture
from genlab.paradigms.baselines.model import Baselines
from genlab.paradigms.baselines.settings import BaselinesSampler
from genlab.paradigms.baselines.store import Nearest
from genlab.probes.pieces import array

COLUMNS, LEAST_COLUMNS = 600, 100
MOST_CURVES = 12
MOST_DOTS, LEAST_DOTS = 1500, 200
MOST_RINGS = 40
MOST_TILES = 20
RING = 49

Request = ProbeRequest[BaselinesSampler]


def only_group(weights: Mapping[int, float]) -> int:
    """The one group asked for; that of all data where there are several."""
    return next(iter(weights)) if len(weights) == 1 else 0


def true_density(model: Baselines, x: NDArray[np.float64], label: str) -> NDArray[np.float64] | None:
    """The exact density at x (n,) on a line, of one class where the label names it; None where unknown."""
    if model.truth is None:
        return None
    names = model.data.labels
    return np.exp(model.truth.log_prob(x[:, None], names.index(label) if label in names else None))


def inside_line(model: Baselines, request: Request) -> Iterator[Curves | None]:
    """On a line: the truth, the fit and its pieces, as densities."""
    left, right, *_ = model.extent
    fit, label = model.fitted, request.condition.label
    weights = model.weights_of(label)
    columns = request.fewer(COLUMNS, LEAST_COLUMNS)
    x = np.linspace(left, right, columns)
    curves: dict[str, Array] = {}
    if isinstance(fit, Nearest):
        stored = torch.cat([fit.store.of(group) for group in weights])
        counts, edges = np.histogram(array(stored), bins=columns, range=(left, right))
        x = (edges[1:] + edges[:-1]) / 2
        curves["stored points"] = (counts / counts.sum() * columns / (right - left)).astype(np.float32)
    elif isinstance(fit, Histogram):
        low, high = fit.edges[:, 0].tolist()
        edges = np.linspace(low, high, fit.bins[0] + 1)
        gap = 1e-6 * (high - low)
        x = np.sort(np.concatenate([x, edges - gap, edges + gap]))
        x = x[(x >= left) & (x <= right)]
    truth = true_density(model, x, label)
    if truth is not None:
        curves["truth"] = truth.astype(np.float32)
    yield None
    points = torch.as_tensor(x, dtype=torch.float64, device=model.device)[:, None]
    if not isinstance(fit, Nearest):
        curves["fit"] = array((yield from fit.log_prob_in_slices(points.float(), weights)).exp())
        yield None
    if isinstance(fit, Mixture):
        number = 0
        for group, weight in weights.items():
            shares, means, spreads = fit.components(group)
            for share, mean, spread in zip(shares, means, spreads.flatten(), strict=True):
                number += 1
                if number <= MOST_CURVES:
                    curves[f"Gaussian {number}"] = (
                        weight * float(share) * _normal(x, float(mean), float(spread))
                    )
    if isinstance(fit, Kernel):
        group = only_group(weights)
        centres = fit.store.of(group)[:, 0].sort().values
        some = centres[torch.linspace(0, len(centres) - 1, 9).long()[1:-1]]
        for centre in some.tolist():
            curves[f"kernel at {centre:.2f}"] = array(fit.one_kernel(points, centre, group) / len(some))
    yield Curves(x.astype(np.float32), curves, "x", "density")


def inside_plane(model: Baselines, request: Request) -> Iterator[Plane | None]:
    """In the plane, or over the first two axes of more: data beneath ellipses, reaches, bins or points."""
    fit, weights = model.fitted, model.weights_of(request.condition.label)
    groups: list[Group] = []
    if request.examples is not None:
        groups.append(
            Group(
                "held-out data",
                array(request.examples.x[: request.fewer(MOST_DOTS, LEAST_DOTS), :2]),
                role="real",
            )
        )
    yield None
    title, note = "", ""
    if isinstance(fit, Mixture):
        parts = [fit.components(group) for group in weights]
        means = torch.cat([part[1] for part in parts])[:, :2]
        spreads = torch.cat([part[2] for part in parts])
        factors = _plane_factors(spreads)
        for radius, role in ((1.0, "model"), (2.0, "muted")):
            rings = _rings(means, radius * factors)
            groups.append(Group(f"{radius:g} σ", rings, "line", "model" if role == "model" else "muted"))
        groups.append(Group("means", array(means), role="mark"))
        title, note = "Gaussians", f"{len(means)} Gaussians, at one and two standard deviations."
    elif isinstance(fit, Kernel | Nearest):
        x = torch.cat([fit.store.of(group) for group in weights])
        shown = x[:: max(1, len(x) // request.fewer(MOST_DOTS, LEAST_DOTS))]
        groups.append(Group("stored points", array(shown[:, :2]), role="model"))
        title, note = "Stored points", f"{len(x):,} points are kept, and every sample is one of them."
        if isinstance(fit, Kernel):
            group = only_group(weights)
            reaches = fit.scale[group] * fit.bandwidth[group] * reach(fit.objective.kernel, x.shape[1])
            some = x[:: max(1, len(x) // MOST_RINGS)][:, :2]
            rings = _rings(some, torch.diag(reaches[:2]).expand(len(some), 2, 2))
            groups.append(Group("radius of a kernel", rings, "line", "mark"))
            width = float(fit.bandwidth[group])
            title = "Kernels"
            note = f"{len(x):,} kernels of bandwidth {width:.3g} σ of the data; {len(some)} are drawn."
    elif isinstance(fit, Histogram):
        groups.append(Group("bins", _bin_lines(fit), "segments", "muted"))
        filled = int((fit.counts[0] > 0).sum())
        title = "Bins"
        note = f"{' x '.join(map(str, fit.bins))} bins, {filled:,} of {fit.counts.shape[1]:,} with points."
    axes = ("axis 1", "axis 2")
    yield Plane(tuple(groups), model.extent, title, *axes, data_space=True, note=note)


def inside_images(model: Baselines, request: Request) -> Iterator[Tiles | None]:
    """Mean images of components or classes, or stored images beside what a kernel makes of them."""
    weights = model.weights_of(request.condition.label)
    titles: tuple[str, ...] = ()
    match model.fitted:
        case Mixture() as fit:
            rows = _component_means(fit, weights)
            note = "Means of the Gaussians, the likeliest first; samples scatter about them."
        case Kernel() | Nearest() as fit:
            rng = generator(request.sampler.seed, "preview", model.device)
            asked = torch.tensor(list(weights), device=model.device).repeat(10)[:10]
            stored = fit.store.x[fit.store.choose(asked, rng)]
            rows, titles, note = stored[None], ("stored",), "Every sample is one of the stored images."
            if isinstance(fit, Kernel):
                rows, titles = torch.stack([stored, stored + fit.noise(asked, rng)]), ("stored", "drawn")
                note = "A sample is a stored image with the kernel's noise on it."
        case Pixels() as fit:
            rows = torch.stack([fit.mean(group) for group in weights])[None]
            note = "Mean level of each pixel; pixels are drawn on their own and know nothing of one another."
        case _:
            raise ValueError("there is nothing to draw of this fit to images")
    images = model.quantise(rows.float().view(*rows.shape[:2], *model.event)).cpu().numpy()
    yield Tiles(images, "Inside the fit", titles, note)


def _component_means(fit: Mixture, weights: Mapping[int, float]) -> Tensor:
    """Means of the likeliest components, the likeliest first, (rows, columns, d)."""
    parts = [fit.components(group) for group in weights]
    shares = torch.cat([part[0] * weight for part, weight in zip(parts, weights.values(), strict=True)])
    order = shares.argsort(descending=True)[:MOST_TILES]
    x = torch.cat([part[1] for part in parts])[order]
    columns = min(10, len(x))
    x = x[: len(x) // columns * columns]
    return x.view(-1, columns, x.shape[1])


def _normal(x: np.ndarray[tuple[int, ...], np.dtype[np.float64]], mean: float, spread: float) -> Array:
    z = (x - mean) / spread
    return (np.exp(-0.5 * z**2) / (spread * math.sqrt(2 * math.pi))).astype(np.float32)


def _plane_factors(spreads: Tensor) -> Tensor:
    """Factors (k, 2, 2) of the marginal covariances over the first two axes."""
    if spreads.ndim == 2:
        return torch.diag_embed(spreads[:, :2])
    rows = spreads[:, :2]
    factors: Tensor = torch.linalg.cholesky(rows @ rows.mT)
    return factors


def _rings(centres: Tensor, factors: Tensor) -> Array:
    """Ellipses centre + factor u, u on the unit circle, (k * (RING + 1), 2): NaN rows between them."""
    angle = torch.linspace(0, 2 * math.pi, RING, dtype=centres.dtype, device=centres.device)
    circle = torch.stack([angle.cos(), angle.sin()])
    rings = centres[:, None] + (factors.to(centres.dtype) @ circle).mT
    gap = torch.full_like(rings[:, :1], math.nan)
    return array(torch.cat([rings, gap], 1).flatten(0, 1))


def _bin_lines(fit: Histogram) -> Array:
    """Edges of the bins over the first two axes, as segments."""
    (left, low), (right, high) = fit.edges[:, :2].tolist()
    x, y = np.linspace(left, right, fit.bins[0] + 1), np.linspace(low, high, fit.bins[1] + 1)
    upright = np.stack([np.repeat(x, 2), np.tile([low, high], len(x))], 1)
    level = np.stack([np.tile([left, right], len(y)), np.repeat(y, 2)], 1)
    return np.concatenate([upright, level]).astype(np.float32)

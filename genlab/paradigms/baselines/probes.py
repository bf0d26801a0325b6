"""What the panels of the baselines show of a fit."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Mapping

import numpy as np
import torch
from numpy.typing import NDArray

from genlab.core.random import generator
from genlab.core.training import Batch
from genlab.data.payloads import Curves, Payload, Table
from genlab.paradigms.baselines.estimator import Estimator
from genlab.paradigms.baselines.fit_drawings import (
    Request,
    inside_images,
    inside_line,
    inside_plane,
    only_group,
    true_density,
)
from genlab.paradigms.baselines.kernel import Kernel
from genlab.paradigms.baselines.model import Baselines
from genlab.paradigms.baselines.settings import Method
from genlab.paradigms.baselines.store import Nearest, Store

NAMES: Mapping[Method, str] = {
    "histogram": "Histogram",
    "kernel": "Kernel density",
    "mixture": "Gaussian mixture",
    "nearest": "Nearest sample",
}
MOST_ITERATIONS, LEAST_FITTED = 60, 300
"""Of EM in the comparison."""
NODES, LEAST_NODES = 2001, 201
Floats = NDArray[np.float32]
DISTANCES = 100
COMPARED, LEAST_COMPARED = 500, 50
"""Points of each kind whose nearest stored point is looked for."""


def inside(model: Baselines, request: Request) -> Iterator[Payload | None]:
    """What the fit is made of, for the label asked for."""
    if model.images:
        yield from inside_images(model, request)
    elif model.event == (1,):
        yield from inside_line(model, request)
    else:
        yield from inside_plane(model, request)


def interval(model: Baselines, request: Request) -> Iterator[Table | None]:
    """P(low <= x <= high) by the truth and by all four methods, fitted to the stored training points.

    The method that trains answers with its fit as it stands. The bounds are shares of the window where the
    data do not say between which numbers to choose.

    Raises ValueError for data that do not lie on a line."""
    if model.store is None:
        raise ValueError("only numbers on a line lie in an interval")
    kept = model.store.batch()
    # Every so many: they stand class after class.
    chosen = slice(None, None, len(kept.x) // max(1, request.fewer(len(kept.x), LEAST_FITTED)) or 1)
    kept = Batch(kept.x[chosen], None if kept.labels is None else kept.labels[chosen])
    low, high = sorted((float(request.values["low"]), float(request.values["high"])))
    if model.data.bounds is None:
        left, right, *_ = model.extent
        low, high = (left + share * (right - left) for share in (low, high))
    weights = model.weights_of(request.condition.label)
    rows: list[tuple[str, ...]] = []
    x = np.linspace(low, high, request.fewer(NODES, LEAST_NODES))
    truth = true_density(model, x, request.condition.label)
    if truth is not None:
        rows.append(("Truth", f"{float(np.trapezoid(truth, x)):.3g}", "exact"))
        yield None
    for method, name in NAMES.items():
        fit, how = model.fitted, "as trained"
        if method != model.objective.method:
            fit, how = yield from _fitted(model, method, kept)
        if isinstance(fit, Nearest):
            share = _probability(fit, weights, low, high)
            rows.append((name, "no answer", f"it can only count: {share:.2%} of its points"))
            continue
        rows.append((name, f"{_probability(fit, weights, low, high):.3g}", how))
        yield None
    note = "Whoever smooths too widely finds more probability between two modes than there is."
    yield Table(("Method", f"P({low:.3g} ≤ x ≤ {high:.3g})", ""), tuple(rows), note)


def _fitted(model: Baselines, method: Method, kept: Batch) -> Generator[None, None, tuple[Estimator, str]]:
    """Another method, fitted to these points; returns it and how it was fitted."""
    how = f"on {len(kept.x):,} points"
    objective = model.objective.model_copy(update={"method": method})
    if method == "kernel" and objective.bandwidth == "cross-validated":
        objective = objective.model_copy(update={"bandwidth": "scott"})
        how += ", Scott"
    other = model.sibling(objective, kept)
    for _ in range(MOST_ITERATIONS):
        other.fit(kept)
        yield None
        if bool(other.done) or isinstance(other, Kernel):
            break
    return other, how


def _probability(fit: Estimator, weights: Mapping[int, float], low: float, high: float) -> float:
    return sum(weight * (fit.cdf(high, group) - fit.cdf(low, group)) for group, weight in weights.items())


def criterion(model: Baselines, request: Request) -> Iterator[Curves | None]:
    """Mean held-out log density against the bandwidth, for all data or for the class asked for.

    Raises ValueError for another method, or before a bandwidth is tried."""
    fit = model.fitted
    if not isinstance(fit, Kernel):
        raise ValueError("only a kernel estimate has a bandwidth to try")
    group = only_group(model.weights_of(request.condition.label))
    bandwidth, mean = (value.cpu().numpy().astype(np.float32) for value in fit.curve(group))
    mean = np.where(np.isfinite(mean), mean, np.nan)
    if len(mean) == 0 or not np.isfinite(mean).any():
        raise ValueError("no bandwidth has been tried to its end yet")
    order = bandwidth.argsort()
    yield Curves(
        np.log10(bandwidth[order]),
        {"held-out log likelihood": mean[order]},
        "log₁₀ of the bandwidth (σ of the data)",
        "nats per point",
        {f"best, at {bandwidth[np.nanargmax(mean)]:.3g}": float(np.nanmax(mean))},
    )


def memorised(model: Baselines, request: Request) -> Iterator[Curves | None]:
    """Shares of samples and of held-out points within a distance of their nearest stored point.

    Raises ValueError for a method that stores none."""
    fit = model.fitted
    if not isinstance(fit, Kernel | Nearest):
        raise ValueError("only kernels and the nearest-sample generator keep training points")
    rng = generator(request.sampler.seed, "preview", model.device)
    compared = request.fewer(COMPARED, LEAST_COMPARED)
    groups = torch.zeros(compared, dtype=torch.long, device=model.device)
    drawn = model.quantise(fit.draw(groups, rng).view(-1, *model.event)).flatten(1)
    kinds = {"samples": drawn}
    if request.examples is not None:
        kinds["held-out data"] = request.examples.x[:compared].flatten(1)
    yield None
    distances: dict[str, Floats] = {}
    for name, x in kinds.items():
        distances[name] = yield from _to_nearest(fit.store, x, fit.chunk)
    longest = max(float(np.quantile(values, 0.98)) for values in distances.values())
    at = np.linspace(0, longest if longest > 0 else 1.0, DISTANCES, dtype=np.float32)
    shares = {
        name: (np.searchsorted(np.sort(values), at, side="right") / len(values)).astype(np.float32)
        for name, values in distances.items()
    }
    yield Curves(at, shares, "distance to the nearest stored point (units of the data)", "share of points")


def _to_nearest(store: Store, x: torch.Tensor, chunk: int) -> Generator[None, None, Floats]:
    """Distance (n,) of each point to the nearest of the stored."""
    centres = store.of(0).float()
    found = []
    for first in range(0, len(x), chunk):
        gaps = torch.cdist(
            x[first : first + chunk].float(), centres, compute_mode="donot_use_mm_for_euclid_dist"
        )
        found.append(gaps.amin(1))
        yield None
    return torch.cat(found).cpu().numpy()


PROBES: Mapping[str, Callable[[Baselines, Request], Iterator[Payload | None]]] = {
    "fit": inside,
    "interval": interval,
    "criterion": criterion,
    "memorised": memorised,
}

"""What the extra panels of a flow draw: grids carried through its layers, and what that does to volumes."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Mapping

import numpy as np
import torch
from torch import Tensor

from genlab.core.random import generator
from genlab.core.requests import ProbeRequest
from genlab.data.payloads import Array, Curves, Extent, Group, Labels, Mesh, Payload, Plane, ScalarMap
from genlab.paradigms.flow.image_probes import image_layers, interpolation
from genlab.paradigms.flow.layers import normal_log_prob
from genlab.paradigms.flow.model import Flow
from genlab.paradigms.flow.settings import FlowSampler
from genlab.probes.pieces import array, plane

REACH = 3.0
"""Standard deviations of the base that a grid over it spans."""
APART = 4.0
"""Of data and base from the middle between them, in standard deviations."""
CARRIED, LEAST_CARRIED = 500, 60
"""Points carried along with a grid."""
REFERENCE = 500
LINE, LEAST_LINE = 401, 61
LEAST_COLUMNS = 8
MOST_STAGES = 64
"""Stages of a mesh; of flows with more layers, evenly chosen ones."""
MOST_CURVES = 8

Request = ProbeRequest[FlowSampler]
Slices = Iterator[Payload | None]


def warp(model: Flow, request: Request) -> Slices:
    """A grid carried layer by layer with points along, in data units.

    forward: a square grid of the base and samples at the sampler's temperature; inverse: a grid over the
    window of the data and held-out points. shade: probability per area under the base, or what the flow
    makes of it."""
    forward = request.values.get("direction", "forward") == "forward"
    stages = yield from _stages(model, request, forward)
    chosen = _evenly(len(stages.nodes), MOST_STAGES)
    count = len(stages.nodes) - 1
    names = [_title(k if forward else count - k, count) for k in chosen]
    reference = None
    if forward and request.examples is not None:
        reference = array(request.examples.x[:REFERENCE])
    yield _mesh(model, stages, chosen, tuple(names), reference)


def base(model: Flow, request: Request) -> Slices:
    """Held-out data on the left and where the flow puts them in the base on the right, both in their own
    standard deviations, with the circles that hold 39 % and 86 % of a standard normal."""
    points, labels = _held_out(model, request)
    given, z = _context(model, request), points
    for layer in model.layers(request.sampler.steps):
        z, _ = yield from layer.base_in_slices(z, given)
        yield None
    apart = np.array([APART, 0], np.float32)
    groups = [
        Group("data", array(points) - apart, "dots", "model", labels),
        Group("base", array(z) + apart, "dots", "model", labels),
    ]
    angle = np.linspace(0, 2 * np.pi, 97)
    circle = np.stack([np.cos(angle), np.sin(angle)], 1).astype(np.float32)
    groups += [Group(f"{r} σ", r * circle + apart, "line", "muted") for r in (1, 2)]
    radius = array(z.norm(dim=1))
    inside = [100 * float((radius < r).mean()) if len(radius) else 0.0 for r in (1, 2)]
    yield Plane(
        tuple(groups),
        (-2 * APART, 2 * APART, -APART, APART),
        "Data, and the same points in the base",
        x_label="data      |      base      (standard deviations)",
        note=f"{inside[0]:.0f} % of the points in the base lie inside one circle, {inside[1]:.0f} % inside "
        "the other; of a perfect flow 39 % and 86 %.",
    )


def log_det(model: Flow, request: Request) -> Slices:
    """log|det dz/dx| of the map from data units to the base, over the window."""
    cells = request.columns(2 * request.resolution, LEAST_COLUMNS)
    x = plane(model.extent, cells, model.device)
    given = _context(model, request)
    z, total = model.standardise(x), -model.log_volume().expand(len(x))
    for layer in model.layers(request.sampler.steps):
        z, change = yield from layer.base_in_slices(z, given)
        total = total + change
        yield None
    values = array(total).reshape(cells, cells)
    limit = max(float(np.quantile(np.abs(values), 0.98)), 1e-3)
    yield ScalarMap(
        values, model.extent, "log|det dz/dx|, data to base", (-limit, limit), diverging=True, unit="nats"
    )


def line_map(model: Flow, request: Request) -> Slices:
    """x as a function of the base value z, after each layer, data units."""
    z, stages, _ = yield from _line(model, request)
    x_label = "z, base"
    count = len(stages) - 1
    chosen = _evenly(len(stages), MOST_CURVES)
    curves = {_title(k, count): array(model.unstandardise(stages[k]))[:, 0] for k in chosen}
    yield Curves(array(z)[:, 0], curves, x_label, "x, data units")


def line_layers(model: Flow, request: Request) -> Slices:
    """The density after each layer and the true one, over the window, per data unit."""
    z, stages, log_slopes = yield from _line(model, request)
    low, high = model.extent[:2]
    axis = np.linspace(low, high, len(z))
    log_base = normal_log_prob(z) - model.log_volume()
    count = len(stages) - 1
    curves = {}
    for k in _evenly(len(stages), MOST_CURVES):
        x = array(model.unstandardise(stages[k]))[:, 0]
        density = array((log_base - log_slopes[k]).exp())
        order = np.argsort(x)
        curves[_title(k, count)] = np.interp(axis, x[order], density[order], 0, 0).astype(np.float32)
    if model.truth is not None:
        label = model.classes.single(request.condition.label)
        known = None if label is None or int(label) < 0 else int(label)
        curves["truth"] = np.exp(model.truth.log_prob(axis[:, None], known)).astype(np.float32)
    yield Curves(axis.astype(np.float32), curves, "x, data units", "density")


class _Stages:
    """Nodes (rows * columns, 2), their log density (rows * columns,) and points (n, 2) at each stage."""

    def __init__(self, side: int, labels: Labels | None) -> None:
        self.side = side
        self.nodes: list[Tensor] = []
        self.log_density: list[Tensor] = []
        self.points: list[Tensor] = []
        self.labels = labels


def _stages(model: Flow, request: Request, forward: bool) -> Generator[None, None, _Stages]:
    """A grid and points through all layers, in the order of the direction, standardised."""
    sampler = request.sampler
    given = _context(model, request)
    side = request.columns(request.resolution, LEAST_COLUMNS) + 1
    if forward:
        rng = generator(sampler.seed, "sampling", model.device)
        square = (-REACH, REACH, -REACH, REACH)
        nodes = _nodes(square, side).to(model.device)
        points = sampler.temperature * torch.randn((_carried(request), 2), generator=rng, device=model.device)
        labels: Labels | None = _quadrants(points)
    else:
        nodes = model.standardise(_nodes(model.extent, side).to(model.device))
        points, labels = _held_out(model, request)
    stages = _Stages(side, labels)
    layers = model.layers(request.sampler.steps)
    if forward:
        layers = layers[::-1]
    rows = len(nodes)
    state = torch.cat([nodes, points])
    total = state.new_zeros(len(state))
    changes = [total]
    states = [state]
    for layer in layers:
        way = layer.data_and_log_det_in_slices if forward else layer.base_in_slices
        state, change = yield from way(state, given)
        total = total + change
        states.append(state)
        changes.append(total)
        yield
    start = normal_log_prob(states[0] if forward else states[-1]) + (0 if forward else changes[-1])
    for state, change in zip(states, changes, strict=True):
        stages.nodes.append(state[:rows])
        stages.points.append(state[rows:])
        stages.log_density.append((start - change)[:rows])
    return stages


def _mesh(
    model: Flow, stages: _Stages, chosen: list[int], titles: tuple[str, ...], reference: Array | None
) -> Mesh:
    side = stages.side
    nodes = np.stack([array(model.unstandardise(stages.nodes[k])) for k in chosen])
    points = np.stack([array(model.unstandardise(stages.points[k])) for k in chosen])
    shade = []
    for k in chosen:
        corners = array(stages.log_density[k].exp()).reshape(side, side)
        cells = (corners[1:, 1:] + corners[1:, :-1] + corners[:-1, 1:] + corners[:-1, :-1]) / 4
        shade.append(np.clip(cells / max(float(np.quantile(cells, 0.995)), 1e-30), 0, 1))
    extents = [_window(model.extent, p) for p in points]
    return Mesh(
        nodes=nodes.reshape(len(chosen), side, side, 2),
        titles=titles,
        extents=tuple(extents),
        shade=np.stack(shade).astype(np.float32),
        points=points,
        labels=stages.labels,
        reference=reference,
    )


def _window(extent: Extent, points: Array) -> Extent:
    """The window of the data, grown to a square about nearly all of the points."""
    low, high = np.quantile(points, 0.005, axis=0), np.quantile(points, 0.995, axis=0)
    left, right, bottom, top = extent
    centre_x, centre_y = (left + right) / 2, (bottom + top) / 2
    half = max(
        (right - left) / 2,
        *(float(v) for v in (high[0] - centre_x, centre_x - low[0], high[1] - centre_y, centre_y - low[1])),
    )
    return (centre_x - half, centre_x + half, centre_y - half, centre_y + half)


def _line(model: Flow, request: Request) -> Generator[None, None, tuple[Tensor, list[Tensor], list[Tensor]]]:
    """Base values (n, 1), where they are after each layer, and log dx/dz up to there, standardised."""
    given = _context(model, request)
    z = torch.linspace(-4, 4, request.fewer(LINE, LEAST_LINE), device=model.device)[:, None]
    states, slopes = [z], [z.new_zeros(len(z))]
    for layer in model.layers(request.sampler.steps)[::-1]:
        x, change = yield from layer.data_and_log_det_in_slices(states[-1], given)
        states.append(x)
        slopes.append(slopes[-1] + change)
        yield
    return z, states, slopes


def _held_out(model: Flow, request: Request) -> tuple[Tensor, Labels | None]:
    """Held-out points, standardised, with their classes, or the quadrants about their mean."""
    if request.examples is None:
        return model.mean.new_zeros(0, 2), None
    x, labels = request.examples.x, request.examples.labels
    label = model.classes.single(request.condition.label)
    if labels is not None and label is not None and int(label) >= 0:
        chosen = labels == label
        x, labels = x[chosen], labels[chosen]
    points = model.standardise(x[: _carried(request)].to(model.device))
    return points, _quadrants(points) if labels is None else labels[: len(points)].cpu().numpy()


def _carried(request: Request) -> int:
    return request.fewer(CARRIED, LEAST_CARRIED)


def _quadrants(points: Tensor) -> Labels:
    positive = (points > 0).long()
    return (2 * positive[:, 1] + (positive[:, 0] ^ positive[:, 1])).cpu().numpy()


def _context(model: Flow, request: Request) -> Tensor | None:
    return model.context(model.classes.single(request.condition.label))


def _nodes(extent: Extent, side: int) -> Tensor:
    """Nodes of a square grid, (side^2, 2), row 0 at the lowest y."""
    left, right, low, high = extent
    at = torch.linspace(0, 1, side)
    y, x = torch.meshgrid(low + (high - low) * at, left + (right - left) * at, indexing="ij")
    return torch.stack([x.flatten(), y.flatten()], 1)


def _evenly(count: int, most: int) -> list[int]:
    """At most so many of the indices below count, with the first and the last."""
    if count <= most:
        return list(range(count))
    return [round(k * (count - 1) / (most - 1)) for k in range(most)]


def _title(layer: int, count: int) -> str:
    if layer == 0:
        return "base"
    return "data" if layer == count else f"after layer {layer}"


PROBES: Mapping[str, Callable[[Flow, Request], Slices]] = {
    "warp": warp,
    "log-det": log_det,
    "base": base,
    "map": line_map,
    "layers": line_layers,
    "image-layers": image_layers,
    "interpolation": interpolation,
}
"""With label 'any' they show the map that belongs to 'none', since each class has a map of its own."""

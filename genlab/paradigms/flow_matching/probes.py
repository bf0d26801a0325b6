"""What the extra panels of flow matching draw: paths from source to data, a student beside its teacher."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace

import numpy as np
import torch
from torch import Tensor

from genlab.core.random import generator
from genlab.core.requests import ProbeRequest, SampleRequest
from genlab.core.time.process import Frame
from genlab.data.payloads import Array, Extent, Group, Labels, Payload, Plane
from genlab.paradigms.flow_matching.evaluations import evaluations
from genlab.paradigms.flow_matching.model import FlowMatching
from genlab.paradigms.flow_matching.settings import FlowMatchingSampler
from genlab.paradigms.flow_matching.straightness import (
    STEPS,
    Walk,
    followed,
    normalised_path_energy,
    path_energy_error,
    transport,
    walk,
)
from genlab.paradigms.flow_matching.students import TEACHER_STEPS, Consistency
from genlab.probes.fields import velocity_field
from genlab.probes.pieces import array, with_gaps
from genlab.probes.time import SHARED_PROBES
from genlab.sampling.condition import Conditions
from genlab.sampling.pieces import last
from genlab.sampling.solvers.runge_kutta import RungeKutta

LINES, WALKS = 100, 1000
"""Trajectories that are drawn, and over which the numbers are taken."""
LEAST_LINES, LEAST_WALKS, LEAST_STEPS = 30, 100, 12
PAIRS, LEAST_PAIRS = 200, 30
REAL = 500
MARGIN = 0.04
"""Of a window, around what it must show."""
BESIDE, EDGE = (1.03, 1.08), 0.015
"""Where real data on a line stand, behind the end of time, and the room around both."""

Slices = Iterator[Payload | None]
Request = ProbeRequest[FlowMatchingSampler]


def paths(model: FlowMatching, request: Request) -> Slices:
    """A hundred trajectories of the flow, of the teacher where there is a student, from source to data; fewer
    with less detail.

    First the picture; then with the straightness of 1,000 walks; then with their normalised path energy and
    its standard error, against optimal transport between their sources and held-out data, within each class
    where the flow knows classes. Guided paths do not end in the data, and have none."""
    sampler, condition = request.sampler, request.condition
    steps = request.fewer(STEPS, LEAST_STEPS)
    drawn = yield from walk(
        model, SampleRequest(request.fewer(LINES, LEAST_LINES), sampler, condition), steps
    )
    data, classes = _held_out(model, request)
    picture = _picture(model, drawn, data[:REAL])
    yield picture
    walks = yield from walk(
        model, SampleRequest(request.fewer(WALKS, LEAST_WALKS), sampler, condition), steps
    )
    walked = f"{len(walks.energy):,} walks of {walks.nfe} network evaluations"
    straight = f"Straightness {walks.straightness:.3f}"
    rows, chosen = _matched(len(walks.energy), walks.labels, classes, len(data))
    if model.guided(replace(request, sampler=followed(model, sampler))) or len(rows) < 2:
        yield replace(picture, note=f"{straight} (0 is straight); {walked}.")
        return
    yield replace(picture, note=f"{straight}, normalised path energy …; {walked}.")
    source, energies = walks.places[0].cpu().numpy()[rows], walks.energy.cpu()[rows]
    moved = yield from transport(source, data[chosen], None if walks.labels is None else classes[chosen])
    energy = normalised_path_energy(float(energies.double().mean()), moved.cost)
    shown = f"{energy:.3f} ± {path_energy_error(energies, moved):.3f}".replace("-", "−")
    text = f"{straight}, normalised path energy {shown} (both 0 at best); {walked}."
    yield replace(picture, note=text)


def student(model: FlowMatching, request: Request) -> Slices:
    """The same 200 source points taken by the teacher in 12 Runge-Kutta steps and by the student in one pass,
    data units; on a line over the source point.

    Raises:
        ValueError: before the student is taught.
    """
    if not bool(model.taught):
        raise ValueError("the student is not taught yet: its teacher trains first")
    rng = generator(request.sampler.seed, "sampling", model.device)
    n = request.fewer(PAIRS, LEAST_PAIRS)
    conditions = Conditions(model.labels(n, request, rng))
    source = model.source.draw(model, n, rng)
    found: list[Frame] = []
    for use, solver, steps in (("teacher", RungeKutta("rk4"), TEACHER_STEPS), ("student", Consistency(), 1)):
        sampler = request.sampler.model_copy(update={"use": use})
        process, denoiser = model.process_of(sampler), model.plain_denoiser(sampler)
        grid = torch.linspace(1, 0, steps + 1, dtype=torch.float64)
        found.append((yield from last(process.frames(denoiser, solver, grid, source, conditions, rng))))
    teacher, taught = (model.unstandardise(frame.x) for frame in found)
    distance = math.sqrt(float((teacher - taught).square().flatten(1).sum(1).mean()))
    spread = float(model.std.flatten()[0]) * math.sqrt(math.prod(model.event))
    note = (
        f"Student and teacher land {distance:.3g} data units apart (root mean square), "
        f"{100 * distance / spread:.2g} % of the data's spread; {found[1].nfe} network evaluation against "
        f"{found[0].nfe}."
    )
    from_source = model.unstandardise(source)
    yield _ends(model, array(from_source), array(teacher), array(taught), note)


def _picture(model: FlowMatching, drawn: Walk, real: Array) -> Plane:
    """Trajectories in the plane of the data; of points on a line over time."""
    places = array(drawn.places).transpose(1, 0, 2)  # (n, steps + 1, d)
    labels = None
    if drawn.labels is not None and bool((drawn.labels >= 0).all()):
        labels = drawn.labels.cpu().numpy()
    line = model.event == (1,)
    if line:
        times = np.broadcast_to(np.linspace(0, 1, places.shape[1], dtype=np.float32), places.shape[:2])
        places = np.stack([times, places[..., 0]], -1)
        beside = np.random.default_rng(0).uniform(*BESIDE, len(real)).astype(np.float32)
        real = np.column_stack([beside, real[:, 0]])
    groups = (
        Group("real", real, "dots", "real"),
        Group("paths", with_gaps(places), "line", "muted"),
        Group("source", places[:, 0], "dots", "mark" if labels is None else "muted"),
        Group("ends", places[:, -1], "dots", "model", labels),
    )
    low, high = _along(model.extent[:2], places[:, 0, 1]) if line else (0.0, 0.0)
    return Plane(
        groups,
        (-EDGE, BESIDE[1] + EDGE, low, high) if line else _window(model.extent, places[:, 0]),
        f"{len(places)} paths from source to data",
        x_label="t, source to data" if line else "",
        y_label="x, data units" if line else "",
        data_space=not line,
    )


def _ends(model: FlowMatching, source: Array, teacher: Array, taught: Array, note: str) -> Plane:
    line = model.event == (1,)
    if line:
        teacher, taught = np.column_stack([source, teacher]), np.column_stack([source, taught])
        across, along = _along((0.0, 0.0), source[:, 0]), _along(model.extent[:2], teacher[:, 1])
        extent = (*across, *along)
    else:
        extent = model.extent
    between = np.stack([teacher, taught], 1).reshape(-1, 2)
    return Plane(
        (
            Group("apart", between, "segments", "mark"),
            Group("teacher", teacher, "dots", "muted"),
            Group("student", taught, "dots", "model"),
        ),
        extent,
        f"Where {len(source)} source points end",
        x_label="source point, data units" if line else "",
        y_label="end point, data units" if line else "",
        data_space=not line,
        note=note,
    )


def _held_out(model: FlowMatching, request: Request) -> tuple[Array, Labels]:
    """Held-out data (m, *event), data units, and their classes (m,), 0 where there are none; of one class
    where the condition names it."""
    if request.examples is None:
        return np.zeros((0, *model.event), np.float32), np.zeros(0, np.int64)
    x, labels = array(request.examples.x), request.examples.labels
    classes = np.zeros(len(x), np.int64) if labels is None else labels.cpu().numpy()
    if request.condition.label in model.data.labels:
        rows = classes == model.classes.index(request.condition.label)
        return x[rows], classes[rows]
    return x, classes


def _matched(walks: int, labels: Tensor | None, classes: Labels, n: int) -> tuple[Labels, Labels]:
    """Rows of walks and rows of data, as many, and of the same classes where the walks have some.

    walks: how many, m. labels: (m,) of the walks, -1 for none. classes: (n,) of the data."""
    if labels is None or bool((labels < 0).all()):
        both = np.arange(min(walks, n))
        return both, both
    rows, chosen = [], []
    for label in np.unique(classes):
        mine, theirs = np.flatnonzero(labels.cpu().numpy() == label), np.flatnonzero(classes == label)
        k = min(len(mine), len(theirs))
        rows.append(mine[:k])
        chosen.append(theirs[:k])
    return np.concatenate([np.zeros(0, np.int64), *rows]), np.concatenate([np.zeros(0, np.int64), *chosen])


def _along(reach: tuple[float, float], values: Array) -> tuple[float, float]:
    """A range and some values beyond it, with a margin where there are any."""
    low, high = min(reach[0], float(values.min())), max(reach[1], float(values.max()))
    margin = MARGIN * (high - low)
    return (
        reach[0] if low == reach[0] else low - margin,
        reach[1] if high == reach[1] else high + margin,
    )


def _window(extent: Extent, source: Array) -> Extent:
    """The window of the data, with the source in it."""
    return (*_along(extent[:2], source[:, 0]), *_along(extent[2:], source[:, 1]))


PROBES: Mapping[str, Callable[[FlowMatching, Request], Slices]] = {
    "velocity": velocity_field,
    "paths": paths,
    "evaluations": evaluations,
    "student": student,
    **SHARED_PROBES,
}

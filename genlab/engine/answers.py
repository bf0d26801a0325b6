"""How each request is answered: generators in short slices that send what they have as they go."""

from __future__ import annotations

import math
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from time import perf_counter
from typing import Any, Protocol

import numpy as np
import torch

from genlab.core.build import probes_of
from genlab.core.random import STREAMS
from genlab.core.requests import DensityRequest, NoDensity, ProbeRequest, SampleRequest
from genlab.core.training import Batch
from genlab.data.condition import RESERVED, Condition
from genlab.data.dataset import Dataset, Float
from genlab.data.payloads import Array, Density, Extent, Labels, Samples, Trajectory
from genlab.engine import protocol as p
from genlab.engine.coarser import coarser, takes_steps
from genlab.engine.models import AnyModel
from genlab.engine.output import frames, gather
from genlab.metrics.evaluate import LogDensity, evaluate
from genlab.metrics.floors import FloorStore
from genlab.runs.places import cache_dir
from genlab.sampling.pieces import last
from genlab.session.session import Session
from genlab.settings.sampler import SamplerSettings
from genlab.settings.spaces import Points

Send = Callable[[p.Event], None]
Slices = Iterator[None]

MOST_FRAMES = 64
"""Of a previewed trajectory; it is sent whole or not at all."""
KNOWN, UNKNOWN, LONG, AHEAD = 0.06, 0.15, 0.25, 0.12
"""Seconds of samples that a person asked for: until it is judged how long they will take, with and without a
step over; from when on that is long; and what coarser ones may take that are shown ahead of them."""
LEAST_SHARE = 1 / 16
"""Of them held to be drawn where not one step is over."""
LOG_FLOOR = -60.0


def answer(
    request: p.Request,
    model: AnyModel,
    step: int,
    run: Shown,
    preview: bool,
    send: Send,
    also: Sequence[p.Request] = (),
    coarse: str = "",
) -> Generator[None, None, bool]:
    """Answer one request from weights that stay as they are, of a step; send events, yield between slices.
    Returns whether it was refused.

    also: densities that a preview of samples answers by the way, with a histogram. coarse: how much less than
    was wanted is asked for, in words."""
    title = run.session.entry.title

    def reply(payload: Any, last: bool, to: p.Ask = request, less: str = coarse) -> None:
        send(p.Answer(to.run, to.channel, to.request, step, payload, last, preview, less))

    try:
        session, condition = asked(run.session, request), request.condition
        sampler = session.sampler
        model.refuse_given(DensityRequest(sampler, condition))
        match request:
            case p.Sample() if preview:
                walk = yield from _walk(model, title, request, sampler)
                reply(walk, True)
                for density in also:
                    reply(histogram(walk.frames[-1], model.extent, condition.label), False, density)
            case p.Sample(n=n, trajectory=trajectory):
                begun, share, ahead = perf_counter(), 0.0, trajectory
                for frame in frames(model, SampleRequest(n, sampler, condition), title):
                    if frame is not None:
                        last = frame.index == frame.total
                        share = 1.0 if last else frame.index / frame.total
                        if trajectory or last:
                            reply(frame, last)
                    if share == 1.0:
                        return False  # whoever hears the last of an answer finds nothing under way
                    yield
                    taken = perf_counter() - begun
                    if ahead and taken > (KNOWN if share else UNKNOWN):
                        ahead = False
                        rough, less = _rougher(request, session, taken / max(share, LEAST_SHARE))
                        if less:
                            walk = yield from _walk(model, title, rough, asked(session, rough).sampler)
                            reply(walk, False, less=less)
            case p.DrawDensity():
                yield from _density(model, title, DensityRequest(sampler, condition), request, reply)
            case p.Probe(name=name, values=values, resolution=resolution, detail=detail):
                held = None
                wanted = ProbeRequest(sampler, values, resolution, run.examples, condition, detail)
                for payload in _probe_of(run.session, name)(model, wanted):
                    if payload is not None:
                        if held is not None:
                            reply(held, False)
                        held = payload
                    yield
                if held is not None:
                    reply(held, True)
            case p.LogProbOf(x=x):
                found = yield from gather(model, x, DensityRequest(sampler, condition), title)
                ids = (request.run, request.channel, request.request)
                send(p.LogProbs(*ids, step, found.values, found.kind, found.error, found.standard_error))
            case p.Evaluate():
                yield from _evaluation(request, model, run, sampler, step, send)
    except (NoDensity, ValueError) as error:
        reason = " ".join(str(error).split())
        send(p.Refused(request.run, request.channel, request.request, reason))
        return True
    return False


def _walk(
    model: AnyModel, title: str, request: p.Sample, sampler: SamplerSettings
) -> Generator[None, None, Trajectory]:
    """Samples whose frames are sent all at once."""
    kept = []
    for frame in frames(model, SampleRequest(request.n, sampler, request.condition), title):
        if frame is not None:
            last = frame.index == frame.total
            if last or (request.trajectory and frame.index % (1 + frame.total // MOST_FRAMES) == 0):
                kept.append(frame)
        yield
    return Trajectory(tuple(kept))


def _rougher(request: p.Sample, session: Session, seconds: float) -> tuple[p.Sample, str]:
    """What to show ahead of samples that take so long, and what is less in it: '' where they are soon there.

    Its detail is a power of two, so that those of a slider that moves differ by what it does alone."""
    if seconds < LONG:
        return request, ""
    return coarser(request, 2.0 ** math.floor(math.log2(AHEAD / seconds)), takes_steps(session.capabilities))


class Shown(Protocol):
    """What an answer needs of a run: settings, data, held-out examples, and where evaluations are kept."""

    session: Session
    dataset: Dataset
    examples: Batch

    def evaluated(
        self,
        step: int,
        n: int,
        sampler: SamplerSettings,
        condition: Condition,
        metrics: Sequence[Mapping[str, Any]],
        then: Callable[[str], None],
    ) -> None:
        """Keep an evaluation; then call `then` with '' or why it is not kept."""


def asked(session: Session, request: p.Ask) -> Session:
    """The session with the sampler of a request."""
    return session.with_values({f"sampler.{key}": value for key, value in request.sampler.items()})


def _probe_of(session: Session, name: str) -> Callable[[AnyModel, ProbeRequest[Any]], Iterator[Any]]:
    probes = probes_of(session.entry)
    if name not in probes:
        raise ValueError(f"{session.entry.title} draws no panel '{name}'")
    return probes[name]


def _density(
    model: AnyModel,
    title: str,
    request: DensityRequest[SamplerSettings],
    wanted: p.DrawDensity,
    reply: Callable[[Any, bool], None],
) -> Slices:
    space, resolutions = model.data.space, wanted.resolutions
    if not isinstance(space, Points) or not space.drawable:
        raise NoDensity("a density can be drawn in one and two dimensions only")
    biased, label = "", request.condition.label
    # One sample in any case: it tells how samples are biased.
    drawn = SampleRequest(max(wanted.draws, 1), request.sampler, request.condition)
    for frame in frames(model, drawn, title):
        if frame is not None and frame.index == frame.total:
            biased = frame.biased
            if wanted.draws:
                reply(histogram(frame, model.extent, label), not resolutions)
        yield
    for number, resolution in enumerate(resolutions):
        points, cell = grid(model.extent, space.dim, resolution)
        last = number == len(resolutions) - 1
        found = yield from gather(model, points, replace(request, error=last), title)
        values = np.maximum(found.values, LOG_FLOOR)
        density = np.exp(values)
        worst = None if found.error is None else float((density * found.error).sum() / density.sum())
        shape = (resolution, resolution) if space.dim == 2 else (len(points),)
        log_prob = values.astype(np.float32).reshape(shape)
        integral = float(density.sum() * cell)
        reply(Density(log_prob, model.extent, found.kind, integral, worst, biased, label), last)
        if not last:
            yield


def grid(extent: Extent, dim: int, resolution: int) -> tuple[Array, float]:
    """Cell centres (n, dim) over an extent, rows from low y to high, and the size of a cell.

    In one dimension the resolution counts eightfold: curves want more columns than images."""
    columns = resolution if dim == 2 else 8 * resolution
    left, right, low, high = extent
    x = left + (np.arange(columns) + 0.5) * (right - left) / columns
    if dim == 1:
        return x[:, None].astype(np.float32), (right - left) / columns
    y = low + (np.arange(columns) + 0.5) * (high - low) / columns
    xs, ys = np.meshgrid(x, y)
    points = np.stack([xs.ravel(), ys.ravel()], axis=1).astype(np.float32)
    return points, (right - left) * (high - low) / columns**2


def histogram(samples: Samples, extent: Extent, label: str = "any") -> Density:
    """The density of a histogram of samples of a label, lightly smoothed by binomial weights."""
    left, right, low, high = extent
    n, dim = samples.x.shape
    if dim == 1:
        columns = 96
        counts, _ = np.histogram(samples.x[:, 0], bins=columns, range=(left, right))
        density: Float = _smooth(counts.astype(np.float64), 0) * columns / (n * (right - left))
        cell = (right - left) / columns
    else:
        columns = 48
        counts, _, _ = np.histogram2d(
            samples.x[:, 1], samples.x[:, 0], bins=columns, range=((low, high), (left, right))
        )
        area = (right - left) * (high - low)
        density = _smooth(_smooth(counts, 0), 1) * columns**2 / (n * area)
        cell = area / columns**2
    log_prob = np.log(np.maximum(density, np.exp(LOG_FLOOR))).astype(np.float32)
    return Density(log_prob, extent, "samples", float(density.sum() * cell), None, samples.biased, label)


def _smooth(counts: Float, axis: int) -> Float:
    padded = np.pad(counts, [(2, 2) if a == axis else (0, 0) for a in range(counts.ndim)])
    n = counts.shape[axis]
    parts = [w * np.take(padded, range(k, k + n), axis) for k, w in enumerate((1, 4, 6, 4, 1))]
    smoothed: Float = np.sum(parts, axis=0) / 16
    return smoothed


def _evaluation(
    request: p.Evaluate, model: AnyModel, run: Shown, sampler: SamplerSettings, step: int, send: Send
) -> Slices:
    dataset, label, title = run.dataset, request.condition.label, run.session.entry.title
    alone = "" if label in RESERVED else f"of class {label} alone"
    biased = ""

    def draw(n: int, seed: int) -> Generator[None, None, tuple[Array, Labels | None]]:
        nonlocal biased
        reseeded = sampler.model_copy(update={"seed": seed})
        drawn = yield from last(frames(model, SampleRequest(n, reseeded, request.condition), title))
        biased = "; ".join(filter(None, (drawn.biased, alone)))
        return drawn.x, drawn.labels

    def density(x: Array) -> Generator[None, None, LogDensity]:
        found = yield from gather(model, x, asked, title)
        error = None if found.error is None else float(np.abs(found.error).mean())
        return LogDensity(found.values, found.kind, how, error)

    asked = DensityRequest(sampler, request.condition)
    how = model.able(asked).density_reason + (alone and f"; {alone}, on data of every class")
    rng = partial(_rng, sampler.seed)

    try:
        one = torch.as_tensor(dataset.test(1, rng()).x, device=model.device)
        next(iter(model.log_prob(one, asked)), None)
        log_prob: Callable[[Array], Generator[None, None, LogDensity]] | str = density
    except NoDensity as reason:
        log_prob = str(reason)
    yield from draw(1, 0)
    ids = (request.run, request.channel, request.request, step)
    work = evaluate(dataset, draw, log_prob, rng(), request.n, None, biased, FloorStore(cache_dir()))
    while True:
        try:
            progress = next(work)
        except StopIteration as stop:
            metrics = tuple(metric.to_dict() for metric in stop.value)
            tell = partial(_tell, send, p.Evaluated(*ids, 1.0, metrics, True))
            run.evaluated(step, request.n, sampler, request.condition, metrics, tell)
            return
        if progress is not None:
            send(p.Evaluated(*ids, progress.done / progress.total, (), False))
        yield


def _tell(send: Send, event: p.Evaluated, note: str) -> None:
    send(replace(event, note=note))


def _rng(seed: int) -> np.random.Generator:
    """The evaluation's own stream: one model and seed, one result."""
    return np.random.default_rng(np.random.SeedSequence([seed, STREAMS.index("evaluation")]))

"""Vector fields of a continuous time on a grid, learned and true: the score, and the velocity."""

from __future__ import annotations

from collections.abc import Generator, Iterator

import torch
from torch import Tensor

from genlab.core.requests import Ask, ProbeRequest
from genlab.core.time.model import TO, TS, TimeModel
from genlab.data.payloads import Array, Field
from genlab.probes.pieces import array, plane
from genlab.probes.true_score import true_score
from genlab.sampling.condition import Conditions
from genlab.sampling.denoiser import NOISIEST, Kind, Prediction
from genlab.sampling.parts import predictions

LEAST_COLUMNS = 8


def score_field(model: TimeModel[TO, TS], request: ProbeRequest[TS]) -> Iterator[Field | None]:
    """The score over the model's extent at a time of the sampler's grid, in the coordinates of the frames.

    Those are `x_t / sqrt(alpha^2 + sigma^2)` taken back to data units; vectors are gradients of the log
    density there, per data unit. The truth is the exact score, where guidance does not tilt the learned one.
    """
    sampler = request.sampler
    grid = model.times(sampler)
    index = min(round(float(request.values["time"]) * (len(grid) - 1)), len(grid) - 1)
    t = grid[index] if index < len(grid) - 1 else grid.new_tensor(model.path.t_min)
    scale = float(model.path.scale(t))
    columns = request.columns(request.resolution, LEAST_COLUMNS)
    points = plane(model.extent, columns, model.device)
    x = scale * model.standardise(points)
    learned, exact = yield from _both(model, request, x, t, "score")
    yield Field(
        vectors=_drawn(learned * scale / model.std, columns),
        truth=None if exact is None else _drawn(exact.score * scale / model.std, columns),
        extent=model.extent,
        time=float(model.path.noise_level(t)),
        title=f"Score at noise level {float(model.path.noise_level(t)):.3g}",
    )


def velocity_field(model: TimeModel[TO, TS], request: ProbeRequest[TS]) -> Iterator[Field | None]:
    """The velocity over the model's extent at a time t between source (0) and data (1): the way, in data
    units, that a point would go in unit time. The truth is known for a Gaussian source, drawn independently
    of the data."""
    shown = float(request.values["time"])
    t = torch.tensor(1 - shown, dtype=torch.float64).clamp(min=model.path.t_min)
    columns = request.columns(request.resolution, LEAST_COLUMNS)
    x = model.standardise(plane(model.extent, columns, model.device))
    learned, exact = yield from _both(model, request, x, t, "velocity")
    yield Field(
        vectors=_drawn(-learned * model.std, columns),
        truth=None if exact is None else _drawn(-exact.velocity * model.std, columns),
        extent=model.extent,
        time=shown,
        symbol="t",
        title=f"Velocity at t = {shown:.2f}",
    )


def _both(
    model: TimeModel[TO, TS], ask: Ask[TS], x: Tensor, t: Tensor, kind: Kind
) -> Generator[None, None, tuple[Tensor, Prediction | None]]:
    """What the network predicts at x, as this kind of prediction, and what the exact score would: None where
    that is not known."""
    label = model.classes.single(ask.condition.label)
    condition = Conditions(None if label is None else label.expand(len(x)))
    parts = predictions(model.net, model.denoiser(ask), x, t, condition, lambda found: found.to(kind))
    learned = torch.cat((yield from parts))
    yield None
    plain = label is None or int(label) < 0 or ask.sampler.guidance == 1
    if model.truth is None or not plain or not model.path.has_score:
        return learned, None
    level = min(float(model.path.noise_level(t)), NOISIEST)
    t = model.path.time_of_noise_level(t.new_tensor(level))
    alpha = float(model.path.alpha(t))
    given = None if label is None or int(label) < 0 else int(label)
    score = yield from true_score(model, x / alpha, level, given)
    return learned, Prediction(model.path, t, x, "score", score / alpha)


def _drawn(vectors: Tensor, resolution: int) -> Array:
    return array(vectors).reshape(resolution, resolution, 2)

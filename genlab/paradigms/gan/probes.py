"""What the extra panels of a GAN draw."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

import numpy as np
import torch
from torch import Tensor

from genlab.core.random import generator
from genlab.core.requests import ProbeRequest
from genlab.data.dataset import Float
from genlab.data.payloads import Curves, Group, Payload, Plane, ScalarMap, Tiles
from genlab.paradigms.gan.divergence import divergence
from genlab.paradigms.gan.manifold import manifold
from genlab.paradigms.gan.model import GAN
from genlab.paradigms.gan.settings import GanSampler
from genlab.probes.pieces import plane
from genlab.sampling.slices import Work
from genlab.settings.spaces import Images

ARROWS, LEAST_ARROWS = 200, 30
LEAST_COLUMNS = 8
CELLS = 1024
"""Cells of a map that are judged in one slice."""
COUNTED, LEAST_COUNTED = 20_000, 2000
LINE_COLUMNS, LEAST_LINE_COLUMNS = 300, 75
TILES, LEAST_TILES = 8, 3


def landscape(model: GAN, request: ProbeRequest[GanSampler]) -> Iterator[Payload | None]:
    """The discriminator over the space: a map in the plane, curves on the line, sorted images.

    In the plane: the score, or the log ratio where it tells one, less its median at generated points where
    only differences count; with the direction in which the generator's loss pushes 200 of its points."""
    rng = generator(request.sampler.seed, "preview", model.device)
    if isinstance(model.space, Images):
        yield (yield from _sorted_images(model, request, rng))
        return
    if model.space.dim > 2:
        raise ValueError("the discriminator can be drawn over a line or a plane only")
    if model.space.dim == 1:
        yield from _on_the_line(model, request, rng)
        return
    columns = request.columns(request.resolution, LEAST_COLUMNS)
    grid = plane(model.extent, columns, model.device)
    others = _fillers(model, rng)
    label = _one_label(model, request, rng)
    parts = []
    for first in range(0, len(grid), CELLS):
        parts.append(_told(model, grid[first : first + CELLS], label, others))
        yield None
    points, pushes, level = _pushes(model, request, others, rng)
    values = torch.cat(parts) - level
    known = model.game.log_ratio is not None
    title = "Log ratio of real to generated, as the discriminator has it" if known else "Score"
    if label is not None:
        title += f", of class '{model.data.labels[int(label)]}'"
    size = max(1e-3, float(values.abs().quantile(0.98)))
    yield ScalarMap(
        values=values.reshape(columns, columns).cpu().numpy(),
        extent=model.extent,
        title=title,
        limits=(-size, size),
        diverging=True,
        unit="nats" if known else "",
        points=points.cpu().numpy(),
        vectors=pushes.cpu().numpy(),
    )


def orbit(model: GAN, request: ProbeRequest[GanSampler]) -> Iterator[Payload | None]:
    """The Dirac-GAN's point and slope over its last 2,000 steps.

    Raises ValueError for any other GAN."""
    if not model.dirac:
        raise ValueError("only the Dirac-GAN has an orbit: a point and a slope")
    length = int(model.orbit_length)
    path = (
        torch.roll(model.orbit, -(length % len(model.orbit)), 0) if length > len(model.orbit) else model.orbit
    )
    path = path[: min(length, len(model.orbit))]
    if not len(path):
        path = torch.tensor([[1.0, 0.0]])
    half = 1.1 * max(1.0, float(path.abs().max()))
    centre = float(model.mean.flatten()[0])
    first, last = (float(row.norm()) for row in (path[0], path[-1]))
    yield Plane(
        groups=(
            Group("path", path.cpu().numpy(), "line", "muted"),
            Group("now", path[-1:].cpu().numpy(), "dots", "model"),
            Group("settled", np.zeros((1, 2), np.float32), "dots", "mark"),
        ),
        extent=(-half, half, -half, half),
        title="Generator against discriminator",
        x_label=f"θ, the generated point less the real one at {centre:.2g}",
        y_label="ψ, the discriminator's slope",
        note=f"Distance from the settled point: {last:.3g}, and {first:.3g} {len(path) - 1:,} steps before.",
    )


def _one_label(model: GAN, request: ProbeRequest[GanSampler], rng: torch.Generator) -> Tensor | None:
    """The label (1,) to judge by: the class asked for, or the likeliest one where any will do."""
    labels = model.classes.shown(1, request.condition.label, rng)
    if labels is None or request.condition.label != "any":
        return labels
    return model.class_prior.argmax()[None]


def _fillers(model: GAN, rng: torch.Generator) -> Tensor | None:
    """Generated points that fill up a pack beside one to be judged, (m - 1, *event) standardised; None where
    the discriminator judges single points. Beside them only the one point's log ratio varies."""
    m = model.objective.packing
    if m == 1:
        return None
    labels = model.classes.shown(m - 1, "any", rng)
    out: Tensor = model.generator(model.draw_latent(m - 1, rng), labels)
    return out


def _told(model: GAN, x: Tensor, label: Tensor | None, others: Tensor | None) -> Tensor:
    """What the discriminator tells of points (n, 2) of one label (1,), (n,)."""
    return model.judge.told(x, None if label is None else label.expand(len(x)), others)


def _pushes(
    model: GAN, request: ProbeRequest[GanSampler], others: Tensor | None, rng: torch.Generator
) -> tuple[Tensor, Tensor, float]:
    """Generated points (n, 2), the directions in which the loss moves them, and the level of a flat map."""
    label = _one_label(model, request, rng)
    n = request.fewer(ARROWS, LEAST_ARROWS)
    labels = None if label is None else label.expand(n)
    x = model.generate(model.draw_latent(n, rng), labels)
    with torch.enable_grad():
        at = x.clone().requires_grad_()
        score = model.judge.scores(at, labels, others)
        told = model.game.generator(score.detach(), score) if not model.game.needs_real else -score.sum()
        (gradient,) = torch.autograd.grad(told, at)
    level = 0.0
    if model.game.differences or model.objective.packing > 1:
        level = float(_told(model, x, label, others).median())
    return x, -gradient, level


def _on_the_line(
    model: GAN, request: ProbeRequest[GanSampler], rng: torch.Generator
) -> Iterator[Payload | None]:
    low, high = model.extent[:2]
    columns = request.fewer(LINE_COLUMNS, LEAST_LINE_COLUMNS)
    counted = request.fewer(COUNTED, LEAST_COUNTED)
    centres = low + (high - low) * (np.arange(columns) + 0.5) / columns
    grid = torch.as_tensor(centres, dtype=torch.float32, device=model.device)[:, None]
    label = _one_label(model, request, rng)
    others = _fillers(model, rng)
    told = _told(model, grid, label, others)
    labels = None if label is None else label.expand(counted)
    x = (yield from model.generated(model.draw_latent(counted, rng), labels))[:, 0]
    yield None
    if model.game.differences or model.objective.packing > 1:
        told = told - _told(model, x[:512, None], label, others).median()
    generated = torch.histc(x.clamp(low - 1, high + 1), columns, low, high).cpu().numpy()
    width = (high - low) / columns
    generated = _smoothed(generated / (counted * width), 2.0 * columns / LINE_COLUMNS)
    curves = {"discriminator": told.sigmoid().cpu().numpy().astype(np.float32)}
    tallest = generated.max() or 1.0
    if model.truth is not None:
        given = None if label is None else int(label)
        real = np.exp(model.truth.log_prob(centres[:, None], given))
        tallest = max(tallest, float(real.max()))
        with np.errstate(invalid="ignore"):
            best = real / (real + generated)
        best[real + generated < 1e-3 * tallest] = np.nan
        curves["optimal, p / (p + q)"] = best.astype(np.float32)
        curves["real density, scaled"] = (real / tallest).astype(np.float32)
    curves["generated density, scaled"] = (generated / tallest).astype(np.float32)
    yield Curves(centres.astype(np.float32), curves, "x", "probability of real", marks={"cannot tell": 0.5})


def _smoothed(counts: Float, columns: float) -> Float:
    """Counts under a Gaussian of so many columns."""
    kernel = np.exp(-0.5 * (np.arange(-6, 7) / columns) ** 2)
    return np.convolve(counts, kernel / kernel.sum(), mode="same")


def _sorted_images(model: GAN, request: ProbeRequest[GanSampler], rng: torch.Generator) -> Work[Tiles]:
    side = request.columns(TILES, LEAST_TILES)
    n = side * side
    labels = model.classes.shown(n, request.condition.label, rng)
    latent = model.truncated(model.draw_latent(n, rng), request.sampler.truncation)
    x = yield from model.generated(latent, labels)
    score = yield from model.judge.scored(x, labels, _fillers(model, rng))
    order = score.argsort(descending=True)
    shape = (side, side, *model.event) if model.event[0] != 1 else (side, side, *model.event[1:])
    images = model.quantise(x[order]).reshape(shape).cpu().numpy()
    return Tiles(
        images,
        "Generated images, the most real first",
        note=f"Scores from {float(score.max()):.2f} down to {float(score.min()):.2f}.",
    )


PROBES: Mapping[str, Callable[[GAN, ProbeRequest[GanSampler]], Iterator[Payload | None]]] = {
    "landscape": landscape,
    "manifold": manifold,
    "divergence": divergence,
    "orbit": orbit,
}

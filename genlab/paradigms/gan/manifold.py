"""The generator as a map: a grid of latents and where it comes to lie."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import torch
from torch import Tensor

from genlab.core.random import generator
from genlab.core.requests import ProbeRequest
from genlab.data.payloads import Array, Curves, Group, Mesh, Payload, Plane, Tiles
from genlab.nets.adversarial import Latent
from genlab.paradigms.gan.model import GAN
from genlab.paradigms.gan.settings import GanSampler
from genlab.sampling.slices import Work
from genlab.settings.spaces import Images

REACH = 2.5
"""How far the grid reaches in each latent: it holds 97.5 % of a plane of latents."""
LINES, LEAST_LINES = 41, 11
CARRIED, LEAST_CARRIED = 300, 40
LINE_POINTS, LEAST_POINTS = 400, 60
TILES, LEAST_TILES = 8, 3


def manifold(model: GAN, request: ProbeRequest[GanSampler]) -> Iterator[Payload | None]:
    """A grid in the first two latents, the others at zero, carried into the data.

    In the plane a mesh (a curve for one latent), shaded by probability per area; on the line the generated
    value along the first latent; of images, one at each place of the grid."""
    if model.dirac:
        raise ValueError("the Dirac-GAN's generator is one point: it has no latent to carry over")
    rng = generator(request.sampler.seed, "preview", model.device)
    label = model.classes.shown(1, request.condition.label, rng)
    category = int(request.values.get("category", 0))
    space, flat = model.space, model.network.latent == 1
    if isinstance(space, Images):
        yield (yield from _images(model, request, category, label))
    elif space.dim == 1 or (space.dim == 2 and flat):
        line = torch.linspace(-3, 3, request.fewer(LINE_POINTS, LEAST_POINTS))[:, None]
        x = yield from _carried(model, line, category, label)
        if space.dim == 1:
            yield Curves(line[:, 0].numpy(), {"generated x": x[:, 0]}, "first latent z₁", "x")
        else:
            groups = (*_real(request), Group("generated", x, "line", "model"))
            yield Plane(groups, model.extent, "The latent line in the plane of the data", data_space=True)
    elif space.dim == 2:
        yield (yield from _mesh(model, request, category, label, rng))
    else:
        raise ValueError("the generator can be drawn into a line or a plane only")


def _mesh(
    model: GAN, request: ProbeRequest[GanSampler], category: int, label: Tensor | None, rng: torch.Generator
) -> Work[Mesh]:
    lines = request.columns(LINES, LEAST_LINES)
    axis = torch.linspace(-REACH, REACH, lines)
    rows, columns = torch.meshgrid(axis, axis, indexing="ij")
    latent = torch.stack([columns, rows], -1)
    carried = (yield from _carried(model, latent.reshape(-1, 2), category, label)).reshape(lines, lines, 2)
    z = (
        torch.randn(request.fewer(CARRIED, LEAST_CARRIED), 2, generator=rng, device=rng.device)
        .cpu()
        .clamp(-REACH, REACH)
    )
    there = yield from _carried(model, z, category, label)
    nodes = np.stack([latent.numpy(), carried])
    window = (-REACH, REACH, -REACH, REACH)
    return Mesh(
        nodes=nodes.astype(np.float32),
        titles=("latent z", "generated x"),
        extents=(window, model.extent),
        shade=_shade(nodes),
        points=np.stack([z.numpy(), there]).astype(np.float32),
        reference=None if request.examples is None else request.examples.x.cpu().numpy(),
    )


def _shade(nodes: Array) -> Array:
    """Probability per area of each cell, (2, rows - 1, columns - 1), relative to the largest; its square root
    at the fourth power, since densities of a folded map span many decades."""
    middles = nodes[0][:-1, :-1] / 2 + nodes[0][1:, 1:] / 2
    mass = np.exp(-0.5 * (middles**2).sum(-1))
    diagonal = nodes[:, 1:, 1:] - nodes[:, :-1, :-1]
    other = nodes[:, 1:, :-1] - nodes[:, :-1, 1:]
    area = 0.5 * np.abs(diagonal[..., 0] * other[..., 1] - diagonal[..., 1] * other[..., 0])
    density = mass / np.maximum(area, 1e-9)
    relative = density / np.quantile(density, 0.99, axis=(1, 2), keepdims=True)
    return np.asarray(np.clip(relative, 0, 1) ** 0.25, np.float32)


def _images(
    model: GAN, request: ProbeRequest[GanSampler], category: int, label: Tensor | None
) -> Work[Tiles]:
    side = request.columns(TILES, LEAST_TILES)
    axis = torch.linspace(-2, 2, side)
    if model.network.latent == 1:
        places = torch.linspace(-2, 2, side * side)[:, None]
    else:
        rows, columns = torch.meshgrid(axis.flip(0), axis, indexing="ij")
        places = torch.stack([columns, rows], -1).reshape(-1, 2)
    event = model.event[1:] if model.event[0] == 1 else model.event
    x = (yield from _carried(model, places, category, label)).reshape(side, side, *event)
    return Tiles(np.asarray(x), "Images over the first two latents", note="Both run from -2 to 2.")


def _carried(model: GAN, places: Tensor, category: int, label: Tensor | None) -> Work[Array]:
    """Generated data, (n, *event), at places (n, 1 or 2) of the first latents, the others zero; in slices."""
    n, known = places.shape
    z = torch.zeros(n, model.network.latent, device=model.device)
    z[:, :known] = places.to(model.device)
    chosen = torch.full((n,), category, device=model.device) if model.network.categories else None
    x = yield from model.generated(Latent(z, chosen), None if label is None else label.expand(n))
    return model.quantise(x).cpu().numpy()


def _real(request: ProbeRequest[GanSampler]) -> tuple[Group, ...]:
    if request.examples is None:
        return ()
    return (Group("real", request.examples.x.cpu().numpy(), "dots", "real"),)

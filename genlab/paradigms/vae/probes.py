"""What the extra panels draw: codes against the prior, and what becomes of data on the way through them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

import numpy as np
import torch
from torch import Tensor

from genlab.core.random import generator
from genlab.core.requests import ProbeRequest
from genlab.data.payloads import Array, Curves, Extent, Group, Payload, Plane, Tiles
from genlab.paradigms.vae.bounds import gaussian_log_prob
from genlab.paradigms.vae.collapse import active_units, variances
from genlab.paradigms.vae.model import VAE
from genlab.paradigms.vae.panels import SLIDERS
from genlab.paradigms.vae.settings import VAESampler
from genlab.paradigms.vae.spread import bounds_rising, held_out, per_dimension
from genlab.probes.pieces import array
from genlab.sampling.slices import Work

COLUMNS, LEAST_COLUMNS = 12, 4
PLACES, LEAST_PLACES = 9, 3
LINE, LEAST_LINE = 61, 16
LEAST_CODES = 24
LEAST_SLIDERS = 3
SHOWN, LEAST_SHOWN = 300, 50
"""Points whose reconstructions are drawn."""


def latent(model: VAE, request: ProbeRequest[VAESampler]) -> Iterator[Payload | None]:
    """Means of the codes of held-out data over draws from the prior, in the plane of two latents; of a single
    latent, its density over data against the prior's."""
    examples = held_out(request)
    n = request.fewer(len(examples.x), LEAST_CODES)
    means, log_scales = yield from model.coders.codes(examples.x[:n])
    yield None
    rng = generator(request.sampler.seed, "preview", model.device)
    labels = model.classes.shown(len(means), request.condition.label, rng) if model.conditional else None
    drawn = model.prior.draw(labels, len(means), rng)
    active = active_units(means)
    note = f"{active} of {model.network.latent} latents active"
    if model.network.latent == 1:
        yield _line_of_codes(means, log_scales, drawn, note)
        return
    dims = _two_dims(request.values.get("dims", "active"), means)
    shown, prior = array(means[:, dims]), array(drawn[:, dims])
    classes = None if examples.labels is None else examples.labels[:n].cpu().numpy()
    yield Plane(
        (Group("prior", prior, role="muted"), Group("codes of held-out data", shown, labels=classes)),
        _window(np.concatenate([shown, prior])),
        "Latent space",
        f"z{dims[0] + 1}",
        f"z{dims[1] + 1}",
        note=f"{note}; standard deviation of codes {_pair(shown)}, of the prior {_pair(prior)}.",
    )


def traversal(model: VAE, request: ProbeRequest[VAESampler]) -> Iterator[Payload | None]:
    """Means of the decoder as one latent at a time runs from -3 to 3 and the sliders hold the others."""
    sliders = min(model.network.latent, SLIDERS)
    count = request.fewer(sliders, LEAST_SLIDERS)
    places = _places(model, request)
    held = torch.zeros(model.network.latent, device=model.device)
    for i in range(sliders):
        held[i] = float(request.values.get(f"z{i + 1}", 0.0))
    run = torch.linspace(-3, 3, places, device=model.device)
    grid = held.repeat(count, places, 1)  # (rows, places, d)
    for i in range(count):
        grid[i, :, i] = run
    rows, names = [], tuple(f"z{i + 1}" for i in range(count))
    centre, unit = yield from _code_units(model)
    for row in grid:
        rows.append((yield from decoded(model, centre + unit * row)))
        yield None
    images = np.stack(rows)
    units = "" if isinstance(centre, float) else ", in standard deviations of the codes"
    if model.images:
        yield Tiles(_plain(images), "Traversal", names, f"Each row moves one latent from -3 to 3{units}.")
    elif model.event == (1,):
        curves = {name: row[:, 0] for name, row in zip(names, images, strict=True)}
        yield Curves(array(run), curves, f"latent{units}", "decoded")
    else:
        lines = [Group(name, row[:, :2], "line") for name, row in zip(names, images, strict=True)]
        here = (yield from decoded(model, (centre + unit * held)[None]))[:, :2]
        lines.append(Group("sliders", here, role="mark"))
        yield _over_data(
            model, request, lines, "Traversal", f"Each line moves one latent from -3 to 3{units}."
        )


def reconstructions(model: VAE, request: ProbeRequest[VAESampler]) -> Iterator[Payload | None]:
    """Held-out data and the means of the decoder at the means of their codes."""
    examples = held_out(request)
    if model.images:
        columns = request.fewer(COLUMNS, LEAST_COLUMNS)
        x = examples.x[: request.fewer(3, 1) * columns]
        x = x[: max(1, len(x) // columns) * columns]
        back = yield from decoded(model, (yield from model.coders.codes(x))[0])
        columns = min(columns, len(x))
        rows = [images.reshape(-1, columns, *model.event) for images in (array(x), back)]
        tiles = np.stack(rows, 1).reshape(-1, columns, *model.event)
        error = np.sqrt(np.square(array(x) - back).mean())
        titles = ("original", "reconstruction") * (len(tiles) // 2)
        yield Tiles(_plain(tiles), "Reconstructions", titles, f"Root mean square error {error:.2f} levels.")
        return
    x = examples.x[: request.fewer(SHOWN, LEAST_SHOWN)]
    back, data = (yield from decoded(model, (yield from model.coders.codes(x))[0])), array(x)
    error = np.sqrt(np.square(data - back).sum(1).mean())
    note = f"Root mean square distance {error:.3g}."
    if model.event == (1,):
        both = np.stack([data[:, 0], back[:, 0]], 1)
        low, high = float(both.min()), float(both.max())
        ends = np.array([[low, low], [high, high]], np.float32)
        line = Group("perfect", ends, "line", "real")
        yield Plane(
            (line, Group("held-out data", both)),
            _window(both),
            "Reconstructions",
            "datum",
            "reconstruction",
            note=note,
        )
        return
    pairs = np.stack([data[:, :2], back[:, :2]], 1).reshape(-1, 2)
    groups = (
        Group("moved by", pairs, "segments", "muted"),
        Group("held-out data", data[:, :2], role="real"),
        Group("reconstructions", back[:, :2]),
    )
    yield Plane(groups, model.extent, "Reconstructions", data_space=model.event == (2,), note=note)


def interpolation(model: VAE, request: ProbeRequest[VAESampler]) -> Iterator[Payload | None]:
    """Means of the decoder along the straight way between the codes of two held-out examples."""
    examples = held_out(request)
    pick = [round(float(request.values.get(key, 0.0))) % len(examples.x) for key in ("first", "second")]
    ends = examples.x[pick]
    (first, second), _ = yield from model.coders.codes(ends)
    share = torch.linspace(0, 1, _places(model, request), device=model.device)
    way = yield from decoded(model, torch.lerp(first, second, share[:, None]))
    yield None
    if model.images:
        weight = share.reshape(-1, *([1] * len(model.event)))
        mixed = array(torch.lerp(ends[0], ends[1], weight))
        tiles = _plain(np.stack([way, mixed]))
        yield Tiles(
            tiles, "Interpolation", ("between codes", "between pixels"), "The ends are held-out images."
        )
        return
    at = float(request.values.get("at", 0.5))
    here = yield from decoded(model, torch.lerp(first, second, at)[None])
    if model.event == (1,):
        marks = {"from": float(ends[0, 0]), "to": float(ends[1, 0]), "at": float(here[0, 0])}
        yield Curves(array(share), {"decoded": way[:, 0]}, "share of the way", "decoded", marks)
        return
    groups = [
        Group("the way of codes", way[:, :2], "line"),
        Group("held-out examples", array(ends)[:, :2], role="mark"),
        Group("at", here[:, :2], role="model"),
    ]
    yield _over_data(model, request, groups, "Interpolation", "")


def decoded(model: VAE, z: Tensor) -> Work[Array]:
    """Means of the decoder at latents (n, d), (n, *event), in slices."""
    return array((yield from model.coders.means(z)))


def _places(model: VAE, request: ProbeRequest[VAESampler]) -> int:
    """Of a way through the codes: images, or points of a line."""
    return request.fewer(PLACES, LEAST_PLACES) if model.images else request.fewer(LINE, LEAST_LINE)


def _line_of_codes(means: Tensor, log_scales: Tensor | None, drawn: Tensor, note: str) -> Curves:
    spread = means.std() + 1e-3
    scales = 0.1 * spread.expand_as(means) if log_scales is None else log_scales.exp().clamp(min=0.02)
    reach = float(torch.cat([means, drawn]).abs().max()) * 1.1
    z = torch.linspace(-reach, reach, 241, device=means.device)
    bell = 0.15 * drawn.std().expand_as(drawn)
    curves = {
        "codes of held-out data": _smooth_density(z, means, scales),
        "prior": _smooth_density(z, drawn, bell),
    }
    return Curves(array(z), curves, f"z1 ({note})", "density")


def _smooth_density(z: Tensor, centres: Tensor, scales: Tensor) -> Array:
    """Mean density of Gaussians with centres and scales (n, 1) at z (m,), (m,)."""
    return array(gaussian_log_prob(z[:, None, None], centres, scales.log()).exp().mean(1))


def _code_units(model: VAE) -> Work[tuple[Tensor | float, Tensor | float]]:
    """Where codes lie and how far they spread: as a normal prior has it, or as they are."""
    if not model.deterministic and not model.two_stages:
        return 0.0, 1.0
    means, _ = yield from model.coders.codes(model.seen)
    return means.mean(0), means.std(0)


def _two_dims(choice: float | str, means: Tensor) -> list[int]:
    if choice == "active" or means.shape[1] == 2:
        return sorted(variances(means).topk(2).indices.tolist())
    first, second = str(choice).split(",")
    return [int(first), int(second)]


def _over_data(
    model: VAE, request: ProbeRequest[VAESampler], groups: list[Group], title: str, note: str
) -> Plane:
    data = [] if request.examples is None else [array(request.examples.x[:SHOWN, :2])]
    behind = tuple(Group("held-out data", x, role="real") for x in data)
    return Plane((*behind, *groups), model.extent, title, data_space=model.event == (2,), note=note)


def _window(points: Array) -> Extent:
    centre = np.median(points, 0)
    half = 1.05 * float(np.abs(points - centre).max() + 1e-6)
    x, y = (float(value) for value in centre)
    return (x - half, x + half, y - half, y + half)


def _pair(points: Array) -> str:
    x, y = points.std(0)
    return f"{x:.2g} and {y:.2g}"


def _plain(tiles: Array) -> Array:
    """Tiles of one channel without it."""
    return tiles[:, :, 0] if tiles.shape[2] == 1 else tiles


PROBES: Mapping[str, Callable[[VAE, ProbeRequest[VAESampler]], Iterator[Payload | None]]] = {
    "latent": latent,
    "traversal": traversal,
    "reconstructions": reconstructions,
    "interpolation": interpolation,
    "per-dimension": per_dimension,
    "bounds": bounds_rising,
}

"""What the extra panels of a flow of images draw: held-out images in the base, layer by layer and between."""

from __future__ import annotations

from collections.abc import Generator, Iterator

import torch
from torch import Tensor

from genlab.core.random import generator
from genlab.core.requests import ProbeRequest
from genlab.core.training import Batch
from genlab.data.payloads import Array, Payload, Tiles
from genlab.paradigms.flow.model import Flow
from genlab.paradigms.flow.settings import FlowSampler
from genlab.probes.pieces import array

COLUMNS, LEAST_COLUMNS = 9, 3
PAIRS = 5
MOST_ROWS = 9

Request = ProbeRequest[FlowSampler]
Slices = Iterator[Payload | None]


def image_layers(model: Flow, request: Request) -> Slices:
    """Held-out images and what each layer makes of them, down to the base; each under its own label, or the
    one that was asked for. What is on the way is shown as pixels of the data: each pixel's own distribution
    function takes it back."""
    examples = _examples(request, request.fewer(COLUMNS, 1))
    labels = examples.labels
    if request.condition.label != "any" or labels is None:
        label = model.classes.single(request.condition.label)
        labels = None if label is None else label.expand(len(examples.x))
    states = yield from _to_base(model, request, examples.x, labels)
    count = len(states) - 1
    most = min(MOST_ROWS, count + 1) - 1
    chosen = sorted({round(k * count / most) for k in range(most + 1)})
    rows = [examples.x.to(model.device)]
    for k in chosen[1:]:
        rows.append((yield from model.decoded(states[k], rounded=True)))
        yield None
    titles = ["data", *(f"layer {count - k + 1}" for k in chosen[1:-1]), "base"]
    mean, std = states[-1].mean().item(), states[-1].std().item()
    note = (
        f"Numbers of the base: mean {mean:.2f}, standard deviation {std:.2f}; a perfect flow gives 0 and 1."
    )
    yield Tiles(_shown(torch.stack(rows)), "From data to base", tuple(titles), note)


def interpolation(model: Flow, request: Request) -> Slices:
    """Images along the arc in the base between two held-out ones, at both ends, by one map."""
    examples = _examples(request, 2 * request.fewer(PAIRS, 1))
    columns = request.fewer(COLUMNS, LEAST_COLUMNS)
    label = model.classes.single(request.condition.label)
    n = len(examples.x)
    if n < 2:
        raise ValueError("there are no two held-out images to go between")
    labels = None if label is None else label.expand(n)
    *_, z = yield from _to_base(model, request, examples.x, labels)
    pairs = n // 2
    a, b = z[:pairs], z[pairs : 2 * pairs]
    cosine = (a * b).sum(1) / (a.norm(dim=1) * b.norm(dim=1))
    angle = cosine.clamp(-1 + 1e-6, 1 - 1e-6).acos()[:, None, None]
    share = torch.linspace(0, 1, columns, device=z.device)[None, :, None]
    path = (torch.sin((1 - share) * angle) * a[:, None] + torch.sin(share * angle) * b[:, None]) / angle.sin()
    x = path.flatten(0, 1)
    given = model.context(None if label is None else label.expand(len(x)))
    for layer in reversed(model.layers(request.sampler.steps)):
        x = yield from layer.data_in_slices(x, given)
        yield None
    images = (yield from model.decoded(x, rounded=True)).reshape(pairs, columns, *model.event)
    yield Tiles(_shown(images), "Between two images", (), "Left and right are held-out images.")


def _examples(request: Request, n: int) -> Batch:
    if request.examples is None or not len(request.examples.x):
        raise ValueError("there are no held-out images to show")
    labels = request.examples.labels
    return Batch(request.examples.x[:n], None if labels is None else labels[:n])


def _to_base(
    model: Flow, request: Request, x: Tensor, labels: Tensor | None
) -> Generator[None, None, list[Tensor]]:
    """The numbers (n, d) that enter the layers and those that leave each, for images (n, *event)."""
    rng = generator(request.sampler.seed, "preview", model.device)
    given = model.context(None if labels is None else labels.to(model.device))
    state, _ = yield from model.encoded(x.to(model.device), rng)
    states = [state]
    for layer in model.layers(request.sampler.steps):
        state, _ = yield from layer.base_in_slices(state, given)
        states.append(state)
        yield
    return states


def _shown(images: Tensor) -> Array:
    """Images (rows, columns, channels, height, width), without the axis of a single channel."""
    shown = images[:, :, 0] if images.shape[2] == 1 else images
    return array(shown)

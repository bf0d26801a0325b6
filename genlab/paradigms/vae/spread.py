"""How the bound divides over latents, and how it rises with importance samples."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
import torch
from torch import Tensor

from genlab.core.random import generator
from genlab.core.requests import ProbeRequest
from genlab.core.training import Batch
from genlab.data.payloads import Curves, Payload
from genlab.paradigms.vae.bounds import gaussian_divergence, importance_bound
from genlab.paradigms.vae.collapse import active_units
from genlab.paradigms.vae.density import log_weights
from genlab.paradigms.vae.model import VAE
from genlab.paradigms.vae.settings import VAESampler

MOST, LEAST = 256, 16
"""Data of which divergences are averaged."""
BOUND_DATA, LEAST_DATA = 100, 16
POWERS, LEAST_POWERS = 8, 6
"""Bounds of 1, 2, 4 .. 2^8 samples."""


def held_out(request: ProbeRequest[VAESampler]) -> Batch:
    """The examples. Raises ValueError where there are none."""
    if request.examples is None or not len(request.examples.x):
        raise ValueError("there are no held-out examples to show")
    return request.examples


def per_dimension(model: VAE, request: ProbeRequest[VAESampler]) -> Iterator[Payload | None]:
    """Bars: divergence of each latent from its prior, mean over held-out data, given their classes where the
    prior knows them. Of a mixture that of each latent's marginal, estimated; they need not sum to the whole.

    Raises:
        ValueError: of an autoencoder, whose codes have no divergence, or without held-out data.
    """
    examples, coders = held_out(request), model.coders
    n = request.fewer(MOST, LEAST)
    x = examples.x[:n]
    labels = None if examples.labels is None else examples.labels[:n]
    rng = generator(request.sampler.seed, "preview", model.device)
    mean, log_scale = yield from coders.codes(x)
    if log_scale is None:
        raise ValueError("the codes of an autoencoder are points: they have no divergence from a prior")
    yield None
    given = labels if model.conditional else None
    if model.prior is model.first_prior:
        each = gaussian_divergence(mean, log_scale, *model.first_prior.of_labels(given, len(mean))).mean(0)
    else:
        each = _marginal_divergence(model, mean, log_scale, given, rng)
    reconstruction = 0.0
    for start in range(0, len(x), coders.rows(1)):
        part = slice(start, start + coders.rows(1))
        seen = coders.observed(x[part], rng)
        reconstruction -= float((yield from coders.scores(mean[None, part], seen)).sum())
        yield None
    bars = each.cpu().numpy().astype(np.float32)
    summary = (
        f"{active_units(mean)} of {model.network.latent} active, divergence {bars.sum():.1f}, reconstruction "
        f"{reconstruction / len(x):.1f} nats"
    )
    marks = {"free bits": model.objective.free_bits} if model.objective.kind == "free-bits" else {}
    captions = tuple(f"z{i + 1}" for i in range(model.network.latent))
    place = np.arange(1, model.network.latent + 1, dtype=np.float32)
    yield Curves(place, {"divergence": bars}, f"latent ({summary})", "nats", marks, True, captions)


def _marginal_divergence(
    model: VAE, mean: Tensor, log_scale: Tensor, labels: Tensor | None, rng: torch.Generator
) -> Tensor:
    noise = torch.randn((8, *mean.shape), generator=rng, device=rng.device)
    z = mean + log_scale.exp() * noise
    own = -0.5 * noise.square() - log_scale - 0.5 * math.log(2 * math.pi)
    return torch.mean(own - model.prior.log_prob_each(z, labels), (0, 1))


def bounds_rising(model: VAE, request: ProbeRequest[VAESampler]) -> Iterator[Payload | None]:
    """Mean bound on log p of held-out data by the number of importance samples; K = 1 is the evidence
    bound.

    Raises:
        ValueError: without held-out data.
    """
    x, coders = held_out(request).x[: request.fewer(BOUND_DATA, LEAST_DATA)], model.coders
    powers = POWERS if request.detail == 1 else LEAST_POWERS
    rng = generator(request.sampler.seed, "evaluation", model.device)
    k, rows = 2**powers, coders.rows(2**5)
    sums = np.zeros(powers + 1)
    for start in range(0, len(x), rows):
        part, slices = x[start : start + rows], []
        for _ in range(k // 2**5):
            slices.append((yield from log_weights(coders, model.marginal_prior, part, 2**5, rng)))
            yield None
        weights = torch.cat(slices)
        for power in range(powers + 1):
            # All samples serve every K: the mean of the bounds of disjoint groups.
            groups = weights.reshape(-1, 2**power, weights.shape[1])
            sums[power] += float(sum(importance_bound(group).sum() for group in groups)) / len(groups)
    marks = {}
    if model.truth is not None:
        marks["true log p of these"] = float(model.truth.log_prob(x.cpu().numpy()).mean())
    values = (sums / len(x)).astype(np.float32)
    captions = tuple(str(2**power) for power in range(powers + 1))
    marks["evidence bound"] = float(values[0])
    place = np.arange(powers + 1, dtype=np.float32)
    yield Curves(
        place, {"importance bound": values}, "importance samples K", "nats", marks, captions=captions
    )

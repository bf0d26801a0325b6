"""How far generated and real data are apart: as the discriminator tells, and by counting."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from genlab.core.random import generator
from genlab.core.requests import ProbeRequest
from genlab.data.payloads import Payload, Table
from genlab.data.truths.base import Truth
from genlab.paradigms.gan.model import GAN
from genlab.paradigms.gan.settings import GanSampler
from genlab.sampling.slices import Work
from genlab.settings.spaces import Points

COUNTED, LEAST_JUDGED = 20_000, 100
BINS = {1: 100, 2: 24}
"""Bins per axis of the histograms that are compared."""
CHUNK = 2000


def told_divergence(real: Tensor, fake: Tensor) -> float:
    """The Jensen-Shannon divergence, nats, that log ratios at real (n,) and generated points (m,) tell.

    `log 2 + (E log D(real) + E log(1 - D(fake))) / 2`, which is at most the true one and reaches it for the
    best discriminator D = p / (p + q), whose loss is then log 4 - 2 JSD. Source: Goodfellow et al. (2014),
    theorem 1."""
    return math.log(2) - 0.5 * (F.softplus(-real).mean() + F.softplus(fake).mean()).item()


def counted_divergence(p: Tensor, q: Tensor) -> float:
    """The Jensen-Shannon divergence, nats, of two histograms of counts (bins,)."""
    p, q = p / p.sum(), q / q.sum()
    middle = (p + q) / 2
    parts = [torch.where(side > 0, side * (side / middle).log(), 0.0).sum() for side in (p, q)]
    return 0.5 * (parts[0] + parts[1]).item()


def divergence(model: GAN, request: ProbeRequest[GanSampler]) -> Iterator[Payload | None]:
    """A table: the divergence by the discriminator, by counting, and how often the discriminator is right."""
    if model.objective.packing > 1:
        raise ValueError("this discriminator judges packs: its divergence is one of packs, not of points")
    if request.examples is None:
        raise ValueError("there are no held-out data to judge")
    rng = generator(request.sampler.seed, "preview", model.device)
    examples = request.examples
    n = request.fewer(len(examples.x), LEAST_JUDGED)
    labels = examples.labels[:n] if model.classes.learned and examples.labels is not None else None
    made = yield from model.generated(model.draw_latent(n, rng), labels)
    fake = yield from model.judge.scored(made, labels)
    real = yield from model.judge.scored(model.dequantise(examples.x[:n], rng), labels)
    yield None
    rows = []
    ratio = model.game.log_ratio
    if ratio is None:
        rows.append(("mean score, real less generated", f"{(real.mean() - fake.mean()).item():.4f}"))
    else:
        real, fake = ratio(real), ratio(fake)
        if model.game.differences:
            # The constant that a loss of differences leaves open is the one that tells the most.
            level = torch.cat([real, fake]).median()
            real, fake = real - level, fake - level
        right = 0.5 * ((real > 0).float().mean() + (fake <= 0).float().mean()).item()
        rows += [
            ("Jensen-Shannon divergence, as told", f"{max(0.0, told_divergence(real, fake)):.4f} nats"),
            ("judged rightly", f"{right:.1%}"),
            ("Kullback-Leibler divergence p to q, as told", f"{real.mean().item():.4f} nats"),
            ("Kullback-Leibler divergence q to p, as told", f"{-fake.mean().item():.4f} nats"),
        ]
    space, truth = model.space, model.truth
    note = f"Of {n:,} held-out and as many generated points."
    if truth is not None and isinstance(space, Points) and space.dim in BINS:
        rounds = request.fewer(COUNTED // CHUNK, 1)
        bins = BINS[space.dim]
        note += f" Counted: {rounds * CHUNK:,} points in {bins} bins per axis; at most log 2 = 0.693 nats."
        counts = []
        for real_ones in (True, True, False):
            parts = []
            for _ in range(rounds):
                points = _real(truth, rng) if real_ones else (yield from _generated(model, rng))
                parts.append(_counts(model, points.to(model.device)))
                yield None
            counts.append(torch.stack(parts).sum(0))
        rows += [
            ("Jensen-Shannon divergence, counted", f"{counted_divergence(counts[0], counts[2]):.4f} nats"),
            ("the same between two real draws", f"{counted_divergence(counts[0], counts[1]):.4f} nats"),
        ]
    yield Table(("measure", "value"), tuple(rows), note=note)


def _real(truth: Truth, rng: torch.Generator) -> Tensor:
    seed = int(torch.randint(2**31 - 1, (), generator=rng, device=rng.device))
    return torch.as_tensor(truth.draw(CHUNK, np.random.default_rng(seed)).x)


def _generated(model: GAN, rng: torch.Generator) -> Work[Tensor]:
    labels = model.classes.shown(CHUNK, "any", rng)
    return (yield from model.generated(model.draw_latent(CHUNK, rng), labels))


def _counts(model: GAN, x: Tensor) -> Tensor:
    """Counts of points x (n, d) in equal bins of the data's window, (bins ** d,); those outside lie in the
    outermost ones."""
    dim = x.shape[1]
    bins = BINS[dim]
    bounds = x.new_tensor(model.extent).reshape(2, 2)[:dim]
    places = ((x - bounds[:, 0]) / (bounds[:, 1] - bounds[:, 0]) * bins).long().clamp(0, bins - 1)
    index = places[:, 0] if dim == 1 else places[:, 1] * bins + places[:, 0]
    return torch.bincount(index, minlength=bins**dim).float()

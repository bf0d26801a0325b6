"""From latents to samples: one pass, or a chain x -> z -> x that starts there."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from genlab.data.payloads import Samples
from genlab.paradigms.vae.bounds import gaussian_log_prob
from genlab.paradigms.vae.settings import VAESampler

if TYPE_CHECKING:
    from genlab.paradigms.vae.model import VAE


def ancestral(
    model: VAE, sampler: VAESampler, labels: Tensor | None, n: int, rng: torch.Generator
) -> Iterator[Samples]:
    """One frame: latents from the prior, moved by guidance, through the decoder."""
    yield _frame(model, sampler, *_start(model, sampler, labels, n, rng)[1:], labels, 0, 0)


def chain(
    model: VAE, sampler: VAESampler, labels: Tensor | None, n: int, rng: torch.Generator
) -> Iterator[Samples]:
    """Frames 0 .. k of a chain that draws z from q(z | x) and x from p(x | z) in turn, from an ancestral
    start.

    'gibbs' accepts every z: the chain leaves the model's distribution by as much as q differs from the
    posterior, and knows of no class after its start (Rezende et al. 2014, appendix F). 'metropolis' accepts z
    by the ratio of p(x | z) p(z | class) / q(z | x), which keeps the model's distribution as it is, class and
    guidance included (Mattei & Frellsen 2018, algorithm 1).

    Raises:
        ValueError: for Metropolis steps of an autoencoder.
    """
    exact = sampler.method == "metropolis"
    if exact and model.deterministic:
        raise ValueError("an autoencoder has no likelihood by which to accept a step")
    z, drawn, shown = _start(model, sampler, labels, n, rng)
    yield _frame(model, sampler, drawn, shown, labels, 0, sampler.steps)
    for index in range(1, sampler.steps + 1):
        seen = model.quantise(drawn)
        turned, pictured, latents = [], [], []
        for first in range(0, n, model.rows(1)):
            rows = slice(first, first + model.rows(1))
            mean, log_scale = model.encode(seen[rows])
            new = mean
            if log_scale is not None:
                noise = torch.randn(mean.shape, generator=rng, device=rng.device)
                new = mean + log_scale.exp() * noise
            if exact and log_scale is not None:
                given = None if labels is None else labels[rows]
                both = torch.stack([new, z[rows]])
                log_target = model.reconstruction(both, drawn[rows])
                log_target = log_target + model.log_prior(
                    both, "", _known(model, given), _scale(model, sampler)
                )
                fitness = log_target - gaussian_log_prob(both, mean, log_scale)
                chance = torch.rand(len(new), generator=rng, device=rng.device)
                new = torch.where((chance.log() < fitness[0] - fitness[1])[:, None], new, z[rows])
            output = model.decode(new)
            latents.append(new)
            turned.append(_drawn(model, output, rng))
            pictured.append(model.likelihood.mean(output))
        z, drawn = torch.cat(latents), torch.cat(turned)
        shown = torch.cat(pictured)
        yield _frame(model, sampler, drawn, shown, labels, index, sampler.steps)


def _start(
    model: VAE, sampler: VAESampler, labels: Tensor | None, n: int, rng: torch.Generator
) -> tuple[Tensor, Tensor, Tensor]:
    """Latents (n, d), draws (n, *event) and means (n, *event)."""
    z = model.prior.draw(_known(model, labels), n, rng, _scale(model, sampler))
    outputs = [model.decode(part) for part in torch.split(z, model.rows(1))]
    drawn = torch.cat([_drawn(model, output, rng) for output in outputs])
    return z, drawn, torch.cat([model.likelihood.mean(output) for output in outputs])


def _drawn(model: VAE, output: Tensor, rng: torch.Generator) -> Tensor:
    """Data from outputs: an autoencoder's have no noise."""
    return model.likelihood.mean(output) if model.deterministic else model.likelihood.draw(output, rng)


def _known(model: VAE, labels: Tensor | None) -> Tensor | None:
    return labels if model.conditional else None


def _scale(model: VAE, sampler: VAESampler) -> float:
    return sampler.guidance if model.guided(sampler) else 1.0


def _frame(
    model: VAE,
    sampler: VAESampler,
    drawn: Tensor,
    mean: Tensor,
    labels: Tensor | None,
    index: int,
    total: int,
) -> Samples:
    reasons = []
    if model.guided(sampler):
        reasons.append(f"latent extrapolation {sampler.guidance:g}")
    if sampler.method == "gibbs":
        reasons.append("pseudo-Gibbs chain: stationary where q(z | x) is the posterior")
    if sampler.output == "mean" and not model.deterministic:
        reasons.append("means of the decoder, without its noise")
    x = mean if sampler.output == "mean" else drawn
    return Samples(
        x=array(model.quantise(x)),
        clean=None,
        labels=None if labels is None else labels.cpu().numpy(),
        index=index,
        total=total,
        time=float(total - index),
        nfe=1 + 2 * index,
        tilted="; ".join(reasons),
    )


def array(x: Tensor) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    """A tensor as what is sent to be drawn."""
    return x.detach().cpu().float().numpy()

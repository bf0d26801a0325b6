"""The density of a latent variable model: a lower bound by importance sampling."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor

from genlab.core.requests import LogProb
from genlab.paradigms.vae.bounds import gaussian_log_prob, importance_bound, standard_error
from genlab.paradigms.vae.coders import Coders
from genlab.paradigms.vae.priors import GivenPrior
from genlab.sampling.slices import Work

MOST_AT_ONCE = 50
"""Importance samples in one slice, at most."""


def log_weights(coders: Coders, prior: GivenPrior, x: Tensor, k: int, rng: torch.Generator) -> Work[Tensor]:
    """log p(x, z) - log q(z | x) at k draws of the encoder, (k, n), of x (n, *event), data units; in slices.

    Raises ValueError for codes without a density."""
    mean, log_scale = yield from coders.codes(x)
    if log_scale is None:
        raise ValueError("the codes of an autoencoder are points: there is nothing to weigh")
    noise = torch.randn((k, *mean.shape), generator=rng, device=rng.device)
    z = mean + log_scale.exp() * noise
    reconstruction = yield from coders.scores(z, coders.observed(x, rng))
    return reconstruction - (gaussian_log_prob(z, mean, log_scale) - prior.log_prob(z))


def importance_log_prob(
    coders: Coders, prior: GivenPrior, x: Tensor, k: int, rng: torch.Generator
) -> Iterator[LogProb | None]:
    """Bounds on log p(x) of x (n, *event) from k samples, with standard errors, by slices.

    Images are whole levels: a categorical likelihood gives their exact probabilities; a Gaussian one a
    density at x + u, with u uniform on [-1/2, 1/2) and drawn anew for every slice, whose mean bounds the log
    probability of the levels.
    """
    rows = coders.rows(min(k, MOST_AT_ONCE))
    for start in range(0, len(x), rows):
        part = slice(start, start + rows)
        weights: list[Tensor] = []
        for first in range(0, k, MOST_AT_ONCE):
            if first:
                yield None
            some = min(MOST_AT_ONCE, k - first)
            weights.append((yield from log_weights(coders, prior.take(part), x[part], some, rng)))
        found = torch.cat(weights)
        yield LogProb(start, importance_bound(found), "bound", None, standard_error(found))

"""The density of a latent variable model: a lower bound by importance sampling."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from genlab.core.model import LogProb, generator
from genlab.paradigms.vae.bounds import importance_bound, standard_error
from genlab.paradigms.vae.settings import VAESampler

if TYPE_CHECKING:
    from genlab.paradigms.vae.model import VAE

MOST_AT_ONCE = 50
"""Importance samples in one slice, at most."""


def importance_log_prob(model: VAE, x: Tensor, sampler: VAESampler, error: bool) -> Iterator[LogProb | None]:
    """Bounds on log p(x) of x (n, *event), with standard errors, by slices; a quarter of K without `error`.

    A class: of its density. `none`: of the unconditional one. `any`: of the mixture by the classes'
    probabilities. A guided prior has bounds too. Images are whole levels: a categorical likelihood gives
    their exact probabilities; a Gaussian one a density at x + u, with u uniform on [-1/2, 1/2) and drawn anew
    for every slice, whose mean bounds the log probability of the levels.
    """
    rng = generator(sampler.seed, "evaluation", model.device)
    k = sampler.importance if error else max(1, sampler.importance // 4)
    labels = model.labels_for(len(x), sampler.label, rng) if model.conditional else None
    guidance = sampler.guidance if model.guided(sampler) else 1.0
    rows = model.rows(min(k, MOST_AT_ONCE))
    for start in range(0, len(x), rows):
        part = slice(start, start + rows)
        given = None if labels is None else labels[part]
        weights: list[Tensor] = []
        for first in range(0, k, MOST_AT_ONCE):
            if first:
                yield None
            some = min(MOST_AT_ONCE, k - first)
            with torch.no_grad():
                weights.append(model.log_weights(x[part], some, sampler.label, given, rng, guidance))
        found = torch.cat(weights)
        yield LogProb(start, importance_bound(found), "bound", None, standard_error(found))

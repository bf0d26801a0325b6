"""Guidance for fitted classes: p(x | c) p(c | x)^(w - 1), drawn exactly by rejection.

This is the density that classifier-free guidance means with scale w (Ho and Salimans 2022, section 3.2):
p(x | c) times the likelihood ratio p(x | c) / p(x) to the power w - 1, up to a constant.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping

import torch
from torch import Tensor

from genlab.paradigms.baselines.estimator import Estimator

ROUNDS = 200
"""Of rejection; what is left then takes the likeliest of its candidates."""
DRAWS = 1000
"""For the constant of a guided density."""


def log_posterior(fit: Estimator, x: Tensor, groups: Tensor, prior: Mapping[int, float]) -> Tensor:
    """log p(c | x), (n,), of the class c = group - 1 that each point x (n, d) has."""
    joint = torch.stack([fit.group_log_prob(x, g) + math.log(weight) for g, weight in prior.items()], 1)
    columns = {group: column for column, group in enumerate(prior)}
    index = torch.tensor([columns[group] for group in groups.tolist()], device=x.device)
    return joint.log_softmax(1).gather(1, index[:, None])[:, 0].nan_to_num(-math.inf)


def draw_guided(
    fit: Estimator, groups: Tensor, scale: float, prior: Mapping[int, float], rng: torch.Generator
) -> Tensor:
    """One draw (n, d) for each group: of candidates from p(x | c), each is kept with p(c | x)^(scale - 1)."""
    x = fit.draw(groups, rng)
    best = torch.full((len(groups),), -math.inf, device=x.device)
    left = torch.arange(len(groups), device=x.device)
    for attempt in range(ROUNDS):
        candidate = fit.draw(groups[left], rng) if attempt else x.clone()
        chance = ((scale - 1) * log_posterior(fit, candidate, groups[left], prior)).to(best.dtype)
        better = chance >= best[left]
        x[left[better]], best[left[better]] = candidate[better], chance[better]
        kept = torch.rand(len(left), generator=rng, device=x.device).log() < chance
        x[left[kept]] = candidate[kept]
        left = left[~kept]
        if len(left) == 0:
            break
    return x


def log_constants(
    fit: Estimator,
    groups: Mapping[int, float],
    scale: float,
    prior: Mapping[int, float],
    rng: torch.Generator,
) -> Iterator[tuple[int, float, float] | None]:
    """For each group the log of E p(c | x)^(scale - 1) over its draws, with its standard error; by slices."""
    for group in groups:
        asked = torch.full((DRAWS,), group, device=rng.device)
        parts = []
        drawn = fit.draw(asked, rng)
        for first in range(0, DRAWS, fit.chunk):
            x = drawn[first : first + fit.chunk]
            parts.append(((scale - 1) * log_posterior(fit, x, asked[: len(x)], prior)).exp())
            yield None
        kept = torch.cat(parts)
        mean = float(kept.mean())
        yield group, math.log(max(mean, 1e-300)), float(kept.std() / math.sqrt(DRAWS)) / max(mean, 1e-300)


def guided_log_prob(
    fit: Estimator,
    x: Tensor,
    weights: Mapping[int, float],
    scale: float,
    prior: Mapping[int, float],
    constants: Mapping[int, float],
) -> Tensor:
    """Log density at x (n, d) of the guided classes mixed with the given probabilities, (n,).

    constants: of each group, as `log_constants` gives them."""
    classes = {group: fit.group_log_prob(x, group) for group in prior}
    total = torch.stack([value + math.log(prior[group]) for group, value in classes.items()]).logsumexp(0)
    guided = [
        classes[group]
        + (scale - 1) * (classes[group] + math.log(prior[group]) - total)
        + math.log(weight)
        - constants[group]
        for group, weight in weights.items()
    ]
    return torch.stack(guided).nan_to_num(-math.inf, posinf=math.inf).logsumexp(0)

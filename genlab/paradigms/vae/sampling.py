"""From latents to samples: one pass, or a chain x -> z -> x that starts there."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from genlab.paradigms.vae.bounds import gaussian_log_prob
from genlab.paradigms.vae.coders import Coders
from genlab.paradigms.vae.priors import GivenPrior
from genlab.sampling.slices import Pace, Work


@dataclass(frozen=True)
class Turn:
    """Latents z (n, d), data drawn from what the decoder makes of them and its means, (n, *event) each."""

    z: Tensor
    drawn: Tensor
    mean: Tensor


def ancestral(coders: Coders, prior: GivenPrior, n: int, rng: torch.Generator) -> Work[Turn]:
    """Latents from the prior, moved by guidance, through the decoder, in slices."""
    z = prior.draw(n, rng)
    drawn, means, pace = [], [], Pace()
    for part in torch.split(z, coders.rows(1)):
        output = yield from coders.outputs(part)
        yield from pace.rest()
        drawn.append(coders.draw(output, rng))
        yield from pace.rest()
        means.append(coders.likelihood.mean(output))
    return Turn(z, torch.cat(drawn), torch.cat(means))


def chain(
    coders: Coders, prior: GivenPrior, n: int, steps: int, exact: bool, rng: torch.Generator
) -> Iterator[Turn | None]:
    """Turns 0 .. steps of a chain that draws z from q(z | x) and x from p(x | z), from an ancestral start;
    None between parts of one.

    Pseudo-Gibbs accepts every z: the chain leaves the model's distribution by as much as q differs from the
    posterior, and knows of no class after its start (Rezende et al. 2014, appendix F). Where it is to be
    `exact`, it accepts z by the ratio of p(x | z) p(z | class) / q(z | x): Metropolis steps, which keep the
    model's distribution as it is, class and guidance included (Mattei & Frellsen 2018, algorithm 1).

    Raises:
        ValueError: for exact chains of an autoencoder.
    """
    if exact and coders.deterministic:
        raise ValueError("an autoencoder has no likelihood by which to accept a step")
    turn = yield from ancestral(coders, prior, n, rng)
    yield turn
    for _ in range(steps):
        seen, parts = coders.units.quantise(turn.drawn), []
        for first in range(0, n, coders.rows(1)):
            rows = slice(first, first + coders.rows(1))
            mean, log_scale = yield from coders.codes(seen[rows])
            z = mean
            if log_scale is not None:
                noise = torch.randn(mean.shape, generator=rng, device=rng.device)
                z = mean + log_scale.exp() * noise
                if exact:
                    both = torch.stack([z, turn.z[rows]])
                    log_target = yield from coders.scores(both, turn.drawn[rows])
                    log_target = log_target + prior.take(rows).log_prob(both)
                    fitness = log_target - gaussian_log_prob(both, mean, log_scale)
                    chance = torch.rand(len(z), generator=rng, device=rng.device)
                    z = torch.where((chance.log() < fitness[0] - fitness[1])[:, None], z, turn.z[rows])
            output = yield from coders.outputs(z)
            parts.append((z, coders.draw(output, rng), coders.likelihood.mean(output)))
            yield None
        turn = Turn(*(torch.cat(tensors) for tensors in zip(*parts, strict=True)))
        yield turn

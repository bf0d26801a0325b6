"""What the discriminator can do for samples: refuse proposals, or lead latents to better places."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from genlab.nets.adversarial import Latent
from genlab.paradigms.gan.judge import Judge
from genlab.sampling.pieces import in_pieces, whole
from genlab.sampling.slices import Work

BURN_IN = 2048
"""Proposals from which the largest ratio is first estimated."""


@dataclass(frozen=True)
class Proposals:
    """latents: so many, at random. labels: so many, at random or those that are asked for. generate: data
    (n, *event), data units, of latents and labels, in slices."""

    latents: Callable[[int], Latent]
    labels: Callable[[int], Tensor | None]
    generate: Callable[[Latent, Tensor | None], Work[Tensor]]


def acceptance(ratio: Tensor, largest: Tensor) -> Tensor:
    """Probability of accepting proposals of log ratios `log p / q`, (n,), given the largest of them.

    `p / q` over its largest value: what is accepted is distributed as p where the ratio is exact. Source:
    Azadi et al. (2019), Discriminator Rejection Sampling, eq. 2, with gamma = 0.
    """
    return (ratio - largest).exp().clamp(max=1.0)


def rejection(
    proposals: Proposals, judge: Judge, n: int, labels: Tensor | None, rounds: int, rng: torch.Generator
) -> Iterator[tuple[Tensor, float] | None]:
    """Data (n, *event), data units, and the share of places filled: the proposals, then after each round;
    None between parts of one.

    A place keeps the first proposal that is accepted there; a place that no round filled shows its last
    proposal. labels: (n,) of the places. Raises ValueError where scores tell no ratio.
    """
    judge.single()
    latent = proposals.latents(BURN_IN)
    burnt = None if labels is None else proposals.labels(BURN_IN)
    seen = yield from proposals.generate(latent, burnt)
    largest = (yield from judge.log_ratio(seen, burnt)).max()
    x = yield from proposals.generate(proposals.latents(n), labels)
    open_ = torch.ones(n, dtype=torch.bool, device=x.device)
    for index in range(rounds + 1):
        if index and bool(open_.any()):
            rows = open_.nonzero()[:, 0]
            given = None if labels is None else labels[rows]
            ratio = yield from judge.log_ratio(x[rows], given)
            largest = torch.maximum(largest, ratio.max())
            taken = torch.rand(len(rows), generator=rng, device=rng.device) < acceptance(ratio, largest)
            open_[rows[taken]] = False
            again = rows[~taken]
            if len(again) and index < rounds:
                latent = proposals.latents(len(again))
                given = None if labels is None else labels[again]
                x = x.index_copy(0, again, (yield from proposals.generate(latent, given)))
        yield x, 1 - open_.float().mean().item()


def walk(
    proposals: Proposals,
    judge: Judge,
    n: int,
    labels: Tensor | None,
    steps: int,
    size: float,
    noise: float,
    rng: torch.Generator,
) -> Iterator[Tensor | None]:
    """Langevin steps in the latent space, from plain latents to those that the discriminator holds for real:
    data (n, *event), data units, before the first step and after each; None between parts of one.

    The energy is `|z|^2 / 2 - d(g(z))` with d the discriminator's log ratio, or its score where it tells no
    ratio: `z - size / 2 * gradient + noise * sqrt(size) * normal`. Categories stay.

    Source: Che et al. (2020), Your GAN is Secretly an Energy-based Model, algorithm 1.
    """
    judge.single()
    latent = proposals.latents(n)
    yield (yield from proposals.generate(latent, labels))
    for _ in range(steps):
        slope = yield from _energy_slope(proposals, judge, latent, labels)
        normal = torch.randn(latent.z.shape, generator=rng, device=rng.device)
        z = latent.z - 0.5 * size * slope + noise * size**0.5 * normal
        latent = Latent(z, latent.category)
        yield (yield from proposals.generate(latent, labels))


def _energy_slope(proposals: Proposals, judge: Judge, latent: Latent, labels: Tensor | None) -> Work[Tensor]:
    def work(rows: slice) -> Tensor:
        some, given = latent.take(rows), None if labels is None else labels[rows]
        with torch.enable_grad():
            z = some.z.detach().requires_grad_()
            x = whole(proposals.generate(Latent(z, some.category), given))
            energy = 0.5 * z.square().sum() - judge.told(x, given).sum()
            (slope,) = torch.autograd.grad(energy, z)
            found: Tensor = slope
        return found

    if judge.coupled:
        return work(slice(None))
    return torch.cat((yield from in_pieces(judge.critic, "slope", len(latent.z), work)))

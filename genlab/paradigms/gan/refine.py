"""What the discriminator can do for samples: refuse proposals, or lead latents to better places."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from genlab.data.payloads import Samples
from genlab.nets.adversarial import Latent
from genlab.paradigms.gan.judge import judged, log_ratio
from genlab.paradigms.gan.settings import GanSampler

if TYPE_CHECKING:
    from genlab.paradigms.gan.model import GAN

BURN_IN = 2048
"""Proposals from which the largest ratio is first estimated."""


def acceptance(ratio: Tensor, largest: Tensor) -> Tensor:
    """Probability of accepting proposals of log ratios `log p / q`, (n,), given the largest of them.

    `p / q` over its largest value: what is accepted is distributed as p where the ratio is exact. Source:
    Azadi et al. (2019), Discriminator Rejection Sampling, eq. 2, with gamma = 0.
    """
    return (ratio - largest).exp().clamp(max=1.0)


def rejection(
    model: GAN, n: int, labels: Tensor | None, sampler: GanSampler, rng: torch.Generator
) -> Iterator[Samples]:
    """Rounds of proposals: the first frame shows the proposals, each further one the state after a round.

    A place keeps the first proposal that is accepted there; a place that no round filled shows its last
    proposal. The frame's time is the share of places filled. Raises ValueError where scores tell no ratio.
    """
    if model.game.log_ratio is None or model.dirac:
        raise ValueError(
            "with this loss the discriminator tells no ratio of densities, which rejection needs"
        )
    single(model)
    with torch.no_grad():
        latent = model.truncated(model.draw_latent(BURN_IN, rng), sampler)
        burnt = None if labels is None else model.drawn_labels(BURN_IN, sampler.label, rng)
        x = model.generate(latent, burnt)
    shown = None if labels is None else labels.cpu().numpy()
    largest = log_ratio(model, x, burnt).max()
    with torch.no_grad():
        x = model.generate(model.truncated(model.draw_latent(n, rng), sampler), labels)
    open_ = torch.ones(n, dtype=torch.bool, device=model.device)
    for index in range(sampler.steps + 1):
        if index and bool(open_.any()):
            rows = open_.nonzero()[:, 0]
            given = None if labels is None else labels[rows]
            ratio = log_ratio(model, x[rows], given)
            largest = torch.maximum(largest, ratio.max())
            taken = torch.rand(len(rows), generator=rng, device=rng.device) < acceptance(ratio, largest)
            open_[rows[taken]] = False
            again = rows[~taken]
            if len(again) and index < sampler.steps:
                latent = model.truncated(model.draw_latent(len(again), rng), sampler)
                with torch.no_grad():
                    x[again] = model.generate(latent, None if labels is None else labels[again])
        filled = 1 - open_.float().mean().item()
        tilted = "; ".join(filter(None, ("discriminator rejection", model.truncation(sampler))))
        array = model.quantise(x).cpu().numpy().copy()  # places change below
        yield Samples(array, None, shown, index, sampler.steps, filled, 1 + 2 * index, tilted)


def walk(
    model: GAN, n: int, labels: Tensor | None, sampler: GanSampler, rng: torch.Generator
) -> Iterator[Samples]:
    """Langevin steps in the latent space, from plain latents to those that the discriminator holds for real.

    The energy is `|z|^2 / 2 - d(g(z))` with d the discriminator's log ratio, or its score where it tells no
    ratio: `z - step / 2 * gradient + walk_noise * sqrt(step) * noise`. Categories stay. Source: Che et al.
    (2020), Your GAN is Secretly an Energy-based Model, algorithm 1.
    """
    if model.dirac:
        raise ValueError("the Dirac-GAN's generator is one point: there is no latent to walk in")
    single(model)
    latent = model.truncated(model.draw_latent(n, rng), sampler)
    z = latent.z
    shown = None if labels is None else labels.cpu().numpy()
    for index in range(sampler.steps + 1):
        if index:
            slope = _energy_slope(model, Latent(z, latent.category), labels)
            noise = torch.randn(z.shape, generator=rng, device=rng.device)
            z = z - 0.5 * sampler.walk_step * slope + sampler.walk_noise * sampler.walk_step**0.5 * noise
        with torch.no_grad():
            x = model.quantise(model.generate(Latent(z, latent.category), labels))
        tilted = "; ".join(filter(None, ("latent refinement", model.truncation(sampler))))
        yield Samples(x.cpu().numpy(), None, shown, index, sampler.steps, float(index), 1 + 2 * index, tilted)


def single(model: GAN) -> None:
    """Refuse a discriminator that judges several points at once."""
    if model.objective.packing > 1:
        raise ValueError(
            f"this discriminator judges {model.objective.packing} points at once: set 'Packing' to 1 and "
            "train again to let it refine samples"
        )


def _energy_slope(model: GAN, latent: Latent, labels: Tensor | None) -> Tensor:
    with torch.enable_grad():
        z = latent.z.detach().requires_grad_()
        x = model.generate(Latent(z, latent.category), labels)
        energy = 0.5 * z.square().sum() - judged(model, x, labels).sum()
        (slope,) = torch.autograd.grad(energy, z)
    return slope

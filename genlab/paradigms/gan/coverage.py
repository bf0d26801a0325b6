"""Whether a generator still reaches what it should: counted in passing, with a sentence when it does not."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

RADIUS = 3.0
"""How far from a mode, in its standard deviations, a sample is of high quality (PacGAN, section 4.1)."""
ENOUGH = 0.8
"""Share of the modes below which the alarm rings."""
PATIENCE = 0.3
"""Share of the budget during which modes may still be on their way."""
PROJECTIONS = 64


@dataclass(frozen=True)
class Captured:
    """modes: how many have at least one high-quality sample nearest to them. high_quality: share of samples
    within three standard deviations of a mode."""

    modes: int
    high_quality: float


def captured(x: Tensor, centres: Tensor, std: float) -> Captured:
    """Modes that samples x (n, d) reach; centres (k, d), std per axis, all in data units."""
    distance, nearest = torch.cdist(x, centres).min(1)
    good = distance <= RADIUS * std
    return Captured(int(nearest[good].bincount().count_nonzero()), good.float().mean().item())


def mode_alarm(found: int, total: int, most: int, progress: float, quality: float = 1.0) -> tuple[str, ...]:
    """The sentence that warns of lost or missed modes, or none.

    most: modes reached by any earlier check. progress: share of the budget. quality:
    share of samples near a mode."""
    if most >= ENOUGH * total and found < ENOUGH * most:
        return (
            f"Mode collapse: samples reach {found} of {total} modes, and reached {most} before. A gradient "
            "penalty (R1, R2), packing or a lower learning rate may hold them.",
        )
    if progress > PATIENCE and found < ENOUGH * total:
        return (
            f"Modes are missing: samples reach {found} of {total}. A gradient penalty (R1, R2), the "
            "relativistic loss or packing finds more.",
        )
    if progress > PATIENCE and quality < 0.5:
        return (
            f"Samples miss the modes: {quality:.0%} lie within three standard deviations of one. A gradient "
            "penalty (R1, R2) or a lower learning rate may settle the game.",
        )
    return ()


def spread_alarm(spread: float, progress: float) -> tuple[str, ...]:
    """The sentence that warns of samples all alike, or none. spread: of the samples over that of the data."""
    if progress > PATIENCE and spread < 0.5:
        return (
            f"Mode collapse: samples vary {spread:.0%} as much as the data. A gradient penalty (R1, R2) or "
            "packing may bring variety back.",
        )
    return ()


def spread(x: Tensor) -> Tensor:
    """Root of the mean over coordinates of the variance over samples x (n, *event), a scalar."""
    return x.flatten(1).var(0).mean().sqrt()


def sliced_distance(x: Tensor, y: Tensor, rng: torch.Generator) -> Tensor:
    """Sliced 1-Wasserstein distance of two sets of the same size, (n, *event), over random directions.

    Source: Bonneel et al. (2015), Sliced and Radon Wasserstein Barycenters."""
    a, b = x.flatten(1), y.flatten(1)
    directions = torch.randn(a.shape[1], PROJECTIONS, generator=rng, device=rng.device)
    directions = directions / directions.norm(dim=0)
    gaps: Tensor = ((a @ directions).sort(0).values - (b @ directions).sort(0).values).abs()
    return gaps.mean()

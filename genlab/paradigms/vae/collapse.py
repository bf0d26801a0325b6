"""Which latents carry anything of a datum, and the warning when few do."""

from __future__ import annotations

import torch
from torch import Tensor

ACTIVE = 0.01
"""Least variance of an active unit's posterior means."""
FEW = 4
"""Collapse is where at most one latent in so many is active."""


def variances(means: Tensor) -> Tensor:
    """Variance over data of each latent's posterior mean (n, d), (d,)."""
    return torch.var(means, 0, correction=0)


def active_units(means: Tensor) -> int:
    """Number of latents whose posterior means (n, d) vary by more than 0.01: Burda et al. (2016), 5.2."""
    return int((variances(means) > ACTIVE).sum())


def collapse_warning(active: int, latent: int) -> str:
    """What to say of so many active latents out of all, or '' where there is nothing to say."""
    if FEW * active > latent:
        return ""
    carry = "none of the latents carries" if not active else f"only {active} of {latent} latents carry"
    return (
        f"Posterior collapse: {carry} anything of a datum, and the decoder does without the rest. Lower β, "
        "let the divergence warm up, or give it free bits."
    )

"""Penalties on the gradient of the discriminator with respect to what it sees."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor


def squared_gradients(total: Tensor, inputs: Sequence[Tensor]) -> list[Tensor]:
    """|d score / d x|^2 of each example of each input, (n,). total: the sum of all scores. inputs: (n, ...).

    Gradients can be taken through it. R1 is its mean over real, R2 over generated data, each times half its
    weight. Source: Mescheder et al. (2018), eq. 9 and 10."""
    if not inputs:
        return []
    gradients = torch.autograd.grad(total, inputs, create_graph=True)
    return [gradient.square().flatten(1).sum(1) for gradient in gradients]


def one_centred(scores: Tensor, x: Tensor) -> Tensor:
    """(|d score / d x| - 1)^2 of each example, (n,). Source: Gulrajani et al. (2017), eq. 3."""
    (squared,) = squared_gradients(scores.sum(), [x])
    return ((squared + 1e-12).sqrt() - 1).square()


def between(real: Tensor, fake: Tensor, rng: torch.Generator) -> Tensor:
    """Points at uniform places between pairs of real and generated ones, (n, ...), ready for gradients."""
    share = torch.rand(len(real), *[1] * (real.ndim - 1), generator=rng, device=rng.device)
    return torch.lerp(real.detach(), fake.detach(), share).requires_grad_()

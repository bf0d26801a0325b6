"""What the discriminator says of single points, in data units."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor

if TYPE_CHECKING:
    from genlab.paradigms.gan.model import GAN

CHUNK = 2048


def scores(model: GAN, x: Tensor, labels: Tensor | None, others: Tensor | None = None) -> Tensor:
    """Raw scores (n,) of points x (n, *event), data units, in their classes (n,) or None.

    others: standardised points that fill up the pack, (m - 1, *event), where the discriminator judges m at
    once; they share the label."""
    z = model.standardise(x)[:, None]
    m = model.objective.packing
    if m > 1:
        assert others is not None
        z = torch.cat([z, others.expand(len(z), *others.shape)], 1)
    given = None if labels is None else labels[:, None].expand(-1, m)
    out: Tensor = model.critic(z, given)
    return out


def judged(model: GAN, x: Tensor, labels: Tensor | None) -> Tensor:
    """What gradients should climb, (n,): the log ratio where the scores tell it, else the score."""
    score = scores(model, x, labels)
    return score if model.game.log_ratio is None else model.game.log_ratio(score)


def log_ratio(model: GAN, x: Tensor, labels: Tensor | None) -> Tensor:
    """The discriminator's log p / q at x (n, *event), (n,), up to a constant. The loss must tell it."""
    assert model.game.log_ratio is not None
    parts = []
    with torch.no_grad():
        for first in range(0, len(x), CHUNK):
            rows = slice(first, first + CHUNK)
            score = scores(model, x[rows], None if labels is None else labels[rows])
            parts.append(model.game.log_ratio(score))
    return torch.cat(parts)


def fillers(model: GAN, rng: torch.Generator) -> Tensor | None:
    """Generated points that fill up a pack beside one to be judged, (m - 1, *event) standardised; None where
    the discriminator judges single points. Beside them only the one point's log ratio varies."""
    m = model.objective.packing
    if m == 1:
        return None
    with torch.no_grad():
        labels = model.drawn_labels(m - 1, "any", rng)
        out: Tensor = model.generator(model.draw_latent(m - 1, rng), labels)
    return out

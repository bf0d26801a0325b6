"""What the discriminator says of single points, in data units."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from genlab.sampling.pieces import in_pieces
from genlab.sampling.slices import Work

CHUNK = 2048


@dataclass(frozen=True)
class Judge:
    """critic: of packs of standardised points, with labels. packing: points in a pack. standardise: from data
    units. ratio: what a score tells of log p / q, up to a constant; None where it tells nothing. coupled:
    whether a score depends on the other points of the batch."""

    critic: nn.Module
    packing: int
    standardise: Callable[[Tensor], Tensor]
    ratio: Callable[[Tensor], Tensor] | None
    coupled: bool = False

    def scores(self, x: Tensor, labels: Tensor | None, others: Tensor | None = None) -> Tensor:
        """Raw scores (n,) of points x (n, *event), data units, in their classes (n,) or None.

        others: standardised points that fill up the pack, (m - 1, *event), where the discriminator judges m
        at once; they share the label."""
        z = self.standardise(x)[:, None]
        if others is not None:
            z = torch.cat([z, others.expand(len(z), *others.shape)], 1)
        given = None if labels is None else labels[:, None].expand(-1, self.packing)
        out: Tensor = self.critic(z, given)
        return out

    def scored(
        self, x: Tensor, labels: Tensor | None, others: Tensor | None = None, most: int | None = None
    ) -> Work[Tensor]:
        """As `scores`, in slices but for a coupled one; of at most so many points at a time, where given."""
        if self.coupled:
            most = most or max(1, len(x))
            parts = range(0, max(1, len(x)), most)
            rows = [slice(first, first + most) for first in parts]
            return torch.cat([self.scores(x[r], None if labels is None else labels[r], others) for r in rows])

        def work(rows: slice) -> Tensor:
            return self.scores(x[rows], None if labels is None else labels[rows], others)

        return torch.cat((yield from in_pieces(self.critic, "scores", len(x), work, most)))

    def told(self, x: Tensor, labels: Tensor | None, others: Tensor | None = None) -> Tensor:
        """What gradients should climb, (n,): the log ratio where the scores tell it, else the score."""
        score = self.scores(x, labels, others)
        return score if self.ratio is None else self.ratio(score)

    def log_ratio(self, x: Tensor, labels: Tensor | None) -> Work[Tensor]:
        """log p / q at x (n, *event), (n,), up to a constant; in slices.

        Raises ValueError where scores tell no ratio."""
        if self.ratio is None:
            raise ValueError(
                "with this loss the discriminator tells no ratio of densities, which rejection needs"
            )
        return self.ratio((yield from self.scored(x, labels, most=CHUNK)))

    def single(self) -> None:
        """Refuse a discriminator that judges several points at once. Raises ValueError."""
        if self.packing > 1:
            raise ValueError(
                f"this discriminator judges {self.packing} points at once: set 'Packing' to 1 and "
                "train again to let it refine samples"
            )

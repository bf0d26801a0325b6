"""What each sample of a batch is conditioned on, as networks take it."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

UNCONDITIONAL = -1


@dataclass(frozen=True)
class Conditions:
    """The conditions of `n` samples.

    Attributes:
        label: class of each sample, shape `(n,)`, int64; -1 stands for 'no class given'. None where there
            are no labels at all.
    """

    label: Tensor | None = None

    def unconditional(self) -> Conditions:
        """The same number of samples with no class given."""
        return Conditions(None if self.label is None else torch.full_like(self.label, UNCONDITIONAL))

    def take(self, rows: slice) -> Conditions:
        """The conditions of some of the samples."""
        return Conditions(None if self.label is None else self.label[rows])


def concatenate(first: Conditions, second: Conditions) -> Conditions:
    """The conditions of two batches, one after the other."""
    if first.label is None or second.label is None:
        return Conditions()
    return Conditions(torch.cat([first.label, second.label]))

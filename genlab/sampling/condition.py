"""What a sample is conditioned on."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

UNCONDITIONAL = -1


@dataclass(frozen=True)
class Condition:
    """The condition of `n` samples.

    Attributes:
        label: class of each sample, shape `(n,)`, int64; -1 stands for 'no class given'. None where there
            are no labels at all.
    """

    label: Tensor | None = None

    def unconditional(self) -> Condition:
        """The same number of samples with no class given."""
        return Condition(None if self.label is None else torch.full_like(self.label, UNCONDITIONAL))

    def take(self, rows: slice) -> Condition:
        """The condition of some of the samples."""
        return Condition(None if self.label is None else self.label[rows])


def concatenate(first: Condition, second: Condition) -> Condition:
    """The conditions of two batches, one after the other."""
    if first.label is None or second.label is None:
        return Condition()
    return Condition(torch.cat([first.label, second.label]))

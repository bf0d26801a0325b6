"""What the four methods have in common: one fit of all data, and one of each class, in closed form.

Group 0 is all data, group 1 + c the class c. Points are flat, (n, d), in data units.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Mapping
from functools import partial

import torch
from torch import Tensor, nn

from genlab.core.training import Batch
from genlab.sampling.pieces import in_pieces
from genlab.sampling.slices import Pace, Work

PAIRS = 2**20
"""Entries of a matrix that one slice of about 20 ms works through."""


class Estimator(nn.Module, ABC):
    """One density per group. rows: training points of each group, (groups,). done: nothing more to fit."""

    rows: Tensor
    done: Tensor

    def __init__(self, groups: int) -> None:
        super().__init__()
        self.register_buffer("rows", torch.zeros(groups, dtype=torch.long))
        self.register_buffer("done", torch.zeros((), dtype=torch.bool))

    @property
    def groups(self) -> int:
        """All data and the classes."""
        return len(self.rows)

    @abstractmethod
    def fit(self, pool: Batch) -> Mapping[str, Tensor]:
        """One iteration on the pool, of about 20 ms. Gives named scalars; 'total' never rises."""

    @abstractmethod
    def group_log_prob(self, x: Tensor, group: int) -> Tensor:
        """Log density of a group at x (n, d), (n,), nats in data units."""

    @abstractmethod
    def draw(self, groups: Tensor, rng: torch.Generator) -> Tensor:
        """One exact draw for each group asked for, (n,) to (n, d)."""

    @abstractmethod
    def cdf(self, t: float, group: int) -> float:
        """P(x <= t) in a group; for one dimension."""

    @property
    @abstractmethod
    def chunk(self) -> int:
        """Points whose density takes one slice."""

    def log_prob(self, x: Tensor, weights: Mapping[int, float]) -> Tensor:
        """Log density at x (n, d) of the groups mixed with the given probabilities, (n,)."""
        parts = [self.group_log_prob(x, group) + math.log(weight) for group, weight in weights.items()]
        return parts[0] if len(parts) == 1 else torch.stack(parts).logsumexp(0)

    def log_prob_in_slices(self, x: Tensor, weights: Mapping[int, float]) -> Work[Tensor]:
        """As `log_prob`, in slices: group after group, each by as many points as fit."""
        parts = []
        pace = Pace()
        for group, weight in weights.items():
            yield from pace.rest()
            values = yield from in_pieces(
                self, "all" if group == 0 else "class", len(x), partial(self._rows_log_prob, x, group)
            )
            parts.append(torch.cat(values) + math.log(weight))
        return parts[0] if len(parts) == 1 else torch.stack(parts).logsumexp(0)

    def _rows_log_prob(self, x: Tensor, group: int, rows: slice) -> Tensor:
        return self.group_log_prob(x[rows], group)


def wide(x: Tensor) -> Tensor:
    """In double precision, where the device has it."""
    return x.float() if x.device.type == "mps" else x.double()


def in_group(batch: Batch, group: int) -> Tensor:
    """The points of a group."""
    if group == 0 or batch.labels is None:
        return batch.x
    return batch.x[batch.labels == group - 1]


def count_rows(batch: Batch, groups: int) -> Tensor:
    """Points of each group, (groups,)."""
    total = torch.tensor([len(batch.x)], device=batch.x.device)
    if groups == 1 or batch.labels is None:
        return total
    return torch.cat([total, torch.bincount(batch.labels, minlength=groups - 1)])


def pick(weights: Tensor, n: int, rng: torch.Generator) -> Tensor:
    """n draws of an index in proportion to weights (m,), (n,)."""
    ladder = wide(weights).cumsum(0)
    at = torch.rand(n, generator=rng, device=rng.device, dtype=ladder.dtype) * ladder[-1]
    return torch.searchsorted(ladder, at, right=True).clamp_max(len(ladder) - 1)


def normal_cdf(z: Tensor) -> Tensor:
    """P(Z <= z) of the standard normal distribution."""
    return 0.5 * torch.erfc(-z / math.sqrt(2))

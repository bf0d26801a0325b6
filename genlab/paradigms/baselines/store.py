"""Training points kept as they are: the centres of kernels, and the whole of a generator that remembers."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from genlab.core.requests import NoDensity
from genlab.core.training import Batch
from genlab.paradigms.baselines.estimator import PAIRS, Estimator, count_rows, wide
from genlab.paradigms.baselines.settings import NO_DENSITY


class Store(nn.Module):
    """At most `size` points, class after class. starts, counts: (groups,), where each group's points lie.

    seed: decides which points are kept where there are more."""

    x: Tensor
    starts: Tensor
    counts: Tensor

    def __init__(self, size: int, d: int, groups: int, seed: int) -> None:
        super().__init__()
        self.seed = seed
        self.register_buffer("x", torch.zeros(size, d))
        self.register_buffer("starts", torch.zeros(groups, dtype=torch.long))
        self.register_buffer("counts", torch.zeros(groups, dtype=torch.long))

    def take(self, pool: Batch) -> None:
        """Keep a random part of these points."""
        order = torch.randperm(len(pool.x), generator=torch.Generator().manual_seed(self.seed))
        chosen = order[: len(self.x)].to(pool.x.device)
        labels = None if pool.labels is None else pool.labels[chosen]
        if labels is not None and len(self.counts) > 1:
            chosen = chosen[labels.argsort(stable=True)]
            labels = labels.sort().values
        self.x[: len(chosen)] = pool.x[chosen].to(self.x.dtype)
        self.counts.copy_(count_rows(Batch(pool.x[chosen], labels), len(self.counts)))
        self.starts[1:] = self.counts[1:].cumsum(0) - self.counts[1:]

    def of(self, group: int) -> Tensor:
        """The points of a group, (m, d)."""
        start = int(self.starts[group])
        return self.x[start : start + int(self.counts[group])]

    def batch(self) -> Batch:
        """All points, with their labels where there are classes."""
        m = int(self.counts[0])
        labels = None
        if len(self.counts) > 1:
            classes = torch.arange(len(self.counts) - 1, device=self.x.device)
            labels = classes.repeat_interleave(self.counts[1:])
        return Batch(self.x[:m], labels)

    def choose(self, groups: Tensor, rng: torch.Generator) -> Tensor:
        """One point of each group asked for, all equally likely: rows (n,)."""
        share = torch.rand(len(groups), generator=rng, device=rng.device, dtype=wide(self.x[:0]).dtype)
        counts = self.counts[groups]
        return self.starts[groups] + (share * counts).long().minimum(counts - 1)


class Nearest(Estimator):
    """Returns stored training points. It has samples of perfect quality, and no density."""

    def __init__(self, size: int, d: int, groups: int, seed: int) -> None:
        super().__init__(groups)
        self.store = Store(size, d, groups, seed)

    def fit(self, pool: Batch) -> Mapping[str, Tensor]:
        """Store the points; there is nothing to improve."""
        self.store.take(pool)
        self.rows.copy_(self.store.counts)
        self.done.fill_(True)
        return {"stored points": self.rows[0].float()}

    def group_log_prob(self, x: Tensor, group: int) -> Tensor:
        raise NoDensity(NO_DENSITY)

    def draw(self, groups: Tensor, rng: torch.Generator) -> Tensor:
        return self.store.x[self.store.choose(groups, rng)]

    def cdf(self, t: float, group: int) -> float:
        """The share of stored points at or below t: a count, not a model's probability."""
        return float((self.store.of(group)[:, 0] <= t).double().mean())

    @property
    def chunk(self) -> int:
        return max(1, PAIRS // max(1, len(self.store.x)))

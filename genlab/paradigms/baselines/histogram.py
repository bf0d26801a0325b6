"""Histograms: counts in bins for points, counts of levels for the pixels of images."""

from __future__ import annotations

import math
from collections.abc import Mapping

import torch
from torch import Tensor

from genlab.core.training import Batch
from genlab.paradigms.baselines.estimator import PAIRS, Estimator, in_group, normal_cdf, pick, wide
from genlab.paradigms.baselines.settings import BaselinesObjective

MOST_CELLS = 2**18
MOST_COUNTS = 2**24
"""Cells of one histogram, and counts of all groups together."""
MOST_BINS = 4096
BACKGROUND = 3.0
"""Spread of the Gaussian behind the bins, relative to that of the data."""


def bin_counts(x: Tensor, rule: str, fixed: int, n: int) -> tuple[int, ...]:
    """Bins along each axis for points like x (m, d), of which there will be n.

    Source: Sturges (1926); Scott (1979), in d dimensions Scott (1992), equation 3.67; Freedman and
    Diaconis (1981)."""
    d = x.shape[1]
    if rule == "fixed":
        return (fixed,) * d
    if rule == "sturges":
        return (math.ceil(math.log2(n)) + 1,) * d
    if rule == "sqrt":
        return (math.ceil(n ** (0.5 / d)),) * d
    if rule == "scott":
        # numpy's constant on a line, where (24 sqrt(pi))^(1/3) = 3.49
        widths = (24 * math.sqrt(math.pi)) ** (1 / 3) * x.std(0, correction=0) * n ** (-1 / (2 + d))
    else:
        quarter, three = torch.quantile(x, torch.tensor([0.25, 0.75], dtype=x.dtype), dim=0)
        widths = 2 * (three - quarter) * n ** (-1 / (2 + d))
    span = x.amax(0) - x.amin(0)
    counts = torch.where(widths > 0, (span / widths).ceil(), torch.ones_like(span))
    return tuple(int(count) for count in counts.clamp(1, MOST_BINS))


class Histogram(Estimator):
    """Counts over a box that the training points span, the same bins for every group.

    Every bin has a pseudo-count more, and a Gaussian thrice as wide as the data behind them has one too, with
    what lies outside of the box. edges: (2, d), lowest and highest corner.

    Raises:
        ValueError: where so many bins along so many axes cannot be held, or filled.
    """

    counts: Tensor
    outside: Tensor
    edges: Tensor
    centre: Tensor
    spread: Tensor

    def __init__(self, reference: Tensor, groups: int, objective: BaselinesObjective, n: int) -> None:
        super().__init__(groups)
        d = reference.shape[1]
        self.bins = bin_counts(reference.double(), objective.rule, objective.bins, n)
        cells = math.prod(self.bins)
        if cells > MOST_CELLS or cells * groups > MOST_COUNTS:
            raise ValueError(
                f"a histogram with {max(self.bins)} bins along each of {d} axes has {cells:.2g} cells, far "
                "more than its points could fill: choose fewer bins, a kernel estimate or a mixture"
            )
        self.smoothing = objective.smoothing
        self.register_buffer("counts", torch.zeros(groups, cells))
        self.register_buffer("outside", torch.zeros(groups))
        self.register_buffer("edges", torch.stack([reference.amin(0), reference.amax(0)]).float())
        self.register_buffer("centre", reference.mean(0).float())
        spread = BACKGROUND * reference.std(0)
        self.register_buffer("spread", torch.where(spread > 0, spread, torch.ones_like(spread)).float())

    def fit(self, pool: Batch) -> Mapping[str, Tensor]:
        """Count everything at once. `total`: negative log density of the training points per point,
        `given the class`: under the fits of their classes; nats in data units."""
        low, high = pool.x.amin(0), pool.x.amax(0)
        flat = torch.where(high > low, high, low + 1)
        self.edges.copy_(torch.stack([low, flat]))
        for group in range(self.groups):
            x = in_group(pool, group)
            cell, inside = self._cell(wide(x))
            counts = torch.bincount(cell[inside], minlength=self.counts.shape[1])
            self.counts[group] = counts.to(self.counts.dtype)
            self.outside[group] = len(x) - inside.sum()
            self.rows[group] = len(x)
        self.done.fill_(True)
        nll = [self._nll(in_group(pool, group), group) for group in range(self.groups)]
        terms = {"total": nll[0] / len(pool.x)}
        if self.groups > 1:
            terms["given the class"] = torch.stack(nll[1:]).sum() / len(pool.x)
        return terms

    def group_log_prob(self, x: Tensor, group: int) -> Tensor:
        cell, inside = self._cell(wide(x))
        weights, behind = self._weights(group)
        volume = self._widths.prod()
        filled = torch.where(inside, weights[cell], 0) / volume
        z = (wide(x) - self.centre) / self.spread
        log_norm = wide(self.spread).log().sum() + 0.5 * z.shape[1] * math.log(2 * math.pi)
        background = (-0.5 * z.square().sum(1) - log_norm).exp() * behind
        total: Tensor = filled + background
        return total.log()

    def draw(self, groups: Tensor, rng: torch.Generator) -> Tensor:
        d = len(self.bins)
        uniform = torch.rand((len(groups), d), generator=rng, device=rng.device)
        normal = torch.randn((len(groups), d), generator=rng, device=rng.device)
        x = torch.empty_like(uniform)
        strides = self._strides
        for group in sorted(set(groups.tolist())):
            here = groups == group
            weights, behind = self._weights(group)
            cell = pick(torch.cat([weights, behind.view(1)]), int(here.sum()), rng)
            place = (cell[:, None] // strides) % torch.tensor(self.bins, device=cell.device)
            inner = self.edges[0] + (place + uniform[here]) * self._widths.float()
            outer = self.centre + self.spread * normal[here]
            x[here] = torch.where((cell == len(weights))[:, None], outer, inner)
        return x

    def cdf(self, t: float, group: int) -> float:
        weights, behind = self._weights(group)
        at = ((t - wide(self.edges[0])) / self._widths).clamp(0, self.bins[0])
        below = torch.cat([weights.new_zeros(1), weights.cumsum(0)])
        whole = at.floor().long().clamp_max(self.bins[0] - 1)
        filled = below[whole] + (at - whole) * weights[whole]
        return float(filled + behind * normal_cdf((t - wide(self.centre)) / self.spread))

    @property
    def chunk(self) -> int:
        return PAIRS // 8

    @property
    def _widths(self) -> Tensor:
        """Sides of a bin, (d,)."""
        low, high = wide(self.edges)
        widths: Tensor = (high - low) / torch.tensor(self.bins, dtype=low.dtype, device=low.device)
        return widths

    @property
    def _strides(self) -> Tensor:
        sizes = [math.prod(self.bins[axis + 1 :]) for axis in range(len(self.bins))]
        return torch.tensor(sizes, device=self.counts.device)

    def _cell(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """The cell of each point, and whether it lies in the box; the highest edges belong to it."""
        low, high = wide(self.edges)
        inside = ((x >= low) & (x <= high)).all(1)
        bins = torch.tensor(self.bins, device=x.device)
        place = ((x - low) / self._widths).long().clamp_min(0).minimum(bins - 1)
        return (place * self._strides).sum(1), inside

    def _weights(self, group: int) -> tuple[Tensor, Tensor]:
        """Probabilities of the cells, (cells,), and of the Gaussian behind them."""
        counts = wide(self.counts[group]) + self.smoothing
        behind = wide(self.outside[group]) + self.smoothing
        total = (counts.sum() + behind).clamp_min(1e-12)
        return counts / total, behind / total

    def _nll(self, x: Tensor, group: int) -> Tensor:
        return -self.group_log_prob(x, group).sum() if len(x) else wide(self.counts).new_zeros(())


class Pixels(Estimator):
    """Each pixel on its own: how often each level was seen. counts: (groups, d, levels).

    Raises:
        ValueError: where these are too many to hold.
    """

    counts: Tensor

    def __init__(self, d: int, levels: int, groups: int, objective: BaselinesObjective) -> None:
        super().__init__(groups)
        if d * levels * groups > MOST_COUNTS:
            raise ValueError(
                f"a histogram of {levels} levels of {d:,} pixels for {groups:,} fits has too many counts: "
                "choose smaller images or a mixture"
            )
        self.smoothing = objective.smoothing
        self.register_buffer("counts", torch.zeros(groups, d, levels))

    def fit(self, pool: Batch) -> Mapping[str, Tensor]:
        """Count everything at once; `total` and `given the class` as for a histogram of points."""
        _, d, levels = self.counts.shape
        offsets = levels * torch.arange(d, device=pool.x.device)
        nll = []
        for group in range(self.groups):
            x = in_group(pool, group)
            seen = torch.bincount((x.long() + offsets).flatten(), minlength=d * levels)
            self.counts[group] = seen.view(d, levels).to(self.counts.dtype)
            self.rows[group] = len(x)
            seen = wide(self.counts[group])
            nll.append(-torch.xlogy(seen, self._table(group)).sum())
        self.done.fill_(True)
        terms = {"total": nll[0] / len(pool.x)}
        if self.groups > 1:
            terms["given the class"] = torch.stack(nll[1:]).sum() / len(pool.x)
        return terms

    def group_log_prob(self, x: Tensor, group: int) -> Tensor:
        """Log probability of the whole levels x (n, d)."""
        table = self._table(group).log()
        levels = x.round().long().clamp(0, table.shape[1] - 1)
        return table.gather(1, levels.T).sum(0)

    def draw(self, groups: Tensor, rng: torch.Generator) -> Tensor:
        _, d, levels = self.counts.shape
        x = torch.empty((len(groups), d), device=groups.device)
        at = torch.rand((len(groups), d), generator=rng, device=rng.device)
        for group in sorted(set(groups.tolist())):
            here = groups == group
            ladder = self._table(group).cumsum(1).float()  # (d, levels)
            level = torch.searchsorted(ladder, (at[here].T * ladder[:, -1:]).contiguous(), right=True)
            x[here] = level.clamp_max(levels - 1).T.float()
        return x

    def cdf(self, t: float, group: int) -> float:
        raise NotImplementedError("images have no order")

    @property
    def chunk(self) -> int:
        return max(1, PAIRS // self.counts.shape[1])

    def mean(self, group: int) -> Tensor:
        """The expected level of each pixel, (d,)."""
        table = self._table(group)
        return table @ torch.arange(table.shape[1], dtype=table.dtype, device=table.device)

    def _table(self, group: int) -> Tensor:
        counts = wide(self.counts[group]) + self.smoothing
        return counts / counts.sum(1, keepdim=True).clamp_min(1e-12)

"""Kernel density estimates: a bump about every stored point, its width by rule or by cross-validation."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Literal

import torch
from torch import Tensor

from genlab.core.training import Batch
from genlab.paradigms.baselines.estimator import PAIRS, Estimator, normal_cdf, wide
from genlab.paradigms.baselines.settings import BaselinesObjective
from genlab.paradigms.baselines.store import Store

Shape = Literal["gaussian", "epanechnikov", "tophat", "exponential"]
WIDEST, NARROWEST = 1.5, 0.01
"""Candidates of cross-validation, relative to Scott's bandwidth."""
HELD_OUT = 2000
"""Most points of a group whose held-out density is taken."""
PATIENCE = 5
"""Candidates in a row that are worse than the best before the search ends."""
BLOCK = 2**17
"""Pairs that fit a processor's cache."""


def reach(shape: Shape, d: int) -> float:
    """The radius at which a kernel's standard deviation along an axis is 1."""
    match shape:
        case "epanechnikov":
            return math.sqrt(d + 4)
        case "tophat":
            return math.sqrt(d + 2)
        case "exponential":
            return 1 / math.sqrt(d + 1)
    return 1.0


def log_kernel(shape: Shape, squared: Tensor, d: int) -> Tensor:
    """Log density of a radial kernel of radius 1 at squared distances from its centre; changes them.

    Shapes as functions of the distance r: exp(-r^2 / 2), 1 - r^2 and 1 up to r = 1, exp(-r)."""
    ball = 0.5 * d * math.log(math.pi) - math.lgamma(0.5 * d + 1)
    match shape:
        case "gaussian":
            return squared.mul_(-0.5).sub_(0.5 * d * math.log(2 * math.pi))
        case "exponential":
            return squared.clamp_min_(0).sqrt_().neg_().sub_(ball + math.lgamma(d + 1))
        case "epanechnikov":
            return squared.neg_().add_(1).clamp_min_(0).log_().add_(math.log((d + 2) / 2) - ball)
    return torch.where(squared <= 1, -ball, -math.inf).to(squared.dtype)


def kernel_noise(shape: Shape, n: int, d: int, rng: torch.Generator) -> Tensor:
    """Exact draws (n, d) from a kernel of radius 1.

    An Epanechnikov kernel is what the uniform distribution on a ball of d + 2 dimensions casts on d; the
    radius of an exponential one is a sum of d exponential times."""
    if shape == "gaussian":
        return torch.randn((n, d), generator=rng, device=rng.device)
    m = d + 2 if shape == "epanechnikov" else d
    z = torch.randn((n, m), generator=rng, device=rng.device)
    direction: Tensor = z / torch.linalg.vector_norm(z, dim=1, keepdim=True)
    if shape == "exponential":
        uniform = 1 - torch.rand((n, d), generator=rng, device=rng.device)
        times: Tensor = -uniform.log().sum(1, keepdim=True)
        return direction * times
    radius: Tensor = torch.rand((n, 1), generator=rng, device=rng.device).pow(1 / m)
    return (direction * radius)[:, :d]


def kernel_cdf(shape: Shape, r: Tensor) -> Tensor:
    """P(X <= r) of the kernel of radius 1 on a line."""
    match shape:
        case "gaussian":
            return normal_cdf(r)
        case "exponential":
            return torch.where(r < 0, 0.5 * r.exp(), 1 - 0.5 * (-r).exp())
        case "epanechnikov":
            r = r.clamp(-1, 1)
            return 0.5 + 0.75 * (r - r**3 / 3)
    return 0.5 * (r.clamp(-1, 1) + 1)


def rule_factor(rule: str, n: int, d: int) -> float:
    """The bandwidth of a rule for n points of unit variance in d dimensions.

    Source: Scott (1992), equation 6.42; Silverman (1986), equation 4.14, for the Gaussian kernel."""
    factor = 4 / (d + 2) if rule == "silverman" else 1.0
    return math.pow(factor / max(n, 1), 1 / (d + 4))


class Kernel(Estimator):
    """The mean of kernels about the stored points of each group.

    Axes are scaled to the unit variance of the group (`scale`, (groups, d); all pixels of images alike), and
    in these units one bandwidth, the standard deviation of the kernel along an axis, holds for all axes.
    Training measures the likelihood of held-out points, in folds, for each candidate in turn; where a rule
    sets the bandwidth, for that one. held_out, tested: (candidates, groups), sums of log densities and
    numbers of points.

    dequantise: images get the noise of uniform dequantisation before their density is taken.
    """

    bandwidth: Tensor
    scale: Tensor
    factors: Tensor
    held_out: Tensor
    tested: Tensor
    cursor: Tensor

    def __init__(
        self,
        size: int,
        d: int,
        groups: int,
        objective: BaselinesObjective,
        seed: int,
        one_scale: bool,
        dequantise: bool,
    ) -> None:
        super().__init__(groups)
        self.store = Store(size, d, groups, seed)
        self.objective, self.seed = objective, seed
        self.one_scale, self.dequantise = one_scale, dequantise
        searched = objective.bandwidth == "cross-validated"
        count = objective.candidates if searched else 1
        ladder = (
            torch.logspace(math.log10(WIDEST), math.log10(NARROWEST), count) if searched else torch.ones(1)
        )
        self.register_buffer("factors", ladder)
        self.register_buffer("bandwidth", torch.ones(groups))
        self.register_buffer("scale", torch.ones(groups, d))
        self.register_buffer("held_out", torch.zeros(count, groups))
        self.register_buffer("tested", torch.zeros(count, groups))
        self.register_buffer("cursor", torch.full((4,), -1, dtype=torch.long))

    def take(self, pool: Batch) -> None:
        """Keep the points, with the widest candidate or the rule's bandwidth."""
        self.store.take(pool)
        self.rows.copy_(self.store.counts)
        for group in range(self.groups):
            x = wide(self.store.of(group))
            variance = x.var(0) if len(x) > 1 else torch.zeros_like(self.scale[0])
            if self.one_scale:
                variance = variance.mean().expand_as(variance)
            self.scale[group] = torch.where(variance > 0, variance.sqrt(), torch.ones_like(variance))
            self.bandwidth[group] = self._start(group)
        self.bandwidth.mul_(self.factors[0])

    def fit(self, pool: Batch) -> Mapping[str, Tensor]:
        """Hold-out densities of a slice of the stored points under one candidate.

        Once the first candidate is through, `total` is the least mean negative log density of held-out
        points so far, for all data, and `given the class` for the classes' fits; nats in data units."""
        if int(self.cursor[0]) < 0:
            self.take(pool)
            self.cursor.zero_()
        budget = PAIRS
        while budget > 0 and not self.done:
            budget -= self._slice(budget)
        return self._terms()

    def curve(self, group: int) -> tuple[Tensor, Tensor]:
        """Bandwidths tried so far and the mean held-out log density of each, nats in data units."""
        mean = self._means()[:, group]
        return self.factors[: len(mean)] * self._start(group), mean

    def group_log_prob(self, x: Tensor, group: int) -> Tensor:
        centres = wide(self.store.of(group))
        radius = self._radius(group, self.bandwidth[group])
        return self._sum_kernels(wide(x), centres, radius) - math.log(len(centres))

    def draw(self, groups: Tensor, rng: torch.Generator) -> Tensor:
        return self.store.x[self.store.choose(groups, rng)] + self.noise(groups, rng)

    def noise(self, groups: Tensor, rng: torch.Generator) -> Tensor:
        """Draws from the kernel of each group, about zero, (n, d), data units."""
        shape, d = self.objective.kernel, self.store.x.shape[1]
        radius = self.bandwidth[groups, None] * self.scale[groups] * reach(shape, d)
        return radius * kernel_noise(shape, len(groups), d, rng)

    def one_kernel(self, x: Tensor, centre: float, group: int) -> Tensor:
        """The density at x (n, 1) of the kernel about one place, (n,)."""
        radius = self._radius(group, self.bandwidth[group])
        place = torch.full((1, 1), centre, dtype=x.dtype, device=x.device)
        return self._log_kernels(wide(x), wide(place), radius)[:, 0].exp()

    def cdf(self, t: float, group: int) -> float:
        radius = self._radius(group, self.bandwidth[group])
        return float(kernel_cdf(self.objective.kernel, (t - wide(self.store.of(group))) / radius).mean())

    @property
    def chunk(self) -> int:
        return max(1, PAIRS // len(self.store.x))

    def _start(self, group: int) -> float:
        if self.objective.bandwidth == "fixed":
            return self.objective.width
        rule = self.objective.bandwidth if self.objective.bandwidth == "silverman" else "scott"
        return rule_factor(rule, int(self.rows[group]), self.store.x.shape[1])

    def _radius(self, group: int, bandwidth: Tensor | float) -> Tensor:
        return (
            wide(self.scale[group]) * float(bandwidth) * reach(self.objective.kernel, self.store.x.shape[1])
        )

    def _log_kernels(self, x: Tensor, centres: Tensor, radius: Tensor) -> Tensor:
        """Log density of each kernel at each point, (n, m), for the radius along each axis, (d,)."""
        a, b = x / radius, centres / radius
        squared = torch.addmm(a.square().sum(1, keepdim=True), a, b.T, alpha=-2).add_(b.square().sum(1))
        return log_kernel(self.objective.kernel, squared, x.shape[1]).sub_(radius.log().sum())

    def _sum_kernels(self, x: Tensor, centres: Tensor, radius: Tensor, fold: int | None = None) -> Tensor:
        """Log of the sum of kernels at x (n, d), (n,), in blocks that fit a processor's cache.

        fold: leave the centres of this fold out."""
        found = []
        step = max(1, BLOCK // len(centres))
        for first in range(0, len(x), step):
            values = self._log_kernels(x[first : first + step], centres, radius)
            if fold is not None:
                values[:, fold :: self.objective.folds] = -math.inf
            top = values.amax(1, keepdim=True).nan_to_num(neginf=0.0)
            found.append(values.sub_(top).exp_().sum(1).log_().add_(top[:, 0]))
        return torch.cat(found) if found else x.new_zeros(0)

    def _held_rows(self, group: int, fold: int) -> int:
        """How many points of a group's fold are held out."""
        m, folds = int(self.rows[group]), self.objective.folds
        return min(len(range(fold, m, folds)), math.ceil(HELD_OUT / folds))

    def _slice(self, budget: int) -> int:
        """Add the held-out densities of some points; how many pairs that took."""
        candidate, group, fold, row = (int(place) for place in self.cursor)
        folds = self.objective.folds
        centres = wide(self.store.of(group))
        m = len(centres)
        rows = self._held_rows(group, fold)
        stop = min(rows, row + max(1, budget // max(1, m)))
        others = m - len(range(fold, m, folds))
        if stop > row and others > 0:
            x = centres[fold::folds][row:stop]
            if self.dequantise:
                rng = torch.Generator(x.device).manual_seed(self.seed + row)
                x = x + torch.rand(x.shape, generator=rng, device=x.device, dtype=x.dtype) - 0.5
            radius = self._radius(group, self.factors[candidate] * self._start(group))
            values = self._sum_kernels(x, centres, radius, fold) - math.log(others)
            self.held_out[candidate, group] += values.sum().to(self.held_out.dtype)
            self.tested[candidate, group] += stop - row
        if stop < rows:
            self.cursor[3] = stop
        elif fold + 1 < folds:
            self.cursor.copy_(torch.tensor([candidate, group, fold + 1, 0]))
        elif group + 1 < self.groups:
            self.cursor.copy_(torch.tensor([candidate, group + 1, 0, 0]))
        else:
            self.cursor.copy_(torch.tensor([candidate + 1, 0, 0, 0]))
            self._choose()
        return (stop - row) * m

    def _means(self) -> Tensor:
        """Mean held-out log density of each candidate that is through, by group, (tried, groups)."""
        tried = max(0, int(self.cursor[0]))
        mean = wide(self.held_out[:tried]) / self.tested[:tried].clamp_min(1)
        return mean.nan_to_num(-math.inf, neginf=-math.inf)

    def _choose(self) -> None:
        """Take the best candidate so far for each group; stop where narrower ones only get worse."""
        means = self._means()
        best = means.argmax(0)
        start = torch.tensor([self._start(group) for group in range(self.groups)], device=best.device)
        self.bandwidth.copy_(self.factors[best] * start)
        behind = len(means) - 1 - best
        given_up = bool((behind >= PATIENCE).all()) and bool(means.amax(0).isfinite().all())
        self.done.fill_(len(means) == len(self.factors) or given_up)

    def _terms(self) -> dict[str, Tensor]:
        terms = {"bandwidth": self.bandwidth[0].clone()}
        means = self._means()
        if len(means) == 0:
            return terms
        nll = -means.amax(0)
        if bool(nll[0].isfinite()):
            terms["total"] = nll[0]
        if self.groups > 1 and bool(nll.isfinite().all()):
            terms["given the class"] = (nll[1:] * self.rows[1:]).sum() / self.rows[0]
        return terms

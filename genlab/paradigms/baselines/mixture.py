"""A mixture of Gaussians by expectation and maximisation, one iteration at a time."""

from __future__ import annotations

import math
from collections.abc import Mapping

import torch
from torch import Tensor

from genlab.core.training import Batch
from genlab.paradigms.baselines.estimator import Estimator, count_rows, in_group, normal_cdf, pick, wide
from genlab.paradigms.baselines.settings import BaselinesObjective

MOST_AXES = 256
"""For covariances with off-diagonal entries."""
START_ROWS = 4000
"""Of each group, among which EM looks for its start."""
WORK = 1.6e7
"""Operations of one slice, roughly."""
LEAST_ROWS = 64
BLOCK = 2**16
"""Numbers that fit a processor's cache."""


class Mixture(Estimator):
    """Gaussians for all data, and as many shared among the classes.

    EM maximises the mean over points of `log sum_k w_k N(x; m_k, S_k) exp(-s/2 tr S_k^-1)`, a lower bound on
    the expected log density of points blurred by any noise of variance s: the added variance makes every
    iteration rise in this very objective. s is the regularisation and, for images, the 1/12 of uniform
    dequantisation. Everything inside is relative to `centre` and `scale`, (d,); all components lie on one
    axis, group after group: `log_weights` (k,), `means` (k, d), and `factors`, Cholesky factors (k, d, d) or
    standard deviations (k, d).

    Source: Dempster, Laird and Rubin (1977); Bishop (2006), section 9.2.

    Raises:
        ValueError: for full covariances over too many axes.
    """

    log_weights: Tensor
    means: Tensor
    factors: Tensor
    centre: Tensor
    scale: Tensor
    nll: Tensor
    cursor: Tensor
    sum_0: Tensor
    sum_1: Tensor
    sum_2: Tensor
    sum_log: Tensor

    def __init__(
        self,
        reference: Batch,
        groups: int,
        centre: Tensor,
        scale: Tensor,
        noise: float,
        objective: BaselinesObjective,
        rng: torch.Generator,
    ) -> None:
        super().__init__(groups)
        self.objective = objective
        self.joint = objective.covariance in ("full", "tied")
        d = len(centre)
        if self.joint and d > MOST_AXES:
            raise ValueError(
                f"a covariance over {d:,} axes has too many entries: choose diagonal or spherical covariances"
            )
        per_class = max(1, math.ceil(objective.components / max(1, groups - 1)))
        self.sizes = [objective.components, *[per_class] * (groups - 1)]
        k = sum(self.sizes)
        owner = torch.repeat_interleave(torch.arange(groups), torch.tensor(self.sizes))
        self.register_buffer("owner", owner, persistent=False)
        self.register_buffer("centre", centre.float())
        self.register_buffer("scale", scale.float())
        self.noise = objective.regularisation + noise
        shape = (k, d, d) if self.joint else (k, d)
        self.register_buffer("log_weights", torch.zeros(k))
        self.register_buffer("means", torch.zeros(k, d))
        self.register_buffer("factors", torch.zeros(shape))
        self.register_buffer("nll", torch.full((groups,), math.inf))
        self.first_nll = torch.zeros(groups)  # no buffer: what a run keeps is as it was
        self.register_buffer("cursor", torch.zeros((), dtype=torch.long))
        self.register_buffer("sum_0", torch.zeros(k))
        self.register_buffer("sum_1", torch.zeros(k, d))
        self.register_buffer("sum_2", torch.zeros(shape))
        self.register_buffer("sum_log", torch.zeros(groups))
        for group in range(groups):
            self._begin(in_group(reference, group), group, rng)

    def part(self, group: int) -> slice:
        """Where the components of a group lie."""
        start = sum(self.sizes[:group])
        return slice(start, start + self.sizes[group])

    def fit(self, pool: Batch) -> Mapping[str, Tensor]:
        """One iteration; where data are many, the part of one that a slice has time for.

        `total` is the negative of what EM maximises for all data, `given the class` that of the classes'
        fits, in nats per point in data units; both are of the parameters before the iteration."""
        end, done = self.groups * len(pool.x), int(self.cursor)
        work = 0.0
        while work < WORK and done < end:
            group, start = divmod(done, len(pool.x))
            once, each = self._work(group)
            rows = max(LEAST_ROWS, int((WORK - work - once) / each))
            part = slice(start, min(len(pool.x), start + rows))
            here = in_group(Batch(pool.x[part], None if pool.labels is None else pool.labels[part]), group)
            self._expect((wide(here) - self.centre) / self.scale, group)
            work += once + len(here) * each
            done += part.stop - part.start
        self.cursor.fill_(done % end)
        if done == end:
            self.rows.copy_(count_rows(pool, self.groups))
            self._maximise()
        return self._terms(self.rows[1:] / self.rows[1:].sum())

    def group_log_prob(self, x: Tensor, group: int) -> Tensor:
        y = (wide(x) - self.centre) / self.scale
        part = self.part(group)
        joint = self._features(y) @ self._coefficients(part)[0]
        total: Tensor = joint.logsumexp(1) - wide(self.scale).log().sum()
        return total

    def draw(self, groups: Tensor, rng: torch.Generator) -> Tensor:
        which = torch.zeros_like(groups)
        for group in sorted(set(groups.tolist())):
            part, here = self.part(group), groups == group
            which[here] = part.start + pick(self.log_weights[part].exp(), int(here.sum()), rng)
        z = torch.randn((len(groups), self.means.shape[1]), generator=rng, device=rng.device)
        y = torch.empty_like(z)
        for k in sorted(set(which.tolist())):
            here, factor = which == k, self.factors[k]
            y[here] = self.means[k] + (z[here] @ factor.mT if self.joint else z[here] * factor)
        return self.centre + self.scale * y

    def cdf(self, t: float, group: int) -> float:
        part = self.part(group)
        means, spreads = (value[:, 0] for value in self.components(group)[1:])
        return float((wide(self.log_weights[part]).exp() * normal_cdf((t - means) / spreads.flatten())).sum())

    @property
    def chunk(self) -> int:
        return max(LEAST_ROWS, int(WORK / sum(self._work(group)[1] for group in (0, self.groups - 1))))

    def components(self, group: int) -> tuple[Tensor, Tensor, Tensor]:
        """Weights (k,), means (k, d) and spreads of a group's components, data units.

        Spreads are factors F (k, d, d) with covariance F F^T, or standard deviations (k, d)."""
        part = self.part(group)
        scale = wide(self.scale)
        means = wide(self.centre) + scale * wide(self.means[part])
        factors = wide(self.factors[part]) * (scale[:, None] if self.joint else scale)
        return wide(self.log_weights[part]).exp(), means, factors

    def _work(self, group: int) -> tuple[float, float]:
        """Operations of a group's pass over points: once, and for each of them."""
        k, d = self.sizes[group], self.means.shape[1]
        features = 1 + d + (d * (d + 1) // 2 if self.joint else d)
        return 30 * k * d * d * self.joint, k * (20 + features / 5) + 4 * features

    @property
    def device(self) -> torch.device:
        """Where the fit lives."""
        return self.means.device

    def _begin(self, x: Tensor, group: int, rng: torch.Generator) -> None:
        part, k = self.part(group), self.sizes[group]
        d = self.means.shape[1]
        self.log_weights[part] = -math.log(k)
        self.rows[group] = len(x)
        if len(x) == 0:
            self.factors[part] = torch.eye(d) if self.joint else 1.0
            return
        y = (x.double() - self.centre) / self.scale
        y = y[torch.randperm(len(y), generator=rng)[:START_ROWS]]
        features = self._features(y)
        if self.objective.start == "random":
            means = y[torch.arange(k) % len(y)]
            mass, first, second = self._central(features.sum(0, keepdim=True).T, y.mean(0, keepdim=True))
            self._add(
                group, (mass / k).expand(k), first.expand(k, d) * 0, second.expand(k, *second.shape[1:]) / k
            )
        else:
            means = spread_out(y, k, rng)
            share = torch.nn.functional.one_hot(torch.cdist(y, means).argmin(1), k).double()
            self._add(group, *self._central(features.T @ share, means))
        self.means[part] = means.float()
        self._set(group)
        self.first_nll[group] = (
            wide(self.scale).log().sum() - (features @ self._blurred(part)).logsumexp(1).mean()
        )
        for sums in (self.sum_0, self.sum_1, self.sum_2):
            sums[part] = 0

    def _features(self, y: Tensor) -> Tensor:
        """1, y and the products of its axes (their squares, without covariances), (n, f).

        A log density is linear in them, and their weighted sums are all the moments that EM needs."""
        i, j = self._pairs(y.shape[1])
        rows = y.T.contiguous()  # Rows are picked far faster than columns.
        return torch.cat([y.new_ones(1, len(y)), rows, rows[i] * rows[j]]).T

    def _pairs(self, d: int) -> tuple[Tensor, Tensor]:
        if self.joint:
            i, j = torch.triu_indices(d, d, device=self.device)
            return i, j
        every = torch.arange(d, device=self.device)
        return every, every

    def _coefficients(self, part: slice) -> tuple[Tensor, Tensor]:
        """Of log w_k N(y; m_k, S_k) in the features, (f, k), and tr S_k^-1, (k,)."""
        means, factors = wide(self.means[part]), wide(self.factors[part])
        d = means.shape[1]
        if self.joint:
            identity = torch.eye(d, dtype=means.dtype, device=means.device)
            inverse = torch.linalg.solve_triangular(factors, identity, upper=False)  # (k, d, d)
            precision = inverse.mT @ inverse
            linear = torch.einsum("kij,kj->ki", precision, means)
            i, j = self._pairs(d)
            square = -torch.where(i == j, 0.5, 1.0) * precision[:, i, j]
            trace = inverse.square().sum((1, 2))
            volume = factors.diagonal(dim1=1, dim2=2).log().sum(1)
        else:
            precision = factors.pow(-2)
            linear, square = precision * means, -0.5 * precision
            trace, volume = precision.sum(1), factors.log().sum(1)
        constant = wide(self.log_weights[part]) - volume - 0.5 * d * math.log(2 * math.pi)
        constant = constant - 0.5 * (linear * means).sum(1)
        return torch.cat([constant[:, None], linear, square], 1).T, trace

    def _blurred(self, part: slice) -> Tensor:
        """Those of the lower bound that EM maximises, (f, k)."""
        coefficients, trace = self._coefficients(part)
        coefficients[0] -= 0.5 * self.noise * trace
        return coefficients

    def _expect(self, y: Tensor, group: int) -> None:
        """Add the moments of these points under their components' responsibilities."""
        part = self.part(group)
        coefficients = self._blurred(part)
        moments = torch.zeros_like(coefficients)
        total = coefficients.new_zeros(())
        step = max(LEAST_ROWS, BLOCK // sum(coefficients.shape))
        for first in range(0, len(y), step):
            features = self._features(y[first : first + step])
            joint = features @ coefficients
            top = joint.amax(1, keepdim=True)
            share = joint.sub_(top).exp_()
            mass = share.sum(1, keepdim=True)
            total += (mass.log() + top).sum()
            moments += features.T @ share.div_(mass)
        self._add(group, *self._central(moments, wide(self.means[part])))
        self.sum_log[group] += total.to(self.sum_log.dtype)

    def _central(self, moments: Tensor, means: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Masses (k,), first and second moments about the means, from sums of features (f, k)."""
        k, d = means.shape
        mass, raw = moments[0], moments[1 : 1 + d].T
        first = raw - mass[:, None] * means
        if not self.joint:
            second = moments[1 + d :].T - 2 * means * raw + mass[:, None] * means.square()
            return mass, first, second
        i, j = self._pairs(d)
        second = moments.new_zeros(k, d, d)
        second[:, i, j] = second[:, j, i] = moments[1 + d :].T
        cross = means[:, :, None] * raw[:, None]
        second = second - cross - cross.mT + mass[:, None, None] * means[:, :, None] * means[:, None]
        return mass, first, second

    def _add(self, group: int, mass: Tensor, first: Tensor, second: Tensor) -> None:
        part = self.part(group)
        for kept, new in zip((self.sum_0, self.sum_1, self.sum_2), (mass, first, second), strict=True):
            kept[part] += new.to(kept.dtype)

    def _maximise(self) -> None:
        log_scale = self.scale.log().sum()
        nll = log_scale - self.sum_log / self.rows
        present = self.rows > 0
        gain = (self.nll - nll)[present]
        self.done.copy_((gain < self.objective.tolerance).all())
        self.nll.copy_(torch.where(present, nll, torch.zeros_like(nll)))
        for group in present.nonzero()[:, 0].tolist():
            self._set(group)
        for sums in (self.sum_0, self.sum_1, self.sum_2, self.sum_log):
            sums.zero_()

    def _set(self, group: int) -> None:
        """Weights, means and covariances from the sums."""
        part = self.part(group)
        mass = wide(self.sum_0[part]).clamp_min(1e-12)
        weights = mass / mass.sum()
        shift = wide(self.sum_1[part]) / mass[:, None]
        means = wide(self.means[part]) + shift
        if self.joint:
            spread = wide(self.sum_2[part]) / mass[:, None, None] - shift[:, :, None] * shift[:, None]
            if self.objective.covariance == "tied":
                spread = (weights[:, None, None] * spread).sum(0).expand_as(spread)
            identity = torch.eye(means.shape[1], dtype=means.dtype, device=means.device)
            factors = torch.linalg.cholesky(spread + self.noise * identity)
        else:
            spread = (wide(self.sum_2[part]) / mass[:, None] - shift.square()).clamp_min(0)
            if self.objective.covariance == "spherical":
                spread = spread.mean(1, keepdim=True).expand_as(spread)
            factors = (spread + self.noise).sqrt()
        self.log_weights[part] = weights.log().to(self.log_weights.dtype)
        self.means[part], self.factors[part] = means.to(self.means.dtype), factors.to(self.factors.dtype)

    def _terms(self, shares: Tensor) -> dict[str, Tensor]:
        nll = torch.where(self.nll.isfinite(), self.nll, self.first_nll.to(self.nll))
        terms = {"effective components": self._effective(), "total": nll[0]}
        if self.groups > 1:
            terms["given the class"] = (shares * nll[1:]).sum()
        return terms

    def _effective(self) -> Tensor:
        """exp of the entropy of the weights: how many components matter."""
        weights = self.log_weights[self.part(0)].exp()
        effective: Tensor = torch.special.entr(weights).sum().exp()
        return effective


def spread_out(y: Tensor, k: int, rng: torch.Generator) -> Tensor:
    """k of the points y (n, d), each drawn in proportion to its squared distance from those before, (k, d).

    Source: Arthur and Vassilvitskii (2007), k-means++."""
    chosen = [int(torch.randint(len(y), (1,), generator=rng))]
    far = (y - y[chosen[0]]).square().sum(1)
    for _ in range(k - 1):
        weights = far if bool(far.sum() > 0) else torch.ones_like(far)
        chosen.append(int(pick(weights, 1, rng)))
        far = torch.minimum(far, (y - y[chosen[-1]]).square().sum(1))
    return y[chosen]

"""A mixture of Gaussians by expectation and maximisation, one iteration at a time."""

from __future__ import annotations

import math
from collections.abc import Mapping

import torch
from torch import Tensor

from genlab.models.base import Batch
from genlab.models.baselines.estimator import Estimator, count_rows, in_group, normal_cdf, pick, wide
from genlab.settings.baselines import BaselinesObjective

MOST_AXES = 256
"""For covariances with off-diagonal entries."""
START_ROWS = 4000
"""Of each group, among which EM looks for its start."""
WORK = 2.5e7
"""Operations of one slice, roughly."""


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
        start = int(self.cursor)
        stop = min(len(pool.x), start + self._rows_a_slice)
        labels = None if pool.labels is None else pool.labels[start:stop]
        batch = Batch((wide(pool.x[start:stop]) - self.centre) / self.scale, labels)
        for group in range(self.groups):
            self._expect(in_group(batch, group), group)
        self.cursor.fill_(stop)
        if stop == len(pool.x):
            self.rows.copy_(count_rows(pool, self.groups))
            self._maximise()
            self.cursor.zero_()
        return self._terms(self.rows[1:] / self.rows[1:].sum())

    def group_log_prob(self, x: Tensor, group: int) -> Tensor:
        y = (wide(x) - self.centre) / self.scale
        part = self.part(group)
        return self._joint_log_prob(y, part)[0].logsumexp(1) - wide(self.scale).log().sum()

    def draw(self, groups: Tensor, rng: torch.Generator) -> Tensor:
        which = torch.zeros_like(groups)
        for group in groups.unique().tolist():
            part, here = self.part(group), groups == group
            which[here] = part.start + pick(self.log_weights[part].exp(), int(here.sum()), rng)
        z = torch.randn((len(groups), self.means.shape[1]), generator=rng, device=rng.device)
        y = torch.empty_like(z)
        for k in which.unique().tolist():
            here, factor = which == k, self.factors[k]
            y[here] = self.means[k] + (z[here] @ factor.mT if self.joint else z[here] * factor)
        return self.centre + self.scale * y

    def cdf(self, t: float, group: int) -> float:
        part = self.part(group)
        means, spreads = (value[:, 0] for value in self.components(group)[1:])
        return float((wide(self.log_weights[part]).exp() * normal_cdf((t - means) / spreads.flatten())).sum())

    @property
    def chunk(self) -> int:
        return self._rows_a_slice

    def components(self, group: int) -> tuple[Tensor, Tensor, Tensor]:
        """Weights (k,), means (k, d) and spreads of a group's components, data units.

        Spreads are factors F (k, d, d) with covariance F F^T, or standard deviations (k, d)."""
        part = self.part(group)
        scale = wide(self.scale)
        means = wide(self.centre) + scale * wide(self.means[part])
        factors = wide(self.factors[part]) * (scale[:, None] if self.joint else scale)
        return wide(self.log_weights[part]).exp(), means, factors

    @property
    def _rows_a_slice(self) -> int:
        d = self.means.shape[1]
        a_row = (self.sizes[0] + self.sizes[-1]) * (16 + 4 * d + (d * d / 8 if self.joint else 0))
        return max(64, int(WORK / a_row))

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
        if self.objective.start == "random":
            means = y[torch.arange(k) % len(y)]
            weights, owner = torch.ones(k), None
        else:
            means = spread_out(y, k, rng)
            owner = torch.cdist(y, means).argmin(1)
            weights = torch.bincount(owner, minlength=k).double()
        self.means[part] = means.float()
        share = (torch.ones(len(y), k) if owner is None else torch.nn.functional.one_hot(owner, k)).double()
        self.sum_0[part] = (weights if owner is not None else torch.full((k,), len(y) / k)).float()
        moments = _moments(y, means if owner is not None else y.mean(0).expand(k, d), share, self.joint)
        first, second = moments[1], moments[2]
        if owner is None:
            first, second = torch.zeros_like(first), second / k
        self.sum_1[part], self.sum_2[part] = first.float(), second.float()
        self._set(group)
        for sums in (self.sum_0, self.sum_1, self.sum_2):
            sums[part] = 0

    def _joint_log_prob(self, y: Tensor, part: slice) -> tuple[Tensor, Tensor]:
        """log w_k N(y; m_k, S_k), (n, k), and tr S_k^-1, (k,)."""
        means, factors = wide(self.means[part]), wide(self.factors[part])
        if self.joint:
            identity = torch.eye(means.shape[1], dtype=means.dtype, device=means.device)
            inverse = torch.linalg.solve_triangular(factors, identity, upper=False)  # (k, d, d)
            white = torch.matmul(y, inverse.mT) - torch.einsum("kij,kj->ki", inverse, means)[:, None]
            distance = white.square_().sum(2).T
            trace = inverse.square().sum((1, 2))
            volume = factors.diagonal(dim1=1, dim2=2).log().sum(1)
        else:
            precision = factors.pow(-2)
            distance = y.square() @ precision.T - 2 * y @ (means * precision).T
            distance += (means.square() * precision).sum(1)
            trace, volume = precision.sum(1), factors.log().sum(1)
        norm = wide(self.log_weights[part]) - volume - 0.5 * means.shape[1] * math.log(2 * math.pi)
        return norm - 0.5 * distance, trace

    def _expect(self, y: Tensor, group: int) -> None:
        """Add the moments of these points under their components' responsibilities."""
        if len(y) == 0:
            return
        part = self.part(group)
        joint, trace = self._joint_log_prob(y, part)
        joint -= 0.5 * self.noise * trace
        total = joint.logsumexp(1, keepdim=True)
        share = (joint - total).exp_()
        sums = _moments(y, wide(self.means[part]), share, self.joint)
        for kept, new in zip((self.sum_0, self.sum_1, self.sum_2), sums, strict=True):
            kept[part] += new.to(kept.dtype)
        self.sum_log[group] += total.sum().to(self.sum_log.dtype)

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
        terms = {"effective components": self._effective()}
        if bool(self.nll[0].isfinite()):
            terms["total"] = self.nll[0].clone()
            if self.groups > 1:
                terms["given the class"] = (shares * self.nll[1:]).sum()
        return terms

    def _effective(self) -> Tensor:
        """exp of the entropy of the weights: how many components matter."""
        weights = self.log_weights[self.part(0)].exp()
        return torch.special.entr(weights).sum().exp()


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


def _moments(y: Tensor, means: Tensor, share: Tensor, joint: bool) -> tuple[Tensor, Tensor, Tensor]:
    """Sums of share (n, k), of share times y - m_k, and of its squares about m_k (products where joint)."""
    mass, first = share.sum(0), share.T @ y
    shift = first - mass[:, None] * means
    if joint:
        second = torch.stack(
            [(share[:, k, None] * (y - means[k])).T @ (y - means[k]) for k in range(len(means))]
        )
    else:
        second = share.T @ y.square() - 2 * means * first + mass[:, None] * means.square()
    return mass, shift, second

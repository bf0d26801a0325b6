"""Log density through the probability-flow ODE."""

from __future__ import annotations

import math
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

import torch
from torch import Tensor

from genlab.sampling.condition import Conditions
from genlab.sampling.denoiser import NOISIEST, Denoiser
from genlab.sampling.path import Path
from genlab.sampling.slices import Pace, Work

Divergence = Literal["exact", "hutchinson"]

# Where standardised data show their structure, between noise levels 0.03 and 0.5, the field changes fastest.
_CENTRE, _WIDTH = -2.0, 1.0
_RICHARDSON = 15.0  # 2^4 - 1: a fourth-order result differs this much more from one with half the steps


@dataclass(frozen=True)
class OdeLogProb:
    """Log density of the points `start` to `start + m`.

    Attributes:
        value: log density in nats, in the units of `x`, shape `(m,)`.
        error: estimated absolute error of the integration, shape `(m,)`; None where it was not asked for.
        standard_error: of the estimated divergence, over its probes, shape `(m,)`; None where it is exact.
        nfe: network passes per point.
    """

    start: int
    value: Tensor
    error: Tensor | None
    standard_error: Tensor | None
    nfe: int


def ode_log_prob(
    denoiser: Denoiser,
    x: Tensor,
    condition: Conditions | None = None,
    *,
    steps: int = 24,
    divergence: Divergence = "exact",
    probes: int = 8,
    generator: torch.Generator | None = None,
    error: bool = True,
    chunk: int = 1024,
    base: Callable[[Tensor], Tensor] | None = None,
) -> Iterator[OdeLogProb | None]:
    """Log density of the samples that the probability-flow ODE draws, chunk by chunk.

    In `z = x / sqrt(alpha^2 + sigma^2)` and `tau = log(sigma / alpha)` the ODE reads
    `dz/dtau = sigma alpha / (alpha^2 + sigma^2) * v`; it is integrated from `t_min` to `t_max` with classical
    Runge-Kutta steps, densest about `tau = -2`, together with the divergence of its field. At `t_max` the
    density of `z` is that of what samplers start from. On a path that ends in more noise than a level of 1000
    the rest of the way is one step of the angle `arctan(sigma / alpha)`, in which the slope is v.

    The density is that of the data with the noise of `t_min` on top, of standard deviation `sigma / alpha`
    there: sharper detail than that is blurred, so very sharp data need a path with a small `t_min`.

    Every slice is at most one evaluation of the field for one chunk of points; gradients are enabled inside,
    and the caller may run it under `no_grad` but not under `inference_mode`.

    Args:
        denoiser: defines the ODE.
        x: points in data units of the path (the noise is not to be added), shape `(n, *event)`.
        condition: what the density is conditioned on, one entry per point.
        steps: Runge-Kutta steps; four evaluations each.
        divergence: `exact`, one backward pass per dimension; or `hutchinson`, one per probe, an unbiased
            estimate with Rademacher probes that stay the same along a trajectory.
        probes: number of probes, at least 2.
        generator: source of the probes; needed by `hutchinson`.
        error: integrate a second time with half the steps to estimate the error; half as much work again.
        chunk: points integrated at a time.
        base: log density of the points from which samplers start, `(n, *event)` to `(n,)`; by default that of
            N(0, I).

    Yields:
        None after each slice, an `OdeLogProb` after each chunk.

    Raises:
        ValueError: where `hutchinson` has no generator or fewer than two probes, or `steps` is below 2.

    Sources: Song et al. (2021), section 4.3 and appendix D.2; Grathwohl et al. (2019), FFJORD, section 3.1.
    """
    if steps < 2:
        raise ValueError("at least two steps are needed")
    if divergence == "hutchinson" and (generator is None or probes < 2):
        raise ValueError("an estimated divergence needs a generator and at least two probes")
    for first in range(0, len(x), chunk):
        rows = slice(first, first + chunk)
        field = _Field(denoiser, x[rows], None if condition is None else condition.take(rows))
        if divergence == "hutchinson":
            field.draw_probes(probes, generator)
        fine = yield from _integrate(field, x[rows], steps, base)
        gap = None
        if error:
            coarse = yield from _integrate(field, x[rows], steps // 2, base)
            gap = (fine - coarse).mean(0).abs() / _RICHARDSON
        spread = fine.std(0) / math.sqrt(probes) if divergence == "hutchinson" else None
        yield OdeLogProb(first, fine.mean(0), gap, spread, field.nfe)


class _Field:
    """The right-hand side of the ODE in `z` and `tau`, and its divergence."""

    def __init__(self, denoiser: Denoiser, x: Tensor, condition: Conditions | None) -> None:
        self.denoiser = denoiser
        self.condition = condition
        self.probes: Tensor | None = None  # (probes, n, *event)
        self.nfe = 0
        self._like = x

    def draw_probes(self, count: int, generator: torch.Generator | None) -> None:
        shape = (count, *self._like.shape)
        bits = torch.randint(2, shape, generator=generator, device=self._like.device)
        self.probes = (2 * bits - 1).to(self._like)

    def at(self, z: Tensor, tau: float) -> Work[tuple[Tensor, Tensor]]:
        """`dz/dtau`, shape `(n, *event)`, and its divergence: `(1, n)`, or `(probes, n)` where estimated."""
        path, pace = self.denoiser.path, Pace()
        t = path.time_of_noise_level(torch.tensor(tau, dtype=torch.float64).exp())
        with torch.enable_grad():
            z = z.detach().requires_grad_()
            prediction = self.denoiser.predict(z * path.scale(t), t, self.condition)
            dz = prediction.v / (2 * math.cosh(tau))
        self.nfe += prediction.nfe
        divergence = yield from self._divergence(dz, z, pace)
        return dz.detach(), divergence

    def _divergence(self, dz: Tensor, z: Tensor, pace: Pace) -> Work[Tensor]:
        if self.probes is not None:
            terms = []
            for probe in self.probes:
                yield from pace.rest()
                terms.append((_pullback(dz, z, probe) * probe).flatten(1).sum(1))
            return torch.stack(terms)
        total = torch.zeros_like(z[:, :0].flatten(1).sum(1))
        for i in range(z[0].numel()):
            yield from pace.rest()
            axis = torch.zeros_like(z).flatten(1)
            axis[:, i] = 1
            total = total + _pullback(dz, z, axis.reshape(z.shape)).flatten(1)[:, i]
        return total[None]


def _pullback(dz: Tensor, z: Tensor, vector: Tensor) -> Tensor:
    (product,) = torch.autograd.grad(dz, z, vector, retain_graph=True)
    return product


def _grid(path: Path, steps: int) -> list[float]:
    """Rising values of `tau`, `steps + 1` of them, as a hyperbolic sine of even steps."""
    ends = torch.tensor([path.t_min, path.t_max], dtype=torch.float64)
    low, high = path.noise_level(ends).clamp(max=NOISIEST).log().tolist()
    first, last = (math.asinh((end - _CENTRE) / _WIDTH) for end in (low, high))
    inner = [_CENTRE + _WIDTH * math.sinh(first + (last - first) * i / steps) for i in range(1, steps)]
    return [low, *inner, high]


def _integrate(
    field: _Field, x: Tensor, steps: int, base: Callable[[Tensor], Tensor] | None
) -> Generator[None, None, Tensor]:
    """Log density of `x`, shape `(1 or probes, n)`, by classical Runge-Kutta steps."""
    taus = _grid(field.denoiser.path, steps)
    dimensions = x[0].numel()
    shrink = -0.5 * math.log1p(math.exp(2 * taus[0]))
    z = x * math.exp(shrink)
    log_det: Tensor | float = dimensions * shrink
    for tau, end in pairwise(taus):
        h = end - tau
        k1, d1 = yield from field.at(z, tau)
        yield
        k2, d2 = yield from field.at(z + 0.5 * h * k1, tau + 0.5 * h)
        yield
        k3, d3 = yield from field.at(z + 0.5 * h * k2, tau + 0.5 * h)
        yield
        k4, d4 = yield from field.at(z + h * k3, end)
        yield
        z = z + h / 6 * (k1 + 2 * k2 + 2 * k3 + k4)
        log_det = log_det + h / 6 * (d1 + 2 * d2 + 2 * d3 + d4)
    rest = _rest(field.denoiser.path, taus[-1])
    return (base or _normal)(z + rest * k4) + log_det + rest * d4


def _rest(path: Path, tau: float) -> float:
    """What is left of the way to `t_max` after the last `tau`, as a factor of `dz/dtau`."""
    level = float(path.noise_level(torch.tensor(path.t_max, dtype=torch.float64)))
    return 2 * math.cosh(tau) * (math.atan(level) - math.atan(NOISIEST)) if level > NOISIEST else 0.0


def _normal(z: Tensor) -> Tensor:
    return -0.5 * (z.square() + math.log(2 * math.pi)).flatten(1).sum(1)

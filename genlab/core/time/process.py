"""A process between noise and data: a network that knows every time, its path, and what follows from both.

It knows no session and no data units: diffusion, score and flow matching are it over standardised data, and a
latent model is it over codes.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from genlab.core.classes import Mixture
from genlab.sampling.condition import Conditions
from genlab.sampling.denoiser import Denoiser, NetworkDenoiser, Target
from genlab.sampling.likelihood import Divergence, ode_log_prob
from genlab.sampling.parts import begin, step
from genlab.sampling.path import Path
from genlab.sampling.solvers import Solver

DENSITY_CHUNK = 1024
DENSITY_NUMBERS = 512
"""Numbers in one pass where the divergence is estimated."""
DENSITY_STEPS = 32
"""Of Runge-Kutta from data to noise."""
SHARP_STEPS = 128
"""Of the same where the source is no normal noise: near it the field changes fast, and steps are long."""

LogDensity = Callable[[Tensor], Tensor]


@dataclass(frozen=True)
class Frame:
    """All samples at one time of a walk: x and clean (n, *event), clean where it is known; network
    evaluations so far."""

    x: Tensor
    clean: Tensor | None
    nfe: int


@dataclass(frozen=True)
class OdeDensity:
    """Log density of rows start .. start + m, nats. error: of the integration. spread: of an estimate."""

    start: int
    value: Tensor
    error: Tensor | None
    spread: Tensor | None


@dataclass(frozen=True)
class TimeProcess:
    """A network, the path it was trained on, what it predicts, and the shape of one datum."""

    net: nn.Module
    path: Path
    target: Target
    event: tuple[int, ...]

    @property
    def denoiser(self) -> NetworkDenoiser:
        """The network as a denoiser, unguided."""
        return NetworkDenoiser(self.net, self.path, self.target)

    def frames(
        self,
        denoiser: Denoiser,
        solver: Solver,
        times: Tensor,
        first: Tensor,
        conditions: Conditions,
        rng: torch.Generator,
        *,
        cut: bool = True,
    ) -> Iterator[Frame | None]:
        """The walk of all samples, a frame for each of the falling times; None between parts of a long step.

        Args:
            denoiser: this process's, or that with guidance around it.
            times: float64 on the CPU.
            first: where it begins at `times[0]`, in the path's coordinates, shape `(n, *event)`.
            rng: of what a stochastic solver draws.
            cut: steps that take long into parts, by the clock; else all is the same to the last bit.
        """
        states = yield from begin(self.net, denoiser, solver, first, times, conditions, rng, cut=cut)
        for index in range(len(times)):
            if index:
                states = yield from step(denoiser, solver, states)
            cleans = [state.x0 for state in states if state.x0 is not None]
            x = torch.cat([state.x for state in states])
            yield Frame(x, torch.cat(cleans) if cleans else None, states[0].nfe)

    def log_prob(
        self,
        denoiser: Denoiser,
        x: Tensor,
        mixture: Mixture,
        rng: torch.Generator,
        *,
        exact: bool = True,
        error: bool = True,
        base: LogDensity | None = None,
    ) -> Iterator[OdeDensity | None]:
        """Log density of the probability-flow ODE from the least trained noise level on, in slices.

        Args:
            x: standardised data, shape `(n, *event)`.
            mixture: the classes that are summed over, an ODE for each.
            exact: an exact divergence, else Hutchinson's estimate.
            error: integrate a second time, to estimate the error of the integration.
            base: log density of what walks begin from; by default that of N(0, I).
        """
        divergence: Divergence = "exact" if exact else "hutchinson"
        steps = DENSITY_STEPS if base is None else SHARP_STEPS
        rows = DENSITY_CHUNK if exact else max(1, DENSITY_NUMBERS // math.prod(self.event))
        k = mixture.size
        for part in ode_log_prob(
            denoiser,
            mixture.repeated(x),
            Conditions(mixture.labels_of(len(x))),
            steps=steps if error else steps // 2,
            divergence=divergence,
            generator=rng,
            error=error,
            chunk=max(1, rows // k) * k,
            base=base,
        ):
            if part is None:
                yield None
                continue
            gap = None if part.error is None else mixture.mean(part.value, part.error)
            spread = part.standard_error
            if spread is not None:
                spread = mixture.spread(part.value, spread)
            yield OdeDensity(part.start // k, mixture.total(part.value), gap, spread)

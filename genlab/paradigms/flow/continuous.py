"""A continuous flow: points move along a learned velocity, and their density changes by its divergence."""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from genlab.paradigms.flow.layers import Layer

EXACT_UP_TO = 3
"""Dimensions up to which training takes the exact trace."""


class Velocity(nn.Module):
    """dx/dt of points `(n, d)` at time t in [0, 1], with its derivative along given directions.

    Hidden layers of SiLU units over position, time and context. Directions are carried forward beside the
    points, so that a trace costs as many more passes as there are directions, and no second backward pass.
    The last layer begins small: an untrained flow hardly moves.
    """

    def __init__(self, dim: int, labels: int, width: int, depth: int) -> None:
        super().__init__()
        self.dim = dim
        self.first = nn.Linear(dim, width)
        self.time = nn.Linear(3, width, bias=False)
        self.label = nn.Linear(labels, width, bias=False) if labels else None
        self.hidden = nn.ModuleList(nn.Linear(width, width) for _ in range(depth - 1))
        self.last = nn.Linear(width, dim)
        with torch.no_grad():
            self.last.weight.mul_(0.1)
            self.last.bias.zero_()

    def forward(
        self, t: float, x: Tensor, context: Tensor | None, directions: Tensor
    ) -> tuple[Tensor, Tensor]:
        """The velocity `(n, d)` and its derivatives `(m, n, d)` along directions `(m, n or 1, d)`."""
        angle = torch.tensor(torch.pi * t, dtype=torch.float64)
        moment = torch.stack([angle.new_tensor(t), angle.cos(), angle.sin()]).to(x)
        h = self.first(x) + self.time(moment)
        if self.label is not None and context is not None:
            h = h + self.label(context)
        moved = F.linear(directions, self.first.weight)
        for layer in (*self.hidden, self.last):
            gate = torch.sigmoid(h)
            out = h * gate
            moved = F.linear(moved * (gate + out * (1 - gate)), layer.weight)
            h = layer(out)
        return h, moved


class OdeStep(Layer):
    """One classical Runge-Kutta step of a velocity, from `late` (data side) to `early` (base side).

    Its inverse is the step backwards, which differs from it by the error of the integration. probes: random
    signs `(m, n, d)` for an estimate of the trace; None takes the exact one. The velocity is shared by all
    steps and registered in none of them.
    """

    def __init__(self, velocity: Velocity, early: float, late: float, probes: Tensor | None) -> None:
        super().__init__()
        self.shared = (velocity,)
        self.early, self.late = early, late
        self.probes = probes

    @property
    def owner(self) -> nn.Module:
        """The velocity: steps come and go."""
        return self.shared[0]

    def closed(self, u: Tensor, context: Tensor | None) -> tuple[Tensor, Tensor]:
        """See `Layer`."""
        return self._step(u, context, self.late, self.early)

    def solve(self, v: Tensor, context: Tensor | None) -> Tensor:
        """See `Layer`."""
        return self._step(v, context, self.early, self.late, trace=False)[0]

    def to_data_with_log_det(self, z: Tensor, context: Tensor | None) -> tuple[Tensor, Tensor]:
        """See `Layer`."""
        return self._step(z, context, self.early, self.late)

    def _step(
        self, x: Tensor, context: Tensor | None, begin: float, end: float, trace: bool = True
    ) -> tuple[Tensor, Tensor]:
        (velocity,) = self.shared
        if not trace:
            directions = x.new_zeros(0, 1, velocity.dim)
        elif self.probes is None:
            directions = torch.eye(velocity.dim, dtype=x.dtype, device=x.device)[:, None]
        else:
            directions = self.probes
        h, middle = end - begin, (begin + end) / 2

        def field(t: float, at: Tensor) -> tuple[Tensor, Tensor]:
            v, moved = velocity(t, at, context, directions)
            return v, (moved * directions).sum((0, 2)) / (1 if self.probes is None else len(directions))

        k1, d1 = field(begin, x)
        k2, d2 = field(middle, x + h / 2 * k1)
        k3, d3 = field(middle, x + h / 2 * k2)
        k4, d4 = field(end, x + h * k3)
        return x + h / 6 * (k1 + 2 * (k2 + k3) + k4), h / 6 * (d1 + 2 * (d2 + d3) + d4)


def ode_layers(velocity: Velocity, steps: int, probes: Tensor | None = None) -> Sequence[OdeStep]:
    """Equal steps from the data (t = 1) to the base (t = 0).

    Sources: Chen et al. (2018), Neural Ordinary Differential Equations, theorem 1; Grathwohl et al. (2019),
    FFJORD."""
    return [OdeStep(velocity, (k - 1) / steps, k / steps, probes) for k in range(steps, 0, -1)]


def random_signs(x: Tensor, rng: torch.Generator) -> Tensor:
    """Rademacher probes `(1, n, d)` for Hutchinson's estimate of the trace at points x `(n, d)`."""
    return (2 * torch.randint(2, (1, *x.shape), generator=rng, device=x.device) - 1).to(x)

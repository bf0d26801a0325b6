"""Denoisers: what a network knows about a noisy point, in whichever parametrisation a solver asks for."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Literal, Protocol

import torch
from torch import Tensor, nn

from genlab.sampling.condition import Conditions
from genlab.sampling.path import Path

Kind = Literal["x0", "noise", "score", "v", "velocity"]
Target = Literal["x0", "noise", "v", "velocity"]


NOISIEST = 1e3
"""The largest noise level `sigma / alpha` that a network tells apart, and one over the smallest."""


class ScoreUnavailable(ValueError):
    """A score was asked of a path on which the prediction does not determine one."""


@dataclass(frozen=True)
class Prediction:
    """A prediction at `x_t`, converted on demand between the five parametrisations.

    With `x = alpha x0 + sigma noise` (all expectations given `x`):

    - `score = -noise / sigma`, the gradient of `log p_t(x)` (Tweedie's formula);
    - `velocity = dalpha x0 + dsigma noise`, the probability-flow field `dx/dt`;
    - `v = (alpha noise - sigma x0) / sqrt(alpha^2 + sigma^2)`. On a variance-preserving path this is the v of
      Salimans and Ho (2022); on any other it is theirs in the coordinates `z = x / sqrt(alpha^2 + sigma^2)`.

    Preconditioning of Karras et al. (2022) with `sigma_data = 1`, `x0 = c_skip x + c_out F`, is `F = -v`.

    Attributes:
        path: the noise path.
        t: time, shape `()` or `(n,)`. A 0-d tensor may stay on the CPU in float64: it acts as a number.
        x: the noisy points, shape `(n, *event)`.
        kind: which parametrisation `value` is.
        value: the prediction, shape `(n, *event)`.
        nfe: single-sample network passes that it took.

    Raises:
        ScoreUnavailable: on a path without a score, when `score` is read or given.
    """

    path: Path
    t: Tensor
    x: Tensor
    kind: Kind
    value: Tensor
    nfe: int = 1

    def __post_init__(self) -> None:
        if self.kind == "score":
            self._require_score()

    @cached_property
    def alpha(self) -> Tensor:
        """The factor of the data, shaped to multiply `x`."""
        return self._over(self.path.alpha(self.t))

    @cached_property
    def sigma(self) -> Tensor:
        """The noise standard deviation, shaped to multiply `x`."""
        return self._over(self.path.sigma(self.t))

    @cached_property
    def x0(self) -> Tensor:
        """The expected clean point, `E[x0 | x_t]`, shape `(n, *event)`."""
        if self.kind == "x0":
            return self.value
        if self.kind == "v":
            return (self.alpha * self.x - self.sigma * self._scale * self.value) / self._scale**2
        if self.kind == "velocity":
            return (self._dsigma * self.x - self.sigma * self.value) / self._wronskian
        return (self.x - self.sigma * self.noise) / self.alpha

    @cached_property
    def noise(self) -> Tensor:
        """The expected noise, `E[noise | x_t]`, shape `(n, *event)`."""
        if self.kind == "noise":
            return self.value
        if self.kind == "score":
            return -self.sigma * self.value
        if self.kind == "v":
            return (self.sigma * self.x + self.alpha * self._scale * self.value) / self._scale**2
        if self.kind == "velocity":
            return (self.alpha * self.value - self._dalpha * self.x) / self._wronskian
        return (self.x - self.alpha * self.value) / self.sigma

    @cached_property
    def score(self) -> Tensor:
        """The gradient of `log p_t` at `x`, shape `(n, *event)`."""
        self._require_score()
        return self.value if self.kind == "score" else -self.noise / self.sigma

    @cached_property
    def v(self) -> Tensor:
        """The v of variance-preserving coordinates, shape `(n, *event)`."""
        if self.kind == "v":
            return self.value
        return (self.alpha * self.noise - self.sigma * self.x0) / self._scale

    @cached_property
    def velocity(self) -> Tensor:
        """The probability-flow field `dx/dt`, shape `(n, *event)`."""
        if self.kind == "velocity":
            return self.value
        return self._dalpha * self.x0 + self._dsigma * self.noise

    def to(self, kind: Kind) -> Tensor:
        """The value in the named parametrisation."""
        value: Tensor = getattr(self, kind)
        return value

    def _require_score(self) -> None:
        if not self.path.has_score:
            raise ScoreUnavailable(
                "this path has no score: its noise is not Gaussian, or is coupled to the data; "
                "use its velocity instead"
            )

    def _over(self, coefficient: Tensor) -> Tensor:
        if coefficient.ndim == 0:
            return coefficient
        return coefficient.reshape(-1, *(1,) * (self.x.ndim - 1))

    @cached_property
    def _scale(self) -> Tensor:
        return torch.hypot(self.alpha, self.sigma)

    @cached_property
    def _dalpha(self) -> Tensor:
        return self._over(self.path.dalpha(self.t))

    @cached_property
    def _dsigma(self) -> Tensor:
        return self._over(self.path.dsigma(self.t))

    @property
    def _wronskian(self) -> Tensor:
        return self.alpha * self._dsigma - self.sigma * self._dalpha


class Denoiser(Protocol):
    """Anything that predicts the clean point from a noisy one."""

    @property
    def path(self) -> Path:
        """The noise path on which it works."""

    def predict(self, x: Tensor, t: Tensor, condition: Conditions | None = None) -> Prediction:
        """The prediction at `x`, shape `(n, *event)`, and time `t`, shape `()` or `(n,)`."""


@dataclass(frozen=True)
class NetworkDenoiser:
    """A network as a denoiser.

    The network is called as `net(z, c_noise, label)` and returns `target`, shape `(n, *event)`:

    - `z = x / sqrt(alpha^2 + sigma^2)`, shape `(n, *event)`, of unit variance for standardised data;
    - `c_noise = log(sigma / alpha) / 4`, shape `(n,)` or `(1,)` (Karras et al. 2022, table 1), with the level
      kept between 1/1000 and 1000: a path may end in pure noise;
    - `label`, shape `(n,)`, -1 for 'no class given'; None where no condition is given.
    """

    net: nn.Module
    path: Path
    target: Target

    def predict(self, x: Tensor, t: Tensor, condition: Conditions | None = None) -> Prediction:
        z, c_noise = network_input(self.path, x, t)
        label = None if condition is None else condition.label
        return Prediction(self.path, t, x, self.target, self.net(z, c_noise, label))


def network_input(path: Path, x: Tensor, t: Tensor) -> tuple[Tensor, Tensor]:
    """The first two arguments of a network, `z` of shape `(n, *event)` and `c_noise` of shape `(n,)`, or
    `(1,)` where all points share their time: features of the level are then worked out once."""
    c_noise = (-0.125 * path.log_snr(t)).clamp(-0.25 * math.log(NOISIEST), 0.25 * math.log(NOISIEST))
    scale = path.scale(t)
    if t.ndim == 0:
        # Filled in as a number: a copy from the CPU would make an accelerator wait.
        return x / scale, x.new_full((1,), float(c_noise))
    return x / scale.reshape(-1, *(1,) * (x.ndim - 1)), c_noise.to(x)

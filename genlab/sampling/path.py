"""Noise paths: how a clean point turns into noise."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod

import torch
from torch import Tensor


class Path(ABC):
    """A Gaussian path `x_t = alpha(t) * x0 + sigma(t) * noise`, with `noise ~ N(0, I)`.

    Time runs from `t_min` (almost data) to `t_max` (almost noise); sampling runs it backwards. Every method
    maps a float tensor of any shape to one of the same shape, dtype and device.

    Attributes:
        t_min: the least noise that a network is asked about.
        t_max: the most noise; sampling starts here from `N(0, (alpha^2 + sigma^2) I)`.
        t_clean: the time at which `alpha = 1` and `sigma = 0` exactly (or `rest`, on a `Straight` path that
            leaves noise); no network is asked below `t_min`.
        has_score: whether `score = -noise / sigma` holds: a Gaussian source, drawn independently of the data.
            What is called noise is then that source's draw.
    """

    t_min: float
    t_max: float
    t_clean: float = 0.0
    has_score: bool = True

    @abstractmethod
    def alpha(self, t: Tensor) -> Tensor:
        """The factor of the data at `t`."""

    @abstractmethod
    def sigma(self, t: Tensor) -> Tensor:
        """The standard deviation of the noise at `t`."""

    @abstractmethod
    def dalpha(self, t: Tensor) -> Tensor:
        """The time derivative of `alpha`."""

    @abstractmethod
    def dsigma(self, t: Tensor) -> Tensor:
        """The time derivative of `sigma`."""

    @abstractmethod
    def log_snr(self, t: Tensor) -> Tensor:
        """The logarithm of the signal-to-noise ratio, `2 * log(alpha / sigma)`; falls with `t`."""

    @abstractmethod
    def time_of_log_snr(self, log_snr: Tensor) -> Tensor:
        """The time at which `log_snr(t)` takes the given value."""

    def noise_level(self, t: Tensor) -> Tensor:
        """The noise in units of the data, `sigma / alpha`: the sigma of Karras et al. (2022)."""
        return self.sigma(t) / self.alpha(t)

    def time_of_noise_level(self, level: Tensor) -> Tensor:
        """The time at which `sigma / alpha` takes the given positive value."""
        return self.time_of_log_snr(-2.0 * level.log())

    def scale(self, t: Tensor) -> Tensor:
        """`sqrt(alpha^2 + sigma^2)`: the standard deviation of `x_t` when the data have unit variance."""
        return torch.hypot(self.alpha(t), self.sigma(t))

    def diffusion_rate(self, t: Tensor) -> Tensor:
        """`g(t)^2` of the forward SDE `dx = (dalpha / alpha) x dt + g dw` that has these marginals.

        Source: Kingma et al. (2021), Variational Diffusion Models, eq. 14 and 15.
        """
        alpha, sigma = self.alpha(t), self.sigma(t)
        return 2 * sigma * (self.dsigma(t) - sigma * self.dalpha(t) / alpha)

    def diffuse(self, x0: Tensor, noise: Tensor, t: Tensor) -> Tensor:
        """`x_t` for data and noise of shape `(n, *event)` and `t` of shape `()` or `(n,)`."""
        return _over(self.alpha(t), x0) * x0 + _over(self.sigma(t), x0) * noise


def _over(coefficient: Tensor, x: Tensor) -> Tensor:
    """A coefficient of shape `()` or `(n,)`, shaped to multiply `x` of shape `(n, *event)`."""
    return coefficient if coefficient.ndim == 0 else coefficient.reshape(-1, *(1,) * (x.ndim - 1))


class Linear(Path):
    """The variance-preserving diffusion with a rate rising linearly from `beta_min` to `beta_max`.

    With 0.1 and 20 it is the continuous limit of DDPM's 1000 steps from 1e-4 to 0.02:
    `alpha = exp(-t^2 (beta_max - beta_min) / 4 - t beta_min / 2)`.

    Source: Song et al. (2021), Score-Based Generative Modeling through SDEs, eq. 32 and appendix C.
    """

    def __init__(
        self, beta_min: float = 0.1, beta_max: float = 20.0, t_min: float = 1e-3, t_max: float = 1.0
    ) -> None:
        self.beta_min, self.beta_max = beta_min, beta_max
        self.t_min, self.t_max = t_min, t_max

    def _integral(self, t: Tensor) -> Tensor:
        return t * (self.beta_min + 0.5 * (self.beta_max - self.beta_min) * t)

    def _rate(self, t: Tensor) -> Tensor:
        return self.beta_min + (self.beta_max - self.beta_min) * t

    def alpha(self, t: Tensor) -> Tensor:
        return torch.exp(-0.5 * self._integral(t))

    def sigma(self, t: Tensor) -> Tensor:
        return torch.sqrt(-torch.expm1(-self._integral(t)))

    def dalpha(self, t: Tensor) -> Tensor:
        return -0.5 * self._rate(t) * self.alpha(t)

    def dsigma(self, t: Tensor) -> Tensor:
        return 0.5 * self._rate(t) * self.alpha(t).square() / self.sigma(t)

    def log_snr(self, t: Tensor) -> Tensor:
        return -torch.log(torch.expm1(self._integral(t)))

    def time_of_log_snr(self, log_snr: Tensor) -> Tensor:
        integral = torch.nn.functional.softplus(-log_snr)
        slope = self.beta_max - self.beta_min
        return 2 * integral / (self.beta_min + torch.sqrt(self.beta_min**2 + 2 * slope * integral))


class SubVP(Linear):
    """The sub-variance-preserving diffusion: `Linear`'s alpha with less noise, `sigma = 1 - alpha^2`.

    Source: Song et al. (2021), eq. 13 and appendix C.
    """

    def sigma(self, t: Tensor) -> Tensor:
        return -torch.expm1(-self._integral(t))

    def dsigma(self, t: Tensor) -> Tensor:
        return self._rate(t) * torch.exp(-self._integral(t))

    def log_snr(self, t: Tensor) -> Tensor:
        integral = self._integral(t)
        return -integral - 2 * torch.log(-torch.expm1(-integral))

    def time_of_log_snr(self, log_snr: Tensor) -> Tensor:
        # sigma / alpha = 2 sinh(integral / 2)
        integral = 2 * torch.asinh(0.5 * torch.exp(-0.5 * log_snr))
        slope = self.beta_max - self.beta_min
        return 2 * integral / (self.beta_min + torch.sqrt(self.beta_min**2 + 2 * slope * integral))


class Straight(Path):
    """The straight path of flow matching, `x_t = (1 - t) x0 + (t + s (1 - t)) noise`, noise at `t = 1`.

    With `s = 0` it is that of rectified flow; with a small s that of Lipman et al., whose target keeps
    noise of standard deviation s on the data. (Flow-matching papers run time the other way.)

    Sources: Liu et al. (2023), Flow Straight and Fast, eq. 1; Lipman et al. (2023), Flow Matching for
    Generative Modeling, eq. 20.
    """

    def __init__(self, rest: float = 0.0, has_score: bool = True) -> None:
        self.rest = rest
        self.has_score = has_score
        self.t_min, self.t_max = 3e-3, 1.0

    def alpha(self, t: Tensor) -> Tensor:
        return 1 - t

    def sigma(self, t: Tensor) -> Tensor:
        return t + self.rest * (1 - t)

    def dalpha(self, t: Tensor) -> Tensor:
        return -torch.ones_like(t)

    def dsigma(self, t: Tensor) -> Tensor:
        return torch.full_like(t, 1 - self.rest)

    def log_snr(self, t: Tensor) -> Tensor:
        return 2 * torch.log(self.alpha(t) / self.sigma(t))

    def time_of_log_snr(self, log_snr: Tensor) -> Tensor:
        odds = torch.exp(-0.5 * log_snr) - self.rest
        return odds / (1 + odds)


class Trigonometric(Path):
    """The variance-preserving path of flow matching, `alpha = cos(pi t / 2)`, `sigma = sin(pi t / 2)`.

    Its velocity is pi / 2 times the v of diffusion.

    Source: Albergo and Vanden-Eijnden (2023), Building Normalizing Flows with Stochastic Interpolants, eq. 5.
    """

    def __init__(self, has_score: bool = True) -> None:
        self.has_score = has_score
        self.t_min, self.t_max = 3e-3, 1.0

    def alpha(self, t: Tensor) -> Tensor:
        # As a sine, which is exactly 0 at t = 1.
        return torch.sin(0.5 * math.pi * (1 - t))

    def sigma(self, t: Tensor) -> Tensor:
        return torch.sin(0.5 * math.pi * t)

    def dalpha(self, t: Tensor) -> Tensor:
        return -0.5 * math.pi * self.sigma(t)

    def dsigma(self, t: Tensor) -> Tensor:
        return 0.5 * math.pi * self.alpha(t)

    def log_snr(self, t: Tensor) -> Tensor:
        return 2 * torch.log(self.alpha(t) / self.sigma(t))

    def time_of_log_snr(self, log_snr: Tensor) -> Tensor:
        return torch.atan(torch.exp(-0.5 * log_snr)) * (2 / math.pi)


class Cosine(Path):
    """The cosine path, `alpha = cos(angle(t)) / cos(angle(0))`, `angle(t) = pi/2 * (t + s) / (1 + s)`.

    Time ends at 0.999, where `alpha` is 0.0016, because no data are left at 1.

    Source: Nichol and Dhariwal (2021), Improved DDPM, eq. 17.
    """

    def __init__(self, s: float = 0.008, t_min: float = 1e-3, t_max: float = 0.999) -> None:
        self.s = s
        self.t_min, self.t_max = t_min, t_max
        self._rate = 0.5 * math.pi / (1 + s)
        self._start = self._rate * s

    def alpha(self, t: Tensor) -> Tensor:
        return torch.sin(self._rate * (1 - t)) / math.cos(self._start)

    def sigma(self, t: Tensor) -> Tensor:
        # 1 - alpha^2 as a product, which keeps its digits where it is small.
        product = torch.sin(self._rate * t) * torch.sin(self._rate * t + 2 * self._start)
        return torch.sqrt(product) / math.cos(self._start)

    def dalpha(self, t: Tensor) -> Tensor:
        return -self._rate * torch.cos(self._rate * (1 - t)) / math.cos(self._start)

    def dsigma(self, t: Tensor) -> Tensor:
        return -self.alpha(t) * self.dalpha(t) / self.sigma(t)

    def log_snr(self, t: Tensor) -> Tensor:
        return 2 * torch.log(self.alpha(t) / self.sigma(t))

    def time_of_log_snr(self, log_snr: Tensor) -> Tensor:
        cos = math.cos(self._start) * torch.sqrt(torch.sigmoid(log_snr))
        sin_squared = math.sin(self._start) ** 2 + math.cos(self._start) ** 2 * torch.sigmoid(-log_snr)
        return (torch.atan2(torch.sqrt(sin_squared), cos) - self._start) / self._rate


class VarianceExploding(Path):
    """`x_t = x0 + t * noise`: time is the noise level itself. For data of unit variance.

    Source: Karras et al. (2022), Elucidating the Design Space of Diffusion-Based Generative Models, table 1.
    """

    def __init__(self, t_min: float = 0.002, t_max: float = 80.0) -> None:
        self.t_min, self.t_max = t_min, t_max

    def alpha(self, t: Tensor) -> Tensor:
        return torch.ones_like(t)

    def sigma(self, t: Tensor) -> Tensor:
        return t

    def dalpha(self, t: Tensor) -> Tensor:
        return torch.zeros_like(t)

    def dsigma(self, t: Tensor) -> Tensor:
        return torch.ones_like(t)

    def log_snr(self, t: Tensor) -> Tensor:
        return -2.0 * torch.log(t)

    def time_of_log_snr(self, log_snr: Tensor) -> Tensor:
        return torch.exp(-0.5 * log_snr)

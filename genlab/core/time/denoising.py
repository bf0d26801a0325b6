"""Denoising as a regression: which noise levels are drawn, what is predicted, how errors are weighed.

Everything is a function of the log signal-to-noise ratio, in variance-preserving coordinates
`z = a x0 + b noise` with `a^2 = snr / (1 + snr)` and `b^2 = 1 / (1 + snr)`. In them the preconditioned
network of Karras et al. (2022) predicts `-v`, so that one parametrisation serves every schedule.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor

from genlab.sampling.path import Cosine, Linear, Path, VarianceExploding

Target = Literal["x0", "noise", "v"]
Weight = Literal["simple", "snr", "min-snr", "edm"]
Schedule = Literal["linear", "cosine", "edm"]
Quantile = Callable[[Tensor], Tensor]

LEVELS = (0.003, 20.0)


def noise_path(schedule: Schedule) -> Path:
    """The path of a schedule, for data of unit variance.

    EDM's levels, 0.002 to 80 for data of standard deviation 1/2, would be 0.004 to 160. Points are sharper
    than images and have no fine contrast at 20 standard deviations: fewer octaves leave more steps for the
    rest."""
    match schedule:
        case "linear":
            return Linear()
        case "cosine":
            return Cosine()
        case "edm":
            return VarianceExploding(*LEVELS)


def log_snr_quantile(schedule: Schedule, path: Path, mean: float, spread: float) -> Quantile:
    """The map from u in (0, 1), least noise first, to the log snr of the training distribution.

    `linear` and `cosine` draw time evenly between the ends of the path; `edm` draws
    `log sigma ~ N(mean, spread^2)`, cut off at the ends of the path (Karras et al. 2022, table 1).
    """
    if schedule != "edm":
        return lambda u: path.log_snr(torch.lerp(u.new_tensor(path.t_min), u.new_tensor(path.t_max), u))
    low, high = math.log(path.t_min), math.log(path.t_max)
    slope = math.sqrt(2.0) * spread
    return lambda u: -2.0 * (mean + slope * torch.erfinv(2.0 * u - 1.0)).clamp(low, high)


def stratified(n: int, rng: torch.Generator) -> Tensor:
    """One uniform number in each of n equal parts of (0, 1), rising, shape `(n,)`.

    Source: Kingma et al. (2021), Variational Diffusion Models, appendix I.1, with independent offsets."""
    place = torch.arange(n, device=rng.device, dtype=torch.float32)
    return (place + torch.rand(n, generator=rng, device=rng.device)) / n


def coefficients(log_snr: Tensor, like: Tensor) -> tuple[Tensor, Tensor]:
    """a and b of the coordinates above, from `(n,)`, shaped to multiply `like`, `(n, *event)`."""
    over = log_snr.reshape(-1, *(1,) * (like.ndim - 1))
    return over.sigmoid().sqrt(), (-over).sigmoid().sqrt()


def regression_target(target: Target, x0: Tensor, noise: Tensor, a: Tensor, b: Tensor) -> Tensor:
    """What the network should predict, shape `(n, *event)`: the noise, x0, or `v = a noise - b x0`."""
    if target == "v":
        return a * noise - b * x0
    return noise if target == "noise" else x0


def log_error_ratio(target: Target, log_snr: Tensor) -> Tensor:
    """Log of the squared error of the predicted quantity over that of x0 at the same z.

    1 for x0, snr for the noise, snr + 1 for v (Salimans & Ho 2022, section 4)."""
    if target == "x0":
        return torch.zeros_like(log_snr)
    return log_snr if target == "noise" else F.softplus(log_snr)


def x0_log_weight(weight: Weight, target: Target, log_snr: Tensor, gamma: float) -> Tensor:
    """Log weight of the squared error of x0.

    `simple` weighs what is predicted evenly; `snr` is snr; `min-snr` is min(snr, gamma) (Hang et al. 2023,
    eq. 8); `edm` is snr + 1, which is `(sigma^2 + sigma_data^2) / (sigma sigma_data)^2` of Karras et al.
    (2022, table 1) for data of unit variance."""
    match weight:
        case "simple":
            return log_error_ratio(target, log_snr)
        case "snr":
            return log_snr
        case "min-snr":
            return log_snr.clamp(max=math.log(gamma))
        case "edm":
            return F.softplus(log_snr)


def loss_weight(weight: Weight, target: Target, log_snr: Tensor, gamma: float) -> Tensor:
    """Weight of the squared error of the predicted quantity, `(n,)`; finite at both ends."""
    ratio = x0_log_weight(weight, target, log_snr, gamma) - log_error_ratio(target, log_snr)
    return ratio.exp()


def by_level(losses: Tensor, parts: int = 4) -> list[Tensor]:
    """Means of equal parts of losses `(n,)` sorted by noise; with fewer losses than parts, some repeat."""
    n = len(losses)
    if n % parts == 0:
        return list(losses.reshape(parts, -1).mean(1).unbind())
    edges = [k * n // parts for k in range(parts + 1)]
    return [losses[low : max(high, low + 1)].mean() for low, high in itertools.pairwise(edges)]

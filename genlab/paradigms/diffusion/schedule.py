"""Noise schedules, the levels at which they train, and what is predicted, in the coordinates of
`genlab.core.time.denoising`."""

from __future__ import annotations

import math
from typing import Literal

import torch
from torch import Tensor

from genlab.core.time.denoising import Quantile, Target
from genlab.sampling.path import Cosine, Linear, Path, VarianceExploding

Schedule = Literal["linear", "cosine", "edm"]

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


def coefficients(log_snr: Tensor, like: Tensor) -> tuple[Tensor, Tensor]:
    """a and b of these coordinates, from `(n,)`, shaped to multiply `like`, `(n, *event)`."""
    over = log_snr.reshape(-1, *(1,) * (like.ndim - 1))
    return over.sigmoid().sqrt(), (-over).sigmoid().sqrt()


def regression_target(target: Target, x0: Tensor, noise: Tensor, a: Tensor, b: Tensor) -> Tensor:
    """What the network should predict, shape `(n, *event)`: the noise, x0, or `v = a noise - b x0`."""
    if target == "v":
        return a * noise - b * x0
    return noise if target == "noise" else x0

"""Paths that are tables of variances, as DDPM and its descendants define them."""

from __future__ import annotations

import math

import numpy as np
import torch
from torch import Tensor

from genlab.sampling.path import Path
from genlab.sampling.spacing import End, Spacing, times


class Table(Path):
    """The discrete path of DDPM: `alpha(t)^2 = prod_{s <= t} (1 - betas[s])` at the integers from 0 to N - 1.

    Between two integers the log signal-to-noise ratio is interpolated linearly. Time -1 is the clean data.

    Args:
        betas: variances of the single steps, shape `(N,)`, N at least 2, each in (0, 1).

    Source: Ho et al. (2020), Denoising Diffusion Probabilistic Models, eq. 4.
    """

    t_clean = -1.0

    def __init__(self, betas: Tensor) -> None:
        if betas.ndim != 1 or len(betas) < 2 or not bool(((betas > 0) & (betas < 1)).all()):
            raise ValueError("betas must be a list of at least two numbers between 0 and 1")
        log_alpha_bar = torch.log1p(-betas.detach().cpu().double()).cumsum(0)
        self._table = log_alpha_bar - torch.log(-torch.expm1(log_alpha_bar))
        self._copies: dict[tuple[torch.device, torch.dtype], Tensor] = {}
        self.t_min, self.t_max = 0.0, float(len(betas) - 1)

    def __len__(self) -> int:
        return len(self._table)

    def _like(self, t: Tensor) -> Tensor:
        """The table where `t` is: kept, because each copy makes an accelerator wait."""
        key = (t.device, t.dtype)
        if key not in self._copies:
            self._copies[key] = self._table.to(t)
        return self._copies[key]

    def _segment(self, t: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        table = self._like(t)
        left = t.floor().clamp(0, len(table) - 2)
        index = left.long()
        return table[index], table[index + 1] - table[index], t - left

    def alpha(self, t: Tensor) -> Tensor:
        return torch.sqrt(torch.sigmoid(self.log_snr(t)))

    def sigma(self, t: Tensor) -> Tensor:
        return torch.sqrt(torch.sigmoid(-self.log_snr(t)))

    def dalpha(self, t: Tensor) -> Tensor:
        return 0.5 * self._segment(t)[1] * self.alpha(t) * self.sigma(t).square()

    def dsigma(self, t: Tensor) -> Tensor:
        return -0.5 * self._segment(t)[1] * self.sigma(t) * self.alpha(t).square()

    def log_snr(self, t: Tensor) -> Tensor:
        start, slope, part = self._segment(t)
        return torch.where(t < 0, torch.full_like(t, math.inf), start + slope * part)

    def time_of_log_snr(self, log_snr: Tensor) -> Tensor:
        table = self._like(log_snr)
        right = torch.searchsorted(-table, -log_snr.contiguous()).clamp(1, len(table) - 1)
        left = right - 1
        part = (table[left] - log_snr) / (table[left] - table[right])
        return torch.where(torch.isposinf(log_snr), torch.full_like(log_snr, -1.0), left + part.to(log_snr))


def linear_betas(steps: int) -> Tensor:
    """DDPM's variances for `steps` steps: 1e-4 to 0.02 over 1000, scaled by `1000 / steps` otherwise.

    Raises:
        ValueError: with fewer than 21 steps, where a variance would reach 1.

    Source: Ho et al. (2020), section 4; the scaling as in Nichol and Dhariwal (2021).
    """
    if steps < 21:
        raise ValueError(f"a linear noise table needs at least 21 steps, not {steps}")
    return torch.linspace(1e-4, 0.02, steps, dtype=torch.float64) * (1000 / steps)


def cosine_betas(steps: int, s: float = 0.008) -> Tensor:
    """The cosine schedule in `steps` steps, each variance at most 0.999.

    Source: Nichol and Dhariwal (2021), eq. 17.
    """
    time = torch.arange(steps + 1, dtype=torch.float64) / steps
    alpha_bar = torch.cos((time + s) / (1 + s) * (0.5 * math.pi)).square()
    return (1 - alpha_bar[1:] / alpha_bar[:-1]).clamp(max=0.999)


def table_times(path: Table, steps: int, spacing: Spacing = "karras", end: End = "clean") -> Tensor:
    """As `times`, but rounded to integers, except for Karras' spacing.

    Raises:
        ValueError: where the table has too few noise levels for so many steps.
    """
    if spacing == "karras":
        return times(path, steps, spacing, end)
    n = steps if end == "clean" else steps + 1
    levels = len(path)
    match spacing:
        case "linear":
            spaced = np.linspace(0, levels - 1, n).round()[::-1] if n > 1 else np.array([levels - 1.0])
        case "leading":
            spaced = (np.arange(n, dtype=np.float64) * (levels // n))[::-1]
        case "trailing":
            upper = (levels - np.arange(steps) * (levels / steps)).round() - 1
            spaced = np.append(upper, 0.0) if n > steps else upper
    grid = torch.as_tensor(spaced.copy(), dtype=torch.float64)
    if end == "clean":
        grid = torch.cat([grid, grid.new_tensor([path.t_clean])])
    if not bool((grid.diff() < 0).all()):
        raise ValueError(f"the noise table has too few levels for {steps} steps with {spacing} spacing")
    return grid

"""Where the steps of a sampler lie in time."""

from __future__ import annotations

from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from genlab.sampling.path import Path

Spacing = Literal["linear", "leading", "trailing", "karras"]
End = Literal["clean", "t_min"]

RHO = 7.0


def times(path: Path, steps: int, spacing: Spacing = "karras", end: End = "clean") -> Tensor:
    """The times between which a sampler steps, falling from noise to data.

    `linear` divides the range from `t_max` to `t_min` evenly. `leading` and `trailing` cut it into `steps`
    equal parts and take the lower or the upper end of each: leading never starts from pure noise. `karras`
    spaces `(sigma / alpha)^(1/7)` evenly.

    Args:
        steps: number of steps, 1 to 1000.
        end: `clean` has the last step go from the last spaced time to the noiseless point (`path.t_clean`);
            `t_min` stops at `path.t_min`, with one spaced time more.

    Returns:
        Strictly falling times on the CPU, float64, shape `(steps + 1,)`.

    Raises:
        ValueError: where `steps` is out of range.

    Sources: Lin et al. (2023), Common Diffusion Noise Schedules and Sample Steps Are Flawed, table 2;
    Karras et al. (2022), eq. 5.
    """
    if not 1 <= steps <= 1000:
        raise ValueError(f"between 1 and 1000 steps are possible, not {steps}")
    n = steps if end == "clean" else steps + 1
    if spacing == "karras":
        spaced = _karras(path, n)
    else:
        spaced = _continuous(path, steps, n, spacing)
    grid = torch.as_tensor(spaced.copy(), dtype=torch.float64)
    if end == "clean":
        grid = torch.cat([grid, grid.new_tensor([path.t_clean])])
    return grid


def _continuous(path: Path, steps: int, n: int, spacing: Spacing) -> NDArray[np.floating]:
    if spacing == "linear":
        return np.linspace(path.t_max, path.t_min, n)
    span = path.t_max - path.t_min
    if spacing == "leading":
        return path.t_min + span * np.arange(n)[::-1] / n
    upper = path.t_max - span * np.arange(steps) / steps
    return np.append(upper, path.t_min) if n > steps else upper


def _karras(path: Path, n: int) -> NDArray[np.floating]:
    ends = torch.tensor([path.t_max, path.t_min], dtype=torch.float64)
    high, low = (path.noise_level(ends) ** (1 / RHO)).tolist()
    levels = torch.as_tensor(np.linspace(high, low, n) ** RHO, dtype=torch.float64)
    spaced: NDArray[np.floating] = path.time_of_noise_level(levels).numpy()
    spaced[0] = path.t_max
    if n > 1:
        spaced[-1] = path.t_min
    return spaced


def start(
    path: Path,
    times: Tensor,
    shape: tuple[int, ...],
    generator: torch.Generator,
    dtype: torch.dtype | None = None,
) -> Tensor:
    """Noise to start from, `N(0, (alpha^2 + sigma^2) I)` at `times[0]`, of the given shape `(n, *event)`.

    It lies on the generator's device.
    """
    noise = torch.randn(shape, generator=generator, device=generator.device, dtype=dtype)
    return noise * float(path.scale(times[0]))

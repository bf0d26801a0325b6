"""What panels are drawn from, whatever the paradigm: numbers as arrays, paths, and places in the plane."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from genlab.data.payloads import Array, Extent


def array(x: Tensor) -> Array:
    """A tensor as what is sent to be drawn, float32."""
    return x.detach().float().cpu().numpy()


def with_gaps(paths: Array) -> Array:
    """Paths (n, steps, 2) one after another, with a row of NaN after each, (n (steps + 1), 2)."""
    gap = np.full((len(paths), 1, 2), np.nan, np.float32)
    return np.concatenate([paths, gap], 1).reshape(-1, 2)


def plane(extent: Extent, resolution: int, device: torch.device) -> Tensor:
    """Cell centres (resolution^2, 2) over an extent, data units, rows from low y to high."""
    low_x, high_x, low_y, high_y = extent
    cells = (np.arange(resolution) + 0.5) / resolution
    columns, rows = np.meshgrid(low_x + (high_x - low_x) * cells, low_y + (high_y - low_y) * cells)
    points = np.stack([columns, rows], -1).reshape(-1, 2)
    return torch.as_tensor(points, dtype=torch.float32, device=device)

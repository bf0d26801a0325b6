"""The score on a grid, learned and true."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import torch
from torch import Tensor

from genlab.data.dataset import Truth
from genlab.data.payloads import Field
from genlab.models.base import Model
from genlab.sampling.condition import Condition
from genlab.sampling.denoiser import Denoiser
from genlab.sampling.ideal import IdealDenoiser

TRUTH_POINTS = 16_384
SLICE_ROWS = 64


def score_field(
    model: Model,
    denoiser: Denoiser,
    t: Tensor,
    label: Tensor | None,
    resolution: int,
    truth: Truth | None,
) -> Iterator[Field | None]:
    """The score at time t over the model's extent, in the coordinates of the frames that `sample` yields.

    Those are `x_t / sqrt(alpha^2 + sigma^2)` taken back to data units; vectors are gradients of the log
    density there, per data unit. The truth is the exact score at the least noise level, and above it that of
    the ideal denoiser of 16,384 draws. label: (1,), a class or -1; None where the data have none.
    """
    low_x, high_x, low_y, high_y = model.extent
    cells = (np.arange(resolution) + 0.5) / resolution
    columns, rows = np.meshgrid(low_x + (high_x - low_x) * cells, low_y + (high_y - low_y) * cells)
    points = np.stack([columns, rows], -1).reshape(-1, 2)
    path = denoiser.path
    scale = float(path.scale(t))
    x = scale * model.standardise(torch.as_tensor(points, dtype=torch.float32, device=model.device))
    condition = Condition(None if label is None else label.expand(len(x)))
    with torch.no_grad():
        learned = denoiser.predict(x, t, condition).score * scale / model.std
    yield None
    exact = None
    if truth is not None:
        given = None if label is None or int(label) < 0 else int(label)
        if float(t) <= path.t_min:
            exact = truth.score(points, given)
        else:
            draw = truth.draw(TRUTH_POINTS, np.random.default_rng(0), given)
            ideal = IdealDenoiser(model.standardise(torch.as_tensor(draw.x, device=model.device)), path)
            parts = []
            for first in range(0, len(x), SLICE_ROWS):
                parts.append(ideal.predict(x[first : first + SLICE_ROWS], t).score * scale / model.std)
                yield None
            exact = torch.cat(parts).cpu().numpy()
    shape = (resolution, resolution, 2)
    yield Field(
        vectors=learned.cpu().numpy().reshape(shape),
        truth=None if exact is None else exact.astype(np.float32).reshape(shape),
        extent=model.extent,
        time=float(path.noise_level(t)),
        title=f"Score at noise level {float(path.noise_level(t)):.3g}",
    )

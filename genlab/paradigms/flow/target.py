"""The exact truth as a target that gradients can follow: what training by reverse KL needs."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor

from genlab.data.dataset import Distribution
from genlab.data.truths.base import Truth

MARGIN = 0.5
"""Of the window's width, by which the check for edges goes beyond it."""
CHECKED = 64
"""Points per axis of that check."""


class _LogProb(torch.autograd.Function):
    """log p(x), with the exact score as its gradient."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, truth: Truth, label: int | None) -> Tensor:
        points = x.detach().double().cpu().numpy()
        ctx.save_for_backward(torch.as_tensor(truth.score(points, label), dtype=x.dtype, device=x.device))
        return torch.as_tensor(truth.log_prob(points, label), dtype=x.dtype, device=x.device)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None, None]:
        (score,) = ctx.saved_tensors
        return gradients[0][:, None] * score, None, None


def truth_log_prob(x: Tensor, truth: Truth, labels: Tensor | None = None) -> Tensor:
    """Log density (n,) of points x (n, d) under the truth, nats; its gradient is the exact score.

    labels: (n,), each point under the density of its class, or of all classes together where it is -1."""
    if labels is None:
        value: Tensor = _LogProb.apply(x, truth, None)  # type: ignore[no-untyped-call]
        return value
    values = x.new_zeros(len(x))
    for label in sorted(set(labels.tolist())):
        rows = (labels == label).nonzero()[:, 0]
        part = _LogProb.apply(x[rows], truth, None if label < 0 else label)  # type: ignore[no-untyped-call]
        values = values.index_put((rows,), part)
    return values


def check_target(truth: Distribution | None, name: str) -> Truth:
    """The truth, where reverse KL can follow it.

    Raises ValueError, a sentence, where it is not known or vanishes somewhere: samples there would have an
    infinite loss and no gradient to lead them out."""
    if not isinstance(truth, Truth):
        raise ValueError(
            "reverse KL needs the exact density of the data, which is not known here: minimise forward KL"
        )
    low = np.array(truth.extent[0::2][: truth.dim])
    high = np.array(truth.extent[1::2][: truth.dim])
    reach = MARGIN * (high - low)
    axes = [np.linspace(a, b, CHECKED) for a, b in zip(low - reach, high + reach, strict=True)]
    points = np.stack([axis.ravel() for axis in np.meshgrid(*axes)], axis=1)
    if not np.isfinite(truth.log_prob(points)).all():
        raise ValueError(
            f"reverse KL needs a density that is positive everywhere, and that of '{name}' vanishes beyond "
            "its edges: minimise forward KL"
        )
    return truth

"""Denoisers in closed form: what a perfectly trained network would predict."""

from __future__ import annotations

import torch
from torch import Tensor

from genlab.sampling.condition import Conditions
from genlab.sampling.denoiser import Prediction
from genlab.sampling.path import Path

_CHUNK = 1 << 22


class IdealDenoiser:
    """The minimiser of every denoising objective over a finite data set: the posterior mean of its points.

    `E[x0 | x_t] = sum_i w_i x_i`, with `w = softmax(-|x_t - alpha x_i|^2 / (2 sigma^2))`. With a label,
    over the points of that class only.

    Args:
        data: the points, shape `(m, *event)`.
        path: the noise path.
        labels: their classes, shape `(m,)`, int64.

    Source: Karras et al. (2022), eq. 57 and appendix B.3.
    """

    def __init__(self, data: Tensor, path: Path, labels: Tensor | None = None) -> None:
        self.path = path
        self._data = data.flatten(1)
        self._labels = labels

    def predict(self, x: Tensor, t: Tensor, condition: Conditions | None = None) -> Prediction:
        y, level = _in_data_units(self.path, x, t)
        wanted = None if condition is None or self._labels is None else condition.label
        rows = max(1, _CHUNK // len(self._data))
        parts = []
        for i in range(0, len(y), rows):
            part = slice(i, i + rows)
            distance = torch.cdist(y[part], self._data, compute_mode="donot_use_mm_for_euclid_dist")
            logits = -0.5 * (distance / (level if level.ndim == 0 else level[part])).square()
            if wanted is not None and self._labels is not None:
                label = wanted[part, None]
                logits = logits.masked_fill((label >= 0) & (label != self._labels), -torch.inf)
            parts.append(logits.softmax(1) @ self._data)
        return Prediction(self.path, t, x, "x0", torch.cat(parts).reshape(x.shape))


class GaussianMixtureDenoiser:
    """The exact denoiser of a mixture of round Gaussians; its classes are its components.

    Args:
        means: centres, shape `(k, *event)`.
        std: standard deviation of every component, a number or shape `(k,)`.
        path: the noise path.
        weights: shares of the components, shape `(k,)`; equal by default.
    """

    def __init__(self, means: Tensor, std: float | Tensor, path: Path, weights: Tensor | None = None) -> None:
        self.path = path
        self._means = means.flatten(1)
        self._variance = torch.as_tensor(std).to(means).expand(len(means)).square()
        share = torch.ones_like(self._variance) if weights is None else weights.to(means)
        self._log_share = (share / share.sum()).log()

    def predict(self, x: Tensor, t: Tensor, condition: Conditions | None = None) -> Prediction:
        y, level = _in_data_units(self.path, x, t)
        logits, total = self._components(y, level, condition)
        away = y[:, None] - self._means
        mean = self._means + (self._variance / total)[..., None] * away
        x0 = (logits.softmax(1)[..., None] * mean).sum(1)
        return Prediction(self.path, t, x, "x0", x0.reshape(x.shape))

    def log_prob(self, x: Tensor, level: float = 0.0, condition: Conditions | None = None) -> Tensor:
        """Log density, in nats, of the data plus noise of standard deviation `level`, shape `(n,)`."""
        logits, _ = self._components(x.flatten(1), torch.tensor(level).to(x), condition)
        return logits.logsumexp(1)

    def _components(self, y: Tensor, level: Tensor, condition: Conditions | None) -> tuple[Tensor, Tensor]:
        """Log of share times density, `(n, k)`, and variance with noise, `(n or 1, k)`, of each component."""
        total = (self._variance + level.square()).reshape(-1, len(self._means))
        square = (y[:, None] - self._means).square().sum(2)
        log_density = -0.5 * (square / total + y.shape[1] * torch.log(2 * torch.pi * total))
        logits = self._log_share + log_density
        if condition is not None and condition.label is not None:
            label = condition.label[:, None]
            component = torch.arange(len(self._means), device=label.device)
            logits = torch.where(label < 0, logits, log_density)
            logits = logits.masked_fill((label >= 0) & (label != component), -torch.inf)
        return logits, total


def _in_data_units(path: Path, x: Tensor, t: Tensor) -> tuple[Tensor, Tensor]:
    """`x / alpha`, flattened to `(n, d)`, and `sigma / alpha` as `()` or `(n, 1)`."""
    alpha, level = path.alpha(t), path.noise_level(t)
    if t.ndim:
        alpha, level = alpha[:, None], level[:, None]
    return x.flatten(1) / alpha, level

"""What latents are drawn from: mixtures of Gaussians whose weights, or parts, belong to classes."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass

import torch
from torch import Tensor, nn

LEAST_LOG_SCALE = -6.0


class Prior(nn.Module, ABC):
    """p(z | class), a mixture of K diagonal Gaussians.

    Rows of what belongs to classes: 0 is unconditional, 1 + c is class c. Guidance w moves the whole
    distribution of a class by (w - 1)(m_c - m_0), the way between the means of its prior and the
    unconditional one: 1 leaves it. A label of -1 is none.

    Args:
        class_prior: (k,) probabilities of the classes, over which an unknown class is summed; (1,) where no
            classes are known.
    """

    class_prior: Tensor

    def __init__(self, class_prior: Tensor) -> None:
        super().__init__()
        self.register_buffer("class_prior", class_prior.clone(), persistent=False)

    @abstractmethod
    def parts(self) -> tuple[Tensor, Tensor]:
        """Means and log scales, (K, d) each."""

    @abstractmethod
    def log_weights(self) -> Tensor:
        """Log probabilities of the parts, (rows, K)."""

    def means(self) -> Tensor:
        """Mean of each row, (rows, d)."""
        return self.log_weights().exp() @ self.parts()[0]

    def shifts(self, guidance: float) -> Tensor:
        """By how much guidance moves each row, (rows, d)."""
        means = self.means()
        return (guidance - 1) * (means - means[:1])

    def log_prob(self, z: Tensor, labels: Tensor | None, guidance: float = 1.0) -> Tensor:
        """Log density of z (..., n, d) given classes (n,), or the unconditional one; (..., n)."""
        rows = _rows(labels, z)
        if guidance != 1:
            z = z - self.shifts(guidance)[rows]
        return (self._of_parts(z) + self.log_weights()[rows]).logsumexp(-1)

    def log_prob_any(self, z: Tensor, guidance: float = 1.0) -> Tensor:
        """Log density of z (..., n, d) summed over the classes by their probabilities, (..., n)."""
        known = self.class_prior.log()
        if guidance == 1:
            weights = (known[:, None] + self.log_weights()[1:]).logsumexp(0)
            return (self._of_parts(z) + weights).logsumexp(-1)
        shifts, weights = self.shifts(guidance)[1:], self.log_weights()[1:]
        each = [
            (self._of_parts(z - shift) + row).logsumexp(-1)
            for shift, row in zip(shifts, weights, strict=True)
        ]
        return (torch.stack(each, -1) + known).logsumexp(-1)

    def log_prob_each(self, z: Tensor, labels: Tensor | None) -> Tensor:
        """Log density of each latent's marginal at z (..., n, d), (..., n, d)."""
        means, log_scales = self.parts()
        gap = (z[..., None, :] - means) * (-log_scales).exp()
        parts = -0.5 * gap.square() - log_scales - 0.5 * math.log(2 * math.pi)
        return (parts + self.log_weights()[_rows(labels, z)][..., None]).logsumexp(-2)

    def draw(self, labels: Tensor | None, n: int, rng: torch.Generator, guidance: float = 1.0) -> Tensor:
        """n latents, (n, d), given classes (n,) or the unconditional ones."""
        means, log_scales = self.parts()
        rows = _rows(labels, means.new_empty(n, 1))
        part = torch.multinomial(self.log_weights().exp()[rows], 1, generator=rng)[:, 0]
        noise = torch.randn((n, means.shape[1]), generator=rng, device=means.device)
        return means[part] + log_scales[part].exp() * noise + self.shifts(guidance)[rows]

    def _of_parts(self, z: Tensor) -> Tensor:
        means, log_scales = self.parts()
        gap = (z[..., None, :] - means) * (-log_scales).exp()
        return -0.5 * gap.square().sum(-1) - (log_scales + 0.5 * math.log(2 * math.pi)).sum(-1)


@dataclass(frozen=True)
class GivenPrior:
    """The prior of n latents under a condition.

    labels: (n,) of their classes, -1 for none; None where the prior knows no classes. guidance: as of
    `Prior`. summed: their density is summed over the classes, by their probabilities.
    """

    prior: Prior
    labels: Tensor | None = None
    guidance: float = 1.0
    summed: bool = False

    def take(self, rows: slice) -> GivenPrior:
        """The prior of some of the latents."""
        labels = None if self.labels is None else self.labels[rows]
        return GivenPrior(self.prior, labels, self.guidance, self.summed)

    def draw(self, n: int, rng: torch.Generator) -> Tensor:
        """All n latents, (n, d)."""
        return self.prior.draw(self.labels, n, rng, self.guidance)

    def log_prob(self, z: Tensor) -> Tensor:
        """Log density of z (..., n, d), (..., n)."""
        if self.summed:
            return self.prior.log_prob_any(z, self.guidance)
        return self.prior.log_prob(z, self.labels, self.guidance)


class NormalPrior(Prior):
    """N(0, I), and for each class a Gaussian with learned mean and scales.

    Args:
        latent: dimensions, d.
        class_prior: as of `Prior`.
        classes: number of classes with a Gaussian of their own.
    """

    def __init__(self, latent: int, class_prior: Tensor, classes: int) -> None:
        super().__init__(class_prior)
        self.latent = latent
        self.centres = nn.Parameter(torch.randn(classes, latent)) if classes else None
        self.spreads = nn.Parameter(torch.zeros(classes, latent)) if classes else None

    def parts(self) -> tuple[Tensor, Tensor]:
        zero = self.class_prior.new_zeros(1, self.latent)
        if self.centres is None or self.spreads is None:
            return zero, zero
        return torch.cat([zero, self.centres]), torch.cat([zero, self.spreads.clamp(min=LEAST_LOG_SCALE)])

    def log_weights(self) -> Tensor:
        rows = 1 if self.centres is None else 1 + len(self.centres)
        return torch.eye(rows, device=self.class_prior.device).log()

    def of_labels(self, labels: Tensor | None, n: int) -> tuple[Tensor, Tensor]:
        """Mean and log scale of the Gaussian of each label, (n, d)."""
        means, log_scales = self.parts()
        rows = _rows(labels, means.new_empty(n, 1))
        return means[rows], log_scales[rows]


class MixturePrior(Prior):
    """Gaussians with learned means and scales, shared by all classes, each of which has learned weights.

    Args:
        latent: dimensions, d.
        class_prior: as of `Prior`.
        classes: number of classes with weights of their own.
        components: Gaussians, K.

    Source: the learned mixture to which Tomczak & Welling (2018), VAE with a VampPrior, compare, section 3.
    """

    def __init__(self, latent: int, class_prior: Tensor, classes: int, components: int) -> None:
        super().__init__(class_prior)
        self.centres = nn.Parameter(torch.randn(components, latent))
        self.spreads = nn.Parameter(torch.full((components, latent), -0.5))
        self.logits = nn.Parameter(0.1 * torch.randn(1 + classes, components))

    def parts(self) -> tuple[Tensor, Tensor]:
        return self.centres, self.spreads.clamp(min=LEAST_LOG_SCALE)

    def log_weights(self) -> Tensor:
        return self.logits.log_softmax(1)

    def begin_at(self, codes: Tensor, rng: torch.Generator) -> None:
        """Put the parts onto codes (n, d) drawn at random, each with half the spread of all codes."""
        pick = torch.randint(len(codes), (len(self.centres),), generator=rng, device=codes.device)
        with torch.no_grad():
            self.centres.copy_(codes[pick])
            self.spreads.copy_((0.5 * codes.std(0) + 1e-3).log().expand_as(self.spreads))


def _rows(labels: Tensor | None, like: Tensor) -> Tensor:
    """Rows (n,) of labels (n,), for z of shape (..., n, d)."""
    if labels is None:
        return torch.zeros(like.shape[-2], dtype=torch.long, device=like.device)
    return labels + 1

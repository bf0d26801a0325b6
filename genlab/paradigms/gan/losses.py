"""What each player of a GAN minimises, and what both read where the game is settled.

Scores are raw outputs of the discriminator, shape (n,); `sigmoid(score)` is the probability of 'real' where
a loss has one.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

Critic = Callable[[Tensor, Tensor, float], Tensor]
Generator = Callable[[Tensor, Tensor], Tensor]


@dataclass(frozen=True)
class Adversarial:
    """One game.

    critic: (real scores, fake scores, label smoothing) -> scalar. generator: (real scores, fake scores) ->
    scalar. equilibrium: label smoothing -> what critic and generator read where fakes are distributed as the
    data and the critic is at its best; None where any value is as good. log_ratio: a score -> log p / q of
    the best critic, up to a constant, or None where scores do not tell it. differences: only differences of
    scores count. needs_real: the generator's loss looks at real data too.
    """

    critic: Critic
    generator: Generator
    equilibrium: Callable[[float], tuple[float | None, float | None]]
    log_ratio: Callable[[Tensor], Tensor] | None
    differences: bool = False
    needs_real: bool = False


def cross_entropy(real: Tensor, fake: Tensor, smoothing: float) -> Tensor:
    """-E log D(real) - E log(1 - D(fake)), the target of real data being 1 - smoothing.

    Sources: Goodfellow et al. (2014), eq. 1; Salimans et al. (2016), one-sided label smoothing."""
    return (F.softplus(-real) + smoothing * real).mean() + F.softplus(fake).mean()


def least_squares(real: Tensor, fake: Tensor, smoothing: float) -> Tensor:
    """Half the squared distance of scores to 1 - smoothing and 0. Source: Mao et al. (2017), eq. 9."""
    return 0.5 * (real - 1 + smoothing).square().mean() + 0.5 * fake.square().mean()


def difference(real: Tensor, fake: Tensor, smoothing: float) -> Tensor:
    """E score(fake) - E score(real). Source: Arjovsky et al. (2017), algorithm 1."""
    return fake.mean() - real.mean()


def hinge(real: Tensor, fake: Tensor, smoothing: float) -> Tensor:
    """E max(0, 1 - score(real)) + E max(0, 1 + score(fake)). Source: Lim & Ye (2017)."""
    return F.relu(1 - real).mean() + F.relu(1 + fake).mean()


def relativistic(real: Tensor, fake: Tensor, smoothing: float) -> Tensor:
    """-E log sigmoid(score(real) - score(fake)) over pairs. Source: Jolicoeur-Martineau (2018), eq. 5."""
    return F.softplus(fake - real).mean()


def relativistic_average(real: Tensor, fake: Tensor, smoothing: float) -> Tensor:
    """Each score against the mean of the other side. Source: Jolicoeur-Martineau (2018), section 4.3."""
    return F.softplus(fake.mean() - real).mean() + F.softplus(fake - real.mean()).mean()


def _entropy(smoothing: float) -> tuple[float, float, float]:
    """The best probability of 'real' where p = q, and -log of it and of its complement."""
    d = (1 - smoothing) / 2
    return d, -math.log(d), -math.log(1 - d)


def _minimax_equilibrium(smoothing: float) -> tuple[float, float]:
    d, real, fake = _entropy(smoothing)
    return 2 * (d * real + (1 - d) * fake), -fake


def _non_saturating_equilibrium(smoothing: float) -> tuple[float, float]:
    d, real, fake = _entropy(smoothing)
    return 2 * (d * real + (1 - d) * fake), real


def _least_squares_equilibrium(smoothing: float) -> tuple[float, float]:
    d = (1 - smoothing) / 2
    return d**2, 0.5 * (1 - d) ** 2


LOSSES: dict[str, Adversarial] = {
    "minimax": Adversarial(
        cross_entropy, lambda real, fake: -F.softplus(fake).mean(), _minimax_equilibrium, lambda score: score
    ),
    "non-saturating": Adversarial(
        cross_entropy, lambda real, fake: F.softplus(-fake).mean(), _non_saturating_equilibrium,
        lambda score: score,
    ),
    "least-squares": Adversarial(
        least_squares, lambda real, fake: 0.5 * (fake - 1).square().mean(), _least_squares_equilibrium,
        lambda score: torch.logit(score, eps=1e-4),
    ),
    "wasserstein": Adversarial(
        difference, lambda real, fake: -fake.mean(), lambda smoothing: (0.0, None), None, differences=True
    ),
    "wgan-gp": Adversarial(
        difference, lambda real, fake: -fake.mean(), lambda smoothing: (0.0, None), None, differences=True
    ),
    "hinge": Adversarial(hinge, lambda real, fake: -fake.mean(), lambda smoothing: (2.0, None), None),
    "relativistic": Adversarial(
        relativistic, lambda real, fake: relativistic(fake, real, 0.0),
        lambda smoothing: (math.log(2), math.log(2)), lambda score: score, differences=True, needs_real=True,
    ),
    "relativistic-average": Adversarial(
        relativistic_average, lambda real, fake: relativistic_average(fake, real, 0.0),
        lambda smoothing: (2 * math.log(2), 2 * math.log(2)), None, differences=True, needs_real=True,
    ),
}  # fmt: skip

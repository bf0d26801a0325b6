"""How an output of the decoder scores a datum, and what it draws. All in data units.

An output is `(n, *event, outputs)`: so many parameters for each dimension of a datum.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from genlab.settings.spaces import Images, Space

LEAST_SCALE = 1e-3
"""Of a learned Gaussian, relative to the data's: below it a density could grow without bound."""

FIRST_LOG_SCALE = -1.5
MOST_OUTCOMES = 2**18
"""Most values times levels of one image under a categorical likelihood."""


class Likelihood(nn.Module, ABC):
    """p(x | output). outputs: parameters for each dimension. discrete: of whole levels, else a density."""

    outputs = 1
    discrete = False

    @abstractmethod
    def log_prob(self, output: Tensor, x: Tensor) -> Tensor:
        """Nats, summed over dimensions, (n,); x: (n, *event), data units."""

    @abstractmethod
    def mean(self, output: Tensor) -> Tensor:
        """The expected datum, (n, *event)."""

    @abstractmethod
    def draw(self, output: Tensor, rng: torch.Generator) -> Tensor:
        """One datum for each output, (n, *event)."""


class Gaussian(Likelihood):
    """A Gaussian around the output, with one scale per dimension that is the same for all latents.

    Args:
        mean: of the data, broadcastable to `event`: an output of 0 stands for it.
        std: of the data, likewise: outputs and scales count in it.
        event: shape of one datum.
        learned: whether the scale is learned; else it is 1.

    Learned scales keep outputs from being sharper than they are right: Rybkin et al. (2021), Simple and
    Effective VAE Training with Calibrated Decoders.
    """

    centre: Tensor
    unit: Tensor

    def __init__(self, mean: Tensor, std: Tensor, event: tuple[int, ...], learned: bool = True) -> None:
        super().__init__()
        self.register_buffer("centre", mean.clone(), persistent=False)
        self.register_buffer("unit", std.clone(), persistent=False)
        # Small, lest noise explain the data before the codes have begun to.
        self.log_scale = nn.Parameter(torch.full(event, FIRST_LOG_SCALE)) if learned else None

    @property
    def scale(self) -> Tensor:
        """Standard deviations in data units, broadcastable to `event`."""
        if self.log_scale is None:
            return self.unit
        return self.unit * (LEAST_SCALE + self.log_scale.exp())

    def log_prob(self, output: Tensor, x: Tensor) -> Tensor:
        scale = self.scale
        gap = (x - self.mean(output)) / scale
        log_prob = -0.5 * gap.square() - scale.log() - 0.5 * math.log(2 * math.pi)
        return log_prob.flatten(1).sum(1)

    def mean(self, output: Tensor) -> Tensor:
        return self.centre + self.unit * output[..., 0]

    def draw(self, output: Tensor, rng: torch.Generator) -> Tensor:
        mean = self.mean(output)
        return mean + self.scale * torch.randn(mean.shape, generator=rng, device=mean.device)


class Categorical(Likelihood):
    """A probability for each level of each pixel: the output holds their logits, (n, *event, levels)."""

    discrete = True

    def __init__(self, levels: int) -> None:
        super().__init__()
        self.outputs = levels

    def log_prob(self, output: Tensor, x: Tensor) -> Tensor:
        chosen = output.log_softmax(-1).gather(-1, x.long()[..., None])
        return chosen.flatten(1).sum(1)

    def mean(self, output: Tensor) -> Tensor:
        levels = torch.arange(self.outputs, dtype=output.dtype, device=output.device)
        return output.softmax(-1) @ levels

    def draw(self, output: Tensor, rng: torch.Generator) -> Tensor:
        level = torch.multinomial(output.softmax(-1).flatten(0, -2), 1, generator=rng)
        return level.reshape(output.shape[:-1]).to(output.dtype)


class Bernoulli(Likelihood):
    """Black or white for each pixel: the output is the logit of white.

    Grey levels enter as shares of white, x / (levels - 1). Of those it is a cross-entropy, no log
    probability: normalised over black and white alone."""

    discrete = True

    def __init__(self, levels: int) -> None:
        super().__init__()
        self.white = levels - 1

    def log_prob(self, output: Tensor, x: Tensor) -> Tensor:
        entropy = F.binary_cross_entropy_with_logits(output[..., 0], x / self.white, reduction="none")
        return -entropy.flatten(1).sum(1)

    def mean(self, output: Tensor) -> Tensor:
        return self.white * output[..., 0].sigmoid()

    def draw(self, output: Tensor, rng: torch.Generator) -> Tensor:
        return self.white * torch.bernoulli(output[..., 0].sigmoid(), generator=rng)


def build_likelihood(kind: str, space: Space, mean: Tensor, std: Tensor, learned: bool) -> Likelihood:
    """The likelihood of a name: 'gaussian', 'categorical' or 'bernoulli'. mean, std, learned: of `Gaussian`.

    Raises ValueError for levels where there are none, or more than can be told apart."""
    if kind == "gaussian":
        return Gaussian(mean, std, space.event, learned)
    if not isinstance(space, Images):
        raise ValueError(f"a {kind} likelihood needs images; points take objective.likelihood gaussian")
    if kind == "bernoulli":
        return Bernoulli(space.levels)
    if math.prod(space.event) * space.levels > MOST_OUTCOMES:
        raise ValueError(
            f"{space.levels} levels of {math.prod(space.event):,} values are too many outcomes: take the "
            "Gaussian likelihood"
        )
    return Categorical(space.levels)

"""Generators and discriminators of points, and what those of images share with them."""

from __future__ import annotations

from math import prod
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from genlab.nets.spectral import linear

SLOPE = 0.2
SPREAD_MEMORY = 0.01


class Latent(NamedTuple):
    """What a generator starts from. z: (n, d), normal. category: (n,) long, uniform; None without any."""

    z: Tensor
    category: Tensor | None

    def take(self, rows: slice) -> Latent:
        """Some of them."""
        return Latent(self.z[rows], None if self.category is None else self.category[rows])


class LatentInput(nn.Module):
    """The first layer of a generator: latent, category and label added up, shape `(n, width)`."""

    def __init__(self, latent: int, categories: int, labels: int, width: int) -> None:
        super().__init__()
        self.first = nn.Linear(latent, width)
        self.category = nn.Embedding(categories, width) if categories else None
        self.label = nn.Embedding(labels, width) if labels else None

    def forward(self, latent: Latent, label: Tensor | None) -> Tensor:
        """Activations before the first nonlinearity. label: (n,), or None where there are none."""
        h: Tensor = self.first(latent.z)
        if self.category is not None:
            h = h + self.category(latent.category)
        if self.label is not None:
            h = h + self.label(label)
        return h


class PointGenerator(nn.Module):
    """A multilayer perceptron from latents to standardised data.

    Args:
        event: shape of one datum.
        latent: length of the normal latent.
        categories: number of values of the discrete latent; 0 for none.
        labels: number of classes; 0 for none.
        width: units per hidden layer.
        depth: hidden layers.
    """

    def __init__(
        self, event: tuple[int, ...], latent: int, categories: int, labels: int, width: int, depth: int
    ) -> None:
        super().__init__()
        self.event = event
        self.input = LatentInput(latent, categories, labels, width)
        self.hidden = nn.ModuleList(nn.Linear(width, width) for _ in range(depth - 1))
        self.last = nn.Linear(width, prod(event))

    def forward(self, latent: Latent, label: Tensor | None = None) -> Tensor:
        """Standardised data, shape `(n, *event)`."""
        h = F.leaky_relu(self.input(latent, label), SLOPE)
        for layer in self.hidden:
            h = F.leaky_relu(layer(h), SLOPE)
        x: Tensor = self.last(h)
        return x.reshape(-1, *self.event)


class Judgement(nn.Module):
    """The last layer of a discriminator: one score from features, labels and the spread of the batch.

    `psi(h) + <embedding(label), h>` is the projection discriminator; a pack of m points has an embedding for
    each place. The spread is the mean over features of their standard deviation over the batch; outside
    training, where batches are of any kind, its running mean stands in.

    Args:
        width: number of features.
        labels: number of classes; 0 for none.
        pack: points judged together, m.
        spread: whether the spread of the batch counts.
        spectral: whether weights are divided by their largest singular value.
        bias: whether a constant is added; a loss of differences of scores leaves it idle.

    Sources: Miyato & Koyama (2018), cGANs with Projection Discriminator; Lin et al. (2018), PacGAN; Karras et
    al. (2018), Progressive Growing of GANs, section 3.
    """

    running: Tensor

    def __init__(self, width: int, labels: int, pack: int, spread: bool, spectral: bool, bias: bool) -> None:
        super().__init__()
        self.labels, self.spread = labels, spread
        self.last = linear(width + spread, 1, spectral, bias)
        self.label = nn.Embedding(labels * pack, width) if labels else None
        if self.label is not None:
            nn.init.normal_(self.label.weight, std=width**-0.5)
        self.register_buffer("running", torch.zeros(()))

    def forward(self, h: Tensor, labels: Tensor | None) -> Tensor:
        """Scores, shape `(n,)`, of features `(n, width)`. labels: (n, m), or None."""
        features = h
        if self.spread:
            features = torch.cat([h, self._spread(h).expand(len(h), 1)], 1)
        score: Tensor = self.last(features).squeeze(1)
        if self.label is not None and labels is not None:
            place = self.labels * torch.arange(labels.shape[1], device=labels.device)
            score = score + (self.label(labels + place).sum(1) * h).sum(1)
        return score

    def _spread(self, h: Tensor) -> Tensor:
        if not self.training:
            return self.running
        spread = (h.var(0, correction=0) + 1e-8).sqrt().mean()
        self.running.lerp_(spread.detach(), SPREAD_MEMORY)
        return spread


class PointCritic(nn.Module):
    """A multilayer perceptron from packs of standardised points to one score each.

    Sines and cosines of each coordinate at octaves 1, 2, 4, ... let it see structure far finer than the data
    as a whole.

    Args:
        event: shape of one datum.
        width: units per hidden layer.
        depth: hidden layers.
        octaves: octaves of sine and cosine features of the position; 0 leaves it as it is.
        judgement: the last layer. pack: points judged together.
        spectral: whether weights are divided by their largest singular value.

    Source of the features: Tancik et al. (2020), Fourier Features.
    """

    waves: Tensor

    def __init__(
        self,
        event: tuple[int, ...],
        width: int,
        depth: int,
        octaves: int,
        judgement: Judgement,
        pack: int,
        spectral: bool,
    ) -> None:
        super().__init__()
        dim = prod(event)
        self.register_buffer("waves", 2.0 ** torch.arange(octaves), persistent=False)
        self.first = linear(pack * dim * (1 + 2 * octaves), width, spectral)
        self.hidden = nn.ModuleList(linear(width, width, spectral) for _ in range(depth - 1))
        self.judgement = judgement

    def forward(self, x: Tensor, labels: Tensor | None = None) -> Tensor:
        """Scores, shape `(n,)`, of packs of shape `(n, m, *event)`; labels: (n, m), or None."""
        y = x.flatten(1)
        if len(self.waves):
            angle = (y[:, :, None] * self.waves).flatten(1)
            y = torch.cat([y, angle.sin(), angle.cos()], 1)
        h = F.leaky_relu(self.first(y), SLOPE)
        for layer in self.hidden:
            h = F.leaky_relu(layer(h), SLOPE)
        score: Tensor = self.judgement(h, labels)
        return score


class DiracGenerator(nn.Module):
    """A generator that knows one point and nothing else: `g(z) = theta`.

    Source: Mescheder et al. (2018), Which Training Methods for GANs do actually Converge?, section 2.
    """

    def __init__(self, event: tuple[int, ...]) -> None:
        super().__init__()
        self.theta = nn.Parameter(torch.ones(event))

    def forward(self, latent: Latent, label: Tensor | None = None) -> Tensor:
        """The same point n times, shape `(n, *event)`."""
        return self.theta.expand(len(latent.z), *self.theta.shape)


class DiracCritic(nn.Module):
    """The discriminator of the Dirac-GAN, `D(x) = <psi, x>`, averaged over a pack."""

    def __init__(self, event: tuple[int, ...]) -> None:
        super().__init__()
        self.psi = nn.Parameter(torch.zeros(event))

    def forward(self, x: Tensor, labels: Tensor | None = None) -> Tensor:
        """Scores, shape `(n,)`, of packs of shape `(n, m, *event)`."""
        return (x.mean(1) * self.psi).flatten(1).sum(1)

"""Encoder, decoder and likelihood together: from data to codes and back, all in data units."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor, nn

from genlab.paradigms.vae.likelihoods import Likelihood
from genlab.sampling.pieces import in_pieces
from genlab.sampling.slices import Work

LEAST, MOST = -7.0, 3.0
"""Bounds on the log scale of a code."""
VALUES = 2**17
"""Outputs of the decoder in one slice, at most."""
POINTS = 6144
"""Latents in one slice, at most."""


class Units(Protocol):
    """What the coders ask of the model of numbers that they belong to."""

    @property
    def event(self) -> tuple[int, ...]: ...

    def standardise(self, x: Tensor) -> Tensor: ...

    def dequantise(self, x: Tensor, rng: torch.Generator) -> Tensor: ...

    def quantise(self, x: Tensor) -> Tensor: ...


@dataclass(frozen=True)
class Coders:
    """q(z | x), the decoder's outputs and p(x | output). deterministic: codes are points, as an
    autoencoder's, and data from outputs have no noise."""

    encoder: nn.Module
    decoder: nn.Module
    likelihood: Likelihood
    units: Units
    deterministic: bool

    def encode(self, x: Tensor) -> tuple[Tensor, Tensor | None]:
        """Mean and log scale of q(z | x), (n, d), of x (n, *event); an autoencoder's has none."""
        out: Tensor = self.encoder(self.units.standardise(x))
        if self.deterministic:
            return out, None
        mean, log_scale = out.chunk(2, 1)
        return mean, log_scale.clamp(LEAST, MOST)

    def decode(self, z: Tensor) -> Tensor:
        """Outputs for the likelihood, (n, *event, outputs), of z (n, d)."""
        out: Tensor = self.decoder(z)
        return out.reshape(-1, *self.units.event, self.likelihood.outputs)

    def mean(self, z: Tensor) -> Tensor:
        """Means of the decoder, (n, *event), at z (n, d)."""
        return self.likelihood.mean(self.decode(z))

    def draw(self, output: Tensor, rng: torch.Generator) -> Tensor:
        """Data (n, *event) from outputs."""
        return self.likelihood.mean(output) if self.deterministic else self.likelihood.draw(output, rng)

    def observed(self, x: Tensor, rng: torch.Generator) -> Tensor:
        """What the likelihood scores: levels as they are, or dequantised where it is a density."""
        return x if self.likelihood.discrete else self.units.dequantise(x, rng)

    def reconstruction(self, z: Tensor, x: Tensor) -> Tensor:
        """log p(x | z), (k, n), of z (k, n, d) and observed x (n, *event)."""
        k = len(z)
        outputs = self.decode(z.flatten(0, 1))
        repeated = x.repeat(k, *([1] * (x.ndim - 1)))
        return self.likelihood.log_prob(outputs, repeated).reshape(k, -1)

    def codes(self, x: Tensor) -> Work[tuple[Tensor, Tensor | None]]:
        """As `encode`, in slices."""
        found = yield from in_pieces(
            self.encoder, "codes", len(x), lambda rows: self.encode(x[rows]), self.rows(1)
        )
        scales = [scale for _, scale in found if scale is not None]
        return torch.cat([mean for mean, _ in found]), torch.cat(scales) if scales else None

    def outputs(self, z: Tensor) -> Work[Tensor]:
        """As `decode`, in slices."""
        found = yield from in_pieces(self.decoder, "outputs", len(z), lambda rows: self.decode(z[rows]))
        return torch.cat(found)

    def means(self, z: Tensor) -> Work[Tensor]:
        """As `mean`, in slices."""
        found = yield from in_pieces(
            self.decoder, "means", len(z), lambda rows: self.mean(z[rows]), self.rows(1)
        )
        return torch.cat(found)

    def scores(self, z: Tensor, x: Tensor) -> Work[Tensor]:
        """As `reconstruction`, in slices."""
        n = len(x)

        def work(rows: slice) -> Tensor:
            # Rows are pairs of a latent and its datum, sample after sample.
            seen = x[torch.arange(rows.start, rows.stop, device=x.device) % n]
            return self.likelihood.log_prob(self.decode(flat[rows]), seen)

        flat = z.flatten(0, 1)
        return torch.cat((yield from in_pieces(self.decoder, "scores", len(flat), work))).reshape(len(z), n)

    def rows(self, samples: int) -> int:
        """Data handled at a time, each with so many latents."""
        size = math.prod(self.units.event) * self.likelihood.outputs
        return max(1, min(VALUES // (size * samples), POINTS // samples))

"""Latent variable models: autoencoders, variational autoencoders and their bounds."""

from __future__ import annotations

from genlab.models.vae.model import VAE

__all__ = ["VAE"]

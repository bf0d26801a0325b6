"""Density estimates without a network: histogram, kernels, Gaussian mixture, and the data themselves."""

from __future__ import annotations

from genlab.models.baselines.model import Baselines

__all__ = ["Baselines"]

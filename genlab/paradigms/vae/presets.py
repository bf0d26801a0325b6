"""Latent variable models at their best, and as they fail."""

from __future__ import annotations

from genlab.settings.paradigm import Preset

PRESETS = (
    Preset("moons", "Two moons", "A VAE with a plane of latents, one prior for each moon.", "moons", {}),
    Preset(
        "autoencoder",
        "Autoencoder: why sampling fails",
        "Reconstructions are perfect, but codes drawn from a normal are not codes of data.",
        "moons",
        {"objective.kind": "autoencoder"},
    ),
    Preset(
        "autoencoder-mended",
        "Autoencoder, prior fitted afterwards",
        "The same autoencoder, sampled from a mixture that a second stage fits to its codes "
        "(Ghosh et al. 2020).",
        "moons",
        {"objective.kind": "autoencoder", "objective.prior": "two-stage"},
    ),
    Preset(
        "collapse",
        "Posterior collapse",
        "The divergence weighs so much that the decoder ignores its latents: a warning, and a blob.",
        "moons",
        {"objective.kind": "beta", "objective.beta": 100.0, "objective.conditional": False},
    ),
    Preset(
        "bridge",
        "A bridge between modes",
        "A continuous decoder of one normal cannot tear: probability leaks between the Gaussians.",
        "8gaussians",
        {"objective.conditional": False},
    ),
    Preset(
        "digits",
        "Handwritten digits",
        "A probability for each of 17 levels, 16 latents, a prior for each digit.",
        "digits",
        {},
    ),
    Preset(
        "blur",
        "Blur",
        "Two latents and the mean of a Gaussian: each pixel averages over what the code does not tell.",
        "digits",
        {"objective.likelihood": "gaussian", "sampler.output": "mean", "network.latent": 2},
    ),
)

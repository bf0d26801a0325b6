"""Named settings of GANs that show something worth seeing: at their best, and as they fail."""

from __future__ import annotations

from typing import Any

from genlab.settings.paradigm import Preset

PLAIN: dict[str, Any] = {
    "objective.r1": 0.0,
    "objective.r2": 0.0,
    "objective.instance_noise": 0.0,
    "objective.critic_rate": 1.0,
    "network.fourier": 0,
    "network.categories": 0,
    "network.latent": 2,
    "training.momentum": 0.5,
    "training.scale_memory": 0.999,
    "training.ema": 0.0,
    "training.decay": "constant",
}
"""A GAN as of 2014, without any stabiliser."""

DIRAC: dict[str, Any] = {
    "data.modes": 1,
    "data.noise": 0.01,
    "network.kind": "dirac",
    "objective.loss": "minimax",
    "objective.update": "simultaneous",
    "objective.conditional": False,
    "objective.r1": 0.0,
    "objective.r2": 0.0,
    "objective.penalty_end": 1.0,
    "objective.penalty_every": 1,
    "objective.instance_noise": 0.0,
    "objective.critic_rate": 1.0,
    "training.optimiser": "sgd",
    "training.learning_rate": 0.05,
    "training.ema": 0.0,
    "training.decay": "constant",
    "training.warm_up": 0,
    "training.batch_size": 64,
    "training.stop": "steps",
    "training.steps": 5000,
}
"""The smallest GAN: a point against a line."""

PRESETS = (
    Preset(
        "ring", "Ring of 8", "The default: eight tight modes, all found and evenly drawn.", "gan-ring", {}
    ),
    Preset("grid", "Grid of 25", "Twenty-five tight modes: PacGAN's second test.", "gan-grid", {}),
    Preset(
        "minimax-grid",
        "Grid, minimax: fails",
        "The original game without stabilisers: it finds some of the 25 modes and loses the rest.",
        "gan-grid",
        {**PLAIN, "objective.loss": "minimax", "training.learning_rate": 2e-3},
    ),
    Preset(
        "collapse",
        "Mode collapse",
        "A non-saturating GAN without stabilisers on the ring: watch modes go, and the alarm ring.",
        "gan-ring",
        {**PLAIN, "objective.loss": "non-saturating", "training.learning_rate": 2e-3},
    ),
    Preset(
        "pacgan-grid",
        "Grid, PacGAN",
        "The discriminator judges four points at once, in which a lack of variety shows (Lin et al. 2018).",
        "gan-grid",
        {"objective.packing": 4},
    ),
    Preset(
        "wgan-gp",
        "WGAN-GP",
        "The Wasserstein critic with a gradient penalty and five steps to the generator's one "
        "(Gulrajani et al. 2017).",
        "8gaussians",
        {
            "objective.loss": "wgan-gp",
            "objective.critic_steps": 5,
            "objective.r1": 0.0,
            "objective.r2": 0.0,
            "objective.penalty_every": 1,
            "objective.instance_noise": 0.0,
            "objective.critic_rate": 1.0,
            "network.fourier": 0,
            "network.categories": 0,
            "training.momentum": 0.5,
            "training.scale_memory": 0.9,
        },
    ),
    Preset(
        "dirac",
        "Dirac-GAN: spirals out",
        "One point against a linear discriminator, both moving at once: plain gradient steps spiral away "
        "from the solution (Mescheder et al. 2018).",
        "mixture-1d",
        DIRAC,
    ),
    Preset(
        "dirac-r1",
        "Dirac-GAN with R1: converges",
        "The same game with a penalty on the discriminator's slope at the data: the orbit falls in.",
        "mixture-1d",
        {**DIRAC, "objective.r1": 0.3},
    ),
    Preset(
        "digits", "Handwritten digits", "Conditional, by a projection in the discriminator.", "digits", {}
    ),
)

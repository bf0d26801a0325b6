"""Everything that a person may choose about a diffusion model."""

from __future__ import annotations

from typing import Literal

from genlab.settings.fields import Settings, setting
from genlab.settings.sampler import SamplerSettings


class DiffusionObjective(Settings):
    """What the network predicts, along which noise schedule, weighted how."""

    target: Literal["noise", "x0", "v"] = setting(
        "v",
        "What the network predicts from a noisy point: the noise, the clean point, or v, their "
        "rotation (Salimans & Ho 2022).",
        label="Predict",
        names={"noise": "Noise ε", "x0": "Clean data x₀", "v": "Velocity v"},
    )
    schedule: Literal["linear", "cosine", "edm"] = setting(
        "edm",
        "How noise grows with time: DDPM's linear variances, the cosine of Nichol & Dhariwal, or "
        "EDM's noise levels with its preconditioning (Karras et al. 2022).",
        names={"linear": "Linear", "cosine": "Cosine", "edm": "EDM (Karras)"},
    )
    weight: Literal["simple", "snr", "min-snr", "edm"] = setting(
        "edm",
        "How the loss weighs noise levels: evenly in what is predicted, by signal-to-noise ratio, "
        "by that ratio cut off at γ, or as EDM does.",
        names={"simple": "Simple", "snr": "SNR", "min-snr": "Min-SNR-γ", "edm": "EDM"},
    )
    gamma: float = setting(
        5.0, "Where min-SNR cuts the signal-to-noise ratio off.", symbol="γ", gt=0, le=1e4,
        when=("weight", ("min-snr",)),
    )  # fmt: skip
    level_mean: float = setting(
        -1.2, "Mean of ln σ over which EDM trains.", symbol="P mean", ge=-8, le=4, advanced=True,
        when=("schedule", ("edm",)),
    )  # fmt: skip
    level_spread: float = setting(
        1.6, "Standard deviation of ln σ over which EDM trains.", symbol="P std", gt=0, le=4,
        advanced=True, when=("schedule", ("edm",)),
    )  # fmt: skip
    condition_dropout: float = setting(
        0.2,
        "Share of examples that train without their label, which guidance needs.",
        label="Drop label",
        ge=0,
        le=1,
    )


class DiffusionNetwork(Settings):
    """The backbone."""

    kind: Literal["mlp", "unet"] = setting(
        "mlp",
        "A multilayer perceptron for points; a small U-Net for images.",
        label="Network",
        names={"mlp": "MLP", "unet": "U-Net"},
    )
    width: int = setting(128, "Units per layer, or channels at full resolution.", ge=4, le=4096, log=True)
    depth: int = setting(3, "Hidden layers, or residual blocks at each resolution.", ge=1, le=32)
    fourier: int = setting(
        6,
        "Octaves of sine and cosine features of the position, each damped where the noise drowns it; "
        "fine structure needs them.",
        label="Fourier octaves",
        ge=0,
        le=12,
        when=("kind", ("mlp",)),
    )
    dropout: float = setting(0.0, "Share of units dropped while training.", ge=0, lt=1, advanced=True)


class DiffusionSampler(SamplerSettings):
    """How noise becomes a sample."""

    method: Literal["ddpm", "ddim", "euler", "euler-ancestral", "heun", "dpm++2m"] = setting(
        "dpm++2m",
        "The solver that walks from noise to data.",
        label="Sampler",
        names={
            "ddpm": "DDPM",
            "ddim": "DDIM",
            "euler": "Euler",
            "euler-ancestral": "Euler ancestral",
            "heun": "Heun (EDM)",
            "dpm++2m": "DPM-Solver++ (2M)",
        },
    )
    steps: int = setting(20, "Steps from noise to data.", ge=1, le=1000, log=True)
    guidance: float = setting(
        1.0,
        "Classifier-free guidance scale: 1 is the plain conditional model, 0 ignores the label, "
        "above 1 the label is exaggerated.",
        symbol="w",
        ge=0,
        le=20,
    )
    guidance_from: float = setting(
        0.0, "Lowest noise level at which guidance acts.", unit="σ/α", ge=0, le=1e6, advanced=True
    )
    guidance_to: float = setting(
        1e6, "Highest noise level at which guidance acts.", unit="σ/α", ge=0, le=1e6, advanced=True
    )
    guidance_rescale: float = setting(
        0.0, "How far guided predictions are scaled back to the spread of unguided ones (Lin et al. 2023).",
        symbol="φ", ge=0, le=1, advanced=True,
    )  # fmt: skip
    spacing: Literal["linear", "leading", "trailing", "karras"] = setting(
        "karras",
        "Where the steps lie in time.",
        names={"linear": "Linear", "leading": "Leading", "trailing": "Trailing", "karras": "Karras (ρ = 7)"},
        advanced=True,
    )
    eta: float = setting(
        0.0, "Fresh noise in each DDIM step: 0 none, 1 as much as DDPM.", symbol="η", ge=0, le=1,
        when=("method", ("ddim",)),
    )  # fmt: skip
    churn: float = setting(
        0.0, "Fresh noise over all Heun steps together.", symbol="S churn", ge=0, le=1000,
        when=("method", ("heun",)),
    )  # fmt: skip

"""Everything that a person may choose about a diffusion model."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from genlab.sampling.catalogue import method, takers
from genlab.settings.data_info import DataInfo
from genlab.settings.fields import Settings, setting
from genlab.settings.labels import label_controls
from genlab.settings.paradigm import Capabilities, Chosen
from genlab.settings.time import (
    Spacing,
    TimeNetwork,
    TimeSampler,
    drop_label,
    guidance_control,
    image_defaults,
    ode_reason,
    spacing,
    steps_control,
)


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
    condition_dropout: float = drop_label()


class DiffusionSampler(TimeSampler):
    """How noise becomes a sample."""

    method: str = method("diffusion", "dpm++2m", "The solver that walks from noise to data.")
    spacing: Spacing = spacing()
    eta: float = setting(
        0.0, "Fresh noise in each DDIM step: 0 none, 1 as much as DDPM.", symbol="η", ge=0, le=1,
        when=takers("diffusion", "eta"),
    )  # fmt: skip
    churn: float = setting(
        0.0, "Fresh noise over all Heun steps together.", symbol="S churn", ge=0, le=1000,
        when=takers("diffusion", "churn"),
    )  # fmt: skip


DiffusionSettings = Chosen[DiffusionObjective, TimeNetwork, DiffusionSampler]

GUIDED = (
    "Classifier-free guidance: scale 1 is the plain conditional model; 0 ignores the label; "
    "above 1 samples come from a sharpened, tilted distribution."
)


def defaults(data: DataInfo) -> Mapping[str, Any]:
    """Settings that suit these data better than the declared ones."""
    if data.tight:
        return {"objective.level_mean": -2.5}
    more = {"objective.level_mean": -0.4, "objective.level_spread": 1.2, "sampler.steps": 25}
    return image_defaults(data, more)


def capabilities(chosen: DiffusionSettings, data: DataInfo) -> Capabilities:
    """What diffusion can do with these settings and data."""
    dropout = chosen.objective.condition_dropout
    guided = label_controls(guidance_control(GUIDED), data, chosen.label, dropout)
    return Capabilities("ode", ode_reason(data), (steps_control(), *guided))

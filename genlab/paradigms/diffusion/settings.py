"""Everything that a person may choose about a diffusion model."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from genlab.settings.field_panels import FIELD, GUIDANCE
from genlab.settings.fields import Settings, setting
from genlab.settings.paradigm import (
    Capabilities,
    Control,
    PanelInfo,
    Paradigm,
    Preset,
    common_panels,
)
from genlab.settings.spaces import Points, Space
from genlab.settings.time import (
    Spacing,
    TimeNetwork,
    TimeSampler,
    drop_label,
    image_defaults,
    label_controls,
    ode_reason,
    spacing,
)
from genlab.settings.time_panels import EQUIVALENCE, TRUNCATION


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
    spacing: Spacing = spacing()
    eta: float = setting(
        0.0, "Fresh noise in each DDIM step: 0 none, 1 as much as DDPM.", symbol="η", ge=0, le=1,
        when=("method", ("ddim",)),
    )  # fmt: skip
    churn: float = setting(
        0.0, "Fresh noise over all Heun steps together.", symbol="S churn", ge=0, le=1000,
        when=("method", ("heun",)),
    )  # fmt: skip


def _defaults(dataset: str, space: Space) -> Mapping[str, Any]:
    if dataset in ("gan-ring", "gan-grid"):
        return {"objective.level_mean": -2.5}
    more = {"objective.level_mean": -0.4, "objective.level_spread": 1.2, "sampler.steps": 25}
    return image_defaults(space, more)


def _capabilities(session: Any, space: Space, n_labels: int) -> Capabilities:
    """session: a `Session` of this paradigm (the type lives above this module)."""
    labels, guidance = label_controls(
        session,
        n_labels,
        "Classifier-free guidance: scale 1 is the plain conditional model; 0 ignores the label; "
        "above 1 samples come from a sharpened, tilted distribution.",
    )
    panels = [*common_panels(space), PanelInfo("trajectory", "Trajectory", "trajectory")]
    if isinstance(space, Points) and space.dim == 2:
        panels += [FIELD, GUIDANCE] if n_labels else [FIELD]
    return Capabilities(
        density="ode",
        density_reason=ode_reason(space),
        steps=Control(True, name="Steps", symbol="σ"),
        guidance=guidance,
        labels=labels,
        panels=(*panels, EQUIVALENCE, TRUNCATION),
    )


PARADIGM = Paradigm(
    id="diffusion",
    title="Diffusion",
    group="Score and time",
    summary="Adds noise to data in small steps and learns to take it away again.",
    implementation="genlab.paradigms.diffusion.model:Diffusion",
    objective=DiffusionObjective,
    network=TimeNetwork,
    sampler=DiffusionSampler,
    defaults=_defaults,
    capabilities=_capabilities,
    presets=(
        Preset("moons", "Two moons", "The default: a clean start on an easy density.", "moons", {}),
        Preset(
            "ddpm",
            "DDPM, as published",
            "Noise, linear schedule, simple weight, 1,000 ancestral steps (Ho et al. 2020).",
            "moons",
            {
                "objective.target": "noise",
                "objective.schedule": "linear",
                "objective.weight": "simple",
                "sampler.method": "ddpm",
                "sampler.steps": 1000,
                "sampler.spacing": "trailing",
            },
        ),
        Preset(
            "few-steps",
            "Five steps",
            "DPM-Solver++ in five steps: what a second-order solver buys.",
            "8gaussians-cfm",
            {"sampler.method": "dpm++2m", "sampler.steps": 5},
        ),
        Preset("digits", "Handwritten digits", "Class labels and guidance on 8x8 images.", "digits", {}),
    ),
)

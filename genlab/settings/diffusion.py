"""Everything that a person may choose about a diffusion model."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from genlab.settings.fields import Settings, setting
from genlab.settings.paradigm import (
    Capabilities,
    Control,
    PanelInfo,
    Paradigm,
    Preset,
    ProbeControl,
    common_panels,
)
from genlab.settings.sampler import SamplerSettings
from genlab.settings.spaces import ImageSpace, PointSpace, Space


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


FIELD = PanelInfo(
    "field",
    "Score field",
    "probe",
    shown=False,
    probe="score",
    help="The learned score, redder where it is wrong, over the true one in grey, at one noise level.",
    controls=(
        ProbeControl(
            "time",
            "Noise",
            0.8,
            help="Noise level at which the field is taken: left pure noise, right data.",
            ends=("", "data"),
        ),
    ),
)


def _defaults(dataset: str, space: Space) -> Mapping[str, Any]:
    if isinstance(space, ImageSpace):
        return {
            "network.kind": "unet",
            "network.width": 48,
            "network.depth": 1,
            "objective.condition_dropout": 0.1,
            "objective.level_mean": -0.4,
            "objective.level_spread": 1.2,
            "training.learning_rate": 2e-3,
            "training.batch_size": 64,
            "sampler.steps": 25,
        }
    return {"objective.level_mean": -2.5} if dataset in ("gan-ring", "gan-grid") else {}


def _capabilities(session: Any, space: Space, n_labels: int) -> Capabilities:
    """session: a `Session` of this paradigm (the type lives above this module)."""
    steps = Control(True, name="Steps", symbol="σ")
    if n_labels == 0:
        labels = guidance = Control(False, "this data set has no labels to guide towards")
    else:
        labels = Control(True, name="Label")
        if session.objective.condition_dropout == 0:
            guidance = Control(
                False, "guidance needs a model that also trained without labels: raise 'Drop label' above 0"
            )
        elif session.sampler.label == "none":
            guidance = Control(False, "with label 'none' there is nothing to guide towards")
        else:
            guidance = Control(
                True,
                name="Guidance",
                neutral=1.0,
                help="Classifier-free guidance: scale 1 is the plain conditional model; 0 ignores the label; "
                "above 1 samples come from a sharpened, tilted distribution.",
            )
    points = isinstance(space, PointSpace)
    panels = [*common_panels(space), PanelInfo("trajectory", "Trajectory", "trajectory")]
    if isinstance(space, PointSpace) and space.dim == 2:
        panels.append(FIELD)
    return Capabilities(
        density="ode",
        density_reason="by the probability-flow ODE"
        + ("" if points else ", divergence by Hutchinson's estimate; uniform dequantisation of the levels"),
        steps=steps,
        guidance=guidance,
        labels=labels,
        panels=tuple(panels),
    )


PARADIGM = Paradigm(
    id="diffusion",
    title="Diffusion",
    group="Score and time",
    summary="Adds noise to data in small steps and learns to take it away again.",
    implementation="genlab.models.diffusion:Diffusion",
    objective=DiffusionObjective,
    network=DiffusionNetwork,
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

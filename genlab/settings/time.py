"""What diffusion, score-based models and flow matching have in common: a time between noise and data."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from genlab.settings.controls import Control
from genlab.settings.data_info import DataInfo
from genlab.settings.fields import Settings, setting
from genlab.settings.sampler import SamplerSettings
from genlab.settings.spaces import Images


def drop_label(default: float = 0.2) -> Any:
    """The share of examples that train without their label."""
    return setting(
        default,
        "Share of examples that train without their label, which guidance needs.",
        label="Drop label",
        ge=0,
        le=1,
    )


class TimeNetwork(Settings):
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


class TimeSampler(SamplerSettings):
    """How noise becomes a sample."""

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


Spacing = Literal["linear", "leading", "trailing", "karras"]


def spacing() -> Any:
    """Where steps lie, on paths with a noise level at both ends."""
    return setting(
        "karras",
        "Where the steps lie in time.",
        names={"linear": "Linear", "leading": "Leading", "trailing": "Trailing", "karras": "Karras (ρ = 7)"},
        advanced=True,
    )


def tolerance(when: tuple[str, tuple[str, ...]]) -> Any:
    """Of adaptive solvers. when: the setting that chooses the solver, and those that take a tolerance."""
    return setting(
        1e-4,
        "Largest error of one step of the adaptive solver, in standard deviations of the data.",
        ge=1e-7,
        le=0.1,
        log=True,
        when=when,
    )


FRAMES = 20
"""Of a trajectory whose solver chooses its own steps."""

IMAGES: Mapping[str, Any] = {
    "network.kind": "unet",
    "network.width": 48,
    "network.depth": 1,
    "objective.condition_dropout": 0.1,
    "training.learning_rate": 2e-3,
    "training.batch_size": 64,
}
"""Defaults that suit images."""


def image_defaults(data: DataInfo, more: Mapping[str, Any]) -> Mapping[str, Any]:
    """Defaults for images, with what a paradigm adds; none for points."""
    return {**IMAGES, **more} if isinstance(data.space, Images) else {}


def steps_control(name: str = "Steps", symbol: str = "σ", help: str = "") -> Control:
    """The control of the number of steps. symbol: of the time that frames carry."""
    return Control("sampler.steps", name=name, symbol=symbol, help=help)


def guidance_control(help: str) -> Control:
    """The control of guidance where it acts. help: what guidance is, in one sentence."""
    return Control("sampler.guidance", name="Guidance", neutral=1.0, help=help)


def ode_reason(data: DataInfo) -> str:
    """How the density of a probability-flow ODE is known."""
    images = ", divergence by Hutchinson's estimate; uniform dequantisation of the levels"
    return "by the probability-flow ODE" + (images if isinstance(data.space, Images) else "")

"""The catalogue of paradigms: the one list that names them.

What a paradigm can do with given settings and data is a pure function here, so that the window
knows it without torch.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from genlab.settings.diffusion import DiffusionNetwork, DiffusionObjective, DiffusionSampler
from genlab.settings.fields import Settings
from genlab.settings.sampler import SamplerSettings
from genlab.settings.spaces import ImageSpace, PointSpace, Space

DensityKind = Literal["exact", "ode", "bound", "none"]


@dataclass(frozen=True)
class Control:
    """Whether a sampling control can act; `reason` says why not, for its tooltip."""

    enabled: bool
    reason: str = ""
    name: str = ""
    neutral: float | None = None


@dataclass(frozen=True)
class PanelInfo:
    """A panel of a workspace. kind: which drawing it is. probe: what the engine is asked for."""

    id: str
    title: str
    kind: Literal["loss", "density", "samples", "trajectory", "field"]
    shown: bool = True
    probe: str = ""


@dataclass(frozen=True)
class Capabilities:
    """What a paradigm can do with given settings and data."""

    density: DensityKind
    density_reason: str
    steps: Control
    guidance: Control
    labels: Control
    panels: tuple[PanelInfo, ...]


@dataclass(frozen=True)
class Preset:
    """Named settings that show something worth seeing. values: dotted keys of a session."""

    id: str
    title: str
    summary: str
    dataset: str
    values: Mapping[str, Any]


@dataclass(frozen=True)
class Paradigm:
    """One way of generating data.

    implementation: 'module:class' of the model, imported only where torch is.
    defaults: dotted keys that differ from the declared defaults for a data set and its space.
    """

    id: str
    title: str
    group: str
    summary: str
    implementation: str
    objective: type[Settings]
    network: type[Settings]
    sampler: type[SamplerSettings]
    defaults: Callable[[str, Space], Mapping[str, Any]]
    capabilities: Callable[[Any, Space, int], Capabilities]
    presets: tuple[Preset, ...] = ()


def _diffusion_defaults(dataset: str, space: Space) -> Mapping[str, Any]:
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


def _diffusion_capabilities(session: Any, space: Space, n_labels: int) -> Capabilities:
    """session: a `Session` of this paradigm (the type lives above this module)."""
    steps = Control(True, name="Steps", neutral=None)
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
            guidance = Control(True, name="Guidance", neutral=1.0)
    points = isinstance(space, PointSpace)
    drawable = isinstance(space, PointSpace) and space.dim <= 2
    panels = [PanelInfo("loss", "Loss", "loss"), PanelInfo("samples", "Samples", "samples")]
    if drawable:
        panels.insert(0, PanelInfo("density", "Density", "density"))
    panels.append(PanelInfo("trajectory", "Trajectory", "trajectory"))
    if isinstance(space, PointSpace) and space.dim == 2:
        panels.append(PanelInfo("field", "Score field", "field", shown=False, probe="score"))
    return Capabilities(
        density="ode",
        density_reason="probability-flow ODE"
        + ("" if points else ", divergence by Hutchinson's estimate, of dequantised levels"),
        steps=steps,
        guidance=guidance,
        labels=labels,
        panels=tuple(panels),
    )


PARADIGMS: dict[str, Paradigm] = {
    paradigm.id: paradigm
    for paradigm in (
        Paradigm(
            id="diffusion",
            title="Diffusion",
            group="Score and time",
            summary="Adds noise to data in small steps and learns to take it away again.",
            implementation="genlab.models.diffusion:Diffusion",
            objective=DiffusionObjective,
            network=DiffusionNetwork,
            sampler=DiffusionSampler,
            defaults=_diffusion_defaults,
            capabilities=_diffusion_capabilities,
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
                Preset(
                    "digits", "Handwritten digits", "Class labels and guidance on 8x8 images.", "digits", {}
                ),
            ),
        ),
    )
}

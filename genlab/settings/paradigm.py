"""What a paradigm says of itself: its settings, and what it can do with given settings and data.

That is a pure function of both, so that the window knows it without torch.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from genlab.settings.fields import Settings
from genlab.settings.sampler import SamplerSettings
from genlab.settings.spaces import PointSpace, Space
from genlab.settings.training import GradientTraining, TrainingSettings

DensityKind = Literal["exact", "ode", "bound", "none"]


@dataclass(frozen=True)
class Control:
    """Whether a sampling control can act; `reason` says why not, for its tooltip.

    name: what it is called here. help: what it does here, in one sentence, where that differs from the
    setting's own help. neutral: the value at which it does nothing. symbol: of steps, what the time that
    frames carry is called, such as 'σ'; empty: it says nothing to a person."""

    enabled: bool
    reason: str = ""
    name: str = ""
    neutral: float | None = None
    help: str = ""
    symbol: str = ""


@dataclass(frozen=True)
class ProbeControl:
    """A control under an extra panel, whose value goes to the engine with every question.

    A slider from `low` to `high` (with `whole`, over whole numbers), or with `choices` a choice between
    them, value to name on screen. symbol: after the label. ends: what stands at both ends of the slider."""

    key: str
    label: str
    default: float | str
    low: float = 0.0
    high: float = 1.0
    whole: bool = False
    choices: Mapping[str, str] | None = None
    help: str = ""
    ends: tuple[str, str] = ("", "")


@dataclass(frozen=True)
class PanelInfo:
    """A panel of a workspace. kind: which drawing it is; 'probe' draws what the engine answers to `probe`.

    help: what it shows and how to read it, in one or two sentences. controls: of a probe. columns: of the
    recorded losses that a loss panel draws, by their names or their beginnings; all where empty. wide: it
    is at home in the wide row above."""

    id: str
    title: str
    kind: Literal["loss", "density", "samples", "trajectory", "probe"]
    shown: bool = True
    probe: str = ""
    help: str = ""
    controls: tuple[ProbeControl, ...] = ()
    columns: tuple[str, ...] = ()
    wide: bool = False


@dataclass(frozen=True)
class Capabilities:
    """What a paradigm can do with given settings and data.

    density_reason: how the density is known, or why there is none; said beside every likelihood."""

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

    implementation: 'module:class' of the model, imported only where torch is. dataset: what a fresh
    workspace shows. defaults: dotted keys that differ from the declared defaults for a data set and its
    space. capabilities: of a session (whose type lives above this module), its space, its number of classes.
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
    training: type[TrainingSettings] = GradientTraining
    dataset: str = "moons"


def drawable(space: Space) -> bool:
    """Whether a density over the space can be drawn: points on a line or in a plane."""
    return isinstance(space, PointSpace) and space.dim <= 2


def common_panels(space: Space, loss: str = "Loss") -> tuple[PanelInfo, ...]:
    """The panels that every workspace begins with: density where it can be drawn, loss, samples."""
    density = (PanelInfo("density", "Density", "density", wide=True),) if drawable(space) else ()
    return (*density, PanelInfo("loss", loss, "loss"), PanelInfo("samples", "Samples", "samples"))

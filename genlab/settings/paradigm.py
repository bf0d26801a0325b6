"""What a paradigm says of itself: its settings, and what it can do with given settings and data.

That is a pure function of both, so that the window knows it without torch.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Generic, Literal, TypeVar

from genlab.settings.condition import ConditionSettings
from genlab.settings.controls import Control
from genlab.settings.data_info import DataInfo
from genlab.settings.fields import Settings
from genlab.settings.panels import PanelInfo
from genlab.settings.sampler import SamplerSettings
from genlab.settings.spaces import Images, Points, Space
from genlab.settings.training import GradientTraining, TrainingSettings

DensityKind = Literal["exact", "ode", "bound", "none"]

O = TypeVar("O", bound=Settings)  # noqa: E741
N = TypeVar("N", bound=Settings)
S = TypeVar("S", bound=SamplerSettings)


@dataclass(frozen=True)
class Chosen(Generic[O, N, S]):
    """The settings that decide what a paradigm can do. label: of the condition that is asked for."""

    objective: O
    network: N
    sampler: S
    label: str = "any"


@dataclass(frozen=True)
class Capabilities:
    """What a paradigm can do with given settings and data.

    density_reason: how the density is known, or why there is none; said beside every likelihood. controls:
    of the sampling bar, in its order."""

    density: DensityKind
    density_reason: str
    controls: tuple[Control, ...] = ()

    def control(self, key: str) -> Control | None:
        """The control of a dotted key, None where the paradigm has none."""
        return next((control for control in self.controls if control.key == key), None)


@dataclass(frozen=True)
class Preset:
    """Named settings that show something worth seeing. values: dotted keys of a session."""

    id: str
    title: str
    summary: str
    dataset: str
    values: Mapping[str, Any]


@dataclass(frozen=True)
class Paradigm(Generic[O, N, S]):
    """One way of generating data.

    model: 'module:class' of the model. probes: 'module:name' of what its extra panels draw, a mapping from
    name to function. Both are imported only where torch is. spaces: what it can learn. dataset: what a fresh
    workspace shows. defaults: dotted keys that differ from the declared defaults for these data.
    """

    id: str
    title: str
    group: str
    summary: str
    model: str
    objective: type[O]
    network: type[N]
    sampler: type[S]
    capabilities: Callable[[Chosen[O, N, S], DataInfo], Capabilities]
    panels: Callable[[Chosen[O, N, S], DataInfo], tuple[PanelInfo, ...]]
    defaults: Callable[[DataInfo], Mapping[str, Any]]
    probes: str = ""
    presets: tuple[Preset, ...] = ()
    training: type[TrainingSettings] = GradientTraining
    dataset: str = "moons"
    spaces: tuple[type[Space], ...] = (Points, Images)

    @property
    def sections(self) -> Mapping[str, type[Settings]]:
        """The settings of each section of a session, but for those of the data."""
        return {
            "objective": self.objective,
            "network": self.network,
            "training": self.training,
            "sampler": self.sampler,
            "condition": ConditionSettings,
        }

    def refuses(self, data: DataInfo) -> str:
        """Why these data cannot be learnt, in one sentence; empty where they can."""
        if isinstance(data.space, self.spaces):
            return ""
        takes = " and ".join(space.noun for space in self.spaces)
        return f"{self.title} learns {takes}; these data are {data.space.noun}"


AnyParadigm = Paradigm[Any, Any, Any]
"""A paradigm where its settings play no part: in the catalogue, a session and whatever draws a form."""
AnyChosen = Chosen[Any, Any, Any]

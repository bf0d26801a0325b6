"""What a panel says of itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from genlab.settings.controls import PanelControl
from genlab.settings.spaces import Space


@dataclass(frozen=True)
class PanelInfo:
    """A panel of a workspace. kind: which stream of payloads it draws; 'probe' draws what the engine answers
    to `probe`.

    help: what it shows and how to read it, in one or two sentences. controls: of a probe. columns: of the
    recorded losses that a loss panel draws, by their names or their beginnings; all where empty. wide: it
    is at home in the wide row above."""

    id: str
    title: str
    kind: Literal["loss", "density", "samples", "trajectory", "probe"]
    shown: bool = True
    probe: str = ""
    help: str = ""
    controls: tuple[PanelControl, ...] = ()
    columns: tuple[str, ...] = ()
    wide: bool = False


def common_panels(space: Space, loss: str = "Loss") -> tuple[PanelInfo, ...]:
    """The panels that every workspace begins with: density where it can be drawn, loss, samples."""
    density = (PanelInfo("density", "Density", "density", wide=True),) if space.drawable else ()
    return (*density, PanelInfo("loss", loss, "loss"), PanelInfo("samples", "Samples", "samples"))


TRAJECTORY = PanelInfo("trajectory", "Trajectory", "trajectory")

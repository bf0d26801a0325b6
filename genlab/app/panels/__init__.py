"""The panels of a workspace: one class for each kind of drawing."""

from __future__ import annotations

from genlab.app.panels.base import Panel
from genlab.app.panels.density import DensityPanel
from genlab.app.panels.loss import LossPanel
from genlab.app.panels.probe import ProbePanel
from genlab.app.panels.samples import SamplesPanel
from genlab.app.panels.scene import Scene
from genlab.app.panels.trajectory import TrajectoryPanel
from genlab.app.theme import Theme
from genlab.settings.paradigm import PanelInfo

KINDS: dict[str, type[Panel]] = {
    "loss": LossPanel,
    "density": DensityPanel,
    "samples": SamplesPanel,
    "trajectory": TrajectoryPanel,
    "probe": ProbePanel,
}


def make_panel(info: PanelInfo, theme: Theme) -> Panel:
    """The panel that draws what `info` describes."""
    return KINDS[info.kind](info, theme)


__all__ = ["KINDS", "Panel", "Scene", "make_panel"]

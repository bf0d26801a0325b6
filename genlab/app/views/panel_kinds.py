"""The panels of a workspace: one class for each kind of drawing."""

from __future__ import annotations

from genlab.app.common.theme import Theme
from genlab.app.drawings.density import DensityPanel
from genlab.app.drawings.loss import LossPanel
from genlab.app.drawings.samples import SamplesPanel
from genlab.app.drawings.scene import Scene
from genlab.app.drawings.trajectory import TrajectoryPanel
from genlab.app.views.panel import Panel
from genlab.app.views.probe import ProbePanel
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

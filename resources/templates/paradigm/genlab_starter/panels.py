"""The panels of the workspace."""

from __future__ import annotations

from genlab.settings.data_info import DataInfo
from genlab.settings.panels import PanelInfo, common_panels
from genlab_starter.settings import StarterSettings

WEIGHTS = PanelInfo(
    "weights",
    "Weights",
    "probe",
    probe="weights",
    help="The probability of each Gaussian: those near zero are not used.",
)


def panels(chosen: StarterSettings, data: DataInfo) -> tuple[PanelInfo, ...]:
    """The panels for these settings and data."""
    return (*common_panels(data.space, "Negative log likelihood"), WEIGHTS)

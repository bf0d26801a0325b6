"""The panels of the diffusion workspace."""

from __future__ import annotations

from genlab.paradigms.diffusion.settings import DiffusionSettings
from genlab.settings.data_info import DataInfo
from genlab.settings.panels import TRAJECTORY, PanelInfo, common_panels
from genlab.settings.spaces import Points
from genlab.settings.time_panels import EQUIVALENCE, FIELD, GUIDANCE, TRUNCATION


def panels(chosen: DiffusionSettings, data: DataInfo) -> tuple[PanelInfo, ...]:
    """The panels for these settings and data."""
    found = [*common_panels(data.space), TRAJECTORY]
    if data.space == Points(2):
        found += [FIELD, GUIDANCE] if data.labels else [FIELD]
    return (*found, EQUIVALENCE, TRUNCATION)

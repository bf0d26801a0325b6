"""The panels of the flow's workspace."""

from __future__ import annotations

from typing import assert_never

from genlab.paradigms.flow.settings import FlowSettings
from genlab.settings.controls import PanelControl
from genlab.settings.data_info import DataInfo
from genlab.settings.panels import PanelInfo, common_panels
from genlab.settings.spaces import Images, Points, Signal, Tokens

DIRECTION = PanelControl(
    "direction",
    "Direction",
    "forward",
    choices={"forward": "Base to data", "inverse": "Data to base"},
    help="Which way the grid is carried: as samples are drawn, or as likelihoods are computed.",
)

WARP = PanelInfo(
    "warp",
    "Warp",
    "probe",
    probe="warp",
    wide=True,
    controls=(DIRECTION,),
    help="A square grid carried through the flow layer by layer, with samples along. Where cells shrink "
    "probability gathers, where they grow it thins out; no line ever crosses another.",
)
LOG_DET = PanelInfo(
    "log-det",
    "Change of volume",
    "probe",
    shown=False,
    probe="log-det",
    help="log|det J| of the map from data to base. Positive: the map spreads these data out, so they are "
    "more likely than the base alone would have them; negative: it squeezes them.",
)
BASE = PanelInfo(
    "base",
    "Data and base",
    "probe",
    shown=False,
    probe="base",
    help="Held-out data and where the flow puts them in the base, in the same colours. A perfect flow makes "
    "them one standard normal cloud, without holes or overlaps.",
)
LINE_MAP = PanelInfo(
    "map",
    "Map",
    "probe",
    probe="map",
    help="Where each base value z goes after each layer. Steep parts spread probability thin, flat parts "
    "pile it up.",
)
LINE_LAYERS = PanelInfo(
    "layers",
    "Density by layer",
    "probe",
    shown=False,
    probe="layers",
    help="The density of the samples after each layer, from the base to the data, and the true one.",
)
IMAGE_LAYERS = PanelInfo(
    "image-layers",
    "Data to base",
    "probe",
    probe="image-layers",
    help="Held-out images on their way through the layers to the base. In the base nothing of them should "
    "be left: each pixel is noise of its own.",
)
INTERPOLATION = PanelInfo(
    "interpolation",
    "Interpolation",
    "probe",
    shown=False,
    probe="interpolation",
    help="Images along the arc in the base between two held-out ones, at both ends. A good map passes "
    "through images that could have been data.",
)


def panels(chosen: FlowSettings, data: DataInfo) -> tuple[PanelInfo, ...]:
    """The panels for these settings and data."""
    common = common_panels(data.space)
    match data.space:
        case Points(dim=1):
            return (*common, LINE_MAP, LINE_LAYERS)
        case Points(dim=2):
            return (*common, WARP, LOG_DET, BASE)
        case Images():
            return (*common, IMAGE_LAYERS, INTERPOLATION)
        case Points() | Tokens() | Signal():
            return common
        case _:
            assert_never(data.space)

"""The panels of the baselines."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from genlab.paradigms.baselines.settings import BaselinesSettings, Method
from genlab.settings.controls import PanelControl
from genlab.settings.data_info import DataInfo
from genlab.settings.panels import PanelInfo, common_panels
from genlab.settings.spaces import Points

_FIT_HELP: Mapping[Method, str] = {
    "histogram": "The bins and what they hold, against the truth where it is known: too few hide the modes, "
    "too many follow chance.",
    "kernel": "The stored points and the reach of a few of their kernels: too narrow and each point is "
    "remembered, too wide and the modes run together.",
    "mixture": "Each Gaussian with its ellipses at one and two standard deviations (on a line: its weighted "
    "density): watch EM move them.",
    "nearest": "The stored training points: whatever is sampled is one of them.",
}

_INTERVAL = PanelInfo(
    "interval",
    "Probability of an interval",
    "probe",
    probe="interval",
    help="The probability that x falls between two bounds: by the truth, and by each of the four methods "
    "fitted to the same points. Between two modes, wide kernels find probability where there is none.",
    controls=(
        PanelControl("low", "From", -0.5, -10.0, 10.0, help="Lower bound, in units of the data."),
        PanelControl("high", "To", 0.5, -10.0, 10.0, help="Upper bound, in units of the data."),
    ),
)
_INTERVAL_OF_A_FILE = replace(
    _INTERVAL,
    controls=(
        PanelControl(
            "low", "From", 0.4, help="Lower bound, as a share of the window.", ends=("left", "right")
        ),
        PanelControl(
            "high", "To", 0.6, help="Upper bound, as a share of the window.", ends=("left", "right")
        ),
    ),
)
_COLUMNS = ("total", "given the class", "validation")
_CRITERION = PanelInfo(
    "criterion",
    "Cross-validation",
    "probe",
    probe="criterion",
    help="How likely held-out points are under each bandwidth: the highest point is the one to take.",
)
_MEMORISED = PanelInfo(
    "memorised",
    "Memorisation",
    "probe",
    probe="memorised",
    help="Share of points that lie within a distance of some stored training point: a generator that "
    "remembers has samples far nearer than held-out data are.",
)


def panels(chosen: BaselinesSettings, data: DataInfo) -> tuple[PanelInfo, ...]:
    """The panels for these settings and data."""
    method = chosen.objective.method
    line = data.space == Points(1)
    searched = method == "kernel" and chosen.objective.bandwidth == "cross-validated"
    common = tuple(
        replace(panel, columns=_COLUMNS) if panel.kind == "loss" else panel
        for panel in common_panels(data.space, "Negative log likelihood")
        # what is counted once has no curve to draw
        if panel.kind != "loss" or method == "mixture" or searched
    )
    found = [*common, PanelInfo("fit", "Inside the fit", "probe", probe="fit", help=_FIT_HELP[method])]
    if line:
        found.append(_INTERVAL if data.id != "file" else _INTERVAL_OF_A_FILE)
    if searched:
        found.append(_CRITERION)
    if method in ("kernel", "nearest"):
        found.append(replace(_MEMORISED, shown=not line))
    return tuple(found)

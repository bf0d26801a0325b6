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
        found.append(replace(_INTERVAL, controls=_bounds(data)))
    if searched:
        found.append(_CRITERION)
    if method in ("kernel", "nearest"):
        found.append(replace(_MEMORISED, shown=not line))
    return tuple(found)


def _bounds(data: DataInfo) -> tuple[PanelControl, PanelControl]:
    """The two ends of an interval, in units of the data where these say between what, else as shares."""
    if data.bounds is None:
        share, ends = "as a share of the window", ("left", "right")
        return (
            PanelControl("low", "From", 0.4, help=f"Lower bound, {share}.", ends=ends),
            PanelControl("high", "To", 0.6, help=f"Upper bound, {share}.", ends=ends),
        )
    low, high = data.bounds
    middle, half, unit = (low + high) / 2, (high - low) / 40, "in units of the data"
    return (
        PanelControl("low", "From", middle - half, low, high, help=f"Lower bound, {unit}."),
        PanelControl("high", "To", middle + half, low, high, help=f"Upper bound, {unit}."),
    )

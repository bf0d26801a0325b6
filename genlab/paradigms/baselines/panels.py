"""The panels of the baselines."""

from __future__ import annotations

from dataclasses import replace

from genlab.settings.paradigm import PanelInfo, ProbeControl, common_panels
from genlab.settings.spaces import Points, Space

_FIT_HELP = {
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
        ProbeControl("low", "From", -0.5, -10.0, 10.0, help="Lower bound, in units of the data."),
        ProbeControl("high", "To", 0.5, -10.0, 10.0, help="Upper bound, in units of the data."),
    ),
)
_INTERVAL_OF_A_FILE = replace(
    _INTERVAL,
    controls=(
        ProbeControl(
            "low", "From", 0.4, help="Lower bound, as a share of the window.", ends=("left", "right")
        ),
        ProbeControl(
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


def panels_of(dataset: str, method: str, bandwidth: str, space: Space) -> tuple[PanelInfo, ...]:
    """The panels of a method on a data set."""
    common = tuple(
        replace(panel, columns=_COLUMNS) if panel.kind == "loss" else panel
        for panel in common_panels(space, "Negative log likelihood")
    )
    if method != "mixture" and not (method == "kernel" and bandwidth == "cross-validated"):
        # what is counted once has no curve to draw
        common = tuple(panel for panel in common if panel.kind != "loss")
    panels = [*common, PanelInfo("fit", "Inside the fit", "probe", probe="fit", help=_FIT_HELP[method])]
    if isinstance(space, Points) and space.dim == 1:
        panels.append(_INTERVAL if dataset != "file" else _INTERVAL_OF_A_FILE)
    if method == "kernel" and bandwidth == "cross-validated":
        panels.append(_CRITERION)
    if method in ("kernel", "nearest"):
        line = isinstance(space, Points) and space.dim == 1
        panels.append(replace(_MEMORISED, shown=not line))
    return tuple(panels)

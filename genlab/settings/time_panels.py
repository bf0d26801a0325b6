"""Panels that every paradigm on a continuous time may have."""

from __future__ import annotations

from collections.abc import Mapping

from genlab.settings.controls import PanelControl
from genlab.settings.panels import PanelInfo

SOLVER_ORDERS: Mapping[str, int] = {"Euler": 1, "Midpoint": 2, "Heun": 2, "RK4": 4}
"""The solvers whose truncation errors are shown, by their names on screen, and their orders."""

EQUIVALENCE = PanelInfo(
    "equivalence",
    "One thing",
    "probe",
    shown=False,
    probe="equivalence",
    wide=True,
    help="Diffusion, score-based models and flow matching as one model in different coordinates, each claim "
    "with the largest difference found in this network. About 1e-12 is rounding; a solver's error is named "
    "beside it.",
)
TRUNCATION = PanelInfo(
    "truncation",
    "Truncation error",
    "probe",
    shown=False,
    probe="truncation",
    controls=(
        PanelControl(
            "show",
            "Show",
            "error",
            choices={"error": "Error of a step", "order": "Measured order"},
            help="How far one step misses the exact solution, or with which power of its length that falls.",
        ),
    ),
    help="How far each of the sampler's steps would miss with four solvers, from where it begins on the "
    "exact trajectory of the network: root mean squares, in standard deviations of the data. Where a curve "
    "is high, steps should be shorter. Where a measured order is below the dashed one, steps are too long "
    "for the solver to be worth its order.",
)


FIELD = PanelInfo(
    "field",
    "Score field",
    "probe",
    shown=False,
    probe="score",
    help="The learned score, redder where it is wrong, over the true one in grey, at one noise level.",
    controls=(
        PanelControl(
            "time",
            "Noise",
            0.8,
            help="Noise level at which the field is taken: left pure noise, right data.",
            ends=("", "data"),
        ),
    ),
)
GUIDANCE = PanelInfo(
    "guidance",
    "Guidance and tilting",
    "probe",
    shown=False,
    probe="guidance",
    wide=True,
    help="The density exactly tilted, p(x) p(label | x)^w, beside that of guided samples. They differ: "
    "guidance tilts the noisy densities on the way, not the one at its end. Choose a label and a scale.",
)

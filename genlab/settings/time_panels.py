"""Panels that show what every paradigm on a continuous time has in common."""

from __future__ import annotations

from collections.abc import Mapping

from genlab.settings.paradigm import PanelInfo, ProbeControl

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
        ProbeControl(
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

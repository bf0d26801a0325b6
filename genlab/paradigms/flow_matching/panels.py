"""The panels of the flow matching workspace."""

from __future__ import annotations

from dataclasses import replace

from genlab.paradigms.flow_matching.settings import FlowMatchingSettings
from genlab.settings.controls import PanelControl
from genlab.settings.data_info import DataInfo
from genlab.settings.panels import TRAJECTORY, PanelInfo, common_panels
from genlab.settings.spaces import Points
from genlab.settings.time_panels import EQUIVALENCE, GUIDANCE, TRUNCATION

PATHS = PanelInfo(
    "paths",
    "Paths",
    "probe",
    probe="paths",
    help="Where points go from the source to the data; those of one class may cross on the page, but never "
    "meet. Straightness is 0 where each goes straight at constant speed, the normalised path energy where "
    "all ways are as short as by optimal transport, of each class to its own. The latter reads a little low: "
    "two samples lie farther apart than what they are drawn from.",
)
VELOCITY = PanelInfo(
    "velocity",
    "Velocity field",
    "probe",
    shown=False,
    probe="velocity",
    help="The learned velocity at one time. Where noise and data are coupled at random the exact one is "
    "known: learned arrows are redder where they are wrong, over the true ones in grey.",
    controls=(
        PanelControl(
            "time", "Time", 0.8, help="From the source, 0, to the data, 1.", ends=("source", "data")
        ),
    ),
)
EVALUATIONS = PanelInfo(
    "evaluations",
    "Evaluations and quality",
    "probe",
    shown=False,
    probe="evaluations",
    controls=(
        PanelControl(
            "measure",
            "Measure",
            "w2",
            choices={"w2": "Distance to the data (W2)", "error": "Error to the exact path"},
            help="Against fresh data, where the floor is that of a perfect sampler; or against the same flow "
            "followed in very many steps.",
        ),
    ),
    help="What each solver makes of a number of network evaluations: Euler takes one a step, midpoint and "
    "Heun two, Runge-Kutta four. A student has its passes.",
)
STUDENT = PanelInfo(
    "student",
    "Student and teacher",
    "probe",
    probe="student",
    help="Where the one-step student and its teacher take the same source points, and how far apart they "
    "land.",
)


def panels(chosen: FlowMatchingSettings, data: DataInfo) -> tuple[PanelInfo, ...]:
    """The panels for these settings and data."""
    method, drawable = chosen.objective.method, data.space.drawable
    found = [*common_panels(data.space)]
    # Consistency without a teacher learns end points alone.
    flows = method != "consistency-training"
    if drawable:
        taught = method in ("student", "consistency-distillation")
        found += [*([PATHS] if flows else []), *([STUDENT] if taught else []), EVALUATIONS]
    found.append(replace(TRAJECTORY, shown=not drawable))
    if data.space == Points(2):
        found += [VELOCITY] if flows else []
        found += [GUIDANCE] if data.labels else []
    return (*found, EQUIVALENCE, TRUNCATION)

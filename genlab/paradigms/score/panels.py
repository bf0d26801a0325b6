"""The panels of the score workspace."""

from __future__ import annotations

from dataclasses import replace

from genlab.paradigms.score.settings import ScoreSettings, trains_classifier
from genlab.settings.controls import PanelControl
from genlab.settings.data_info import DataInfo
from genlab.settings.panels import TRAJECTORY, PanelInfo, common_panels
from genlab.settings.spaces import Points
from genlab.settings.time_panels import EQUIVALENCE, FIELD, GUIDANCE, TRUNCATION

LEVEL = PanelControl(
    "level", "Noise level", -1.0, -2.5, 0.5, help="Decimal logarithm of the noise level σ of the chains."
)
STEP = PanelControl(
    "step", "Step", -0.7, -2.0, 1.0, help="Decimal logarithm of the step size in units of σ²."
)

ERRORS = PanelInfo(
    "errors",
    "Error by noise level",
    "probe",
    shown=False,
    probe="errors",
    help="How far the learned score is from the exact one at each noise level, relative to the length of the "
    "exact one, over noisy data, where samplers ask for it. A score of 0 would err by 100 %.",
)
CHAINS = PanelInfo(
    "chains",
    "Langevin chains",
    "probe",
    shown=False,
    probe="chains",
    controls=(
        PanelControl(
            "method",
            "Chain",
            "mala",
            choices={"ula": "Unadjusted (ULA)", "mala": "Adjusted (MALA)", "annealed": "Annealed"},
            help="Every proposal accepted; accepted or refused by Metropolis and Hastings' rule; or down the "
            "noise levels.",
        ),
        LEVEL,
        STEP,
    ),
    help="Chains that follow the learned score with fresh noise, over the real data: at one noise level, "
    "where they can get stuck in a mode, or annealed.",
)
ACCEPTANCE = PanelInfo(
    "acceptance",
    "Acceptance",
    "probe",
    shown=False,
    probe="acceptance",
    controls=(LEVEL,),
    help="Share of Langevin proposals that Metropolis and Hastings' rule accepts, and how far a chain gets "
    "per step, against the step size. In many dimensions the best step accepts about 57 %.",
)
CLASSIFIER = PanelInfo(
    "classifier",
    "Classifier",
    "loss",
    shown=False,
    columns=("classifier total", "classifier accuracy"),
    help="Cross entropy and accuracy of the classifier on noisy data, over all noise levels.",
)


def panels(chosen: ScoreSettings, data: DataInfo) -> tuple[PanelInfo, ...]:
    """The panels for these settings and data."""
    drawable = data.space.drawable
    found = [*common_panels(data.space), replace(TRAJECTORY, shown=not drawable)]
    if data.space == Points(2):
        found += [replace(FIELD, shown=True), CHAINS]
        found += [GUIDANCE] if data.labels else []
    if drawable:
        found += [ERRORS, ACCEPTANCE]
    if trains_classifier(chosen.objective, data):
        found.append(CLASSIFIER)
    return (*found, EQUIVALENCE, TRUNCATION)

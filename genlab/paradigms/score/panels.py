"""The extra panels of the score workspace."""

from __future__ import annotations

from dataclasses import replace

from genlab.settings.field_panels import FIELD, GUIDANCE
from genlab.settings.paradigm import PanelInfo, ProbeControl, common_panels, drawable
from genlab.settings.spaces import Points, Space
from genlab.settings.time_panels import EQUIVALENCE, TRUNCATION

LEVEL = ProbeControl(
    "level", "Noise level", -1.0, -2.5, 0.5, help="Decimal logarithm of the noise level σ of the chains."
)
STEP = ProbeControl(
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
        ProbeControl(
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


def panels(space: Space, n_labels: int, classifier: bool) -> tuple[PanelInfo, ...]:
    """The panels for a space, with so many classes."""
    found = [*common_panels(space)]
    found.append(PanelInfo("trajectory", "Trajectory", "trajectory", shown=not drawable(space)))
    if isinstance(space, Points) and space.dim == 2:
        found += [replace(FIELD, shown=True), CHAINS]
        found += [GUIDANCE] if n_labels else []
    if drawable(space):
        found += [ERRORS, ACCEPTANCE]
    if classifier:
        found.append(CLASSIFIER)
    return (*found, EQUIVALENCE, TRUNCATION)

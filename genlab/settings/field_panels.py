"""Panels that every paradigm on a continuous time may have: vector fields, and what guidance does."""

from __future__ import annotations

from genlab.settings.paradigm import PanelInfo, ProbeControl

FIELD = PanelInfo(
    "field",
    "Score field",
    "probe",
    shown=False,
    probe="score",
    help="The learned score, redder where it is wrong, over the true one in grey, at one noise level.",
    controls=(
        ProbeControl(
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

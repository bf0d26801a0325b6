"""What the controls of label and guidance can do, and the sentences that a model refuses with."""

from __future__ import annotations

from dataclasses import replace

from genlab.settings.controls import Control
from genlab.settings.data_info import DataInfo

NO_LABELS = "this data set has no labels"
ALWAYS_LABELLED = "this model never trained without labels: raise 'Drop label' above 0 and train again"
NEVER_LABELLED = "this model never saw a label: lower 'Drop label' below 1 and train again"
UNGUIDED = "guidance needs a model that also trained without labels: raise 'Drop label' above 0"


def never_labelled(dropout: float) -> str:
    """Why no label is learned where this share of examples trains without one; '' where some are."""
    return NEVER_LABELLED if dropout == 1 else ""


def label_control(data: DataInfo, untaught: str = "", always: bool = False) -> Control:
    """The control of the label. untaught: why the model learns none of the data's labels, or ''. always:
    whether it sees each example with its label, so that there is no sample without one."""
    reason = untaught if data.labels else NO_LABELS
    return Control("condition.label", not reason, reason, name="Label", without=("none",) if always else ())


def label_controls(
    guidance: Control, data: DataInfo, label: str, dropout: float, untaught: str = ""
) -> tuple[Control, Control]:
    """The controls of guidance and label.

    guidance: its control where it acts. label: that is asked for. dropout: share of examples that trains
    without a label. untaught: why the model learns no labels for any other reason, or ''."""
    untaught = untaught or never_labelled(dropout)
    labels = label_control(data, untaught, always=dropout == 0)
    reason = untaught
    if not data.labels:
        reason = f"{NO_LABELS} to guide towards"
    elif not untaught and dropout == 0:
        reason = UNGUIDED
    elif not untaught and label == "none":
        reason = "with label 'none' there is nothing to guide towards"
    return (at_rest(guidance, reason) if reason else guidance), labels


def at_rest(control: Control, reason: str) -> Control:
    """A control that cannot act, with the reason."""
    return replace(control, enabled=False, reason=reason, help="")

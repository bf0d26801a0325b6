"""What can be asked of a run: its extra panels by name, values of their controls, how many samples."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from genlab.api.errors import RequestError
from genlab.session.session import SettingError
from genlab.settings.controls import PanelControl
from genlab.settings.panels import PanelInfo

FEWEST = 10
"""Samples of an evaluation."""


def check_size(n: int) -> None:
    """Raises RequestError where an evaluation of n samples would say nothing."""
    if n < FEWEST:
        raise RequestError(f"an evaluation needs at least {FEWEST} samples, not {n}")


def find_panel(panels: Sequence[PanelInfo], name: str) -> PanelInfo:
    """The extra panel with this name or probe. Raises SettingError, which names those that there are."""
    for info in panels:
        if name in (info.id, info.probe):
            return info
    there = f"there are {', '.join(info.id for info in panels)}" if panels else "it has none"
    raise SettingError(f"this run has no extra panel '{name}'; {there}")


def control_values(info: PanelInfo, values: Mapping[str, float | str]) -> dict[str, float | str]:
    """Values of every control of an extra panel: those given, the others as at first.

    Raises SettingError for a control that there is not, and for impossible values."""
    controls = {control.key: control for control in info.controls}
    chosen = {key: control.default for key, control in controls.items()}
    for key, value in values.items():
        if key not in controls:
            there = f"there are {', '.join(controls)}" if controls else "it has none"
            raise SettingError(f"the panel '{info.id}' has no control '{key}'; {there}")
        chosen[key] = _control_value(controls[key], value)
    return chosen


def _control_value(control: PanelControl, value: float | str) -> float | str:
    if control.choices is not None:
        if str(value) not in control.choices:
            raise SettingError(
                f"{control.key} cannot be '{value}'; it is one of {', '.join(control.choices)}"
            )
        return str(value)
    try:
        number = float(value)
    except ValueError:
        raise SettingError(f"{control.key} cannot be '{value}': it is a number") from None
    if not control.low <= number <= control.high or (control.whole and number != round(number)):
        whole = "a whole number " if control.whole else ""
        bounds = f"{control.low:g} to {control.high:g}"
        raise SettingError(f"{control.key} cannot be {value}: it is {whole}from {bounds}")
    return number

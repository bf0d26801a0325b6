"""Controls as data: what the sampling bar draws, and what stands under an extra panel."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Control:
    """A setting in the sampling bar, under the name that it has for a paradigm.

    key: dotted, such as 'sampler.steps' or 'condition.label'. enabled: whether it can act; `reason` says why
    not, for its tooltip. name: what it is called here. neutral: the value at which it does nothing. help:
    what it does here, in one sentence, where that differs from the setting's own. symbol: of steps, what the
    time that frames carry is called, such as 'σ'; empty: it says nothing to a person. without: choices that
    cannot be had here.
    """

    key: str
    enabled: bool = True
    reason: str = ""
    name: str = ""
    neutral: float | None = None
    help: str = ""
    symbol: str = ""
    without: tuple[str, ...] = ()


@dataclass(frozen=True)
class PanelControl:
    """A control under an extra panel, whose value goes to the engine with every question.

    A slider from `low` to `high` (with `whole`, over whole numbers), or with `choices` a choice between
    them, value to name on screen. symbol: after the label. ends: what stands at both ends of the slider."""

    key: str
    label: str
    default: float | str
    low: float = 0.0
    high: float = 1.0
    whole: bool = False
    choices: Mapping[str, str] | None = None
    help: str = ""
    ends: tuple[str, str] = ("", "")

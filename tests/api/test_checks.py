"""The checks for the tests of a plug-in find what is wrong."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from genlab.api.checks import Trained, records, require, short_run
from genlab.session.catalogue import PARADIGMS
from genlab.settings.controls import Control
from genlab.settings.panels import PanelInfo
from genlab.settings.paradigm import Capabilities, Preset

from .. import fakes

BROKEN = Preset("broken", "Broken", "It has no such setting.", "mixture-1d", {"objective.depth": 2})


def able(control: Control) -> Callable[..., Capabilities]:
    return lambda chosen, data: Capabilities("none", "there is none", (control,))


@pytest.mark.parametrize(
    ("check", "changes", "sentence"),
    [
        (records.every_preset_can_be_chosen, {"presets": (BROKEN,)}, "'broken' cannot be: there is no sett"),
        (records.every_control_has_a_setting_or_a_reason, {"capabilities": able(Control("sampler.speed"))},
         "no setting 'sampler.speed'"),
        (records.every_control_has_a_setting_or_a_reason,
         {"capabilities": able(Control("sampler.seed", False))}, "does not say why"),
        (records.every_panel_can_be_asked,
         {"panels": lambda chosen, data: (PanelInfo("map", "Map", "probe", probe="mop"),)}, "no probe 'mop'"),
        (records.every_panel_can_be_asked,
         {"panels": lambda chosen, data: (PanelInfo("n", "N", "probe", probe="seven"),),
          "probes": f"{__name__}:PROBES"}, "gives a <class 'int'>"),
        (records.every_panel_can_be_asked,
         {"panels": lambda chosen, data: (PanelInfo("n", "N", "probe", probe="nothing"),),
          "probes": f"{__name__}:PROBES"}, "draws nothing"),
    ],
)  # fmt: skip
def test_a_record_that_promises_too_much_is_told_in_a_sentence(
    check: Callable[[Trained], None], changes: dict[str, Any], sentence: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    fakes.use(monkeypatch)
    run = short_run("fit", "mixture-1d")
    check(run)
    monkeypatch.setitem(PARADIGMS, "fit", replace(fakes.FIT, **changes))
    with pytest.raises(AssertionError, match=sentence):
        check(run)


PROBES = {"seven": lambda model, request: iter([7]), "nothing": lambda model, request: iter([None])}


def test_records_that_import_torch_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    require.require_no_torch()
    monkeypatch.setattr(require, "_records_import_torch", lambda: True)
    with pytest.raises(AssertionError, match="imports torch, which the window never does"):
        require.require_no_torch()

"""What the record of a paradigm promises, check by check."""

from __future__ import annotations

from time import perf_counter

import numpy as np
import torch

from genlab.api.checks.require import require, require_no_torch
from genlab.api.checks.trained import Trained, batch_of
from genlab.core.build import probes_of
from genlab.core.requests import NoDensity, ProbeRequest
from genlab.data.payloads import Payload
from genlab.session.session import Session, SettingError
from genlab.settings.panels import PanelInfo

PATIENCE = 1.0
"""Seconds that a panel is waited for."""


def every_preset_can_be_chosen(run: Trained) -> None:
    for preset in run.session.entry.presets:
        try:
            Session.default(run.session.paradigm, preset.dataset).with_values(preset.values)
        except SettingError as error:
            raise AssertionError(f"the preset '{preset.id}' cannot be: {error}") from error


def every_control_has_a_setting_or_a_reason(run: Trained) -> None:
    keys = run.session.keys()
    for control in run.session.capabilities.controls:
        if control.enabled:
            require(control.key in keys, f"there is no setting '{control.key}' for the control of that name")
        else:
            require(bool(control.reason), f"the control '{control.key}' does not say why it cannot act")


def every_panel_can_be_asked(run: Trained) -> None:
    there = probes_of(run.session.entry)
    for info in run.session.panels:
        if info.kind == "probe":
            require(info.probe in there, f"nothing draws the panel '{info.id}': no probe '{info.probe}'")
            _ask(run, info)


def describing_it_needs_no_torch(run: Trained) -> None:
    require_no_torch()


def _ask(run: Trained, info: PanelInfo) -> None:
    """Ask a panel, its controls as at first, for what it draws first: a payload, or a refusal in words."""
    examples = batch_of(run.dataset.test(200, np.random.default_rng(0)))
    values = {control.key: control.default for control in info.controls}
    asked = ProbeRequest(run.session.sampler, values, 8, examples, run.session.asked)
    until = perf_counter() + PATIENCE
    try:
        with torch.no_grad():
            run.model.refuse(asked)
            for payload in probes_of(run.session.entry)[info.probe](run.model, asked):
                if payload is not None:
                    require(isinstance(payload, Payload), f"the panel '{info.id}' gives a {type(payload)}")
                if payload is not None or perf_counter() > until:
                    return
    except (NoDensity, ValueError) as reason:
        require(bool(str(reason).strip()), f"the panel '{info.id}' refuses and gives no reason")
        return
    raise AssertionError(f"the panel '{info.id}' draws nothing")

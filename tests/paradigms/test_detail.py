"""Extra panels with little detail: less work for the network, and the same kind of picture."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from genlab.core.build import probes_of
from genlab.core.requests import ProbeRequest
from genlab.core.training import Batch
from genlab.session.catalogue import BUILT_IN

CHEAP = 20_000
"""Rows of single layers, about as many microseconds."""
SMALL: dict[str, dict[str, Any]] = {
    "diffusion": {"network.width": 16, "sampler.steps": 8},
    "score": {"network.width": 16, "sampler.steps": 8},
    "flow-matching": {"network.width": 16, "sampler.steps": 8},
}
SLOW = ("equivalence",)
"""Not drawn while a model trains."""


def drawn(model: Any, session: Any, examples: Batch, probe: str, detail: float) -> tuple[int, list[type]]:
    """Rows that went through layers, and the kinds of payload."""
    rows = 0

    def count(module: nn.Module, inputs: tuple[Any, ...]) -> None:
        nonlocal rows
        rows += len(inputs[0]) if inputs and isinstance(inputs[0], torch.Tensor) and inputs[0].ndim else 0

    leaves = [module for module in model.modules() if not list(module.children())]
    hooks = [leaf.register_forward_pre_hook(count) for leaf in leaves]
    (panel,) = {panel.probe: panel for panel in session.panels if panel.probe == probe}.values()
    values = {control.key: control.default for control in panel.controls}
    try:
        with torch.no_grad():
            request = ProbeRequest(session.sampler, values, 24, examples, session.asked, detail)
            found = [part for part in probes_of(session.entry)[probe](model.eval(), request) if part]
    finally:
        for hook in hooks:
            hook.remove()
    return rows, [type(part) for part in found]


@pytest.mark.slow
@pytest.mark.parametrize("dataset", ["mixture-1d", "moons", "digits"])
@pytest.mark.parametrize("paradigm", [paradigm.id for paradigm in BUILT_IN])
def test_little_detail_takes_little_work(
    fresh_model: Callable[..., Any], paradigm: str, dataset: str
) -> None:
    session, data, _, model = fresh_model(paradigm, dataset, SMALL.get(paradigm))
    if dataset == "digits" and paradigm in SMALL:
        pytest.skip("images have the same panels, slowly")
    draw = data.test(300, np.random.default_rng(0))
    examples = Batch(torch.as_tensor(draw.x), None if draw.labels is None else torch.as_tensor(draw.labels))
    names = {panel.probe for panel in session.panels if panel.kind == "probe"} - set(SLOW)
    for name in sorted(names):
        try:
            fine, kinds = drawn(model, session, examples, name, 1.0)
        except ValueError:
            with pytest.raises(ValueError):
                drawn(model, session, examples, name, 1 / 16)
            continue
        coarse, coarse_kinds = drawn(model, session, examples, name, 1 / 16)
        assert coarse <= max(fine / 8, CHEAP), (name, fine, coarse)
        assert set(coarse_kinds) == set(kinds)

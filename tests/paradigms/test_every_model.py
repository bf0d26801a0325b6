"""What every paradigm of the catalogue does, on all kinds of data that it takes."""

from __future__ import annotations

import pytest
import torch

from genlab.api import checks
from genlab.api.checks import models
from genlab.session.catalogue import PARADIGMS


@pytest.mark.parametrize("case", [case for id in PARADIGMS for case in checks.cases(id)], ids=str)
def test_every_model(case: checks.Case) -> None:
    case.run()


@pytest.mark.parametrize(
    "paradigm", ["baselines", "diffusion", "flow", "flow-matching", "gan", "score", "vae"]
)
def test_built_in_paradigms_are_checked_on_a_line_in_the_plane_and_on_images(paradigm: str) -> None:
    found = checks.cases(paradigm)
    assert checks.sets_for(paradigm) == ("mixture-1d", "moons", "digits")
    assert len([case for case in found if case.check is models.every_parameter_receives_a_gradient]) == 3


@pytest.mark.parametrize("dataset", ["mixture-1d", "moons", "digits"])
def test_a_baseline_begins_at_random_points(dataset: str) -> None:
    run = checks.short_run("baselines", dataset)
    one, other = (checks.initial_weights(run, seed) for seed in (1, 2))
    assert any(not torch.equal(a, b) for a, b in zip(one, other, strict=True))

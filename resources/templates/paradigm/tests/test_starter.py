"""What every model does, and what this one says of itself."""

from __future__ import annotations

import numpy as np
import pytest

from genlab.api import checks
from genlab.data.condition import Condition


@pytest.mark.parametrize("case", checks.cases("starter"), ids=str)
def test_the_model_does_what_every_model_does(case: checks.Case) -> None:
    case.run()


def test_at_temperature_zero_samples_are_centres() -> None:
    run = checks.short_run("starter", "moons")
    samples = run.frames(500, Condition("none"), temperature=0.0)[-1]
    assert samples.biased == "temperature 0"
    centres = run.model.unstandardise(run.model.centres[-1]).detach().numpy()
    distance = np.linalg.norm(samples.x[:, None] - centres[None], axis=-1).min(axis=1)
    assert distance.max() < 1e-5

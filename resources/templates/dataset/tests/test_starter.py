"""What every data set does, and what this one says of itself."""

from __future__ import annotations

import numpy as np
import pytest
from genlab_starter import RECORD, StarterSettings

from genlab.api import checks


@pytest.mark.parametrize("case", checks.data_cases("starter"), ids=str)
def test_the_data_are_what_their_record_says(case: checks.DataCase) -> None:
    case.run()


def test_the_centres_are_a_gap_apart() -> None:
    drawn = RECORD.make(StarterSettings(gap=6.0)).train(20_000, np.random.default_rng(0))
    left, right = (drawn.x[drawn.labels == label].mean(0) for label in (0, 1))
    assert right - left == pytest.approx([6.0, 0.0], abs=0.05)

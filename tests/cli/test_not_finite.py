"""What is said of samples that are not finite."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from genlab.data.payloads import Samples
from genlab.paradigms.baselines.model import Baselines

from .conftest import Genlab


def test_samples_that_are_not_finite_are_saved_and_told(
    genlab: Genlab, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = Baselines.sample

    def diverged(self: Baselines, *args: Any) -> Iterator[Samples]:
        for frame in before(self, *args):
            yield replace(frame, x=np.where(np.arange(len(frame.x))[:, None] < 3, np.nan, frame.x))

    monkeypatch.setattr(Baselines, "sample", diverged)
    run = tmp_path / "run"
    trained = genlab("train", "baselines", "moons", "--steps", "1", "--out", run)
    assert trained.status == 0
    assert "warning, still at step 1: 3 of 2,000 samples are not finite\n" in trained.err
    drawn = genlab("sample", run, "--n", "6", "--out", tmp_path / "x.npz")
    assert (drawn.status, drawn.err) == (0, "warning: 3 of 6 samples are not finite\n")
    measured = genlab("evaluate", run, "--n", "20")
    assert measured.status == 0
    assert "it cannot be computed: 3 of 20 samples are not finite" in measured.out

"""The window as the benchmark watches it: frames, pictures and sliders, shortly."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest


@pytest.mark.slow
def test_the_window_is_measured_with_its_engine_at_work(user_directories: Path) -> None:
    from genlab.bench.child import measure

    session = {"paradigm": "diffusion", "dataset": "moons", "settings": {}}
    found = measure("apart.in_window:train", 100, seconds=1.0, **session)
    assert {"density", "samples", "loss"} <= set(found["panels"])
    assert found["steps"] > 10
    assert found["wall"] >= found["trained"] >= 1.0
    assert 0 < found["gui_share"] < 2
    for panel in found["panels"].values():
        assert 10 < panel["median_ms"] <= panel["p99_ms"] <= panel["largest_ms"]
    moved = measure("apart.in_window:move_sliders", 100, moves=1, seconds=0.3, **session)
    assert moved["n"] == 2000
    assert moved["seconds"].keys() == {"sampler.steps", "sampler.guidance"}
    for ((first, whole),) in moved["seconds"].values():
        assert 0 < first <= whole
    alone = measure("apart.headless:train", 100, seconds=0.3, **session)
    assert alone["wall"] >= alone["trained"] >= 0.3


@pytest.mark.slow
def test_pictures_of_own_images_are_timed_from_train_to_paint(user_directories: Path, tmp_path: Path) -> None:
    from genlab.bench.child import measure
    from genlab.bench.measures.kinds import info_of, write_images
    from genlab.bench.measures.previews import first_row, lost_of

    write_images(tmp_path)
    info = info_of(str(tmp_path))
    assert (info.space.event, info.labels) == ((3, 28, 28), ("disc", "square", "stripes"))
    session = {
        "paradigm": "baselines",
        "dataset": str(tmp_path),
        "settings": {"objective.method": "histogram"},
    }
    found = measure("apart.in_window:pictures", 100, seconds=1.0, busy=True, **session)
    assert {"samples", "fit"} == found["first"].keys()
    assert all(age >= 0 for age in found["ages"].values())
    assert 0 <= lost_of(found) < 1
    row = first_row("previews", "toy", found, 1000.0, 1.0)
    assert row.figures[0].value > 0


def test_the_panel_whose_first_picture_comes_last_counts_and_one_that_never_came_misses() -> None:
    from genlab.bench.measures.previews import first_row

    found = {"pressed": 100.0, "ended": 108.0, "first": {"samples": 0.5, "field": 1.5}}
    row = first_row("previews", "toy", found, 2.0, 1.0)
    assert (row.measured, row.passed) == ("1.50 s", True)
    row = first_row("previews", "toy", found | {"first": {"samples": 0.5, "field": None}}, 20.0, 1.0)
    assert (row.measured, row.passed) == ("more than 8.00 s", False)
    assert row.note.endswith("never: field")
    assert row.figures[0].value == 8.0


def test_a_paradigm_is_watched_on_moons_or_on_what_it_can_learn_and_no_fit_ends_early() -> None:
    from genlab.bench.measures.kinds import session_of
    from genlab.session.catalogue import PARADIGMS
    from genlab.settings.spaces import Tokens

    assert session_of(PARADIGMS["vae"]) == {"paradigm": "vae", "dataset": "moons", "settings": {}}
    fitted = session_of(PARADIGMS["baselines"])["settings"]
    assert fitted == {"objective.method": "mixture", "objective.tolerance": 0.0}
    of_text = replace(PARADIGMS["vae"], id="mine", spaces=(Tokens,), dataset="names")
    assert session_of(of_text)["dataset"] == "names"

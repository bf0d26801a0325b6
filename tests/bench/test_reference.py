"""What a gate compares with: figures, their noise and their bounds."""

from __future__ import annotations

import math

import pytest

from genlab.bench.reference import Better, Recorded, Reference, compare, reference, references, wild
from genlab.bench.rows import Figure, Row, higher, lower


def recorded(**rows: Reference) -> Recorded:
    return Recorded("2026-01-01", {}, (0,), (1.0,), {what: {"": each} for what, each in rows.items()})


@pytest.mark.parametrize(
    ("better", "value", "result"),
    [
        ("higher", 9.0, "passed"),
        ("higher", 8.01, "passed"),
        ("higher", 7.99, "fell"),
        ("higher", 100.0, "passed"),
        ("lower", 11.0, "passed"),
        ("lower", 11.99, "passed"),
        ("lower", 12.01, "fell"),
        ("lower", -100.0, "passed"),
        ("higher", math.nan, "fell"),
        ("lower", math.nan, "fell"),
        ("lower", math.inf, "fell"),
        ("higher", -math.inf, "fell"),
    ],
)
def test_a_figure_may_be_worse_by_four_times_its_noise_and_no_more(
    better: Better, value: float, result: str
) -> None:
    row = Row("toy", "width", "any", "", figures=(Figure(value, better, 100.0),))
    (found,) = compare("toy", [row], recorded(width=Reference(better, 0.5, (9.5, 10.0, 10.5))))
    assert found.result == result
    assert (found.section, found.what, found.value) == ("toy", "width", pytest.approx(value, nan_ok=True))


def test_the_noise_is_that_of_the_repeats_unless_more_is_known_beforehand() -> None:
    found = reference([Figure(value, "lower", 0.1) for value in (1.0, 3.0, 5.0)])
    assert (found.values, found.mean, found.noise, found.bound) == ((1.0, 3.0, 5.0), 3.0, 2.0, 11.0)
    assert reference([Figure(value, "higher", 0.1) for value in (1.0, 1.0)]).bound == pytest.approx(0.6)


def test_a_figure_that_is_not_finite_is_not_recorded() -> None:
    with pytest.raises(ValueError, match="not finite"):
        reference([Figure(1.0, "lower", 0.1), Figure(math.nan, "lower", 0.1)])


def test_a_row_without_a_reference_is_new_and_a_reference_without_a_row_is_missing() -> None:
    rows = [Row("toy", what, "any", "", figures=(higher([1.0], 0.1),)) for what in ("old", "young")]
    kept = recorded(old=Reference("higher", 0.1, (1.0,)), gone=Reference("higher", 0.1, (1.0,)))
    assert {each.what: each.result for each in compare("toy", rows, kept)} == {
        "old": "passed",
        "young": "new",
        "gone": "missing",
    }
    assert [each.result for each in compare("toy", rows, None)] == ["new", "new"]


def test_figures_of_one_row_are_told_apart_by_name() -> None:
    rows = [Row("toy", "run", "any", "", figures=(lower([2.0, 4.0], 0.1), higher([7.0], 0.1, "speed")))]
    kept = references([rows, rows])
    assert (kept["run"][""].mean, kept["run"]["speed"].mean) == (3.0, 7.0)
    slower = [Row("toy", "run", "any", "", figures=(lower([3.0], 0.1), higher([5.0], 0.1, "speed")))]
    found = compare("toy", slower, Recorded("", {}, (), (), kept))
    assert {each.title: each.result for each in found} == {"run": "passed", "run [speed]": "fell"}


@pytest.mark.parametrize(
    "rows",
    [
        [Row("toy", "bare", "any", "1")],
        [Row("toy", "twice", "any", "1", figures=(higher([1.0], 0.1),))] * 2,
    ],
)
def test_rows_that_could_fall_unseen_are_refused(rows: list[Row]) -> None:
    with pytest.raises(ValueError, match=r"no figure|two figures"):
        compare("toy", rows, None)


def test_repeats_with_different_rows_are_not_recorded() -> None:
    one, other = (
        [Row("toy", what, "any", "", figures=(higher([1.0], 0.1),))] for what in ("first", "second")
    )
    with pytest.raises(ValueError, match="same rows"):
        references([one, other])


def test_figures_that_vary_too_much_to_fail_are_named() -> None:
    figures = {"calm": (9.0, 10.0, 11.0), "wild": (100.0, 60.0, 110.0)}
    kept = {name: reference([Figure(v, "higher", 0.5) for v in values]) for name, values in figures.items()}
    assert wild({"toy": recorded(**kept)}) == ["toy: wild: 100, 60, 110"]

"""Data sets whose draws are not what their records say: one sentence that names them, before any training."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from genlab.api.checks import data as checks
from genlab.data import DataError, Draw, load
from genlab.data.catalogue import DATASETS
from genlab.data.fixed import FixedDataset
from genlab.data.record import DatasetRecord
from genlab.settings.fields import Settings
from genlab.settings.spaces import Images, Points, Space, Tokens

Fill = Callable[[np.random.Generator], Any]


class NoSettings(Settings):
    """None."""


PLANE = Points(2)


def record(
    x: Fill, space: Space = PLANE, names: tuple[str, ...] = ("a", "b"), labels: Any = 0, **more: Any
) -> DatasetRecord[NoSettings]:
    def make(chosen: NoSettings) -> FixedDataset:
        values = x(np.random.default_rng(0))
        given = np.arange(len(values)) % 2 if isinstance(labels, int) else labels
        draw = Draw(values, given)
        made = FixedDataset("odd", "Odd", space, names, (Draw(np.ones((9, 2)), None),) * 3, "f")
        made._train = made._validation = made._test = draw
        return made

    return DatasetRecord(
        "odd", "Odd", "2-D", "Odd.", NoSettings, lambda s: space, lambda s: names, make, **more
    )


def normal(rng: np.random.Generator) -> Any:
    return rng.normal(size=(40, 2)).astype(np.float32)


def holed(rng: np.random.Generator) -> Any:
    return np.where(np.arange(80).reshape(40, 2) % 7, normal(rng), np.float32("nan"))


def tokens(rng: np.random.Generator) -> Any:
    return rng.integers(0, 40, size=(40, 6))


TEXT, IMAGES = Tokens(6, ("a", "b", "\n"), 2), Images(1, 2, 2, 4)


@pytest.mark.parametrize(
    ("odd", "sentence"),
    [
        (record(tokens, TEXT), "token 39 is not one of 0 to 2"),
        (record(lambda r: np.zeros((4, 6)), TEXT), "tokens are whole numbers, not float64"),
        (record(holed), "not all of its data are finite"),
        (record(lambda r: np.full((4, 2), 1e300)), "not all of its data are finite"),
        (record(lambda r: np.full((4, 2), "x")), "its data are numbers, not <U1"),
        (record(lambda r: r.normal(size=(9, 3))), r"shape \(9, 3\), not of \(n, 2\)"),
        (record(lambda r: normal(r)[:0]), "a part of it has no rows"),
        (record(lambda r: np.full((4, 1, 2, 2), 4.0), IMAGES), "no whole level from 0 to 3"),
        (record(lambda r: np.full((4, 1, 2, 2), 0.5), IMAGES), "no whole level from 0 to 3"),
        (record(normal, labels=None), "names 2 classes, but it draws no labels"),
        (record(normal, labels=np.full(40, 7)), "label 7 is not one of 0 to 1"),
        (record(normal, labels=np.zeros(3, np.int64)), r"labels of shape \(3,\) for 40 data"),
        (record(normal, labels=np.zeros(40)), "labels are whole numbers, not float64"),
    ],
)
def test_a_draw_that_is_not_what_the_record_says_is_refused_by_name(
    odd: DatasetRecord[NoSettings], sentence: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(DATASETS, "odd", odd)  # type: ignore[arg-type]
    data = load("odd", NoSettings())
    for part in (data.train, data.validation, data.test):
        with pytest.raises(DataError, match=f"^The data set 'Odd' cannot be used: .*{sentence}"):
            part(100, np.random.default_rng(0))
    with pytest.raises(AssertionError, match=sentence):
        checks.what_is_drawn_belongs_to_its_space("odd")


@pytest.mark.parametrize(
    ("odd", "sentence"),
    [
        (record(normal, truth=True), "its distribution is known, and it is not"),
        (replace(record(normal), space=lambda s: Points(3)), "speaks of points of 3 coordinates"),
        (replace(record(normal), labels=lambda s: ("a",)), "has other labels than its data"),
        (
            replace(record(normal), make=lambda s: 1 / 0),
            "cannot be made: ZeroDivisionError: division by zero",
        ),
        (replace(record(normal), make=lambda s: None), "it makes a NoneType, not a Dataset"),
    ],
)
def test_data_that_contradict_their_record_are_refused_at_once(
    odd: DatasetRecord[NoSettings], sentence: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(DATASETS, "odd", odd)  # type: ignore[arg-type]
    with pytest.raises(DataError, match=sentence):
        load("odd", NoSettings())


@pytest.mark.parametrize("kind", [np.float64, np.float16, np.int64, np.uint8])
def test_points_of_every_kind_of_number_are_held_as_their_space_holds_them(
    kind: type, monkeypatch: pytest.MonkeyPatch
) -> None:
    odd = record(lambda r: r.integers(0, 9, size=(40, 2)).astype(kind))
    monkeypatch.setitem(DATASETS, "odd", odd)  # type: ignore[arg-type]
    drawn = load("odd", NoSettings()).train(9, np.random.default_rng(0))
    assert (drawn.x.dtype, drawn.labels is not None and drawn.labels.dtype) == (np.float32, np.int64)
    assert drawn.x.max() <= 8


def test_good_data_are_handed_on_as_they_are(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(DATASETS, "odd", record(normal))  # type: ignore[arg-type]
    data = load("odd", NoSettings())
    drawn, made = data.train(9, np.random.default_rng(0)), data._made  # type: ignore[attr-defined]
    assert drawn.x is made._train.x
    assert drawn.labels is made._train.labels
    assert (data.id, data.title, data.fingerprint) == ("odd", "Odd", "f")

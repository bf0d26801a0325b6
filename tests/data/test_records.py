"""Records: what they say holds of the data, and old runs still know their sets."""

from __future__ import annotations

import json

import numpy as np
import pytest

from genlab.data import DataError, Truth, load
from genlab.data.catalogue import BUILT_IN, DATASETS, record_of
from genlab.data.files.settings import FILE, FileSettings
from genlab.settings.data_info import DataInfo
from genlab.settings.spaces import Images, Points

FINGERPRINTS = {
    "mixture-1d": "2b3ca4f10f320a5df197041421ea36d9",
    "mixture-1d-uneven": "2166b9748422657bce85eb92c819905c",
    "heavy-tail-1d": "98681382734751cba917640bb0338352",
    "8gaussians": "36cd17e9e2d113b3738b35b4b3b6d3fc",
    "8gaussians-cfm": "0ddaf92b14160ab6834509adfc625024",
    "gan-ring": "ed6b554516073ab94754443dfff2ddfd",
    "gan-grid": "a691088d1f756ad472702b9600f1efcb",
    "moons": "d071d548569abc831b29e1484839bd0a",
    "moons-cfm": "2f3fb610b9b3cadb93c4403c302808be",
    "circles": "763a33327c53b392fedf7550e9160e22",
    "rings": "422590a953d12139e4f2d9b0710a286d",
    "2spirals": "0fc154bc1be4e57d64d257dff079214e",
    "pinwheel": "5db2ac85a3fc342169bc8eeb79aad259",
    "swissroll": "6b370c0cb9887ec8e05e353b30767e0f",
    "checkerboard": "9fd2b0ad88bf8ccb1c73d8aefb8c27fe",
    "s-curve": "4ef00f2ec94c67c36fa48d9ce95ca0d1",
    "digits": "80feef7a9ef16d22ad32be420ba2dee4",
}
"""First half of each fingerprint at default settings, as runs have recorded it since the first release."""


@pytest.mark.parametrize("id", FINGERPRINTS)
def test_a_built_in_set_keeps_the_fingerprint_that_old_runs_recorded(id: str) -> None:
    assert load(id, DATASETS[id].settings()).fingerprint[:32] == FINGERPRINTS[id]


@pytest.mark.parametrize("id", BUILT_IN)
def test_a_record_says_what_holds_of_the_data_that_it_makes(id: str) -> None:
    record = DATASETS[id]
    dataset, info = record.make(record.settings()), record.info()
    assert (dataset.id, dataset.title) == (id, record.title)
    assert (dataset.space, dataset.label_names) == (info.space, info.labels)
    assert record.truth == (dataset.truth is not None)
    truth = dataset.truth if isinstance(dataset.truth, Truth) else None
    assert record.modes == (truth is not None and truth.modes is not None and truth.mode_std is not None)
    draw = dataset.train(20, np.random.default_rng(0))
    assert draw.x.dtype == info.space.dtype
    assert draw.x.shape[1:] == info.space.event
    if truth is not None:
        assert isinstance(info.space, Points)
        assert record.group == f"{info.space.dim}-D"


def test_the_record_of_ones_own_data_follows_what_they_hold() -> None:
    images = FileSettings(name="cats", kind="images", channels=3, height=8, width=9, rows=40, labels="a\nb")
    assert FILE.info(images) == DataInfo("file", Images(3, 8, 9, 256), ("a", "b"))
    assert FILE.title_of(images) == "cats"
    assert FILE.summary_of(images) == "Your own images: 40 of 3 x 8 x 9, 2 classes."
    assert record_of("file") is FILE
    with pytest.raises(DataError, match="from their file"):
        FILE.make(images)


def test_settings_of_a_file_from_before_text_was_known_still_load() -> None:
    old = {
        "name": "cloud", "sha256": "ab", "kind": "points", "rows": 100, "dim": 2, "channels": 1, "height": 1,
        "width": 1, "levels": 256, "labels": "", "split_seed": 0,
    }  # fmt: skip
    settings = FileSettings.model_validate_json(json.dumps(old))
    assert FILE.space(settings) == Points(2)
    assert {key: value for key, value in settings.model_dump().items() if key in old} == old

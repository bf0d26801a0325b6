"""What an extra panel draws, as JSON and as arrays."""

from __future__ import annotations

import json

import numpy as np

from genlab.cli import payloads
from genlab.data.payloads import Maps, ScalarMap

EXTENT = (0.0, 1.0, 0.0, 1.0)
VALUES = np.array([[0.25, np.nan], [0.5, 1.0]], np.float32)
MAPS = Maps(
    (
        ScalarMap(VALUES, EXTENT, "truth", (0.0, 1.0)),
        ScalarMap(-VALUES, EXTENT, "log ratio", (-1.0, 1.0), diverging=True, unit="nats"),
    ),
    "Two maps.",
)


def test_maps_are_json_with_one_entry_for_each() -> None:
    found = json.loads(payloads.json_text(MAPS))
    assert (found["kind"], found["note"]) == ("Maps", "Two maps.")
    assert [each["title"] for each in found["maps"]] == ["truth", "log ratio"]
    assert found["maps"][0]["values"] == [[0.25, None], [0.5, 1.0]]
    assert (found["maps"][1]["diverging"], found["maps"][1]["limits"]) == (True, [-1.0, 1.0])
    assert payloads.readable(MAPS) == ""


def test_maps_are_arrays_numbered_from_zero() -> None:
    found = payloads.arrays(MAPS)
    assert sorted(found) == ["maps.0.values", "maps.1.values"]
    np.testing.assert_array_equal(found["maps.1.values"], -VALUES)

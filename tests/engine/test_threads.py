"""How many threads training is given, by times that a test sets."""

from __future__ import annotations

from typing import Any

import pytest

from genlab.engine.training import threads


@pytest.mark.parametrize(
    ("times", "chosen"),
    [
        ({1: [10.0, 10.0], 2: [5.0]}, 2),
        ({1: [10.0], 2: [8.0]}, 1),
        ({1: [10.0, 5.0], 2: [4.8]}, 1),  # one thread was slow by chance
    ],
)
def test_more_threads_are_taken_where_they_are_much_faster_twice(
    times: dict[int, list[float]], chosen: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    def time(model: Any, pool: Any, session: Any, count: int) -> float:
        return times[count].pop(0)

    monkeypatch.setattr(threads, "_time", time)
    nothing: Any = None
    assert threads._measure(nothing, nothing, nothing, 2) == chosen
    assert not any(times.values())

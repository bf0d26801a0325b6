"""Samples as they come, and what is shown ahead of those that take long."""

from __future__ import annotations

import numpy as np
import pytest
from pytestqt.qtbot import QtBot

from genlab.app.views.feeds import sample_feed
from genlab.app.views.feeds.sample_feed import SampleFeed
from genlab.data.payloads import Samples, Trajectory
from genlab.engine import protocol as p

STEPS = 3


def frame(index: int, n: int = 5, total: int = STEPS) -> Samples:
    return Samples(np.zeros((n, 2), np.float32), None, None, index, total, 0.0, 1)


@pytest.fixture
def sent() -> list[p.Command]:
    return []


@pytest.fixture
def feed(sent: list[p.Command], qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> SampleFeed:
    """A feed that shows frames as they come, at once."""
    monkeypatch.setattr(sample_feed, "PATIENCE", 0.0)
    made = SampleFeed(sent.append)
    made.ask(p.Sample("r", "samples", 0, {}, n=5, trajectory=True))
    return made


def hear(feed: SampleFeed, payload: Samples | Trajectory, coarse: str = "") -> bool:
    last = isinstance(payload, Samples) and payload.index == payload.total
    request = feed._flying
    assert request is not None
    return feed.take(p.Answer("r", "samples", request, 7, payload, last, coarse=coarse))


def test_frames_of_samples_that_take_long_show_as_they_come(feed: SampleFeed) -> None:
    for index in range(STEPS + 1):
        assert hear(feed, frame(index))
        assert [shown.index for shown in feed.frames] == list(range(index + 1))
    assert not feed.busy


def test_coarser_ones_ahead_stay_until_all_are_there(feed: SampleFeed) -> None:
    hear(feed, frame(0))
    rough = Trajectory(tuple(frame(index, 2, 1) for index in range(2)))
    assert hear(feed, rough, "2 of 5 samples, 1 of 3 steps")
    for index in range(1, STEPS):
        hear(feed, frame(index))
        assert (len(feed.frames), len(feed.frames[0].x)) == (2, 2)
        assert (feed.coarse, feed.position, feed.busy) == ("2 of 5 samples, 1 of 3 steps", 1, True)
    hear(feed, frame(STEPS))
    assert [len(shown.x) for shown in feed.frames] == (STEPS + 1) * [5]
    assert (feed.coarse, feed.position, feed.busy, feed.held) == ("", STEPS, False, 7)


def test_what_waits_is_asked_for_once_coarser_ones_are_there(
    feed: SampleFeed, sent: list[p.Command], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sample_feed, "PATIENCE", 100.0)
    newer = p.Sample("r", "samples", 0, {}, n=9, trajectory=True)
    feed.ask(newer)
    hear(feed, frame(0))
    assert len(sent) == 1
    hear(feed, Trajectory((frame(0, 2, 1), frame(1, 2, 1))), "2 of 5 samples")
    assert len(sent) == 2
    assert isinstance(sent[1], p.Sample)
    assert (sent[1].n, feed.coarse) == (9, "2 of 5 samples")
    assert not feed.take(p.Answer("r", "samples", sent[0].request, 7, frame(1), False))  # type: ignore[union-attr]

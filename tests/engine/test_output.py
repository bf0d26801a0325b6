"""What a model gives is checked where it comes in, whoever asks."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch

from genlab.core.requests import LogProb
from genlab.data.payloads import Samples
from genlab.engine import protocol as p
from genlab.engine.output import frames
from genlab.paradigms.baselines.model import Baselines
from genlab.settings.data_info import DataInfo
from genlab.settings.spaces import Tokens
from tests.engine.test_answers import answered

POINTS = np.zeros((6, 2), np.float32)
ENDED = "the model's samples ended before their last frame"


def changed(monkeypatch: pytest.MonkeyPatch, name: str, change: Callable[[Any], Iterator[Any]]) -> None:
    """Baselines whose frames or log densities are changed on their way out."""
    before = getattr(Baselines, name)

    def after(self: Baselines, *args: Any) -> Iterator[Any]:
        for given in before(self, *args):
            yield from (given,) if given is None else change(given)

    monkeypatch.setattr(Baselines, name, after)


def reasons(request: p.Request) -> str:
    (event,) = [event for event in answered("baselines", {}, request) if isinstance(event, p.Refused)]
    return event.reason


SAMPLES: dict[str, tuple[Callable[[Samples], Iterator[Any]], str]] = {
    "none": (lambda frame: iter(()), ENDED),
    "no last one": (lambda frame: iter((replace(frame, total=3),)), ENDED),
    "fewer": (lambda frame: iter((replace(frame, x=frame.x[:-1]),)), "Baselines gives samples of shape ("),
    "other event": (lambda frame: iter((replace(frame, x=frame.x[:, :1]),)), "1) where ("),
    "whole numbers": (
        lambda frame: iter((replace(frame, x=frame.x.astype(int)),)),
        "of type int64",
    ),
    "a list": (lambda frame: iter((replace(frame, x=frame.x.tolist()),)), "a value of type list"),
    "a tensor": (lambda frame: iter((replace(frame, x=torch.as_tensor(frame.x)),)), "a value of type Tensor"),
    "no frame": (lambda frame: iter((frame.x,)), "a value of type ndarray where a frame of samples belongs"),
    "few labels": (lambda frame: iter((replace(frame, labels=np.zeros(99, int)),)), "labels of shape (99,)"),
    "other labels": (
        lambda frame: iter((replace(frame, labels=np.full(len(frame.x), 7)),)),
        "labels beyond the 2 classes of the data",
    ),
    "clean ones": (lambda frame: iter((replace(frame, clean=frame.x[:-1]),)), "clean samples of shape"),
}


@pytest.mark.parametrize("name", SAMPLES)
def test_samples_that_are_not_what_was_asked_for_are_refused(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    change, reason = SAMPLES[name]
    changed(monkeypatch, "sample", change)
    for request in (
        p.Sample("r", "samples", 0, {}, n=6),
        p.DrawDensity("r", "density", 0, {}, resolutions=(8,)),
        p.Evaluate("r", "evaluate", 0, {}, n=20),
    ):
        assert reason in reasons(request)


@pytest.mark.parametrize(("token", "good"), [(2, True), (3, False), (-1, False)])
def test_tokens_beyond_the_vocabulary_are_refused(token: int, good: bool) -> None:
    class Model:
        data = DataInfo("words", Tokens(2, ("a", "b", "\n"), end=2), (), 10)

        def sample(self, request: Any) -> Iterator[Samples]:
            yield Samples(np.array([[0, token]]), None, None, 0, 0, 0.0, 0)

    class Request:
        n = 1

    work = frames(Model(), Request(), "Words")  # type: ignore[arg-type]
    if good:
        assert len(list(work)) == 1
    else:
        with pytest.raises(ValueError, match="Words gives tokens beyond the vocabulary, whose 3 are 0 to 2"):
            list(work)


DENSITIES: dict[str, tuple[Callable[[LogProb], Iterator[Any]], str]] = {
    "none": (lambda part: iter(()), "0 log densities of 6 points"),
    "fewer": (lambda part: iter((replace(part, value=part.value[:-1]),)), "5 log densities of 6 points"),
    "twice": (lambda part: iter((part, part)), "12 log densities of 6 points"),
    "elsewhere": (
        lambda part: iter((replace(part, start=1),)),
        "of 6 points, not one of each",
    ),
    "columns": (lambda part: iter((replace(part, value=part.value[:, None]),)), "of shape (6, 1)"),
    "an array": (lambda part: iter((replace(part, value=part.value.numpy()),)), "a value of type ndarray"),
    "errors": (lambda part: iter((replace(part, error=torch.zeros(2)),)), "2 errors of 6 log densities"),
    "kind": (lambda part: iter((replace(part, kind="bogus"),)), "of the kind 'bogus'"),
    "no number": (
        lambda part: iter((replace(part, value=part.value * np.nan),)),
        "log densities of nan at 6 of 6 points, first in row 1",
    ),
    "infinite": (
        lambda part: iter((replace(part, value=part.value + np.inf),)),
        "log densities of inf at 6 of 6 points",
    ),
}


@pytest.mark.parametrize("name", DENSITIES)
def test_log_densities_that_are_not_what_was_asked_for_are_refused(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    change, reason = DENSITIES[name]
    changed(monkeypatch, "log_prob", change)
    refused = reasons(p.LogProbOf("r", "l", 0, {}, x=POINTS))
    assert refused.startswith("Baselines gives ")
    assert reason in refused


def test_a_density_of_nothing_at_a_point_is_one(monkeypatch: pytest.MonkeyPatch) -> None:
    changed(monkeypatch, "log_prob", lambda part: iter((replace(part, value=part.value - np.inf),)))
    (event,) = answered("baselines", {}, p.LogProbOf("r", "l", 0, {}, x=POINTS))
    assert isinstance(event, p.LogProbs)
    assert (event.values == -np.inf).all()

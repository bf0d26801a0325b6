"""Code of a plug-in that tries to end the program ends what it was asked for, and nothing else."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from genlab.engine import protocol as p
from genlab.paradigms.diffusion.model import Diffusion
from tests.engine.conftest import Talk
from tests.engine.test_worker import prepare


def leave(*_: Any) -> Any:
    raise SystemExit(4)


def heard(talk: Talk, wanted: Callable[[p.Event], bool]) -> p.Event:
    return next(event for event in talk.engine.events() if wanted(event))


def test_a_question(talk: Talk, monkeypatch: pytest.MonkeyPatch) -> None:
    prepare(talk, None)
    with monkeypatch.context() as patch:
        patch.setattr(Diffusion, "sample", leave)
        talk.send(p.Sample("a", "samples", 1, {}, n=4))
        refused = heard(talk, lambda event: isinstance(event, p.Refused))
    assert refused == p.Refused("a", "samples", 1, "it failed: SystemExit: 4")
    talk.send(p.Sample("a", "samples", 2, {}, n=4))
    heard(talk, lambda event: isinstance(event, p.Answer) and event.request == 2)


def test_training(talk: Talk, monkeypatch: pytest.MonkeyPatch) -> None:
    prepare(talk, None)
    with monkeypatch.context() as patch:
        patch.setattr(Diffusion, "loss", leave)
        talk.send(p.Train("a"))
        failure = heard(talk, lambda event: isinstance(event, p.Failure))
    assert isinstance(failure, p.Failure)
    assert (failure.title, failure.what) == ("Training stopped", "SystemExit: 4")
    talk.send(p.Sample("a", "samples", 2, {}, n=4))
    heard(talk, lambda event: isinstance(event, p.Answer) and event.request == 2)


def test_a_command(talk: Talk, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.setattr("genlab.engine.run.Run.prepare", leave)
        with pytest.raises(AssertionError, match="SystemExit: 4"):
            prepare(talk, None)
    prepare(talk, None)


def test_what_is_asked_of_a_run_that_is_not_open_is_answered(talk: Talk) -> None:
    talk.send(p.Train("gone"))
    refused = talk.until(lambda event: isinstance(event, p.Failure))
    assert isinstance(refused, p.Failure)
    assert refused.what == "this run is no longer open"
    talk.send(p.Close("gone"))
    assert talk.until(lambda event: isinstance(event, p.Closed)) == p.Closed("gone")

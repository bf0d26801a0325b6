"""What is refused before a model is asked, and what its panels answer all the same."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from genlab.data import load
from genlab.data.condition import Condition
from genlab.data.payloads import Samples, Trajectory
from genlab.engine import answers
from genlab.engine import protocol as p
from genlab.engine.answers import answer
from genlab.engine.run import Run
from genlab.session.session import Session


def answered(paradigm: str, values: dict[str, Any], request: p.Request) -> list[p.Event]:
    """What an untrained run on moons answers."""
    session = Session.default(paradigm, "moons").with_values({"training.threads": 1} | values)
    run = Run("r", session, load("moons", session.data), torch.device("cpu"), lambda event: None, None)  # type: ignore[arg-type]
    heard: list[p.Event] = []
    with run.snapshots.pin(run.trainer) as model, torch.no_grad():
        for _ in answer(request, model, run.trainer.step, run, False, heard.append):
            assert not any(isinstance(event, p.Answer) and event.last for event in heard), "under way still"
    return heard


def asked(name: str, label: str = "any", **sampler: Any) -> p.Probe:
    values: dict[str, float | str] = {"time": 0.5}
    return p.Probe("r", name, 0, sampler, Condition(label), name, values, 8)


@pytest.mark.parametrize(("paradigm", "less"), [("diffusion", "4 of 64 samples, 2 of 5 steps"), ("vae", "")])
def test_samples_that_take_long_come_coarser_first_and_those_of_one_pass_do_not(
    paradigm: str, less: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(answers, "KNOWN", 0.0)
    monkeypatch.setattr(answers, "UNKNOWN", 10.0)
    monkeypatch.setattr(answers, "LONG", 0.0)
    monkeypatch.setattr(answers, "AHEAD", 1e-6)
    steps = {"steps": 5} if less else {}
    heard = answered(paradigm, {}, p.Sample("r", "samples", 0, steps, n=64, trajectory=True))
    ahead = [e for e in heard if isinstance(e, p.Answer) and isinstance(e.payload, Trajectory)]
    assert [(e.coarse, e.last, e.preview) for e in ahead] == ([(less, False, False)] if less else [])
    assert all(frame.x.shape == (4, 2) for e in ahead for frame in e.payload.frames)
    whole = [e for e in heard if e not in ahead]
    assert all(isinstance(e, p.Answer) and e.coarse == "" and len(e.payload.x) == 64 for e in whole)
    assert [e.payload.index for e in whole] == list(range(6 if less else 1))  # type: ignore[union-attr]
    assert whole[-1].last  # type: ignore[union-attr]


def test_samples_that_are_soon_there_come_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(answers, "KNOWN", 0.0)
    monkeypatch.setattr(answers, "LONG", 1000.0)
    heard = answered("diffusion", {}, p.Sample("r", "samples", 0, {"steps": 5}, n=64, trajectory=True))
    assert [type(e.payload) for e in heard if isinstance(e, p.Answer)] == 6 * [Samples]


@pytest.mark.parametrize("name", ["reconstructions", "traversal", "interpolation", "per-dimension", "bounds"])
@pytest.mark.parametrize(
    ("values", "label", "guidance"),
    [({"objective.conditional": False}, "upper", 1.0), ({"objective.condition_dropout": 0.0}, "any", 2.0)],
)
def test_a_panel_that_shows_no_class_answers_whatever_label_is_asked_for(
    name: str, values: dict[str, Any], label: str, guidance: float
) -> None:
    heard = answered("vae", values, asked(name, label, guidance=guidance))
    assert [type(event) for event in heard] == [p.Answer]


@pytest.mark.parametrize(
    ("values", "name", "label", "guidance", "reason"),
    [
        ({"objective.condition_dropout": 0.0}, "score", "upper", 2.0, "guidance needs a model"),
        ({"objective.condition_dropout": 0.0}, "guidance", "upper", 2.0, "guidance needs a model"),
        ({"objective.condition_dropout": 1.0}, "score", "upper", 1.0, "never saw a label"),
    ],
)
def test_a_panel_refuses_what_it_would_draw_and_was_never_trained(
    values: dict[str, Any], name: str, label: str, guidance: float, reason: str
) -> None:
    (refused,) = answered("diffusion", values, asked(name, label, guidance=guidance))
    assert isinstance(refused, p.Refused)
    assert reason in refused.reason


@pytest.mark.parametrize(
    ("condition", "reason"),
    [
        (Condition("any", np.zeros(2), np.array([True, False])), "cannot use what is given of each sample"),
        (Condition(prompt="a moon"), "cannot use a prompt"),
    ],
)
def test_what_is_given_to_a_model_without_a_control_for_it_is_refused(
    condition: Condition, reason: str
) -> None:
    for request in (
        p.Sample("r", "samples", 0, {}, condition, n=2),
        p.Probe("r", "fit", 0, {}, condition, "fit", {}, 8),
        p.LogProbOf("r", "l", 0, {}, condition, x=np.zeros((1, 2), np.float32)),
    ):
        (refused,) = answered("baselines", {}, request)
        assert isinstance(refused, p.Refused)
        assert reason in refused.reason

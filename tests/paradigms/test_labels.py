"""The controls of label and guidance say what the models then do."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch

from genlab.core.model import Model
from genlab.core.requests import DensityRequest, NoDensity, SampleRequest
from genlab.data.condition import Condition
from genlab.data.payloads import Samples
from genlab.session.session import Session

Fresh = Callable[..., Any]


def last(model: Model[Any, Any, Any], session: Session, label: str) -> Samples:
    """Two samples."""
    with torch.no_grad():
        return list(model.eval().sample(SampleRequest(2, session.sampler, Condition(label))))[-1]


DROPPING = ("diffusion", "score", "flow-matching", "vae", "flow")


@pytest.mark.parametrize("paradigm", DROPPING)
def test_a_model_that_sees_no_label_offers_none(paradigm: str) -> None:
    session = Session.default(paradigm, "moons").with_values({"objective.condition_dropout": 1.0})
    control = session.capabilities.control("condition.label")
    assert control is not None
    assert not control.enabled
    assert "never saw a label" in control.reason


@pytest.mark.parametrize(
    ("paradigm", "values"),
    [*((paradigm, {"objective.condition_dropout": 0.0}) for paradigm in DROPPING), ("gan", {})],
)
def test_where_no_example_went_without_its_label_none_is_no_choice(
    paradigm: str, values: dict[str, Any], fresh_model: Fresh
) -> None:
    session, _, _, model = fresh_model(paradigm, "moons", values)
    control = session.capabilities.control("condition.label")
    assert control is not None
    assert control.enabled
    assert control.without == ("none",)
    with pytest.raises(ValueError, match="label"):
        last(model, session, "none")


def test_what_cannot_act_is_not_asked_for() -> None:
    session = Session.default("vae", "moons").with_values(
        {"condition.label": "upper", "sampler.guidance": 3.0}
    )
    assert session.in_force is session
    untaught = session.with_values({"objective.conditional": False}).in_force
    assert (untaught.asked.label, untaught.value("sampler.guidance")) == ("any", 1.0)
    never = session.with_values({"objective.condition_dropout": 0.0}).in_force
    assert (never.asked.label, never.value("sampler.guidance")) == ("upper", 1.0)
    always = {"objective.condition_dropout": 0.0, "condition.label": "none"}
    assert session.with_values(always).in_force.asked.label == "any"
    text = Session.default("diffusion", "moons").model_copy(
        update={"condition": session.condition.model_copy(update={"given": "An"})}
    )
    assert text.in_force.condition.given == ""


def test_classes_of_a_prior_that_has_not_begun_are_refused(fresh_model: Fresh) -> None:
    session, _, draw, model = fresh_model("vae", "moons", {"objective.prior": "two-stage"})
    with pytest.raises(ValueError, match="the second stage, which has not begun"):
        last(model, session, "upper")
    with pytest.raises(NoDensity, match="the second stage, which has not begun"):
        next(model.log_prob(torch.as_tensor(draw.x[:2]), DensityRequest(session.sampler, Condition("upper"))))
    model.second.fill_(True)
    labels = last(model, session, "upper").labels
    assert labels is not None
    assert labels.tolist() == [0, 0]

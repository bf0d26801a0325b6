"""What comes after a flow: rounds of reflow, students, consistency; and the pools of a coupling beside it."""

from __future__ import annotations

import copy
import math
import time
from collections.abc import Callable
from time import perf_counter
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from genlab.core.random import generator
from genlab.core.requests import NoDensity
from genlab.core.training import Batch, Context
from genlab.engine.models import model_of
from genlab.engine.training.trainer import Trainer
from genlab.paradigms.flow_matching import pairs as pairs_module
from genlab.paradigms.flow_matching.students import TEACHER_STEPS
from genlab.sampling.denoiser import NetworkDenoiser
from genlab.session.session import Session
from tests.paradigms.conftest import build
from tests.paradigms.flow_matching_pieces import Constant, short, walked
from tests.paradigms.time_pieces import frames, log_prob

TINY = {
    "network.width": 16, "network.depth": 2, "training.batch_size": 64, "training.stop": "steps",
    "objective.pairs": 300,
}  # fmt: skip
CPU = torch.device("cpu")

Fresh = Callable[..., Any]


def session_of(dataset: str, **values: Any) -> Session:
    chosen = {key.replace("__", "."): value for key, value in values.items()}
    return Session.default("flow-matching", dataset).with_values(TINY | chosen)


def control(session: Session, key: str) -> Any:
    return session.capabilities.control(key)


def trainers(session: Session, count: int) -> list[Trainer]:
    """As many trainers of the same fresh model."""
    dataset, draw, _ = build(session)
    labels = None if draw.labels is None else torch.as_tensor(draw.labels)
    pool = Batch(torch.as_tensor(draw.x), labels)
    return [Trainer(model_of(session, dataset, draw), session, pool) for _ in range(count)]


def assert_same(one: Trainer, other: Trainer) -> None:
    (mine, plain), (theirs, expected) = one.state(), other.state()
    assert one.step == other.step
    assert mine.keys() == theirs.keys()
    assert all(torch.equal(mine[name], theirs[name]) for name in mine)
    assert plain["held"] == expected["held"]


def reflow_run() -> Any:
    return short("8gaussians-cfm", 600, objective__method="reflow", objective__pairs=4000)


def test_reflow_trains_the_flow_and_then_each_round() -> None:
    model = trainers(session_of("moons", objective__method="reflow", objective__rounds=3), 1)[0].model
    assert [stage.name for stage in model.stages()] == ["flow", "reflow 1", "reflow 2", "reflow 3"]
    assert {player.name for stage in model.stages() for player in stage.players} == {"velocity"}


def test_a_round_of_reflow_straightens_the_paths_and_keeps_where_they_end() -> None:
    run = reflow_run()
    before = copy.deepcopy(run.model)
    fresh = Trainer(model_of(run.session, run.dataset, run.draw), run.session, run.trainer.pool)
    fresh.advance(math.inf, steps=300)
    assert fresh.stage == 0
    fresh.show(before, fresh.averages())
    flow, reflowed = (walked(model, run.session, 500) for model in (before, run.model))
    assert reflowed.straightness < 0.25 * flow.straightness
    apart = (flow.places[-1] - reflowed.places[-1]).square().sum(1).mean().sqrt()
    assert apart < 0.35 * float(run.model.std[0]) * math.sqrt(2)


def test_pairs_are_drawn_in_slices_by_the_averaged_weights() -> None:
    values = {"objective__method": "reflow", "objective__pairs": 2500, "objective__condition_dropout": 1.0}
    trainer = trainers(session_of("8gaussians-cfm", **values), 1)[0]
    model: Any = trainer.model
    averaged = copy.deepcopy(model)
    with torch.no_grad():
        for parameter in averaged.net.parameters():
            parameter.normal_(0, 0.1)
    stage = model.stages()[1]
    before = [parameter.clone() for parameter in model.net.parameters()]
    work = model.prepare(stage, averaged)
    slices = 0
    with torch.no_grad():
        for _ in work:
            slices += 1
            if slices < 2 * TEACHER_STEPS:
                assert not model.taught
                assert all(torch.equal(p, q) for p, q in zip(before, model.net.parameters(), strict=True))
    # Points go by 2,048 at a time, at most a step of the solver in each slice.
    assert slices >= 2 * TEACHER_STEPS
    assert model.taught
    assert all(
        torch.equal(p, q) for p, q in zip(averaged.net.parameters(), model.net.parameters(), strict=True)
    )
    exact = NetworkDenoiser(averaged.net, model.path, model.target)
    x, fine = model.pairs_source[:100].clone(), 400
    for k in range(fine):
        with torch.no_grad():
            middle = x - exact.predict(x, torch.tensor(1 - k / fine)).velocity / (2 * fine)
            x = x - exact.predict(middle, torch.tensor(1 - (k + 0.5) / fine)).velocity / fine
    assert torch.allclose(model.pairs_end[:100], x, atol=2e-3)


def test_pairs_of_a_constant_velocity_are_shifted_copies(
    fresh_model: Fresh, monkeypatch: pytest.MonkeyPatch
) -> None:
    values = {**TINY, "objective.method": "reflow"}
    model = fresh_model("flow-matching", "moons", values)[3]
    velocity = torch.tensor([0.5, -1.0])
    network = "genlab.core.time.process.NetworkDenoiser"
    monkeypatch.setattr(network, lambda net, path, target: Constant(path, velocity))
    for _ in model.prepare(model.stages()[1], model):
        pass
    assert torch.allclose(model.pairs_end, model.pairs_source - velocity, atol=1e-5)
    assert float(model.pairs_source.std()) == pytest.approx(1, abs=0.1)
    # A fifth of the pairs is without a label, as in training.
    assert float((model.pairs_label == -1).float().mean()) == pytest.approx(0.2, abs=0.08)


METHODS = ("reflow", "student", "consistency-distillation")


@pytest.mark.parametrize("method", METHODS)
def test_a_run_resumed_in_a_later_stage_equals_an_uninterrupted_one_bit_for_bit(method: str) -> None:
    session = session_of("moons", objective__method=method, training__steps=24)
    whole, first, second = trainers(session, 3)
    whole.advance(math.inf)
    first.advance(math.inf, steps=18)
    assert first.stage == 1
    torch.manual_seed(999)
    second.restore(*first.state())
    second.advance(math.inf)
    assert_same(second, whole)


def test_a_run_resumed_in_the_middle_of_a_preparation_equals_an_uninterrupted_one() -> None:
    values = {"objective__method": "reflow", "objective__pairs": 9000}
    session = session_of("moons", **values, training__steps=24)
    whole, first, second = trainers(session, 3)
    whole.advance(math.inf)
    first.advance(math.inf, steps=12)
    filled = torch.zeros(())
    while not 0 < filled < 1:
        first.advance(perf_counter() + 1e-3)
        assert first.step == 12
        filled = (first.model.pairs_end != 0).any(1).float().mean()  # type: ignore[union-attr, operator]
    assert not first.model.taught
    second.restore(*first.state())
    second.advance(math.inf)
    assert_same(second, whole)
    first.advance(math.inf)
    assert_same(first, whole)


def test_a_student_learns_its_teacher_s_ends_in_one_pass() -> None:
    run = short("8gaussians-cfm", 900, objective__method="student", objective__pairs=4000)
    model, session = run.model, run.session
    assert model.taught
    one = frames(model, session, 500)
    assert [frame.nfe for frame in one] == [0, 1]
    taught = frames(model, session, 500, use="teacher", method="rk4", steps=12)[-1]
    assert taught.nfe == 48
    coarse = frames(model, session, 500, use="teacher", method="euler", steps=1)[-1]
    assert np.array_equal(one[0].x, frames(model, session, 500, use="teacher")[0].x)

    def apart(x: Any) -> float:
        return float(np.sqrt(np.square(x - taught.x).sum(1).mean()))

    assert apart(one[-1].x) < 0.35 * apart(coarse.x)


def test_a_student_has_no_density_and_its_teacher_has_one() -> None:
    run = short("8gaussians-cfm", 900, objective__method="student", objective__pairs=4000)
    x = torch.as_tensor(run.dataset.test(50, np.random.default_rng(0)).x)
    with pytest.raises(NoDensity, match="a one-step map has no inverse that is known"):
        log_prob(run.model, run.session, x)
    teacher = run.session.with_values({"sampler.use": "teacher"})
    assert teacher.capabilities.density == "ode"
    found = log_prob(run.model, teacher, x)
    assert bool(found[0].value.isfinite().all())


def test_controls_of_a_student_say_what_cannot_act() -> None:
    session = session_of("moons", objective__method="student")
    steps, guidance = control(session, "sampler.steps"), control(session, "sampler.guidance")
    assert not steps.enabled
    assert steps.reason == "the student samples in one pass"
    assert not guidance.enabled
    assert "sample with the teacher to guide" in guidance.reason
    assert control(session.with_values({"sampler.use": "teacher"}), "sampler.guidance").enabled
    trained = session_of("moons", objective__method="consistency-training")
    assert "not a velocity that could be guided" in control(trained, "sampler.guidance").reason
    assert control(trained, "sampler.steps").name == "Refinements"
    assert {"paths", "velocity", "student"}.isdisjoint(panel.id for panel in trained.panels)


def consistency(method: str, **values: Any) -> Any:
    session = session_of("8gaussians-cfm", objective__method=method, **values)
    return session, build(session)[2].eval()


@pytest.mark.parametrize("path", ["straight", "trigonometric"])
def test_a_consistency_model_leaves_points_at_the_data_as_they_are(path: str) -> None:
    _, model = consistency("consistency-training", objective__path=path)
    with torch.no_grad():
        for parameter in model.net.parameters():
            parameter.normal_()
    x = torch.randn(20, 2)
    said = NetworkDenoiser(model.net, model.path, model.target).predict(x, torch.tensor(0.0)).x0
    assert torch.allclose(said, x, rtol=1e-6, atol=0)


@pytest.mark.parametrize("method", ["consistency-training", "consistency-distillation"])
def test_each_refinement_costs_a_pass_and_ends_at_the_data(method: str) -> None:
    session, model = consistency(method)
    model.taught.fill_(True)
    for steps in (1, 2, 5):
        shown = frames(model, session, 8, steps=steps)
        assert [frame.nfe for frame in shown] == list(range(steps + 1))
        assert np.allclose(shown[-1].x, shown[-1].clean)


@pytest.mark.parametrize(
    "values", [{"objective__coupling": "optimal"}, {"objective__source": "moons-cfm"}], ids=str
)
def test_without_independent_noise_nothing_is_refined(values: dict[str, Any]) -> None:
    session, model = consistency("consistency-training", **values)
    assert [frame.nfe for frame in frames(model, session, 8, steps=5)] == [0, 1]
    steps = control(session, "sampler.steps")
    assert not steps.enabled
    assert "fresh noise" in steps.reason


def test_a_consistency_model_of_exact_end_points_has_no_loss(monkeypatch: pytest.MonkeyPatch) -> None:
    _, model = consistency("consistency-training", objective__condition_dropout=1.0)

    class Exact:
        """Of data at one place: the end point of every path."""

        def __init__(self, place: Tensor) -> None:
            self.place = place

        def predict(self, x: Tensor, t: Tensor, condition: Any) -> Any:
            class Said:
                x0 = self.place.expand_as(x)

            return Said()

    place = torch.tensor([0.3, -0.2])
    monkeypatch.setattr("genlab.core.time.process.NetworkDenoiser", lambda *_: Exact(place))
    batch = Batch(model.unstandardise(place).expand(64, 2), None)
    context = Context(0, 0.0, generator(0, "noise"), CPU)
    assert float(model.loss(batch, model.players()[0], context)["total"]) == pytest.approx(0, abs=1e-6)


def batches(session: Session, count: int) -> list[Batch]:
    _, draw, model = build(session)
    assert draw.labels is not None
    pool = Batch(torch.as_tensor(draw.x), torch.as_tensor(draw.labels))
    rng = generator(session.seed, "data")
    return [model.batch(pool, 16, rng) for _ in range(count)]


def test_which_pool_serves_at_which_step_does_not_depend_on_speed(monkeypatch: pytest.MonkeyPatch) -> None:
    session = session_of("moons", objective__coupling="optimal", objective__coupled=256)
    fast = batches(session, 60)
    exact = pairs_module.optimal

    def slow(*points: Any) -> Any:
        time.sleep(0.2)
        return exact(*points)

    monkeypatch.setattr(pairs_module, "optimal", slow)
    for one, other in zip(fast, batches(session, 60), strict=True):
        assert torch.equal(one.x, other.x)
        assert one.source is not None
        assert other.source is not None
        assert torch.equal(one.source, other.source)


def test_pools_serve_one_after_another_for_as_long_as_their_size_says() -> None:
    session = session_of("moons", objective__coupling="sinkhorn", objective__coupled=256)
    served = batches(session, 60)

    def points(rows: slice) -> set[tuple[float, ...]]:
        return {tuple(x) for batch in served[rows] for x in batch.source.tolist()}  # type: ignore[union-attr]

    # 400 steps of a pool of 1,024, by the square of the size: 25 of one of 256.
    parts = [points(slice(0, 25)), points(slice(25, 50)), points(slice(50, 60))]
    assert all(len(part) <= 256 for part in parts)
    assert parts[0].isdisjoint(parts[1])
    assert parts[1].isdisjoint(parts[2])


@pytest.mark.parametrize("coupling", ["optimal", "label-aware", "sinkhorn"])
def test_a_resumed_run_with_a_coupling_equals_an_uninterrupted_one_bit_for_bit(coupling: str) -> None:
    values = {"objective__coupling": coupling, "objective__coupled": 256, "training__steps": 60}
    whole, first, second = trainers(session_of("moons", **values), 3)
    whole.advance(math.inf)
    first.advance(math.inf, steps=31)
    second.restore(*first.state())
    second.advance(math.inf)
    assert_same(second, whole)

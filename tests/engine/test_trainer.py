from __future__ import annotations

import copy
import math

import numpy as np
import pytest
import torch

from genlab.core.model import Model
from genlab.core.training import Batch, LossError
from genlab.data import load
from genlab.engine.failures import failure
from genlab.engine.models import model_of
from genlab.engine.training.budget import Budget
from genlab.engine.training.flat import FlatParameters
from genlab.engine.training.moved import NotFiniteError
from genlab.engine.training.threads import _measure
from genlab.engine.training.trainer import Trainer
from genlab.session.session import Session
from tests.engine.conftest import small_session


def make_trainer(session: Session) -> Trainer:
    dataset = load(session.dataset, session.data)
    draw = dataset.train(500, np.random.default_rng(session.seed))
    labels = None if draw.labels is None else torch.as_tensor(draw.labels)
    return Trainer(model_of(session, dataset, draw), session, Batch(torch.as_tensor(draw.x), labels))


def weights(trainer: Trainer) -> torch.Tensor:
    return torch.cat([mover.flat.vector.detach().clone() for mover in trainer.moved.values()])


def test_flat_parameters_train_like_separate_ones() -> None:
    plain = torch.nn.Sequential(torch.nn.Linear(3, 8), torch.nn.SiLU(), torch.nn.Linear(8, 2))
    flat_net = copy.deepcopy(plain)
    flat = FlatParameters(flat_net.parameters())
    ours = torch.optim.AdamW([flat.vector], lr=1e-2, weight_decay=0.1, fused=True)
    theirs = torch.optim.AdamW(plain.parameters(), lr=1e-2, weight_decay=0.1)
    rng = torch.Generator().manual_seed(0)
    for _ in range(20):
        x = torch.randn(16, 3, generator=rng)
        theirs.zero_grad()
        plain(x).square().mean().backward()
        theirs.step()
        flat.gradient.zero_()
        flat_net(x).square().mean().backward()
        ours.step()
    for mine, yours in zip(flat_net.parameters(), plain.parameters(), strict=True):
        torch.testing.assert_close(mine, yours, rtol=1e-5, atol=1e-6)


def test_the_learning_rate_warms_up_stays_and_falls_over_the_last_fifth() -> None:
    session = small_session(training__steps=1000, training__warm_up=99, training__learning_rate=1e-2)
    trainer = make_trainer(session)
    rates = {}
    for step in (0, 49, 99, 799, 900, 1000):
        trainer.step = step
        rates[step] = trainer.learning_rate
    assert rates[0] == pytest.approx(1e-4)
    assert rates[49] == pytest.approx(5e-3)
    assert rates[99] == rates[799] == pytest.approx(1e-2)
    assert rates[900] == pytest.approx(5e-3)
    assert rates[1000] == pytest.approx(0.0)


def test_going_on_past_the_end_extends_the_budget_by_as_much_again() -> None:
    training = small_session(training__steps=100).training
    assert Budget.of(training).extended(100, 3.0, training) == Budget(200, None)
    seconds = small_session(training__stop="seconds", training__seconds=5).training
    assert Budget.of(seconds).extended(100, 5.5, seconds) == Budget(None, 10.5)


def test_the_average_follows_the_weights_with_the_warmed_up_decay() -> None:
    session = small_session(training__ema=0.9)
    trainer = make_trainer(session)
    expected = weights(trainer).double()
    for step in range(12):
        trainer.advance(math.inf, steps=1)
        decay = min(0.9, (1 + step) / (10 + step))
        expected = decay * expected + (1 - decay) * weights(trainer).double()
    torch.testing.assert_close(trainer.averages()[0].double(), expected, rtol=1e-4, atol=1e-6)


def test_a_resumed_run_equals_an_uninterrupted_one_bit_for_bit() -> None:
    session = small_session(network__dropout=0.2)
    whole = make_trainer(session)
    whole.advance(math.inf, steps=60)

    first = make_trainer(session)
    first.advance(math.inf, steps=23)
    tensors, plain = first.state()
    torch.manual_seed(999)
    second = make_trainer(session)
    second.restore(tensors, plain)
    second.advance(math.inf, steps=37)

    assert torch.equal(weights(whole), weights(second))
    assert torch.equal(whole.averages()[0], second.averages()[0])


def test_slices_of_any_length_give_the_same_weights() -> None:
    one, many = make_trainer(small_session()), make_trainer(small_session())
    one.advance(math.inf, steps=30)
    for count in (1, 2, 7, 20):
        torch.randn(5)
        many.advance(math.inf, steps=count)
    assert torch.equal(weights(one), weights(many))


def test_a_loss_that_is_not_finite_stops_before_the_update(monkeypatch: pytest.MonkeyPatch) -> None:
    trainer = make_trainer(small_session())
    trainer.advance(math.inf, steps=5)
    before = weights(trainer)
    loss = type(trainer.model).loss

    def broken(self: Model, *args: object) -> dict[str, torch.Tensor]:
        return {name: value * float("nan") for name, value in loss(self, *args).items()}  # type: ignore[arg-type]

    monkeypatch.setattr(type(trainer.model), "loss", broken)
    with pytest.raises(NotFiniteError, match="'total' is not finite at step 5"):
        trainer.advance(math.inf, steps=1)
    assert torch.equal(weights(trainer), before)
    assert trainer.step == 5


ONE = torch.ones((), requires_grad=True)


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"mse": ONE}, "it gives only mse"),
        ({}, "it gives nothing"),
        (ONE, "it gives a Tensor"),
        ({"total": ONE, "mse": 1.0}, "'mse' is a float"),
        ({"total": ONE * torch.ones(4)}, r"'total' has the shape \(4,\)"),
        ({"total": ONE.detach()}, "'total' depends on no parameter"),
    ],
)
def test_a_loss_that_is_none_says_what_it_must_give(
    given: object, sentence: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = small_session()
    trainer = make_trainer(session)
    monkeypatch.setattr(type(trainer.model), "loss", lambda *arguments: given)
    before = weights(trainer)
    must = "^the loss of Diffusion must give tensors of one number by their names, and 'total'"
    with pytest.raises(LossError, match=f"{must}.*: {sentence}$"):
        trainer.advance(math.inf, steps=1)
    with pytest.raises(LossError, match=sentence):
        _measure(trainer.model, trainer.pool, session, 1)
    assert torch.equal(weights(trainer), before)


def test_a_loss_that_is_none_is_told_as_a_sentence() -> None:
    found = failure("run", "Training stopped", LossError("the loss of Odd must give more"), "All is kept.")
    assert found.what == "The loss of Odd must give more."


def test_a_gradient_that_is_not_finite_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    trainer = make_trainer(small_session())
    loss = type(trainer.model).loss

    def broken(self: Model, *args: object) -> dict[str, torch.Tensor]:
        terms = dict(loss(self, *args))  # type: ignore[arg-type]
        terms["total"] = terms["total"] + (self.net.parameters().__next__().sum() * 0).sqrt()  # type: ignore[union-attr]
        return terms

    monkeypatch.setattr(type(trainer.model), "loss", broken)
    with pytest.raises(NotFiniteError, match="the gradient is not finite"):
        trainer.advance(math.inf, steps=1)


def test_clipping_bounds_the_gradient_that_the_optimiser_sees() -> None:
    trainer = make_trainer(small_session(training__clip=1e-3))
    trainer.advance(math.inf, steps=1)
    (mover,) = trainer.moved.values()
    assert torch.linalg.vector_norm(mover.flat.gradient).item() == pytest.approx(1e-3, rel=1e-3)
    norm = trainer.names.index("gradient norm")
    assert trainer.take_rows()[0][norm] > 1e-3


def test_rows_hold_single_steps_first_and_means_of_more_and_more_later() -> None:
    trainer = make_trainer(small_session(training__steps=5000))
    trainer.advance(math.inf, steps=1200)
    steps = [int(row[0]) for row in trainer.take_rows()]
    gaps = np.diff(steps)
    assert steps[:99] == list(range(1, 100))
    assert list(np.unique(gaps)) == list(range(1, 11))
    assert (np.diff(gaps) >= 0).all()
    assert trainer.take_rows() == []

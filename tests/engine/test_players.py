"""Several players, closed-form fits, stages and checks, on models small enough to follow by hand."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from genlab.core.model import Model, ModelData
from genlab.core.requests import Ask, DensityRequest, LogProb, SampleRequest
from genlab.core.training import Batch, Check, Context, Player, Stage
from genlab.data import load
from genlab.data.payloads import Samples
from genlab.engine import protocol as p
from genlab.engine.run import Run
from genlab.engine.training import trainer as trainer_module
from genlab.engine.training.trainer import Trainer
from genlab.session.session import Session
from genlab.settings.paradigm import Capabilities
from tests.engine.conftest import small_session

PLAIN = {
    "training__optimiser": "sgd", "training__learning_rate": 0.1, "training__decay": "constant",
    "training__warm_up": 0, "training__clip": 0.0, "training__ema": 0.5, "training__steps": 1000,
}  # fmt: skip


class Bare(Model[Any, Any, Any]):
    """Nothing but training."""

    def able(self, ask: Ask[Any]) -> Capabilities:
        return Capabilities("none", "it only trains")

    def sample(self, request: SampleRequest) -> Iterator[Samples]:
        yield from ()

    def log_prob(self, x: Tensor, request: DensityRequest[Any]) -> Iterator[LogProb | None]:
        yield from ()


class Duel(Bare):
    """min over a, max over b of a * b, from (1, 1)."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.a, self.b = nn.Parameter(torch.ones(1)), nn.Parameter(torch.ones(1))

    def players(self) -> Sequence[Player]:
        return (Player("first", (self.a,), rate=2.0), Player("second", (self.b,), every=2, averaged=False))

    def loss(self, batch: Batch, player: Player, context: Context) -> Mapping[str, Tensor]:
        moves, stays = (self.a, self.b) if player.name == "first" else (self.b, self.a)
        assert moves.requires_grad
        assert not stays.requires_grad
        value = (self.a * self.b).sum()
        return {"total": value if player.name == "first" else -value}


class Together(Duel):
    simultaneous = True


class Halving(Bare):
    """A closed-form fit whose criterion halves in each iteration, until it is below 0.1."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.register_buffer("height", torch.ones(()))

    def players(self) -> Sequence[Player]:
        return (Player("fit"),)

    @property
    def finished(self) -> bool:
        return bool(self.height < 0.1)

    def loss(self, batch: Batch, player: Player, context: Context) -> Mapping[str, Tensor]:
        raise AssertionError("a closed-form player has no loss")

    def fit(self, pool: Batch, player: Player, context: Context) -> Mapping[str, Tensor]:
        self.height *= 0.5
        return {"total": self.height.clone(), "size": torch.tensor(float(len(pool.x)))}


class TwoStages(Duel):
    """First the one, then the other; each sees its own share of the budget."""

    def stages(self) -> Sequence[Stage]:
        first, second = self.players()
        return (Stage("one", (first,), 3.0), Stage("two", (Player("second", second.parameters),), 1.0))

    def loss(self, batch: Batch, player: Player, context: Context) -> Mapping[str, Tensor]:
        assert context.stage == ("one" if player.name == "first" else "two")
        more = {} if player.name == "first" else {"late": torch.tensor(1.0)}
        return {
            "total": self.a.square().sum() + self.b.square().sum(),
            "stage progress": torch.tensor(context.progress),
            **more,
        }


class Overfitting(Bare):
    """Its validation loss falls until weights are 0.4, then rises."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.a = nn.Parameter(torch.ones(1))

    def loss(self, batch: Batch, player: Player, context: Context) -> Mapping[str, Tensor]:
        return {"total": self.a.sum()}

    def check(self, validation: Batch | None, context: Context) -> Check:
        assert not self.training
        loss = (self.a.item() - 0.4) ** 2
        return Check({"validation": loss}, ("Weights are below zero.",) if self.a.item() < 0 else ())


def bare(kind: type[Bare], session: Session) -> tuple[Bare, Batch]:
    dataset = load(session.dataset, session.data)
    draw = dataset.train(100, np.random.default_rng(0))
    data = ModelData.of(session.info, dataset, draw, 100)
    return kind(session.objective, session.network, data), Batch(torch.as_tensor(draw.x), None)


def make(kind: type[Bare], **values: Any) -> Trainer:
    session = small_session(**(PLAIN | values))
    model, pool = bare(kind, session)
    return Trainer(model, session, pool)


def test_players_in_turn_see_what_the_other_just_did() -> None:
    trainer = make(Duel)
    trainer.advance(math.inf, steps=1)
    # a moves first, at twice the rate: a = 1 - 0.2 b; then b = 1 + 0.1 a.
    assert trainer.model.a.item() == pytest.approx(0.8)
    assert trainer.model.b.item() == pytest.approx(1.08)


def test_simultaneous_players_see_the_other_of_before_the_step() -> None:
    trainer = make(Together)
    trainer.advance(math.inf, steps=1)
    assert trainer.model.a.item() == pytest.approx(0.8)
    assert trainer.model.b.item() == pytest.approx(1.1)


def test_a_player_of_every_second_step_rests_in_between() -> None:
    trainer = make(Duel)
    trainer.advance(math.inf, steps=2)
    assert trainer.model.b.item() == pytest.approx(1.08)
    assert trainer.model.a.item() == pytest.approx(0.8 - 0.2 * 1.08)
    assert trainer.names == (
        "step", "seconds", "first total", "first gradient norm", "second total", "second gradient norm",
        "learning rate",
    )  # fmt: skip


def test_one_player_can_be_moved_alone() -> None:
    trainer = make(Duel)
    trainer.advance(math.inf, steps=3, player="second")
    assert trainer.model.a.item() == 1
    assert trainer.model.b.item() == pytest.approx(1.3)
    with pytest.raises(ValueError, match="no player 'third'"):
        trainer.advance(math.inf, steps=1, player="third")


def test_only_who_asked_for_it_is_averaged() -> None:
    trainer = make(Duel)
    trainer.advance(math.inf, steps=1)
    first, second = trainer.averages()
    # The warmed-up decay of the first step is 1 / 10.
    assert first.item() == pytest.approx(0.1 * 1 + 0.9 * 0.8)
    assert second.item() == pytest.approx(1.08)


def test_a_closed_form_fit_runs_on_all_data_until_it_has_converged() -> None:
    trainer = make(Halving)
    trainer.advance(math.inf)
    assert trainer.step == 4
    assert trainer.finished
    rows = np.array(trainer.take_rows())
    assert trainer.names == ("step", "seconds", "total", "size")
    assert rows[:, 2].tolist() == [0.5, 0.25, 0.125, 0.0625]
    assert (rows[:, 3] == 100).all()


def test_a_closed_form_fit_is_kept_and_shown_with_its_buffers() -> None:
    trainer, copy, other = make(Halving), make(Halving), make(Halving)
    trainer.advance(math.inf, steps=2)
    copy.restore(*trainer.state())
    copy.show(other.model, copy.averages())
    assert copy.model.height.item() == other.model.height.item() == 0.25


def test_stages_follow_one_another_by_their_shares_of_the_budget() -> None:
    trainer = make(TwoStages, training__steps=40)
    trainer.advance(math.inf)
    rows = np.array(trainer.take_rows())
    progress = dict(zip(trainer.names, rows.T, strict=True))["stage progress"]
    assert progress[:30].tolist() == pytest.approx([k / 30 for k in range(30)])
    assert progress[30:].tolist() == pytest.approx([k / 10 for k in range(10)])
    assert trainer.model.a.item() == pytest.approx(0.6**30, rel=1e-3)
    assert trainer.model.b.item() == pytest.approx(0.8**10, rel=1e-3)


def test_a_column_of_a_later_stage_is_empty_before_it() -> None:
    trainer = make(TwoStages, training__steps=40)
    trainer.advance(math.inf)
    rows = np.array(trainer.take_rows())
    late = rows[:, trainer.names.index("late")]
    assert np.isnan(late[:30]).all()
    assert (late[30:] == 1).all()


def test_a_resumed_run_is_in_the_stage_that_it_left() -> None:
    whole, first, second = (make(TwoStages, training__steps=40) for _ in range(3))
    whole.advance(math.inf)
    first.advance(math.inf, steps=35)
    second.restore(*first.state())
    assert second.stage == 1
    second.advance(math.inf)
    assert torch.equal(second.model.b, whole.model.b)


def test_the_best_weights_are_kept_where_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trainer_module, "CHECK_EVERY", 1)
    last, best = (
        make(Overfitting, training__ema=0.0),
        make(Overfitting, training__ema=0.0, training__keep="best"),
    )
    for trainer in (last, best):
        trainer.advance(math.inf, steps=12)
    # The weight falls by 0.1 a step: it is 0.4 after six.
    assert best.averages()[0].item() == pytest.approx(0.4)
    assert (best.kept_step, last.kept_step) == (6, 12)
    assert last.averages()[0].item() == pytest.approx(-0.2)
    rows = np.array(best.take_rows())
    validation = rows[:, best.names.index("validation")]
    assert validation[:3].tolist() == pytest.approx([0.36, 0.25, 0.16], abs=1e-6)

    again = make(Overfitting, training__ema=0.0, training__keep="best")
    again.restore(*best.state())
    again.advance(math.inf, steps=1)
    assert again.averages()[0].item() == pytest.approx(0.4)
    assert again.kept_step == 6


def test_a_warning_is_told_when_it_comes_and_when_it_goes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trainer_module, "CHECK_EVERY", 1)
    monkeypatch.setattr("genlab.engine.run.model_of", lambda session, *_: bare(Overfitting, session)[0])
    heard: list[p.Event] = []
    session = small_session(**(PLAIN | {"training__ema": 0.0}))
    run = Run("r", session, load("moons", session.data), torch.device("cpu"), heard.append, None)  # type: ignore[arg-type]
    run.advance(0.0, steps=15)
    run.report()
    run.report()
    warned = [event for event in heard if isinstance(event, p.Warned)]
    assert warned == [p.Warned("r", 15, ("Weights are below zero.",))]
    run.trainer.model.a.data.fill_(1.0)
    run.advance(0.0, steps=2)
    run.report()
    assert [e.warnings for e in heard if isinstance(e, p.Warned)] == [("Weights are below zero.",), ()]


def test_a_live_edit_of_the_objective_is_taken_up_by_the_model() -> None:
    session = Session.default("gan", "gan-ring").with_values({"training.threads": 1, "objective.r1": 0.5})
    run = Run("r", session, load("gan-ring", session.data), torch.device("cpu"), lambda event: None, None)  # type: ignore[arg-type]
    with run.snapshots.pin(run.trainer):
        pass
    run.edit({"objective.r1": 0.25})
    assert run.trainer.model.objective.r1 == 0.25
    with run.snapshots.pin(run.trainer) as shown:
        assert shown.objective.r1 == 0.25
        run.edit({"objective.r1": 0.125})
        assert shown.objective.r1 == 0.25  # a picture under way keeps what it began with


def test_a_live_edit_of_the_objective_reaches_the_checks(monkeypatch: pytest.MonkeyPatch) -> None:
    session = Session.default("gan", "gan-ring").with_values({"training.threads": 1, "objective.r1": 0.5})
    run = Run("r", session, load("gan-ring", session.data), torch.device("cpu"), lambda event: None, None)  # type: ignore[arg-type]
    seen: list[float] = []

    def check(self: Model[Any, Any, Any], validation: Batch | None, context: Context) -> Check:
        seen.append(self.objective.r1)
        return Check({})

    monkeypatch.setattr(type(run.trainer.model), "check", check)
    run.edit({"objective.r1": 0.25})
    run.trainer.advance(math.inf, steps=1)
    assert seen == [0.25]


def test_metrics_files_take_columns_that_come_later(tmp_path: Any) -> None:
    from genlab.runs.folder import RunFolder

    folder = RunFolder.create(tmp_path / "run", {"paradigm": "x"})
    folder.append_metrics(("step", "seconds", "total"), np.array([[1.0, 0.5, 2.0]]))
    folder.append_metrics(("step", "seconds", "total", "late"), np.array([[2.0, 1.0, 1.5, 7.0]]))
    names, rows = folder.read_metrics()
    assert names == ("step", "seconds", "total", "late")
    assert np.isnan(rows[0, 3])
    assert rows[1].tolist() == [2.0, 1.0, 1.5, 7.0]


def test_validation_data_are_held_out_where_training_data_are_few() -> None:
    digits = Session.default("diffusion", "digits").with_values({"training.threads": 1, "network.width": 8})
    run = Run("r", digits, load("digits", digits.data), torch.device("cpu"), lambda event: None, None)  # type: ignore[arg-type]
    assert run.trainer.validation is not None
    assert len(run.trainer.validation.x) == 350
    assert len(run.examples.x) == 447
    run.trainer.advance(math.inf, steps=2)
    assert "validation" in run.trainer.names

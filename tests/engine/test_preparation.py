"""What precedes a stage of training: it comes once, in slices, and a run may be left in the midst of it."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from time import perf_counter, sleep
from typing import Any

import pytest
import torch
from torch import Tensor

from genlab.core.model import Model
from genlab.core.training import Batch, Context, Player, Stage
from genlab.engine.training.trainer import Trainer
from tests.engine.test_players import Bare, Duel, make

SLICES = 3
SLEEP = 0.01


class Prepared(Duel):
    """Two stages; before each, a buffer is filled in slices. The second one's weight is what was made of the
    averaged first."""

    made: Tensor

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.register_buffer("made", torch.zeros(SLICES))
        self.begun: list[str] = []
        self.slices: list[str] = []
        self.averaged: list[float] = []
        self.steps: list[str] = []

    def stages(self) -> Sequence[Stage]:
        second = Player("second", (self.b,))
        return (Stage("one", (Player("first", (self.a,)),)), Stage("two", (second,)))

    def prepare(self, stage: Stage, averaged: Model) -> Iterator[None]:
        assert isinstance(averaged, Prepared)
        assert not torch.is_grad_enabled()
        self.begun.append(stage.name)
        self.averaged.append(averaged.a.item())
        for k in range(SLICES):
            sleep(SLEEP)
            self.made[k] = 10 * averaged.a.item() + k
            self.slices.append(stage.name)
            yield
        if stage.name == "two":
            self.b.fill_(self.made.sum())

    def loss(self, batch: Batch, player: Player, context: Context) -> Mapping[str, Tensor]:
        self.steps.append(context.stage)
        return {"total": self.a.sum() if player.name == "first" else self.b.sum()}


def prepared(steps: int = 20) -> tuple[Trainer, Prepared]:
    trainer = make(Prepared, training__steps=steps)
    assert isinstance(trainer.model, Prepared)
    return trainer, trainer.model


def test_each_stage_is_prepared_once_before_its_first_step() -> None:
    trainer, model = prepared()
    trainer.advance(math.inf)
    assert model.begun == ["one", "two"]
    assert model.slices == SLICES * ["one"] + SLICES * ["two"]
    assert model.steps == 10 * ["one"] + 10 * ["two"]
    assert trainer.step == 20


def test_a_preparation_goes_on_from_call_to_call_and_takes_no_steps() -> None:
    trainer, model = prepared()
    trainer.advance(math.inf, steps=10)
    seen = []
    for _ in range(SLICES):
        # Each slice is longer than there is time.
        trainer.advance(perf_counter() + SLEEP / 2)
        seen.append(len(model.slices) - SLICES)
        assert trainer.step == 10
        assert trainer.stage == 1
    assert seen == [1, 2, 3]
    assert model.begun == ["one", "two"]


def test_a_player_of_the_stage_before_takes_no_step_in_the_next() -> None:
    trainer, model = prepared()
    trainer.advance(math.inf, steps=10, player="first")
    trainer.advance(math.inf, steps=1, player="first")
    assert (trainer.step, trainer.stage) == (10, 1)
    trainer.advance(math.inf, steps=1, player="second")
    assert trainer.step == 11
    assert model.steps == [*10 * ["one"], "two"]


def test_the_time_of_a_preparation_is_counted() -> None:
    trainer, _ = prepared()
    trainer.advance(math.inf, steps=1)
    assert trainer.seconds > SLICES * SLEEP


def test_a_preparation_is_given_the_averaged_weights() -> None:
    trainer, model = prepared()
    trainer.advance(math.inf, steps=10)
    average = trainer.averages()[0].item()
    assert average != model.a.item()
    trainer.advance(math.inf, steps=1)
    assert model.averaged == pytest.approx([1.0, average])


def test_averages_begin_anew_at_what_a_preparation_made() -> None:
    trainer, model = prepared()
    trainer.advance(math.inf, steps=11)
    begin = float(model.made.sum())
    # One step of length 0.1 along a gradient of 1; the warmed-up decay of the first step is 1 / 10.
    assert model.b.item() == pytest.approx(begin - 0.1, rel=1e-5)
    assert trainer.averages()[1].item() == pytest.approx(begin - 0.9 * 0.1, rel=1e-5)


def test_a_run_left_in_the_midst_of_a_preparation_begins_it_again() -> None:
    (whole, expected), (first, left), (second, resumed) = prepared(), prepared(), prepared()
    whole.advance(math.inf)
    first.advance(math.inf, steps=10)
    first.advance(perf_counter() + SLEEP / 2)
    assert left.slices == SLICES * ["one"] + ["two"]
    second.restore(*first.state())
    assert second.stage == 1
    second.advance(math.inf)
    assert resumed.begun == ["two"]
    assert resumed.steps == 10 * ["two"]
    assert torch.equal(resumed.b, expected.b)
    assert torch.equal(second.averages()[1], whole.averages()[1])


def test_a_run_left_after_a_preparation_does_not_repeat_it() -> None:
    (first, _), (second, resumed) = prepared(), prepared()
    first.advance(math.inf, steps=12)
    second.restore(*first.state())
    second.advance(math.inf)
    assert resumed.begun == []


class Plain(Bare):
    """Nothing to prepare."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.a = torch.nn.Parameter(torch.ones(1))

    def loss(self, batch: Batch, player: Player, context: Context) -> Mapping[str, Tensor]:
        return {"total": self.a.sum()}


def test_where_there_is_nothing_to_prepare_the_first_call_takes_its_steps() -> None:
    trainer = make(Plain)
    trainer.advance(math.inf, steps=1)
    assert trainer.step == 1
    assert trainer.model.a.item() == pytest.approx(0.9)  # type: ignore[union-attr, operator]

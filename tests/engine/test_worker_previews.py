"""What a run shows while it trains, and once it stops, with a real worker."""

from __future__ import annotations

from collections.abc import Iterator
from time import sleep

import numpy as np
import pytest

from genlab.core.training import Check
from genlab.data.payloads import Field
from genlab.engine import protocol as p
from genlab.paradigms.diffusion.model import Diffusion
from tests.engine.conftest import Talk
from tests.engine.test_worker import prepare, state, train


def test_previews_stay_within_their_budget(talk: Talk) -> None:
    prepare(talk, None, training__stop="seconds", training__seconds=6.0)
    asked = p.Sample("a", "samples", 0, {}, n=400)
    talk.send(p.Watch("a", "samples", asked))
    train(talk)
    previews = [event for event in talk.heard if isinstance(event, p.Answer) and event.preview]
    budget = talk.engine._worker.previews
    assert previews
    assert budget.trained == pytest.approx(6.0, rel=0.1)
    assert 0 < budget.spent <= 0.04 * budget.trained
    assert previews[0].coarse
    sizes = [len(each.payload.frames[-1].x) for each in previews]  # type: ignore[union-attr]
    assert max(sizes) > sizes[0], "pictures become finer after seconds"


def test_what_was_shown_lighter_is_answered_whole_when_a_slow_run_stops(talk: Talk) -> None:
    prepare(talk, None, training__pace=1.0)
    talk.send(p.Watch("a", "samples", p.Sample("a", "samples", 0, {}, n=1500)))
    talk.send(p.Train("a"))
    previewed = talk.until(lambda event: isinstance(event, p.Answer) and event.preview)
    assert isinstance(previewed, p.Answer)
    assert previewed.coarse == "93 of 1,500 samples"
    talk.send(p.Pause("a"))
    whole = talk.until(lambda event: isinstance(event, p.Answer) and not event.preview)
    assert isinstance(whole, p.Answer)
    assert len(whole.payload.x) == 1500


def test_what_a_pause_still_had_to_show_does_not_come_after_training_goes_on(talk: Talk) -> None:
    prepare(talk, None, training__steps=10**6)
    density = p.DrawDensity("a", "density", 1, {}, resolutions=(96, 256))
    talk.send(p.Watch("a", "density", density))
    talk.send(p.Train("a"))
    for _ in range(3):
        talk.until(lambda event: isinstance(event, p.Tick))
        talk.send(p.Pause("a"))
        paused = talk.until(state("paused"))
        talk.send(p.Train("a"))
        talk.until(state("training"))
        later = talk.until(lambda event: isinstance(event, p.Answer))
        assert isinstance(later, p.Answer)
        assert isinstance(paused, p.StateChanged)
        assert later.preview
        assert later.step > paused.step


def test_while_a_question_is_fresh_no_preview_delays_it(talk: Talk, monkeypatch: pytest.MonkeyPatch) -> None:
    order: list[str] = []

    def named(name: str) -> object:
        def draw(model: object, request: object) -> Iterator[None]:
            for _ in range(10):
                order.append(name)
                sleep(0.01)
                yield
            yield Field(np.zeros((1, 1, 2), np.float32), None, (0.0, 1.0, 0.0, 1.0), 0.0, name)

        return draw

    monkeypatch.setattr("genlab.engine.worker.FIRST", 100)
    monkeypatch.setattr(
        "genlab.paradigms.diffusion.probes.PROBES", {"preview": named("preview"), "asked": named("asked")}
    )
    prepare(talk, None, training__steps=10**6)
    talk.send(p.Watch("a", "preview", p.Probe("a", "preview", 0, {}, name="preview")))
    talk.send(p.Train("a"))
    talk.until(lambda event: isinstance(event, p.Tick) and event.seconds > 0.5)
    del order[:]
    talk.send(p.Probe("a", "asked", 1, {}, name="asked"))
    talk.until(lambda event: isinstance(event, p.Answer | p.Failure) and event.channel == "asked")
    first = order.index("asked")
    assert order[first : first + 10] == ["asked"] * 10


def test_pictures_show_the_weights_of_now_and_what_is_kept_once_training_stops(
    talk: Talk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("genlab.engine.training.trainer.CHECK_EVERY", 20)
    losses = iter([3.0, 2.0, 1.0, *[5.0] * 10**6])  # the third check, at step 20, finds the best weights
    monkeypatch.setattr(Diffusion, "check", lambda *_: Check({"validation": next(losses)}))
    prepare(talk, None, training__keep="best", training__steps=10**6)
    talk.send(p.Watch("a", "samples", p.Sample("a", "samples", 0, {}, n=10)))
    talk.send(p.Train("a"))
    for _ in range(2):
        talk.until(lambda event: isinstance(event, p.Answer) and event.preview and event.step > 20)
    talk.send(p.Pause("a"))
    final = talk.until(lambda event: isinstance(event, p.Answer) and not event.preview)
    assert isinstance(final, p.Answer)
    assert final.step == 20
    assert next(e for e in talk.heard[::-1] if isinstance(e, p.StateChanged)).kept == 20

from __future__ import annotations

from time import monotonic

from genlab.engine import protocol as p
from tests.engine.conftest import Talk, small_session


def state(name: str) -> object:
    return lambda event: isinstance(event, p.StateChanged) and event.state == name


def test_a_paced_run_takes_no_more_steps_a_second_and_shows_each(talk: Talk) -> None:
    values = {"training__steps": 8, "training__pace": 20.0}
    talk.send(p.Prepare("a", small_session(**values).model_dump(), None))
    talk.until(state("ready"))
    talk.send(p.Watch("a", "samples", p.Sample("a", "samples", 0, {}, n=4)))
    start = monotonic()
    talk.send(p.Train("a"))
    end = talk.until(state("done"))
    assert monotonic() - start > 7 / 20
    assert isinstance(end, p.StateChanged)
    assert end.step == 8
    shown = {event.step for event in talk.heard if isinstance(event, p.Answer) and event.preview}
    assert len(shown) >= 4

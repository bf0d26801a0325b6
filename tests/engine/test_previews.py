"""What previews cost, how old they get, and what they leave out, against a clock of the test's own."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise

import pytest

from genlab.engine import protocol as p
from genlab.engine.coarser import coarser
from genlab.engine.previews import COARSEST, CREDIT, FIRST, Previews
from genlab.settings.controls import Control
from genlab.settings.paradigm import Capabilities

SLICE = 0.01
ABLE, EXACT = Capabilities("ode", "by an ODE"), Capabilities("exact", "by a pass")


@dataclass
class Clock:
    """Training in slices of a hundredth of a second, and pictures that cost what they are said to.

    costs: seconds of a picture in full, by channel. drawn: when, for how long, with what, by channel."""

    costs: dict[str, float]
    able: Capabilities = ABLE
    now: float = 0.0
    step: int = 0
    previews: Previews = field(default_factory=Previews)
    drawn: dict[str, list[tuple[float, float, p.Request]]] = field(default_factory=dict)

    def watch(self, *requests: p.Request) -> None:
        for request in requests:
            self.previews.set("r", "kind", request.channel, request, self.now, self.able)
            self.drawn.setdefault(request.channel, [])
        self.previews.begin("r", self.now)

    def run(self, seconds: float) -> float:
        """Train for so long by the clock; the share that went into pictures."""
        begin, before = self.now, self.previews.spent
        while self.now - begin < seconds:
            self.now += SLICE
            self.step += 1
            self.previews.train(SLICE)
            found = self.previews.next("r", self.step, self.now)
            if found is not None:
                request, _ = found
                cost = self.costs[request.channel] * share(request)
                self.previews.pay("r", request.channel, cost, cost)
                self.now += cost
                self.drawn[request.channel].append((self.now, cost, request))
        return (self.previews.spent - before) / (self.now - begin)

    def ages(self, channel: str) -> list[float]:
        """Seconds from one picture to the next, from the beginning and to the end."""
        times = [0.0, *(when for when, _, _ in self.drawn[channel]), self.now]
        return [b - a for a, b in pairwise(times)]


def share(request: p.Request) -> float:
    """The share of its full cost that a request of these tests has, as its samples, steps and grid say."""
    match request:
        case p.Sample(n=n, sampler=sampler):
            return n * sampler["steps"] / (64 * 25)
        case p.Probe(detail=detail):
            return detail
        case p.DrawDensity(resolutions=(columns,)):
            return (columns / 128) ** 2
    raise AssertionError(request)


def sample() -> p.Sample:
    return p.Sample("r", "samples", 1, {"steps": 25}, n=64, trajectory=True)


def probe(name: str) -> p.Probe:
    return p.Probe("r", name, 2, {}, name=name)


@pytest.mark.parametrize("dear", [0.02, 0.3, 2.0, 5.0])
def test_first_pictures_come_at_once_and_none_grows_older_than_ten_seconds(dear: float) -> None:
    clock = Clock({"samples": dear, "field": dear / 4, "paths": dear / 2})
    clock.watch(sample(), probe("field"), probe("paths"))
    spent = clock.run(180)
    for channel in clock.drawn:
        first, *later = clock.ages(channel)
        assert first < 1.5
        assert max(later) < 10
    assert spent <= 0.04


def test_dear_first_pictures_do_not_keep_the_second_ones_waiting() -> None:
    clock = Clock(dict.fromkeys(("samples", "field", "paths"), 7.0))
    clock.watch(sample(), probe("field"), probe("paths"))
    clock.run(60)
    first = sum(drawn[0][1] for drawn in clock.drawn.values())
    assert first > CREDIT
    assert max(age for channel in clock.drawn for age in clock.ages(channel)) < 10


def test_cheap_pictures_leave_training_nearly_all_of_its_time() -> None:
    clock = Clock({"samples": 0.05, "field": 0.01})
    clock.watch(sample(), probe("field"))
    assert clock.run(20) <= 0.02
    assert len(clock.drawn["samples"]) >= 4


def test_what_is_far_too_dear_is_as_coarse_as_may_be_and_stays_within_the_budget() -> None:
    clock = Clock({"samples": 120.0})
    clock.watch(sample())
    assert clock.run(600) <= 0.05
    last = clock.drawn["samples"][-1][2]
    assert (last.n, last.sampler["steps"]) == (6, 2)  # 64 in 25 steps, by 128


def test_pictures_get_finer_as_the_budget_allows() -> None:
    clock = Clock({"samples": 0.5})
    clock.watch(sample())
    clock.run(60)
    requests = [request for _, _, request in clock.drawn["samples"]]
    assert share(requests[0]) == pytest.approx(FIRST, rel=0.3)
    assert share(requests[-1]) > 2 * share(requests[0])


def test_a_first_picture_that_proves_too_dear_is_begun_again_coarser() -> None:
    clock = Clock({"samples": 60.0})
    clock.watch(sample())
    previews = clock.previews
    previews.train(0.3)
    first, _ = previews.next("r", 1, 0.3) or (None, "")
    assert share(first) == pytest.approx(FIRST, rel=0.3)
    assert not previews.pay("r", "samples", 0.15, None)
    assert previews.pay("r", "samples", 0.15, None)
    previews.train(0.3)
    second, _ = previews.next("r", 2, 0.6) or (None, "")
    assert share(second) == pytest.approx(COARSEST, rel=0.3)
    assert not previews.pay("r", "samples", 0.3, None)  # as coarse as it may be
    assert not previews.pay("r", "samples", 0.17, 0.47)
    assert previews.get("r", "samples").cost == pytest.approx(60, rel=0.3)


def test_a_first_picture_that_became_dearer_than_known_is_begun_again_coarser() -> None:
    clock = Clock({"samples": 60.0})
    clock.previews.learn("kind", sample(), 0.004)  # with another sampler
    clock.watch(sample())
    previews = clock.previews
    previews.train(0.3)
    first, _ = previews.next("r", 1, 0.3) or (None, "")
    assert share(first) == 1
    assert not previews.pay("r", "samples", 0.15, None)
    assert previews.pay("r", "samples", 0.15, None)
    assert previews.get("r", "samples").cost > 2


def test_what_is_refused_is_asked_again_now_and_then_and_is_not_held_to_be_cheap() -> None:
    previews = Clock({}).previews
    previews.set("r", "kind", "probe", probe("probe"), 0.0, ABLE)
    asked = 0
    for step in range(1, 3001):
        previews.train(SLICE)
        if previews.next("r", step, step * SLICE) is not None:
            asked += 1
            previews.refuse("r", "probe")
            previews.pay("r", "probe", 1e-4, None)
    assert 2 <= asked <= 20
    assert previews.get("r", "probe").cost >= 0.1


def test_what_a_person_asked_for_tells_the_cost_of_the_first_picture() -> None:
    clock = Clock({"samples": 0.004})
    clock.previews.learn("kind", sample(), 0.004)
    clock.watch(sample())
    clock.run(1.0)
    assert share(clock.drawn["samples"][0][2]) == 1


def test_a_watch_that_is_set_anew_is_due_at_once() -> None:
    clock = Clock({"samples": 5.0, "paths": 5.0})
    clock.watch(sample())
    clock.run(30)
    clock.previews.set("r", "kind", "paths", probe("paths"), clock.now, ABLE)
    clock.drawn["paths"] = []
    begin = clock.now
    clock.run(3)
    assert clock.drawn["paths"][0][0] - begin < 1.5


def test_nothing_is_drawn_twice_of_the_same_weights() -> None:
    clock = Clock({"samples": 0.001})
    clock.watch(sample())
    clock.run(1.0)
    step = clock.step
    for _ in range(100):
        clock.now += SLICE
        clock.previews.train(SLICE)
        clock.previews.next("r", step, clock.now)
    assert clock.previews.next("r", step, clock.now) is None


def test_a_density_that_takes_many_passes_is_told_by_the_samples() -> None:
    density = p.DrawDensity("r", "density", 3, {"steps": 25}, resolutions=(32, 64, 128))
    clock = Clock({"samples": 0.05, "density": 0.1})
    clock.watch(sample(), density)
    clock.run(5)
    assert clock.drawn["density"] == []
    exact = Clock({"samples": 0.05, "density": 0.1}, able=EXACT)
    exact.watch(sample(), density)
    exact.run(5)
    assert exact.drawn["density"]


def test_coarser_requests_say_what_they_leave_out() -> None:
    def at(
        what: p.Request, detail: float, stepped: bool = True, histogram: bool = False
    ) -> tuple[p.Request, str]:
        return coarser(what, detail, stepped, histogram)

    assert at(sample(), 1 / 16)[1] == "16 of 64 samples, 6 of 25 steps"
    assert at(sample(), 1 / 16, stepped=False)[1] == "4 of 64 samples"
    assert at(sample(), 1.0) == (sample(), "")
    request, words = at(probe("field"), COARSEST)
    assert isinstance(request, p.Probe)
    assert (request.detail, words) == (COARSEST, "coarser")
    density = p.DrawDensity("r", "density", 3, {"steps": 25}, resolutions=(32, 128))
    request, words = at(density, 1 / 16)
    assert isinstance(request, p.DrawDensity)
    assert (request.resolutions, request.draws, words) == ((32,), 0, "coarser")
    request, words = at(density, 1 / 16, histogram=True)
    assert isinstance(request, p.DrawDensity)
    assert (request.resolutions, request.draws, words) == ((), 520, "6 of 25 steps")


def test_steps_that_nothing_takes_are_not_counted() -> None:
    previews = Previews()
    able = Capabilities("none", "there is none", (Control("sampler.steps", False, "one pass"),))
    previews.set("r", "kind", "samples", sample(), 0.0, able)
    watched = previews.get("r", "samples")
    assert watched is not None
    assert coarser(watched.what, 1 / 4, watched.stepped)[1] == "16 of 64 samples"

"""Every change of data in every state of a run: nothing is raised, and nothing of the old stays.

A walk over all pairs (from, to) of data sets and presets of a workspace, with a real worker.
`pytest -m walk tests/gui/test_changes.py` walks all pairs of data sets in every state, and all of data sets
and presets in one state after another; the usual suite takes a few."""

from __future__ import annotations

import faulthandler
import random
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import cycle, pairwise
from pathlib import Path

import pytest

from genlab.app.common import loop
from genlab.app.dialogs.export import GridOptions, write_samples
from genlab.app.views.workspace import Workspace
from genlab.app.window.main_window import MainWindow
from genlab.data.catalogue import DATASETS
from genlab.data.files.settings import FILE
from genlab.data.payloads import Samples
from genlab.engine import protocol as p
from genlab.session.catalogue import PARADIGMS
from genlab.settings.paradigm import Preset

PATIENCE = 60
LIVE = ["baselines", "vae", "gan", "flow", "diffusion", "score", "flow-matching"]


@dataclass(frozen=True)
class Place:
    """Where a walk can be: a data set, or a preset on one."""

    name: str
    dataset: str
    preset: Preset | None = field(default=None, compare=False)


def places(paradigm: str, presets: bool = True) -> list[Place]:
    """All that a workspace offers and can learn."""
    entry = PARADIGMS[paradigm]
    known = [id for id, record in DATASETS.items() if id != FILE.id and not entry.refuses(record.info())]
    found = [Place(id, id) for id in known]
    if presets:
        found += [Place(f"preset {each.title}", each.dataset, each) for each in entry.presets]
    return found


def circuit(nodes: Sequence[Place], rng: random.Random) -> Iterator[Place]:
    """A walk that takes every ordered pair of different places once (Hierholzer)."""
    left = {node: rng.sample([other for other in nodes if other != node], len(nodes) - 1) for node in nodes}
    stack, found = [nodes[0]], []
    while stack:
        if left[stack[-1]]:
            stack.append(left[stack[-1]].pop())
        else:
            found.append(stack.pop())
    return reversed(found)


class Walk:
    """A person in a window, who is in a hurry."""

    def __init__(self, window: MainWindow, folder: Path) -> None:
        self.window, self.folder = window, folder
        self.faults: list[str] = []
        self.at = ""

    @property
    def space(self) -> Workspace:
        return self.window.workspace

    async def until(self, done: Callable[[], object], what: str) -> None:
        assert await loop.until(done, PATIENCE), f"{self.at}: {what} (state {self.space.run.state})"

    def change(self, place: Place) -> None:
        """What the form does when a person chooses a data set or a preset."""
        if place.preset is not None:
            self.space.choose_preset(place.preset)
        else:
            self.space.choose_dataset(place.dataset)

    async def begin(self, steps: int) -> None:
        self.space.edit({"training.stop": "steps", "training.steps": steps})
        self.space.reset(train=True)
        run = self.space.run
        await self.until(lambda: (run.state == "training" and run.step) or run.state == "done", "no training")

    # -- states: each leaves the run in it -----------------------------------------------------

    async def untrained(self) -> None:
        self.space.reset()
        await self.until(lambda: self.space.run.state == "ready", "not ready")

    async def training(self) -> None:
        await self.begin(10**6)

    async def paused(self) -> None:
        await self.begin(10**6)
        self.space.train_or_pause()
        await self.until(lambda: self.space.run.state in ("paused", "done"), "not paused")

    async def done(self) -> None:
        await self.begin(2)
        await self.until(lambda: self.space.run.state == "done", "not done")

    async def failed(self) -> None:
        await self.begin(10**6)
        run = self.space.run
        for event in (
            p.StateChanged(run.id, "failed", run.step, run.seconds, "it broke"),
            p.Failure(run.id, "Training stopped", "It broke.", "It is kept.", "Go on.", "details"),
        ):
            self.window.engine.arrived.emit(event)
        assert self.space.cards.card("failure") is not None

    async def exporting(self) -> None:
        await self.untrained()
        await self.until(lambda: self.space.feed.frame is not None, "no samples")
        options = GridOptions()
        loop.start(write_samples(self.window.context, "png", self.folder / "samples.png", options))

    async def evaluating(self) -> None:
        await self.untrained()
        self.space.view.evaluate()

    async def dead(self) -> None:
        await self.begin(10**6)
        self.window.engine._client.die()  # type: ignore[attr-defined]
        open_again = ("paused", "ready", "done")
        await self.until(lambda: self.space.run.state in open_again, "the run is not open again")

    # -- what holds after each change ------------------------------------------------------------

    async def check(self, place: Place, training: bool) -> None:
        space, run = self.space, self.space.run
        if training:
            # The change waits for the run in view; Train begins the next with it.
            assert space.session.dataset == place.dataset
            space.train_or_pause()
        await self.until(lambda: run.state not in (None, "preparing"), "nothing prepared")
        assert run.state != "failed", f"{self.at}: {space.cards.open()}"
        viewed = space.viewed
        assert viewed.dataset == place.dataset
        open_cards = {card.key for card in space.cards.open()} - {"export", "note"}
        assert not open_cards & {"failure", "engine", "exception", "refused"}, f"{self.at}: {open_cards}"
        event = viewed.space.event
        for panel in space.grid.panels.values():
            assert panel.scene is None or panel.scene.space == viewed.space, self.at
            shown = getattr(panel.drawing, "samples", None)
            assert not isinstance(shown, Samples) or shown.x.shape[1:] == event, self.at
            panel.flush()
        assert not self.faults, f"{self.at}: {self.faults}"


STATES = ("untrained", "training", "paused", "done", "failed", "exporting", "evaluating", "dead")


async def walk(window: MainWindow, paradigm: str, steps: Sequence[tuple[Place, str]], folder: Path) -> None:
    """Change to each place in turn, from the state beside it."""
    person = Walk(window, folder)
    window.rail.chosen.emit(paradigm)
    loop.on_exception(lambda error: person.faults.append(repr(error)))
    before = Place("the beginning", person.space.session.dataset)
    for place, state in steps:
        if place.preset is None and place.dataset == before.dataset:
            continue  # a circuit may begin where the workspace does
        person.at = f"{paradigm}: {state}, {before.name} to {place.name}"
        arrive: Callable[[], Awaitable[None]] = getattr(person, state)
        await arrive()
        training = person.space.run.training
        person.change(place)
        await person.check(place, training)
        before = place


@pytest.fixture(autouse=True)
def undisturbed(request: pytest.FixtureRequest) -> None:
    """A long walk is not interrupted by a dump of its stacks, which reads them while they change."""
    if request.node.get_closest_marker("walk"):
        faulthandler.cancel_dump_traceback_later()


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """No time goes into finding the fastest number of threads."""
    monkeypatch.setattr("genlab.engine.run.fastest", lambda *_: 1)


@pytest.mark.parametrize("paradigm", LIVE)
def test_some_changes_of_data_in_every_state(lab, quick, paradigm: str, tmp_path: Path) -> None:
    rng = random.Random(0)
    steps = [(rng.choice(places(paradigm)), state) for state in STATES]
    lab.run(lambda window: walk(window, paradigm, steps, tmp_path), worker=True)


@pytest.mark.walk
@pytest.mark.timeout(7200)
@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("paradigm", LIVE)
def test_every_change_of_data_in_a_state(lab, quick, paradigm: str, state: str, tmp_path: Path) -> None:
    steps = [(place, state) for place in circuit(places(paradigm, presets=False), random.Random(1))]
    lab.run(lambda window: walk(window, paradigm, steps, tmp_path), worker=True)


@pytest.mark.walk
@pytest.mark.timeout(7200)
@pytest.mark.parametrize("paradigm", LIVE)
def test_every_change_of_data_and_presets_in_one_state_after_another(
    lab, quick, paradigm: str, tmp_path: Path
) -> None:
    steps = list(zip(circuit(places(paradigm), random.Random(2)), cycle(STATES), strict=False))
    lab.run(lambda window: walk(window, paradigm, steps, tmp_path), worker=True)


def test_a_circuit_takes_every_pair_once() -> None:
    nodes = [Place(name, name) for name in "abcde"]
    found = list(circuit(nodes, random.Random(0)))
    pairs = list(pairwise(found))
    assert len(set(pairs)) == len(pairs) == 5 * 4

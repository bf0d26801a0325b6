"""Runs in view are units of their own: several stand beside each other, of any paradigm and engine."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot

from genlab.app.common.theme import DARK
from genlab.app.views.model_info import model_of
from genlab.app.views.panel import Panel
from genlab.app.views.run_view import RunView
from genlab.data.payloads import Samples
from genlab.engine import protocol as p
from genlab.session.session import Session, SettingError
from genlab.settings.panels import PanelInfo


class Paper:
    """Remembers what it is sent."""

    def __init__(self) -> None:
        self.sent: list[Any] = []

    def send(self, command: p.Command) -> None:
        self.sent.append(command)

    def of(self, kind: type) -> list[Any]:
        return [command for command in self.sent if isinstance(command, kind)]


class Row:
    """Lays out the panels of a run that a comparison would: samples and loss alone."""

    def __init__(self, parent: QWidget) -> None:
        self.panels: dict[str, Panel] = {}
        self._parent = parent

    def seen(self) -> Sequence[Panel]:
        return list(self.panels.values())

    def set_panels(self, infos: Sequence[PanelInfo]) -> None:
        for info in infos:
            if info.id in ("samples", "loss") and info.id not in self.panels:
                self.panels[info.id] = panel = Panel(info, DARK)
                panel.setParent(self._parent)
                panel.show()


Views = Callable[[str, str, Paper], RunView]


@pytest.fixture
def view(qtbot: QtBot) -> Views:
    parent = QWidget()  # panels and what feeds them go at once, as those of a workspace do
    qtbot.addWidget(parent)
    parent.show()

    def made(paradigm: str, dataset: str, engine: Paper) -> RunView:
        session = Session.default(paradigm, dataset)
        found = RunView(engine, session, Row(parent), parent)  # type: ignore[arg-type]
        found.begin()
        found.take(p.Opened(found.run.id, session.model_dump(), None, 0, 0.0, "cpu", 1))
        found.take(p.StateChanged(found.run.id, "ready", 0, 0.0))
        found.panels_changed()
        return found

    return made


def frame(value: float) -> Samples:
    return Samples(np.full((5, 2), value, np.float32), None, None, 0, 0, 0.0, 1)


def test_two_runs_of_other_paradigms_and_engines_do_not_mix(view: Views) -> None:
    engines = Paper(), Paper()
    left, right = view("diffusion", "moons", engines[0]), view("gan", "8gaussians", engines[1])
    for engine, run in zip(engines, (left, right), strict=True):
        assert {command.run for command in engine.sent} == {run.run.id}
        assert engine.of(p.Sample)
    for number in range(2):
        asked = engines[number].of(p.Sample)[-1]
        answer = p.Answer(asked.run, asked.channel, asked.request, 3, frame(number), True)
        for other in (left, right):  # a comparison hears every engine
            other.take(answer)
    QApplication.processEvents()
    for number, run in enumerate((left, right)):
        assert [sample.x[0, 0] for sample in run.feed.frames] == [number]
        run.panels.draw()
        assert run.holder.panels["samples"].drawing.samples.x[0, 0] == number  # type: ignore[union-attr]


def test_two_runs_of_one_engine_are_told_apart_by_their_names(view: Views) -> None:
    engine = Paper()
    left, right = view("diffusion", "moons", engine), view("diffusion", "moons", engine)
    rows = np.array([[1.0, 0.1, 0.5], [2.0, 0.2, 0.4]])
    for run in (left, right):
        run.take(p.Metrics(right.run.id, ("step", "seconds", "total"), rows))
    lengths = [len(run.holder.panels["loss"].drawing.history) for run in (left, right)]  # type: ignore[union-attr]
    assert lengths == [0, 2]
    while right.feed.busy:
        asked = engine.of(p.Sample)[-1]
        right.take(p.Answer(asked.run, asked.channel, asked.request, 0, frame(0), True))
    right.edit({"sampler.steps": 9})
    assert {command.run for command in engine.of(p.Sample) if command.sampler.get("steps") == 9} == {
        right.run.id
    }
    assert left.session.sampler.model_dump()["steps"] == 20


def test_an_impossible_value_is_refused_in_the_words_of_the_form_and_nothing_changes(view: Views) -> None:
    run = view("diffusion", "moons", Paper())
    before = run.session
    with pytest.raises(SettingError, match="Width cannot be -1"):
        run.edit({"network.width": -1})
    assert run.session is before


def test_what_an_edit_changes_is_told_to_bars_and_only_where_it_must_to_forms(view: Views) -> None:
    run = view("diffusion", "moons", Paper())
    heard: list[str] = []
    run.changed.connect(lambda: heard.append("bars"))
    run.edited.connect(lambda: heard.append("form"))
    run.edit({"sampler.steps": 8})
    assert heard == ["bars"]
    heard.clear()
    run.edit({"network.width": 64})
    assert heard == ["form", "bars"]


def test_drawings_know_of_a_model_what_its_session_makes_it(view: Views) -> None:
    info = PanelInfo("samples", "Samples", "samples")
    session = Session.default("diffusion", "moons")
    assert model_of(session, info).averaged
    assert not model_of(session.with_values({"training.ema": 0.0}), info).averaged
    assert (model_of(session, info).step, model_of(session, info).symbol) == ("step", "σ")
    assert model_of(session, info).has_density
    assert not model_of(Session.default("gan", "moons"), info).has_density
    gan = Session.default("gan", "8gaussians")
    loss = next(panel for panel in gan.panels if panel.id == "loss")
    own = {column for panel in gan.panels for column in panel.columns}
    assert own
    assert set(model_of(gan, loss).elsewhere) == own - set(loss.columns)


def test_the_form_shows_the_live_settings_that_an_opened_run_has(view: Views) -> None:
    engine = Paper()
    run = view("diffusion", "moons", engine)
    run.open_run("folder", run.session)
    at_disk = run.session.with_values({"training.learning_rate": 1e-4}).model_dump()
    run.edit({"sampler.steps": 9, "training.batch_size": 99})
    run.take(p.Opened(run.run.id, at_disk, "folder", 100, 1.0, "cpu", 1))
    assert engine.of(p.Edit)[-1].values == {"training.batch_size": 99}
    for session in (run.session, run.run.session):
        assert session is not None
        assert (session.training.learning_rate, session.training.batch_size) == (1e-4, 99)
    assert run.session.sampler.model_dump()["steps"] == 9


def test_the_form_of_a_run_that_begins_keeps_what_was_edited_meanwhile(view: Views) -> None:
    engine = Paper()
    run = view("diffusion", "moons", engine)
    run.train_or_pause()
    asked = engine.of(p.Prepare)[-1]
    run.edit({"training.learning_rate": 1e-4})
    run.take(p.Opened(run.run.id, asked.session, asked.folder, 0, 0.0, "cpu", 1))
    for session in (run.session, run.run.session):
        assert session is not None
        assert session.training.learning_rate == 1e-4

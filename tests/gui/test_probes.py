"""Extra panels: what they ask, how they draw each payload, and what they say when there is none."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Callable
from pathlib import Path
from typing import get_args

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from genlab.app.common import loop
from genlab.app.common.theme import DARK, LIGHT
from genlab.app.drawings.catalogue import DRAWINGS
from genlab.app.drawings.tiles import TilesDrawing
from genlab.app.views.feeds import requests
from genlab.app.views.panel import Panel
from genlab.data.payloads import Payload
from genlab.engine import protocol as p
from genlab.engine.protocol import Answer, Metrics, Probe
from genlab.session.session import Session
from genlab.settings.controls import PanelControl
from genlab.settings.spaces import Points
from tests.gui.panel_pieces import answer, payloads, samples, scene, settled, shown

Make = Callable[..., Panel]
PLANE = Points(2)
KINDS = sorted(payloads())


# -- every payload ---------------------------------------------------------------------------


def test_every_payload_has_a_drawing_and_nothing_else_has() -> None:
    assert set(DRAWINGS) == {*get_args(Payload), Metrics}
    assert set(KINDS) == {kind.__name__.lower() for kind in DRAWINGS} - {
        "metrics", "density", "samples", "trajectory",
    }  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
def test_a_payload_replaces_the_words_by_its_drawing(make: Make, kind: str) -> None:
    panel = shown(make, payloads()[kind])
    assert panel.words.isHidden()
    assert [name for name in panel.drawings if not panel.drawings[name].isHidden()] == [
        type(payloads()[kind])
    ]
    assert panel.header.info[-1] == "step 1,200"
    picture = settled(panel)
    seen = {picture.pixel(x, y) for x in range(20, 360, 3) for y in range(60, 330, 3)}
    assert len(seen) > 3


def test_another_kind_of_payload_takes_the_place_of_the_first(make: Make) -> None:
    panel = shown(make, payloads()["curves"])
    panel.show_answer(answer(payloads()["tiles"]))
    panel.flush()
    assert isinstance(panel.drawing, TilesDrawing)
    assert [kind.__name__ for kind, made in panel.drawings.items() if made.isVisible()] == ["Tiles"]


@pytest.mark.parametrize("kind", KINDS)
def test_a_theme_reaches_every_drawing(make: Make, qtbot: QtBot, kind: str) -> None:
    controls = (PanelControl("t", "Time", 0.5), PanelControl("c", "Of", "a", choices={"a": "A", "b": "B"}))
    switched = shown(make, payloads()[kind], look=DARK, controls=controls)
    fresh = shown(make, payloads()[kind], look=LIGHT, controls=controls)
    before = settled(switched)
    switched.apply_theme(LIGHT)
    qtbot.wait(30)
    assert settled(switched) == settled(fresh)
    assert settled(switched) != before


@pytest.mark.parametrize("kind", KINDS)
def test_every_drawing_exports_a_picture_and_vectors(make: Make, tmp_path: Path, kind: str) -> None:
    panel = shown(make, payloads()[kind])
    panel.render("png", tmp_path / "panel.png", {"seed": 1})
    picture = QImage(str(tmp_path / "panel.png"))
    assert (picture.width(), picture.height()) == (760, 720)
    assert len({picture.pixel(x, y) for x in range(60, 700, 5) for y in range(100, 660, 5)}) > 3
    panel.render("svg", tmp_path / "panel.svg", {})
    assert len(list(ET.parse(tmp_path / "panel.svg").iter())) > 15


@pytest.mark.parametrize("kind", sorted(set(KINDS) - {"table", "tiles"}))
def test_new_data_make_no_new_items(make: Make, kind: str) -> None:
    panel = shown(make, payloads()[kind])
    canvas = panel.drawing.canvas
    before = len(canvas.scene().items())
    for step in range(5):
        panel.show_answer(answer(payloads()[kind], step))
        panel.flush()
    assert len(canvas.scene().items()) == before


# -- asking ----------------------------------------------------------------------------------

CONTROLS = (
    PanelControl("time", "Time t", 0.25, ends=("noise", "data"), help="When."),
    PanelControl("layer", "Layer", 2, 0, 8, whole=True),
    PanelControl("what", "Show", "d", choices={"d": "D(x)", "g": "gradient"}),
)


def test_controls_say_what_is_asked(make: Make) -> None:
    panel = make("probe", probe="asked", controls=CONTROLS)
    time, layer, what = panel.controls.items
    assert [time.readout.text(), layer.readout.text()] == ["0.25", "2"]
    time.slider.setValue(100)
    layer.slider.setValue(7)
    what.choice.setCurrentIndex(1)
    asked = requests.of_panel(panel.info, panel.controls.values, Session.default("diffusion", "moons"))
    assert isinstance(asked, Probe)
    assert asked.name == "asked"
    assert asked.values == {"time": 0.5, "layer": 7.0, "what": "g"}
    assert [time.readout.text(), layer.readout.text()] == ["0.50", "7"]
    panel.controls.reset()
    assert panel.controls.values == {"time": 0.25, "layer": 2.0, "what": "d"}


def test_controls_have_names_and_take_keys(make: Make, qtbot: QtBot) -> None:
    panel = make("probe", probe="asked", controls=CONTROLS)
    for item in panel.controls.items:
        assert item.input.objectName() == f"panel.probe.{item.control.key}"
        assert item.input.accessibleName() == f"{item.control.label}: Probe"
        assert item.input.focusPolicy() & Qt.FocusPolicy.TabFocus
        assert item.label.buddy() is item.input
    slider = panel.controls.items[1].slider
    with qtbot.waitSignal(panel.request_changed):
        qtbot.keyClick(slider, Qt.Key.Key_Right)
    assert panel.controls.values["layer"] == 3.0


def test_many_sliders_stand_in_two_columns(make: Make) -> None:
    latents = tuple(PanelControl(f"z{i}", f"z{i}", 0.0, -3.0, 3.0) for i in range(8))
    panel = make("probe", probe="asked", controls=latents)
    QApplication.processEvents()
    boxes = [item.geometry() for item in panel.controls.items]
    assert len({box.left() for box in boxes}) == 2
    assert len({box.top() for box in boxes}) == 4
    assert max(box.right() for box in boxes) <= panel.width()
    few = make("probe", probe="asked", controls=latents[:2])
    QApplication.processEvents()
    assert len({item.geometry().left() for item in few.controls.items}) == 1


def test_one_question_is_under_way_and_the_newest_waits(make: Make, qtbot: QtBot) -> None:
    panel = make("probe", probe="asked", controls=CONTROLS)
    panel.set_scene(scene(PLANE))
    asked: list[float] = []
    panel.request_changed.connect(lambda: asked.append(panel.controls.values["time"]))
    slider = panel.controls.items[0].slider
    for value in (60, 80, 120, 160):
        slider.setValue(value)
    assert asked == [0.3]
    panel.show_answer(Answer("run", "c", 1, 5, payloads()["curves"], last=True, preview=True))
    assert asked == [0.3]  # a preview answers nobody's question
    panel.show_answer(answer(payloads()["curves"]))
    assert asked == [0.3, 0.8]
    slider.setValue(180)
    panel.show_refusal("no")
    assert asked == [0.3, 0.8, 0.9]
    slider.setValue(200)
    panel.pacing._flying.setInterval(50)
    qtbot.waitUntil(lambda: len(asked) == 4, timeout=2000)  # no answer ever came
    assert asked[-1] == 1.0


def test_a_refusal_is_said_in_the_panel_until_an_answer_comes(make: Make) -> None:
    panel = shown(make, payloads()["plane"])
    panel.show_refusal("the latent space has 3 axes")
    panel.flush()
    assert panel.words.isVisible()
    assert panel.words.text() == "The latent space has 3 axes."
    assert panel.drawing is None
    assert not any(made.isVisible() for made in panel.drawings.values())
    panel.show_answer(answer(payloads()["plane"]))
    panel.flush()
    assert panel.words.isHidden()
    assert panel.drawing.isVisible()


def test_without_an_answer_a_quiet_sentence_stands_there(make: Make) -> None:
    panel = make("probe", probe="asked")
    panel.set_scene(scene(PLANE))
    panel.flush()
    assert panel.words.isVisible()
    assert panel.words.text().endswith(".")
    panel.show_answer(answer(payloads()["curves"], step=0))
    panel.flush()
    assert panel.header.info[-1] == "not trained yet"
    panel.begin_run(same_data=False)
    panel.flush()
    assert panel.words.isVisible()


def test_a_coarser_picture_is_marked_and_one_of_the_run_before_stays_until_another(
    make: Make,
) -> None:
    panel = make("samples")
    panel.set_scene(scene(PLANE))
    drawn = samples(PLANE)
    panel.show_frames([drawn], 0, 30, "300 of 2,000 samples")
    panel.flush()
    assert panel.header.badges == ("coarser",)
    assert "300 of 2,000 samples" in panel.header.help
    panel.begin_run(same_data=True)
    panel.flush()
    assert panel.drawing.samples is drawn
    assert panel.header.badges == ("previous run",)
    panel.show_frames([samples(PLANE)], 0, 5)
    panel.flush()
    assert panel.header.badges == ()
    assert panel.drawing.samples is not drawn
    panel.begin_run(same_data=False)
    panel.flush()
    assert panel.drawing.samples is None


def test_a_refused_probe_reaches_its_panel_in_the_window(lab) -> None:
    async def scenario(window) -> None:
        space = window.workspace
        space.replace_session(type(space.session).default("diffusion", "moons"))
        id = next(info.id for info in space.session.panels if info.kind == "probe")
        space.grid.show_panel(id, True)
        assert await loop.until(lambda: lab.engine.of(Probe), 5)
        asked = lab.engine.of(Probe)[-1]
        space.view.take(p.Refused(asked.run, asked.channel, asked.request - 1000, "stale"))
        space.view.take(p.Refused(asked.run, asked.channel, asked.request, "there is no plane"))
        panel = space.grid.panels[id]
        panel.flush()
        assert panel.words.text() == "There is no plane."
        for density in lab.engine.of(p.DrawDensity):
            space.view.take(p.Refused(density.run, density.channel, density.request, "there is none"))
        assert not space.panels.busy  # whoever hears a reason waits no more

    lab.run(scenario)

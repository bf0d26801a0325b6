"""Panels as widgets: what every kind has, asks for, exports, and what it costs."""

from __future__ import annotations

import gc
import sys
import weakref
import xml.etree.ElementTree as ET
from collections.abc import Callable
from pathlib import Path

import pytest
from PySide6.QtCore import QEvent, QPoint, Qt
from PySide6.QtGui import QHelpEvent, QImage
from PySide6.QtWidgets import QApplication, QMenu, QToolTip, QWhatsThis
from pytestqt.qtbot import QtBot

from genlab.app.common.theme import DARK, LIGHT
from genlab.app.drawings.canvas.canvas import Canvas
from genlab.app.drawings.catalogue import STREAMS
from genlab.app.views.feeds import requests
from genlab.app.views.panel import Panel
from genlab.engine.protocol import DrawDensity, Probe
from genlab.runs.recipe import read_recipe
from genlab.session.session import Session
from genlab.settings.panels import PanelInfo
from genlab.settings.spaces import Points
from tests.gui.panel_pieces import NAMES, answer, density, metrics, payloads, recorded, samples, scene

Make = Callable[..., Panel]
KINDS = tuple(STREAMS)


def feed(panel: Panel) -> None:
    """A scene and plausible content for any kind of panel."""
    plane = Points(2)
    panel.set_scene(scene(plane))
    panel.show_metrics(recorded(NAMES, metrics(1, 500)))
    panel.show_reference("irreducible", {"total": 0.39})
    panel.show_frames([samples(plane, index=i, seed=i) for i in range(21)], 14, 1200)
    if panel.info.kind == "density":
        panel.show_answer(answer(density(64, 0.3, "ode")))
    if panel.info.kind == "probe":
        panel.show_answer(answer(payloads()["field"]))
    panel.flush()


@pytest.mark.parametrize("kind", KINDS)
def test_every_panel_exports_a_picture_with_its_recipe(make: Make, kind: str, tmp_path: Path) -> None:
    panel = make(kind)
    feed(panel)
    recipe = {"format": 2, "seed": 3, "step": 1200, "name": "zwölf σ"}
    panel.render("png", tmp_path / "panel.png", recipe)
    assert read_recipe(tmp_path / "panel.png") == recipe
    picture = QImage(str(tmp_path / "panel.png"))
    assert (picture.width(), picture.height()) == (2 * panel.width(), 2 * panel.height())
    colours = {picture.pixel(x, y) for x in range(100, picture.width() - 40, 3) for y in range(90, 640, 3)}
    assert len(colours) > 5


@pytest.mark.parametrize("kind", KINDS)
def test_every_panel_exports_vectors(make: Make, kind: str, tmp_path: Path) -> None:
    panel = make(kind)
    feed(panel)
    panel.render("svg", tmp_path / "panel.svg", {})
    tree = ET.parse(tmp_path / "panel.svg")
    assert len(list(tree.iter())) > 20
    assert panel.header.button.isVisible()


def test_a_picture_that_cannot_be_written_says_so(make: Make, tmp_path: Path) -> None:
    panel = make("loss")
    with pytest.raises(OSError, match="cannot write"):
        panel.render("png", tmp_path / "nowhere" / "panel.png", {})


@pytest.mark.parametrize("kind", KINDS)
def test_a_theme_reaches_everything_that_is_drawn(make: Make, qtbot: QtBot, kind: str) -> None:
    switched, fresh = make(kind, DARK), make(kind, LIGHT)
    for panel in (switched, fresh):
        feed(panel)
    switched.apply_theme(LIGHT)
    views = [axes for p in (switched, fresh) for canvas in p.findChildren(Canvas) for axes in canvas.axes]
    qtbot.waitUntil(lambda: not any(axes._glide.isActive() for axes in views), timeout=10_000)
    for panel in (switched, fresh):
        panel.flush()
        panel.header.button.clearFocus()
        QApplication.processEvents()
    assert switched.grab().toImage() == fresh.grab().toImage()


@pytest.mark.parametrize("kind", KINDS)
def test_every_panel_has_names_a_menu_and_its_signals(make: Make, qtbot: QtBot, kind: str) -> None:
    panel = make(kind)
    assert panel.objectName() == f"panel.{kind}"
    assert panel.accessibleName()
    assert panel.header.button.accessibleName()
    assert panel.header.button.focusPolicy() & Qt.FocusPolicy.TabFocus
    entries = {action.objectName(): action for action in panel.menu.actions()}
    with qtbot.waitSignal(panel.close_requested):
        entries[f"panel.{kind}.close"].trigger()
    with qtbot.waitSignal(panel.export_requested) as exported:
        entries[f"panel.{kind}.svg"].trigger()
    assert exported.args == ["svg"]
    with qtbot.waitSignal(panel.maximise_requested):
        qtbot.mouseDClick(panel.header, Qt.MouseButton.LeftButton)


@pytest.mark.parametrize("kind", KINDS)
def test_a_hidden_panel_draws_nothing_until_it_is_seen(
    make: Make, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    panel = make(kind)
    panel.set_scene(scene(Points(2)))
    panel.flush()
    drawn = []
    monkeypatch.setattr(panel, "_draw", lambda: drawn.append(1))
    panel.hide()
    for _ in range(3):
        panel.touch()
    qtbot.wait(80)
    assert not drawn
    panel.show()
    qtbot.waitUntil(lambda: len(drawn) == 1)
    for _ in range(5):
        panel.touch()
    qtbot.wait(120)
    assert len(drawn) == 2


@pytest.mark.parametrize("kind", KINDS)
def test_a_closed_panel_is_forgotten(qtbot: QtBot, kind: str) -> None:
    panel = Panel(PanelInfo(kind, kind, kind), DARK)  # type: ignore[arg-type]
    panel.show()
    feed(panel)
    gone = weakref.ref(panel)
    panel.close()
    panel.deleteLater()
    del panel
    for _ in range(3):
        QApplication.sendPostedEvents(None, 52)  # deferred deletes
        QApplication.processEvents()
        gc.collect()
    assert gone() is None


def test_redrawing_every_panel_keeps_the_references_to_none(make: Make) -> None:
    panels = [make(kind) for kind in KINDS]

    def redraw(times: int) -> None:
        for _ in range(times):
            for panel in panels:
                feed(panel)
                panel.repaint()
            QApplication.processEvents()

    redraw(5)
    before = sys.getrefcount(None)
    redraw(40)
    assert before - sys.getrefcount(None) < 20


def test_the_menu_of_every_panel_opens(make: Make) -> None:
    for kind in KINDS:
        panel = make(kind)
        assert isinstance(panel.header.button.menu(), QMenu)
        assert len(panel.menu.actions()) >= 5


def test_panels_ask_for_what_they_draw(make: Make) -> None:
    session = Session.default("diffusion", "moons").with_values({"sampler.steps": 7})
    asked = requests.of_panel(make("density").info, {}, session)
    assert isinstance(asked, DrawDensity)
    assert (asked.channel, asked.resolutions, asked.sampler["steps"]) == ("panel density", (32, 64, 128), 7)
    probe = requests.of_panel(make("probe", probe="score").info, {"time": 0.5}, session)
    assert isinstance(probe, Probe)
    assert (probe.name, probe.values, probe.sampler["steps"]) == ("score", {"time": 0.5}, 7)
    for kind in ("loss", "samples", "trajectory"):
        assert requests.of_panel(make(kind).info, {}, session) is None


@pytest.mark.parametrize("id", ["samples", "evaluate"])
def test_a_panel_may_be_called_like_what_the_window_itself_asks(id: str) -> None:
    info = PanelInfo(id, "Mine", "probe", probe="mine")
    asked = requests.of_panel(info, {}, Session.default("diffusion", "moons"))
    assert asked is not None
    assert asked.channel not in (requests.CHANNEL, requests.EVALUATION)


def test_a_density_is_asked_as_finely_as_its_space_allows() -> None:
    plane, line = Session.default("diffusion", "moons"), Session.default("diffusion", "mixture-1d")
    assert requests.resolutions(plane) == (32, 64, 128)
    assert requests.resolutions(line) == (128, 512)
    assert requests.resolutions(Session.default("gan", "moons")) == ()


def test_the_title_explains_the_panel(make: Make, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[str] = []
    monkeypatch.setattr(QToolTip, "showText", lambda _where, text, *_: said.append(text))
    monkeypatch.setattr(QWhatsThis, "showText", lambda _where, text, *_: said.append(text))
    panel = make("probe", help="How wrong the field is.")
    panel.header.set_info("step 3")
    for x in (20, 300):
        event = QHelpEvent(QEvent.Type.ToolTip, QPoint(x, 18), panel.header.mapToGlobal(QPoint(x, 18)))
        QApplication.sendEvent(panel.header, event)
    entries = {action.objectName(): action for action in panel.menu.actions()}
    entries["panel.probe.what"].trigger()
    assert said == ["<p>How wrong the field is.</p>", "step 3", "<p>How wrong the field is.</p>"]

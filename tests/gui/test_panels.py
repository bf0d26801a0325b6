"""Panels as widgets: what they show, ask for, export, and what they cost."""

from __future__ import annotations

import gc
import math
import sys
import time
import weakref
import xml.etree.ElementTree as ET
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from genlab.app.panels.field import FieldPanel
from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QImage
from PySide6.QtWidgets import QApplication, QMenu
from pytestqt.qtbot import QtBot

from genlab.app.panels import KINDS, Panel, Scene, make_panel
from genlab.app.panels.density import DensityPanel
from genlab.app.panels.loss import LossPanel
from genlab.app.panels.samples import SamplesPanel
from genlab.app.panels.trajectory import TrajectoryPanel
from genlab.app.theme import DARK, LIGHT
from genlab.data.payloads import Density, Field, Payload, Samples
from genlab.engine.protocol import Answer, DrawDensity, Probe
from genlab.runs.recipe import read_recipe
from genlab.settings.paradigm import PanelInfo
from genlab.settings.session import Session
from genlab.settings.spaces import ImageSpace, PointSpace, Space

EXTENT = (-4.0, 4.0, -4.0, 4.0)
NAMES = ("step", "seconds", "total", "level 1", "level 2", "level 3", "level 4", "gradient norm")
Make = Callable[..., Panel]


def density(n: int = 64, mean: float = 0.0, kind: str = "exact", dim: int = 2, tilted: str = "") -> Density:
    x = -4 + (np.arange(n) + 0.5) * 8 / n
    one = -0.5 * (x - mean) ** 2 - 0.5 * math.log(2 * math.pi)
    log_prob = one if dim == 1 else one[:, None] + one[None]
    return Density(log_prob.astype(np.float32), EXTENT, kind, 1.0, tilted=tilted)  # type: ignore[arg-type]


def samples(space: Space, n: int = 300, index: int = 20, tilted: str = "", seed: int = 0) -> Samples:
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, *space.event))
    if isinstance(space, ImageSpace):
        x = np.clip(8 + 4 * x, 0, space.levels - 1)
    x = x.astype(np.float32)
    return Samples(x, x / 2, np.arange(n) % 2, index, 21, 0.28, 2 * index, tilted)


def scene(space: Space, truth: bool = True) -> Scene:
    known = density(128, dim=space.dim) if truth and isinstance(space, PointSpace) and space.dim < 3 else None
    session = Session.default("diffusion", "moons")
    return Scene(session, space, ("left", "right"), samples(space, 200, seed=1), known, EXTENT)


def metrics(start: int, n: int, seed: int = 0) -> np.ndarray:
    step = np.arange(start, start + n)
    noise = np.random.default_rng(seed).normal(size=(n, 5)) * 0.03
    base = 0.4 + np.exp(-step / 500)
    losses = base[:, None] * np.array([1.0, 0.8, 0.9, 1.1, 1.2]) + noise
    return np.column_stack([step, step / 1000, losses, np.ones(n)])


def answer(payload: Payload, step: int = 1200) -> Answer:
    return Answer("run", "channel", 1, step, payload, last=True)


@pytest.fixture
def make(qtbot: QtBot) -> Make:
    def made(kind: str, theme=DARK, size: tuple[int, int] = (380, 360)) -> Panel:
        panel = make_panel(PanelInfo(kind, kind.title(), kind, probe="score"), theme)  # type: ignore[arg-type]
        qtbot.addWidget(panel)
        panel.resize(*size)
        panel.show()
        return panel

    return made


def feed(panel: Panel) -> None:
    """A scene and plausible content for any kind of panel."""
    plane = PointSpace(2)
    panel.set_scene(scene(plane))
    panel.show_metrics(NAMES, metrics(1, 500))
    panel.show_reference("irreducible", {"total": 0.39})
    panel.show_frames([samples(plane, index=i, seed=i) for i in range(21)], 14, 1200)
    if isinstance(panel, DensityPanel):
        panel.show_answer(answer(density(64, 0.3, "ode")))
    if isinstance(panel, FieldPanel):
        vectors = np.random.default_rng(0).normal(size=(24, 24, 2)).astype(np.float32)
        panel.show_answer(answer(Field(vectors, vectors * 0.9, EXTENT, 0.4, "score")))
    panel.flush()


@pytest.mark.parametrize("kind", KINDS)
def test_every_panel_exports_a_picture_with_its_recipe(make: Make, kind: str, tmp_path: Path) -> None:
    panel = make(kind)
    feed(panel)
    recipe = {"format": 1, "seed": 3, "step": 1200, "name": "zwölf σ"}
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
    qtbot.wait(250)  # ranges glide
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
    panel.set_scene(scene(PointSpace(2)))
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
    panel = make_panel(PanelInfo(kind, kind, kind), DARK)  # type: ignore[arg-type]
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


# -- loss ------------------------------------------------------------------------------------


def test_the_loss_header_tells_total_best_and_floor(make: Make) -> None:
    panel = make("loss")
    assert isinstance(panel, LossPanel)
    panel.set_smoothing("None")
    values = np.array([[1, 0.1, 2.0], [2, 0.2, 0.5], [3, 0.3, 0.75]])
    panel.show_metrics(("step", "seconds", "total"), values)
    panel.show_reference("irreducible", {"total": 0.25})
    panel.flush()
    assert panel.header.info == ("total 0.75", "best 0.5", "irreducible 0.25")


def test_unknown_columns_are_drawn_as_terms(make: Make) -> None:
    panel = make("loss")
    assert isinstance(panel, LossPanel)
    panel.show_metrics(("step", "seconds", "total", "level 1", "codebook"), np.ones((5, 5)).cumsum(axis=0))
    panel.set_view("Terms")
    assert panel.shown_columns() == ("codebook", "total")
    panel.set_view("By noise level")
    assert panel.shown_columns() == ("level 1", "total")


def test_the_loss_range_moves_rarely(make: Make) -> None:
    panel = make("loss")
    assert isinstance(panel, LossPanel)
    panel.show_metrics(NAMES, metrics(1, 1000))
    panel.flush()
    homes = set()
    for k in range(100):
        panel.show_metrics(NAMES, metrics(1001 + 20 * k, 20, seed=k))
        panel.flush()
        homes.add(panel.axes.home)
    assert len(homes) <= 8
    assert panel.axes.home[1] >= 3000


def test_a_long_run_costs_little_more_to_draw_than_a_short_one(make: Make) -> None:
    def cost(rows: int) -> float:
        panel = make("loss")
        panel.show_metrics(NAMES, metrics(1, rows))
        panel.flush()
        best = math.inf
        for k in range(25):
            more = metrics(rows + 1 + 20 * k, 20)
            began = time.perf_counter()
            panel.show_metrics(NAMES, more)
            panel.flush()
            panel.repaint()
            best = min(best, time.perf_counter() - began)
        return best

    assert cost(100_000) < 4 * cost(2000)


def test_logarithmic_scale_leaves_out_what_has_no_logarithm(make: Make) -> None:
    panel = make("loss")
    assert isinstance(panel, LossPanel)
    panel.set_log(True)
    values = np.column_stack([np.arange(1, 6), np.arange(1, 6), [1.0, 0.1, -1.0, 0.01, 0.1]])
    panel.show_metrics(("step", "seconds", "total"), values)
    panel.set_smoothing("None")
    panel.flush()
    points = panel.lines["total"][1].points
    assert np.allclose(points[:, 1], [0, -1, -2, -1])


# -- density ---------------------------------------------------------------------------------


def test_density_writes_its_kind_and_its_divergences(make: Make) -> None:
    panel = make("density", size=(1000, 330))
    panel.set_scene(scene(PointSpace(2)))
    assert panel.header.badges == ()
    panel.show_answer(answer(density(64, 0.3, "ode")))
    panel.flush()
    assert panel.header.badges == ("probability-flow ODE",)
    # Two axes, means 0.3 apart at unit variance: 2 * 0.3^2 / 2 nats.
    assert panel.header.info[0] == "KL(p‖q) 0.090"
    assert panel.header.info[1] == "KL(q‖p) 0.090"
    panel.show_answer(answer(density(64, 0.3, "ode", tilted="guidance 4"), 1300))
    panel.flush()
    assert panel.header.badges == ("probability-flow ODE", "guided · guidance 4")


def test_a_histogram_of_samples_has_no_divergence(make: Make) -> None:
    panel = make("density")
    panel.set_scene(scene(PointSpace(2)))
    panel.show_answer(answer(density(64, 0.3, "samples")))
    panel.flush()
    assert panel.header.badges == ("histogram of samples",)
    assert not any("KL" in part for part in panel.header.info)


def test_before_any_answer_the_truth_is_drawn_and_the_model_says_so(make: Make) -> None:
    panel = make("density", size=(1000, 330))
    assert isinstance(panel, DensityPanel)
    panel.set_scene(scene(PointSpace(2)))
    panel.flush()
    assert panel.plane is not None
    assert panel.plane.truth_raster.image is not None
    assert panel.plane.model_raster.image is None
    assert panel.plane.notes[1].text == "not trained yet"


def test_truth_and_model_share_one_colour_scale(make: Make) -> None:
    panel = make("density", size=(1000, 330))
    assert isinstance(panel, DensityPanel)
    panel.set_scene(scene(PointSpace(2)))
    panel.show_answer(answer(density(128, 0.0, "ode")))
    panel.flush()
    assert panel.plane is not None
    truth, model = panel.plane.truth_raster.image, panel.plane.model_raster.image
    assert truth is not None
    assert truth == model
    ratio = panel.plane.ratio_raster.image
    assert ratio is not None
    assert QColor(ratio.pixel(64, 64)) == QColor(DARK.surface)


@pytest.mark.parametrize("dim", [1, 2])
def test_a_file_without_a_truth_shows_the_model_alone(make: Make, dim: int) -> None:
    panel = make("density")
    assert isinstance(panel, DensityPanel)
    panel.set_scene(scene(PointSpace(dim), truth=False))
    panel.show_answer(answer(density(64, 0.0, "ode", dim=dim)))
    panel.flush()
    assert panel.comparison is None
    assert panel.header.info[0] == "∫q 1.000"


def test_the_cursor_reads_truth_model_and_ratio(make: Make) -> None:
    panel = make("density", size=(1000, 330))
    assert isinstance(panel, DensityPanel)
    panel.set_scene(scene(PointSpace(2)))
    panel.show_answer(answer(density(128, 1.0, "ode")))
    panel.flush()
    assert panel.plane is not None
    panel.plane.hovered.emit(panel.plane.truth_axes, 0.03, 0.03)
    assert panel.header.info[0] == "(0.03, 0.03)"
    assert panel.header.info[3] == f"log p/q {2 * (0.5 - 0.03125):.3f}"
    panel.plane.hovered.emit(None, 0.0, 0.0)
    assert panel.header.info[0].startswith("KL")


def test_panels_ask_for_what_they_draw(make: Make, qtbot: QtBot) -> None:
    drawn, probed = make("density"), make("field")
    for panel in (drawn, probed):
        panel.set_scene(scene(PointSpace(2)))
    asked = drawn.request({"steps": 20}, live=False)
    assert isinstance(asked, DrawDensity)
    assert (asked.resolutions, asked.sampler) == ((32, 64, 128), {"steps": 20})
    assert isinstance(probed, FieldPanel)
    with qtbot.waitSignal(probed.request_changed):
        probed.slider.setValue(25)
    probe = probed.request({}, live=True)
    assert isinstance(probe, Probe)
    assert (probe.name, probe.time) == ("score", 0.25)
    for kind in ("loss", "samples", "trajectory"):
        assert make(kind).request({}, live=True) is None


# -- samples ---------------------------------------------------------------------------------


@pytest.mark.parametrize("space", [PointSpace(1), PointSpace(2), PointSpace(5), ImageSpace(1, 8, 8, 17)])
def test_samples_of_every_space_are_drawn(make: Make, space: Space) -> None:
    panel = make("samples")
    assert isinstance(panel, SamplesPanel)
    panel.set_scene(scene(space))
    panel.flush()
    before = panel.grab().toImage()
    panel.show_frames([samples(space, tilted="guidance 4")], 0, 1200)
    panel.flush()
    assert panel.grab().toImage() != before
    assert panel.header.badges == ("EMA", "guidance 4")
    assert panel.header.info[0] == "300 model"
    assert panel.header.info[-1] == "step 1,200"


def test_many_points_become_a_raster_of_counts(make: Make) -> None:
    panel = make("samples")
    assert isinstance(panel, SamplesPanel)
    panel.set_scene(scene(PointSpace(2)))
    panel.show_frames([samples(PointSpace(2), 20_000)], 0, 1)
    panel.flush()
    assert panel.plane.counts.image is not None
    assert panel.plane.model.groups == []
    panel.show_frames([samples(PointSpace(2), 2000)], 0, 1)
    panel.flush()
    assert panel.plane.counts.image is None
    assert len(panel.plane.model.groups[0][0]) == 2000


def test_points_keep_their_class_and_axes(make: Make) -> None:
    panel = make("samples")
    assert isinstance(panel, SamplesPanel)
    panel.set_scene(scene(PointSpace(5)))
    panel.class_action.setChecked(True)
    panel.selectors[0].setCurrentIndex(3)
    shown = samples(PointSpace(5))
    panel.show_frames([shown], 0, 1)
    panel.flush()
    for label, (points, colour) in enumerate(panel.plane.model.groups):
        assert np.allclose(points, shown.x[shown.labels == label][:, [3, 1]])
        assert colour == QColor(DARK.okabe_ito[label])


def test_a_point_is_drawn_at_its_place(make: Make) -> None:
    panel = make("samples")
    assert isinstance(panel, SamplesPanel)
    panel.set_scene(scene(PointSpace(2)))
    panel.real_action.setChecked(False)
    x = np.array([[1.0, -0.5]], np.float32)
    panel.show_frames([Samples(x, None, None, 0, 1, 0.0, 1)], 0, 1)
    panel.flush()
    view = panel.plane.view_axes.view
    where = panel.plane.mapFromScene(view.mapViewToScene(panel.plane.mapToScene(0, 0).__class__(1.0, -0.5)))
    picture = panel.plane.grab().toImage()
    assert QColor(picture.pixel(where)).blue() > QColor(DARK.surface).blue() + 60


# -- trajectory ------------------------------------------------------------------------------


@pytest.mark.parametrize("space", [PointSpace(1), PointSpace(2), PointSpace(5), ImageSpace(1, 8, 8, 17)])
def test_a_trajectory_of_every_space_is_scrubbed(make: Make, space: Space) -> None:
    panel = make("trajectory")
    panel.set_scene(scene(space))
    frames = [samples(space, 40, index=i, seed=i) for i in range(21)]
    panel.show_frames(frames, 14, 900)
    panel.flush()
    assert panel.header.info == ("step 14 of 20", "σ = 0.28", "28 evaluations")
    middle = panel.grab().toImage()
    panel.show_frames(frames, 3, 900)
    panel.flush()
    assert panel.grab().toImage() != middle


def test_scrubbing_prepares_nothing_again(make: Make) -> None:
    panel = make("trajectory")
    assert isinstance(panel, TrajectoryPanel)
    panel.set_scene(scene(PointSpace(2)))
    frames = [samples(PointSpace(2), 100, index=i, seed=i) for i in range(21)]
    panel.show_frames(frames[:10], 3, 1)
    panel.flush()
    prepared = panel.lines.paths
    panel.show_frames(frames[:10], 7, 1)
    panel.flush()
    assert panel.lines.paths is prepared
    panel.show_frames(frames, 20, 1)
    panel.flush()
    assert panel.lines.paths.shape == (21, 96, 2)


def test_the_menu_of_every_panel_opens(make: Make) -> None:
    for kind in KINDS:
        panel = make(kind)
        assert isinstance(panel.header.button.menu(), QMenu)
        assert len(panel.menu.actions()) >= 5

"""Loss, samples and trajectory: what each of these panels shows."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtCore import QPointF
from PySide6.QtGui import QColor

from genlab.app.common.theme import DARK
from genlab.app.drawings.losses.drawing import LossDrawing
from genlab.app.drawings.samples.drawing import SamplesDrawing
from genlab.app.drawings.samples.images import ImagesView
from genlab.app.drawings.samples.plane import PlaneView
from genlab.app.drawings.scene import ModelInfo, Scene
from genlab.app.drawings.trajectory.drawing import TrajectoryDrawing
from genlab.app.drawings.trajectory.points import PointsView
from genlab.app.views.panel import Panel
from genlab.data.payloads import Samples
from genlab.settings.spaces import Images, Points, Signal, Space, Tokens
from tests.gui.panel_pieces import EXTENT, NAMES, metrics, recorded, samples, scene, settled

Make = Callable[..., Panel]
SPACES = [
    Points(1), Points(2), Points(5), Images(1, 8, 8, 17), Tokens(9, (".", "a", "b"), 0), Signal(50, 10.0)
]  # fmt: skip

# -- images ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("names", "labels", "lines"),
    [
        (("left", "right"), np.arange(360) // 180, ["left", "right"]),
        (("bar", "dot", "ring"), np.arange(360) % 3, ["bar", "dot", "ring"]),
        (("bar", "dot", "ring"), np.arange(360) % 2 * 2, ["bar", "ring"]),
        (("bar", "dot"), np.arange(360) % 4 - 1, ["bar", "dot", ""]),
        (("bar",), np.arange(360) % 2, ["bar", ""]),
        (tuple(f"{k}" for k in range(300)), np.arange(360), [f"{k}" for k in range(200)]),
    ],
)
def test_of_many_labelled_images_the_first_are_all_laid_out_by_class(
    make: Make, names: tuple[str, ...], labels: np.ndarray, lines: list[str]
) -> None:
    panel, images = make("samples"), Images(1, 8, 8, 17)
    panel.set_scene(Scene(images, names, replace(samples(images, 360), labels=labels), None, EXTENT))
    settled(panel)
    assert isinstance(panel.drawing, SamplesDrawing)
    view = panel.drawing.view
    assert isinstance(view, ImagesView)
    montage = view.montage
    assert montage.names == tuple(lines)
    assert sorted(montage._places[montage._places >= 0]) == list(range(200))
    columns = montage._places.shape[1] // montage._bands
    for name, (band, row) in zip(lines, montage._lines, strict=True):
        label = labels[montage._places[row, band * columns]]
        assert (names[label] if 0 <= label < len(names) else "") == name


def test_three_classes_share_the_room_of_their_panel(make: Make) -> None:
    panel, images = make("samples", size=(500, 420)), Images(1, 8, 8, 17)
    three = replace(samples(images, 63), labels=np.arange(63) % 3)
    panel.set_scene(Scene(images, ("bar", "dot", "ring"), three, None, EXTENT))
    settled(panel)
    montage = panel.drawing.view.montage  # type: ignore[union-attr]
    (where,), scale = montage.place()
    assert scale >= 4  # in a row each, 21 tiles wide, it would be 2
    assert where.height() * where.width() > 0.5 * montage.width() * montage.height()


# -- loss ------------------------------------------------------------------------------------


def test_the_loss_header_tells_total_best_and_floor(make: Make) -> None:
    panel = make("loss")
    drawing = panel.drawing
    assert isinstance(drawing, LossDrawing)
    drawing.set_smoothing("None")
    values = np.array([[1, 0.1, 2.0], [2, 0.2, 0.5], [3, 0.3, 0.75]])
    panel.show_metrics(recorded(("step", "seconds", "total"), values))
    panel.show_reference("irreducible", {"total": 0.25})
    panel.flush()
    assert panel.header.info == ("total 0.75", "best 0.5", "irreducible 0.25")


def test_unknown_columns_are_drawn_as_terms(make: Make) -> None:
    panel = make("loss")
    drawing = panel.drawing
    assert isinstance(drawing, LossDrawing)
    panel.show_metrics(
        recorded(("step", "seconds", "total", "level 1", "codebook"), np.ones((5, 5)).cumsum(axis=0))
    )
    drawing.set_view("Terms")
    assert drawing.shown_columns() == ("codebook", "total")
    drawing.set_view("By noise level")
    assert drawing.shown_columns() == ("level 1", "total")


def test_the_loss_range_moves_rarely(make: Make) -> None:
    panel = make("loss")
    drawing = panel.drawing
    assert isinstance(drawing, LossDrawing)
    panel.show_metrics(recorded(NAMES, metrics(1, 1000)))
    panel.flush()
    homes = set()
    for k in range(100):
        panel.show_metrics(recorded(NAMES, metrics(1001 + 20 * k, 20, seed=k)))
        panel.flush()
        homes.add(drawing.axes.home)
    assert len(homes) <= 8
    assert drawing.axes.home[1] >= 3000


def test_a_long_run_costs_little_more_to_draw_than_a_short_one(make: Make) -> None:
    def cost(rows: int) -> float:
        panel = make("loss")
        panel.show_metrics(recorded(NAMES, metrics(1, rows)))
        panel.flush()
        best = math.inf
        for k in range(25):
            more = metrics(rows + 1 + 20 * k, 20)
            began = time.perf_counter()
            panel.show_metrics(recorded(NAMES, more))
            panel.flush()
            panel.repaint()
            best = min(best, time.perf_counter() - began)
        return best

    assert cost(100_000) < 4 * cost(2000)


def test_logarithmic_scale_leaves_out_what_has_no_logarithm(make: Make) -> None:
    panel = make("loss")
    drawing = panel.drawing
    assert isinstance(drawing, LossDrawing)
    drawing.set_log(True)
    values = np.column_stack([np.arange(1, 6), np.arange(1, 6), [1.0, 0.1, -1.0, 0.01, 0.1]])
    panel.show_metrics(recorded(("step", "seconds", "total"), values))
    drawing.set_smoothing("None")
    panel.flush()
    points = drawing.lines["total"][1].points
    assert np.allclose(points[:, 1], [0, -1, -2, -1])


# -- samples ---------------------------------------------------------------------------------


@pytest.mark.parametrize("space", SPACES)
def test_samples_of_every_space_are_drawn(make: Make, space: Space) -> None:
    panel = make("samples")
    drawing = panel.drawing
    assert isinstance(drawing, SamplesDrawing)
    panel.set_model(ModelInfo(averaged=True))
    panel.set_scene(scene(space))
    panel.flush()
    before = panel.grab().toImage()
    panel.show_frames([samples(space, biased="guidance 4")], 0, 1200)
    panel.flush()
    assert panel.grab().toImage() != before
    assert panel.header.badges == ("EMA", "guidance 4")
    assert panel.header.info[0] == "300 model"
    assert panel.header.info[-1] == "step 1,200"


@pytest.mark.parametrize("space", [space for space in SPACES if not isinstance(space, Tokens)])
@pytest.mark.parametrize("n", [300, 3000])
@pytest.mark.filterwarnings("error")
def test_samples_that_are_not_finite_are_told_and_the_others_drawn(make: Make, space: Space, n: int) -> None:
    panel = make("samples")
    panel.set_scene(scene(space))
    drawn = samples(space, n)
    x = drawn.x.copy()
    x[:2], x[2] = np.nan, np.inf
    panel.show_frames([replace(drawn, x=x)], 0, 1200)
    panel.flush()
    assert panel.grab().toImage() is not None
    assert panel.header.badges == ("3 not finite",)


def test_many_points_become_a_raster_of_counts(make: Make) -> None:
    panel = make("samples")
    drawing = panel.drawing
    assert isinstance(drawing, SamplesDrawing)
    panel.set_scene(scene(Points(2)))
    view = drawing.view
    assert isinstance(view, PlaneView)
    panel.show_frames([samples(Points(2), 20_000)], 0, 1)
    panel.flush()
    assert view.canvas.counts.image is not None
    assert view.canvas.model.groups == []
    panel.show_frames([samples(Points(2), 2000)], 0, 1)
    panel.flush()
    assert view.canvas.counts.image is None
    assert len(view.canvas.model.groups[0][0]) == 2000
    small = view.canvas.model.size
    panel.show_frames([samples(Points(2), 15)], 0, 1)  # what a coarse preview has
    panel.flush()
    assert view.canvas.model.size > 3 * small


def test_every_class_of_points_is_drawn(make: Make) -> None:
    panel, names = make("samples"), tuple(f"{k}" for k in range(30))
    panel.set_scene(Scene(Points(2), names, None, None, EXTENT))
    assert isinstance(panel.drawing, SamplesDrawing)
    panel.drawing.class_action.trigger()
    panel.show_frames([replace(samples(Points(2), 300), labels=np.arange(300) % 30)], 0, 1)
    panel.flush()
    view = panel.drawing.view
    assert isinstance(view, PlaneView)
    groups = view.canvas.model.groups
    assert [len(points) for points, _ in groups] == [10] * 30
    assert len({colour.name() for _, colour in groups}) == 24


def test_points_keep_their_class_and_axes(make: Make) -> None:
    panel = make("samples")
    drawing = panel.drawing
    assert isinstance(drawing, SamplesDrawing)
    panel.set_scene(scene(Points(5)))
    view = drawing.view
    assert isinstance(view, PlaneView)
    drawing.class_action.setChecked(True)
    view.selectors[0].setCurrentIndex(3)
    shown = samples(Points(5))
    panel.show_frames([shown], 0, 1)
    panel.flush()
    for label, (points, colour) in enumerate(view.canvas.model.groups):
        assert np.allclose(points, shown.x[shown.labels == label][:, [3, 1]])
        assert colour == QColor(DARK.okabe_ito[label])


def test_a_point_is_drawn_at_its_place(make: Make) -> None:
    panel = make("samples")
    drawing = panel.drawing
    assert isinstance(drawing, SamplesDrawing)
    panel.set_scene(scene(Points(2)))
    view = drawing.view
    assert isinstance(view, PlaneView)
    drawing.real_action.setChecked(False)
    x = np.array([[1.0, -0.5]], np.float32)
    panel.show_frames([Samples(x, None, None, 0, 1, 0.0, 1)], 0, 1)
    panel.flush()
    canvas = view.canvas
    where = canvas.mapFromScene(canvas.view_axes.view.mapViewToScene(QPointF(1.0, -0.5)))
    picture = canvas.grab().toImage()
    assert QColor(picture.pixel(where)).blue() > QColor(DARK.surface).blue() + 60


# -- trajectory ------------------------------------------------------------------------------


@pytest.mark.parametrize("space", SPACES)
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
    drawing = panel.drawing
    assert isinstance(drawing, TrajectoryDrawing)
    panel.set_scene(scene(Points(2)))
    frames = [samples(Points(2), 100, index=i, seed=i) for i in range(21)]
    panel.show_frames(frames[:10], 3, 1)
    panel.flush()
    view = drawing.view
    assert isinstance(view, PointsView)
    prepared = view.lines.paths
    panel.show_frames(frames[:10], 7, 1)
    panel.flush()
    assert view.lines.paths is prepared
    panel.show_frames(frames, 20, 1)
    panel.flush()
    assert view.lines.paths.shape == (21, 96, 2)


def test_real_points_of_other_data_go_where_the_new_ones_are_not_known_yet(make: Make) -> None:
    panel = make("trajectory")
    drawing = panel.drawing
    assert isinstance(drawing, TrajectoryDrawing)
    panel.set_scene(scene(Points(2)))
    view = drawing.view
    assert isinstance(view, PointsView)
    assert len(view.real.groups[0][0])
    panel.set_scene(replace(scene(Points(2)), reference=None))
    assert not len(view.real.groups[0][0])

"""Loss, density, samples and trajectory: what each of these panels shows."""

from __future__ import annotations

import math
import time
from collections.abc import Callable

import numpy as np
import pytest
from PySide6.QtGui import QColor

from genlab.app.common.theme import DARK
from genlab.app.drawings.density import DensityPanel
from genlab.app.drawings.loss import LossPanel
from genlab.app.drawings.samples import SamplesPanel
from genlab.app.drawings.trajectory import TrajectoryPanel
from genlab.app.views.panel_kinds import Panel
from genlab.data.payloads import Samples
from genlab.settings.spaces import Images, Points, Space
from tests.gui.panel_pieces import NAMES, answer, density, metrics, samples, scene

Make = Callable[..., Panel]

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
    panel.set_scene(scene(Points(2)))
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
    panel.set_scene(scene(Points(2)))
    panel.show_answer(answer(density(64, 0.3, "samples")))
    panel.flush()
    assert panel.header.badges == ("histogram of samples",)
    assert not any("KL" in part for part in panel.header.info)


def test_before_any_answer_the_truth_is_drawn_and_the_model_says_so(make: Make) -> None:
    panel = make("density", size=(1000, 330))
    assert isinstance(panel, DensityPanel)
    panel.set_scene(scene(Points(2)))
    panel.flush()
    assert panel.plane is not None
    assert panel.plane.truth_raster.image is not None
    assert panel.plane.model_raster.image is None
    assert panel.plane.notes[1].text == "not trained yet"


def test_truth_and_model_share_one_colour_scale(make: Make) -> None:
    panel = make("density", size=(1000, 330))
    assert isinstance(panel, DensityPanel)
    panel.set_scene(scene(Points(2)))
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
    panel.set_scene(scene(Points(dim), truth=False))
    panel.show_answer(answer(density(64, 0.0, "ode", dim=dim)))
    panel.flush()
    assert panel.comparison is None
    assert panel.header.info[0] == "∫q 1.000"


def test_the_cursor_reads_truth_model_and_ratio(make: Make) -> None:
    panel = make("density", size=(1000, 330))
    assert isinstance(panel, DensityPanel)
    panel.set_scene(scene(Points(2)))
    panel.show_answer(answer(density(128, 1.0, "ode")))
    panel.flush()
    assert panel.plane is not None
    panel.plane.hovered.emit(panel.plane.truth_axes, 0.03, 0.03)
    assert panel.header.info[0] == "(0.03, 0.03)"
    assert panel.header.info[3] == f"log p/q {2 * (0.5 - 0.03125):.3f}"
    panel.plane.hovered.emit(None, 0.0, 0.0)
    assert panel.header.info[0].startswith("KL")


# -- samples ---------------------------------------------------------------------------------


@pytest.mark.parametrize("space", [Points(1), Points(2), Points(5), Images(1, 8, 8, 17)])
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
    panel.set_scene(scene(Points(2)))
    panel.show_frames([samples(Points(2), 20_000)], 0, 1)
    panel.flush()
    assert panel.plane.counts.image is not None
    assert panel.plane.model.groups == []
    panel.show_frames([samples(Points(2), 2000)], 0, 1)
    panel.flush()
    assert panel.plane.counts.image is None
    assert len(panel.plane.model.groups[0][0]) == 2000


def test_points_keep_their_class_and_axes(make: Make) -> None:
    panel = make("samples")
    assert isinstance(panel, SamplesPanel)
    panel.set_scene(scene(Points(5)))
    panel.class_action.setChecked(True)
    panel.selectors[0].setCurrentIndex(3)
    shown = samples(Points(5))
    panel.show_frames([shown], 0, 1)
    panel.flush()
    for label, (points, colour) in enumerate(panel.plane.model.groups):
        assert np.allclose(points, shown.x[shown.labels == label][:, [3, 1]])
        assert colour == QColor(DARK.okabe_ito[label])


def test_a_point_is_drawn_at_its_place(make: Make) -> None:
    panel = make("samples")
    assert isinstance(panel, SamplesPanel)
    panel.set_scene(scene(Points(2)))
    panel.real_action.setChecked(False)
    x = np.array([[1.0, -0.5]], np.float32)
    panel.show_frames([Samples(x, None, None, 0, 1, 0.0, 1)], 0, 1)
    panel.flush()
    view = panel.plane.view_axes.view
    where = panel.plane.mapFromScene(view.mapViewToScene(panel.plane.mapToScene(0, 0).__class__(1.0, -0.5)))
    picture = panel.plane.grab().toImage()
    assert QColor(picture.pixel(where)).blue() > QColor(DARK.surface).blue() + 60


# -- trajectory ------------------------------------------------------------------------------


@pytest.mark.parametrize("space", [Points(1), Points(2), Points(5), Images(1, 8, 8, 17)])
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
    panel.set_scene(scene(Points(2)))
    frames = [samples(Points(2), 100, index=i, seed=i) for i in range(21)]
    panel.show_frames(frames[:10], 3, 1)
    panel.flush()
    prepared = panel.lines.paths
    panel.show_frames(frames[:10], 7, 1)
    panel.flush()
    assert panel.lines.paths is prepared
    panel.show_frames(frames, 20, 1)
    panel.flush()
    assert panel.lines.paths.shape == (21, 96, 2)

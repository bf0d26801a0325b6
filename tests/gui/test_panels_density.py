"""The density panel: truth and model on one scale, and what it shows where one of them is missing."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from PySide6.QtGui import QColor

from genlab.app.common.theme import DARK
from genlab.app.drawings.density.drawing import DensityDrawing
from genlab.app.drawings.scene import ModelInfo
from genlab.app.views.panel import Panel
from genlab.settings.spaces import Points
from tests.gui.panel_pieces import answer, density, scene

Make = Callable[..., Panel]


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
    panel.show_answer(answer(density(64, 0.3, "ode", biased="guidance 4"), 1300))
    panel.flush()
    assert panel.header.badges == ("probability-flow ODE", "guided · guidance 4")


def test_a_histogram_of_samples_has_no_divergence(make: Make) -> None:
    panel = make("density")
    panel.set_scene(scene(Points(2)))
    panel.show_answer(answer(density(64, 0.3, "samples")))
    panel.flush()
    assert panel.header.badges == ("histogram of samples",)
    assert not any("KL" in part for part in panel.header.info)


@pytest.mark.parametrize("dim", [1, 2])
def test_the_density_of_a_class_takes_the_place_of_all_classes_and_is_not_read_against_them(
    make: Make, dim: int
) -> None:
    panel = make("density", size=(1000, 330))
    drawing = panel.drawing
    assert isinstance(drawing, DensityDrawing)
    panel.set_scene(scene(Points(dim)))
    panel.show_answer(answer(density(128, 0.3, "ode", dim)))
    panel.flush()
    assert panel.header.info[0].startswith("KL")
    panel.set_model(ModelInfo(label="left"))
    panel.flush()
    before = drawing.shown
    assert before is not None, "a panel with a picture never goes back to none"
    assert panel.header.badges == ("probability-flow ODE",)
    panel.show_answer(answer(density(128, 0.3, "ode", dim)))  # of before, late
    assert drawing.shown is before
    panel.show_answer(answer(density(48, 0.3, "samples", dim, label="left")))
    panel.show_answer(answer(density(64, 0.3, "ode", dim, label="left")))
    panel.flush()
    assert panel.header.badges == ("class left", "probability-flow ODE")
    assert not any("KL" in part for part in panel.header.info)
    if drawing.plane is not None:
        assert drawing.plane.notes[2].text == "the truth is of all classes"
        assert drawing.plane.ratio_raster.image is None
    elif drawing.line is not None:
        assert drawing.line.note.text == "the truth is of all classes"


def test_a_density_that_is_refused_says_why_in_place_of_the_picture(make: Make) -> None:
    panel = make("density", size=(1000, 330))
    panel.set_scene(scene(Points(2)))
    panel.show_answer(answer(density(64, 0.3, "ode")))
    panel.show_refusal("there is no class 'up'")
    panel.flush()
    assert panel.words.isVisible()
    assert panel.words.text() == "There is no class 'up'."
    panel.show_answer(answer(density(32, 0.3, "ode")))
    panel.flush()
    assert not panel.words.isVisible()
    assert panel.header.badges == ("probability-flow ODE",)


def test_before_any_answer_the_truth_is_drawn_and_the_model_says_so(make: Make) -> None:
    panel = make("density", size=(1000, 330))
    drawing = panel.drawing
    assert isinstance(drawing, DensityDrawing)
    panel.set_scene(scene(Points(2)))
    panel.flush()
    assert drawing.plane is not None
    assert drawing.plane.truth_raster.image is not None
    assert drawing.plane.model_raster.image is None
    assert drawing.plane.notes[1].text == "not trained yet"


def test_truth_and_model_share_one_colour_scale(make: Make) -> None:
    panel = make("density", size=(1000, 330))
    drawing = panel.drawing
    assert isinstance(drawing, DensityDrawing)
    panel.set_scene(scene(Points(2)))
    panel.show_answer(answer(density(128, 0.0, "ode")))
    panel.flush()
    assert drawing.plane is not None
    truth, model = drawing.plane.truth_raster.image, drawing.plane.model_raster.image
    assert truth is not None
    assert truth == model
    ratio = drawing.plane.ratio_raster.image
    assert ratio is not None
    assert QColor(ratio.pixel(64, 64)) == QColor(DARK.surface)


@pytest.mark.parametrize("dim", [1, 2])
def test_a_file_without_a_truth_shows_the_model_alone(make: Make, dim: int) -> None:
    panel = make("density")
    drawing = panel.drawing
    assert isinstance(drawing, DensityDrawing)
    panel.set_scene(scene(Points(dim), truth=False))
    panel.show_answer(answer(density(64, 0.0, "ode", dim=dim)))
    panel.flush()
    assert drawing.comparison is None
    assert panel.header.info[0] == "∫q 1.000"


def test_the_cursor_reads_truth_model_and_ratio(make: Make) -> None:
    panel = make("density", size=(1000, 330))
    drawing = panel.drawing
    assert isinstance(drawing, DensityDrawing)
    panel.set_scene(scene(Points(2)))
    panel.show_answer(answer(density(128, 1.0, "ode")))
    panel.flush()
    assert drawing.plane is not None
    drawing.plane.hovered.emit(drawing.plane.truth_axes, 0.03, 0.03)
    assert panel.header.info[0] == "(0.03, 0.03)"
    assert panel.header.info[3] == f"log p/q {2 * (0.5 - 0.03125):.3f}"
    drawing.plane.hovered.emit(None, 0.0, 0.0)
    assert panel.header.info[0].startswith("KL")

"""Several maps side by side: one scale for those that are alike, one crosshair, one zoom; a field's time."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import numpy as np
import pytest
from PySide6.QtCore import QPointF, QRectF
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QApplication

from genlab.app.common.theme import DARK
from genlab.app.drawings.canvas.map_view import Title
from genlab.app.drawings.canvas.raster import density_colours
from genlab.app.drawings.maps.drawing import MapsDrawing
from genlab.app.drawings.maps.layout import SMALLEST, layout
from genlab.app.views.panel import Panel
from genlab.data.payloads import Maps, ScalarMap
from tests.gui.panel_pieces import EXTENT, answer, payloads, settled, shown

Make = Callable[..., Panel]


def one(value: float, title: str, diverging: bool = False) -> ScalarMap:
    values = np.full((8, 8), value, np.float32)
    limits = (-1.0, 3.0) if diverging else (0.0, 4.0)
    return ScalarMap(values, EXTENT, title, limits, diverging, "nats" if diverging else "")


FOUR = Maps((one(1, "exact"), one(2, "free"), one(4, "classifier"), one(3, "log ratio", True)), "Far off.")


def colour(drawing: MapsDrawing, i: int) -> QColor:
    """In the middle of the upper right quarter of a map, as it is painted."""
    where = drawing.views[i].axes.view.mapViewToScene(QPointF(2.0, 2.0))
    return QColor(drawing.canvas.grab().toImage().pixel(drawing.canvas.mapFromScene(where)))


# -- drawing ---------------------------------------------------------------------------------


def test_maps_share_one_scale_and_a_diverging_one_has_its_own(make: Make) -> None:
    panel = shown(make, FOUR, size=(900, 420))
    drawing = panel.drawing
    assert isinstance(drawing, MapsDrawing)
    settled(panel)
    viridis = density_colours(DARK.density_map)
    for i, entry in ((0, 64), (1, 128), (2, 255)):
        assert colour(drawing, i) == QColor(int(viridis[entry]))
    assert colour(drawing, 3) == QColor(DARK.ratio_high)
    assert [bar.limits for bar in drawing.bars] == [(0.0, 4.0), (-3.0, 3.0)]
    assert [bar.unit for bar in drawing.bars] == ["", "nats"]
    assert [view.title.text for view in drawing.views] == ["exact", "free", "classifier", "log ratio"]
    assert drawing.remark.text() == "Far off."


def test_real_data_are_not_drawn_over_maps(make: Make) -> None:
    panel = shown(make, Maps((one(0, "exact"),)))
    settled(panel)
    view = panel.drawing.views[0].axes.view
    picture = panel.drawing.canvas.grab(view.sceneBoundingRect().toRect().adjusted(3, 3, -3, -3)).toImage()
    seen = {picture.pixel(x, y) for x in range(picture.width()) for y in range(picture.height())}
    assert seen == {int(density_colours(DARK.density_map)[0])}


def test_fewer_maps_leave_no_view_behind(make: Make) -> None:
    panel = shown(make, FOUR, size=(900, 420))
    panel.show_answer(answer(Maps(FOUR.maps[:2])))
    settled(panel)
    drawing = panel.drawing
    assert [view.axes.view.isVisible() for view in drawing.views] == [True, True, False, False]
    assert [view.title.isVisible() for view in drawing.views] == [True, True, False, False]
    assert [bar.isVisible() for bar in drawing.bars] == [True, False]
    assert drawing.remark.isHidden()


def test_only_maps_at_the_edge_have_rulers(make: Make) -> None:
    panel = shown(make, FOUR, size=(360, 620))
    for step in (1300, 1400):
        panel.show_answer(answer(FOUR, step))
        settled(panel)
        all_axes = [view.axes for view in panel.drawing.views]
        assert [axes.left.isVisible() for axes in all_axes] == [True, False, True, False]
        assert [axes.bottom.isVisible() for axes in all_axes] == [False, False, True, True]


# -- cursor and zoom -------------------------------------------------------------------------


def test_the_cursor_reads_all_maps_at_its_place(make: Make) -> None:
    values = np.arange(64, dtype=np.float32).reshape(8, 8)
    holes = np.where(values == 8, np.nan, -values).astype(np.float32)
    maps = Maps(
        (
            ScalarMap(values, EXTENT, "truth", (0.0, 63.0)),
            ScalarMap(values + 1, EXTENT, "model", (0.0, 63.0)),
            ScalarMap(holes, EXTENT, "ratio", (-63.0, 63.0), True, "nats"),
        )
    )
    panel = shown(make, maps)
    drawing = panel.drawing
    drawing.canvas.hovered.emit(drawing.views[1].axes, -2.9, -2.5)
    assert panel.header.info == ("(−2.90, −2.50)", "truth 9", "model 10", "ratio −9 nats")
    assert [view.chip.text for view in drawing.views] == ["9", "10", "−9"]
    assert [[line.value() for line in view.cross] for view in drawing.views] == [[-2.5, -2.9]] * 3
    assert all(line.isVisible() for view in drawing.views for line in view.cross)
    assert [bar.value for bar in drawing.bars] == [10.0, -9.0]  # of the map under the cursor; its own
    drawing.canvas.hovered.emit(drawing.views[2].axes, -3.9, -2.5)
    assert panel.header.info[1:] == ("truth 8", "model 9", "ratio – nats")
    assert [bar.value for bar in drawing.bars] == [None, None]
    for axes, x in ((drawing.views[0].axes, 9.0), (None, 0.0)):
        drawing.canvas.hovered.emit(axes, x, 0.0)
        assert panel.header.info == ("step 1,200",)
        assert [view.chip.text for view in drawing.views] == ["", "", ""]
        assert not any(line.isVisible() for view in drawing.views for line in view.cross)


def test_a_zoom_of_one_map_is_a_zoom_of_all_until_they_go_home(make: Make) -> None:
    panel = shown(make, FOUR, size=(900, 420))
    settled(panel)
    all_axes = [view.axes for view in panel.drawing.views]
    all_axes[1].view.setRange(xRange=(0.0, 1.0), yRange=(-1.0, 0.0), padding=0)
    all_axes[1].view.sigRangeChangedManually.emit([True, True])
    assert [axes.shown() for axes in all_axes] == [pytest.approx((0.0, 1.0, -1.0, 0.0))] * 4
    panel.resize(800, 500)
    QApplication.processEvents()
    assert [axes.shown() for axes in all_axes] == [pytest.approx((0.0, 1.0, -1.0, 0.0))] * 4
    all_axes[3].view.went_home.emit()
    assert [axes.shown() for axes in all_axes] == [pytest.approx(EXTENT)] * 4
    assert not any(axes.zoomed for axes in all_axes)


# -- place -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("count", "size", "columns"),
    [(4, (900, 380), 4), (4, (360, 560), 2), (3, (300, 560), 2), (2, (300, 560), 1), (2, (560, 300), 2)],
)
def test_maps_wrap_into_two_rows_where_the_room_is_taller_than_wide(
    count: int, size: tuple[int, int], columns: int
) -> None:
    found = layout(count, 1.0, (count,), lambda width: 1, *size)
    assert found.columns == columns
    assert len({rect.top() for rect in found.maps}) == (1 if columns == count else 2)


@pytest.mark.parametrize("count", [1, 2, 3, 4])
@pytest.mark.parametrize("size", [(220, 160), (300, 520), (420, 240), (640, 480), (1000, 460), (1600, 900)])
def test_nothing_overlaps_or_leaves_the_canvas(count: int, size: tuple[int, int]) -> None:
    weights = (count - 1, 1) if count > 1 else (1,)
    found = layout(count, 1.25, weights, lambda width: 1 if width > 120 else 2, *size)
    canvas = QRectF(0, 0, *size)
    parts = [*found.maps, *found.titles, *found.bars]
    for i, part in enumerate(parts):
        assert canvas.contains(part)
        assert not any(part.intersects(other) for other in parts[i + 1 :])
    for rect in found.maps:
        assert rect.size() == found.maps[0].size()
        assert rect.width() / rect.height() == pytest.approx(1.25, rel=2 / rect.height())
    assert len(found.bars) in (0, len(weights))
    assert bool(found.bars) or min(found.maps[0].width(), found.maps[0].height()) < 2 * SMALLEST


def test_a_bar_lies_under_its_own_maps_where_they_are_wide() -> None:
    found = layout(4, 1.0, (3, 1), lambda width: 1, 1000, 400)
    common, own = found.bars
    assert (common.left(), common.right()) == (found.maps[0].left(), found.maps[2].right())
    assert (own.left(), own.right()) == (found.maps[3].left(), found.maps[3].right())


def test_a_long_title_takes_a_second_line(qapp: QApplication) -> None:
    title = Title(DARK)
    title.set_text("log ratio of the densities")
    assert [title.lines(width) for width in (400, 100)] == [1, 2]
    assert title.lines(30) > 2
    one_line, two_lines = (layout(2, 1.0, (2,), lambda w, n=n: n, 600, 300).titles[0] for n in (1, 2))
    assert two_lines.height() == one_line.height() + 14


# -- what does not go together ---------------------------------------------------------------


@pytest.mark.parametrize(
    ("maps", "sentence"),
    [
        ((), "one to four maps stand side by side, not 0"),
        (FOUR.maps + FOUR.maps[:1], "one to four maps stand side by side, not 5"),
        (
            (FOUR.maps[0], dataclasses.replace(FOUR.maps[1], extent=(0.0, 1.0, 0.0, 1.0))),
            "maps side by side have one extent",
        ),
        (
            (FOUR.maps[0], dataclasses.replace(FOUR.maps[1], limits=(0.0, 9.0))),
            "maps side by side have one colour scale, so the same limits",
        ),
    ],
)
def test_maps_that_do_not_go_together_are_refused(maps: tuple[ScalarMap, ...], sentence: str) -> None:
    with pytest.raises(ValueError) as error:
        Maps(maps)
    assert str(error.value) == sentence


# -- a field ---------------------------------------------------------------------------------


def test_the_time_of_a_field_has_its_own_symbol(make: Make) -> None:
    field = payloads()["field"]
    assert shown(make, field).header.info[-2] == "σ = 0.4"
    assert shown(make, dataclasses.replace(field, symbol="t")).header.info[-2] == "t = 0.4"

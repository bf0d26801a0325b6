"""The drawings of extra panels: each payload, at its place and in its colours."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from genlab.app.common.theme import DARK
from genlab.app.drawings.canvas.key_row import Key, colours_of
from genlab.app.drawings.curves import CurvesDrawing
from genlab.app.drawings.mesh import MeshDrawing
from genlab.app.drawings.plane import PlaneDrawing, line_path
from genlab.app.drawings.plot import steady
from genlab.app.drawings.scalar_map import ScalarMapDrawing, arrows_at
from genlab.app.drawings.table import TableDrawing, shared
from genlab.app.drawings.tiles import TilesDrawing
from genlab.app.views.panel import Panel
from genlab.data.payloads import Curves, Group, Plane, ScalarMap, Table, Tiles
from genlab.settings.spaces import Images
from tests.gui.panel_pieces import EXTENT, answer, payloads, settled, shown

Make = Callable[..., Panel]
DIGITS = Images(1, 8, 8, 17)
X = np.arange(4, dtype=np.float32)

# -- curves ----------------------------------------------------------------------------------


def curves(**values) -> Curves:
    return Curves(X, {name: np.array(y, np.float32) for name, y in values.items()}, "t", "nats")


def test_the_truth_is_grey_and_the_model_wears_the_accent() -> None:
    found = colours_of(["truth", "ELBO", "model", "real data"], DARK)
    assert (found["truth"], found["model"], found["real data"]) == (DARK.real, DARK.accent, DARK.real)
    assert found["ELBO"] in DARK.okabe_ito
    assert colours_of(["exact", "bound"], DARK)["bound"] == DARK.accent


def test_curves_are_drawn_through_their_points_and_broken_where_they_have_none(make: Make) -> None:
    panel = shown(make, curves(model=[0, 1, np.nan, 2], truth=[1, 1, 1, 1]))
    drawing = panel.drawing
    assert isinstance(drawing, CurvesDrawing)
    assert drawing.lines["model"]._runs == [(0, 2), (3, 4)]
    assert drawing.lines["model"].pen.color() == QColor(DARK.accent)
    assert [(key.name, key.mark) for key in drawing.keys.keys] == [("model", "line"), ("truth", "line")]
    assert drawing.keys.caption == "nats"
    assert drawing.across.text == "t"


def test_dots_beyond_the_range_of_before_are_drawn(make: Make) -> None:
    panel = shown(make, curves(model=[0, 0.1, np.nan, np.nan]))
    panel.show_answer(answer(curves(model=[0, 0.1, 40, -30])))
    panel.flush()
    rect = panel.drawing.dots.boundingRect()
    assert rect.top() <= -30
    assert rect.bottom() >= 40


def test_one_curve_needs_no_key(make: Make) -> None:
    assert shown(make, curves(model=[0, 1, 2, 3])).drawing.keys.keys == ()


def test_a_mark_is_dashed_across_the_view_at_its_height(make: Make) -> None:
    payload = Curves(X, {"model": np.array([0, 0.1, 0.2, 0.1], np.float32)}, "t", "", {"entropy": 1.0})
    panel = shown(make, payload)
    settled(panel)
    canvas, view = panel.drawing.canvas, panel.drawing.axes.view
    picture = canvas.grab().toImage()
    y = canvas.mapFromScene(view.mapViewToScene(QPointF(1.5, 1.0))).y()
    left, right = (canvas.mapFromScene(view.mapViewToScene(QPointF(x, 1.0))).x() for x in (0.1, 2.0))
    rows = [
        [QColor(picture.pixel(x, row)).lightness() > 120 for x in range(left, right)] for row in (y - 1, y)
    ]
    lit = max(sum(row) for row in rows)
    assert 0.4 < lit / (right - left) < 0.75


def test_bars_stand_side_by_side_on_the_ground(make: Make) -> None:
    values = {"model": np.array([1, 2, 3, 4], np.float32), "data": np.array([4, 3, 2, 1], np.float32)}
    payload = Curves(X, values, "", "count", bars=True, captions=("a", "b", "c", "d"))
    panel = shown(make, payload)
    drawing = panel.drawing
    settled(panel)
    picture = drawing.canvas.grab().toImage()

    def at(x: float, y: float) -> QColor:
        where = drawing.canvas.mapFromScene(drawing.axes.view.mapViewToScene(QPointF(x, y)))
        return QColor(picture.pixel(where))

    assert at(2.8, 3.5) == QColor(DARK.accent)
    assert at(3.2, 0.5) == QColor(DARK.real)
    assert at(3.2, 1.5) == QColor(DARK.surface)
    assert at(2.8, 4.1) == QColor(DARK.surface)
    ticks = drawing.axes.bottom._tickLevels
    assert [name for _, name in ticks[0]] == ["a", "b", "c", "d"]


def test_the_range_moves_rarely() -> None:
    low, high = steady(0.1, 1.0, (np.nan, np.nan))
    assert low == 0.0
    assert steady(0.2, 1.05, (low, high)) == (low, high)
    assert steady(0.2, 1.2, (low, high)) != (low, high)
    assert steady(0.2, 0.4, (low, high)) != (low, high)
    assert steady(3.0, 3.0, (np.nan, np.nan))[0] < 3.0


def test_the_cursor_reads_every_curve_at_its_place(make: Make) -> None:
    panel = shown(make, curves(model=[0, 1, 4, 9], truth=[0, np.nan, np.nan, 8]))
    panel.drawing.canvas.hovered.emit(panel.drawing.axes, 2.2, 0.0)
    assert panel.header.info == ("t 2", "model 4")
    panel.drawing.canvas.hovered.emit(panel.drawing.axes, 9.0, 0.0)
    assert panel.header.info == ("t 3", "model 9", "truth 8")
    panel.drawing.canvas.hovered.emit(None, 0.0, 0.0)
    assert panel.header.info == ("step 1,200",)


# -- table -----------------------------------------------------------------------------------

ALIGN = Qt.ItemDataRole.TextAlignmentRole


@pytest.mark.parametrize(
    ("column", "right"),
    [
        (("0.25", "1,024", "−3"), True),
        (("1e-05", "12 %", ""), True),
        (("0.31 ± 0.02", "2.1 nats", "∞"), True),
        (("(−1.20, 0.33)", "(0.00, 4.10)", "(1, 2)"), True),
        (("king 3", "0.2", "0.1"), False),
        (("yes", "no", "yes"), False),
    ],
)
def test_numbers_stand_on_the_right(make: Make, column: tuple[str, ...], right: bool) -> None:
    rows = tuple((name, cell) for name, cell in zip("abc", column, strict=True))
    sheet = shown(make, Table(("name", "value"), rows)).drawing.sheet
    side = sheet.cells.data(sheet.cells.index(0, 1), ALIGN)
    assert bool(side & Qt.AlignmentFlag.AlignRight) is right
    assert sheet.cells.data(sheet.cells.index(0, 0), ALIGN) & Qt.AlignmentFlag.AlignLeft


def test_long_words_wrap_and_long_tables_scroll(make: Make) -> None:
    words = "a king and a lord and a world and many more words that follow it in the data"
    table = Table(("token", "share", "what follows"), (("the", "0.2", words),) * 12, "A note.")
    panel = shown(make, table)
    drawing = panel.drawing
    assert isinstance(drawing, TableDrawing)
    settled(panel)
    sheet = drawing.sheet
    assert sheet.rowHeight(0) >= 40
    assert sum(sheet.columnWidth(i) for i in range(3)) <= sheet.viewport().width()
    assert sheet.verticalScrollBar().maximum() > 0
    assert drawing.remark.text() == "A note."
    assert drawing.remark.geometry().bottom() <= drawing.height()


def test_columns_of_words_give_way_before_numbers() -> None:
    assert shared([100, 60, 400], 360, {0: 80, 2: 96}) == [100, 60, 200]
    assert shared([100, 60, 100], 100, {0: 80, 2: 96}) == [80, 60, 96]
    assert sum(shared([50, 60, 70], 250, {})) == 250
    assert sum(shared([50, 60, 70], 900, {})) == 360


def test_a_table_is_copied_as_text(make: Make, qtbot: QtBot) -> None:
    panel = shown(make, payloads()["table"])
    qtbot.keyClick(panel.drawing.sheet, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
    assert QApplication.clipboard().text() == "name\tvalue\nfirst\t0.25\nsecond\t1,024"


# -- scalar map ------------------------------------------------------------------------------


def test_a_diverging_map_has_the_panel_behind_its_zero(make: Make) -> None:
    values = np.zeros((8, 8), np.float32)
    values[0, 0], values[7, 7] = -1.0, 3.0
    panel = shown(make, ScalarMap(values, EXTENT, "difference", (-1.0, 3.0), diverging=True))
    drawing = panel.drawing
    assert isinstance(drawing, ScalarMapDrawing)
    image = drawing.raster.image
    assert QColor(image.pixel(4, 4)) == QColor(DARK.surface)
    assert QColor(image.pixel(7, 0)) == QColor(DARK.ratio_high)  # row 0 of the array is at the bottom
    assert drawing.bar.limits == (-3.0, 3.0)


def test_the_cursor_reads_the_value_of_its_cell(make: Make) -> None:
    values = np.arange(64, dtype=np.float32).reshape(8, 8)
    panel = shown(make, ScalarMap(values, EXTENT, "x", (0.0, 63.0), unit="nats"))
    assert panel.header.info[0] == "0 to 63 nats"
    panel.drawing.canvas.hovered.emit(panel.drawing.axes, -3.9, -2.5)
    assert panel.header.info == ("(−3.90, −2.50)", "8 nats")
    assert panel.drawing.bar.value == 8.0
    panel.drawing.canvas.hovered.emit(panel.drawing.axes, 9.0, 0.0)
    assert panel.header.info[0] == "0 to 63 nats"


def test_real_data_lie_only_over_their_own_plane(make: Make) -> None:
    values = np.zeros((4, 4), np.float32)
    own = shown(make, ScalarMap(values, EXTENT, "x", (0.0, 1.0)))
    other = shown(make, ScalarMap(values, EXTENT, "x", (0.0, 1.0), data_space=False))
    assert len(own.drawing.real.groups[0][0]) == 200
    assert len(other.drawing.real.groups[0][0]) == 0


def test_the_longest_arrow_has_a_fixed_length() -> None:
    for scale in (1e-6, 1.0, 1e6):
        path = arrows_at(np.zeros((2, 2)), scale * np.array([[1.0, 0.0], [0.0, -0.5]]), EXTENT)
        assert path.boundingRect().right() == pytest.approx(0.11 * 8, rel=1e-6)
        assert path.boundingRect().top() == pytest.approx(-0.5 * 0.11 * 8, rel=1e-6)
    assert arrows_at(np.zeros((2, 2)), np.zeros((2, 2)), EXTENT).isEmpty()


# -- mesh ------------------------------------------------------------------------------------


def test_between_two_stages_everything_is_on_its_way(make: Make) -> None:
    mesh = payloads()["mesh"]
    panel = shown(make, mesh)
    drawing = panel.drawing
    assert isinstance(drawing, MeshDrawing)
    assert drawing.stages.place == 2.0  # the finished samples first
    assert np.allclose(drawing.grid.nodes, mesh.nodes[2])
    assert len(drawing.real.groups[0][0]) == 40
    drawing.stages.move_to(0.5)
    assert np.allclose(drawing.grid.nodes, (mesh.nodes[0] + mesh.nodes[1]) / 2)
    carried = np.concatenate([points for points, _ in drawing.dots.groups])
    middle = (mesh.points[0] + mesh.points[1]) / 2
    assert np.allclose(carried, np.concatenate([middle[mesh.labels == label] for label in (0, 1)]))
    assert drawing.real.groups == []
    assert drawing.heading.text in ("noise", "middle")


def test_a_new_mesh_is_shown_at_the_stage_in_view(make: Make) -> None:
    panel = shown(make, payloads()["mesh"])
    panel.drawing.stages.move_to(1.0)
    panel.show_answer(answer(payloads()["mesh"], 1300))
    panel.flush()
    assert panel.drawing.stages.place == 1.0
    assert panel.drawing.stages.readout.text() == "2 / 3"


def test_a_mesh_plays_from_the_first_stage_to_the_last(make: Make, qtbot: QtBot) -> None:
    panel = shown(make, payloads()["mesh"])
    stages, places = panel.drawing.stages, []
    stages.moved.connect(places.append)
    stages.play.click()
    qtbot.waitUntil(lambda: not stages.playing, timeout=6000)
    assert places[0] < 0.5
    assert places[-1] == 2.0
    assert places == sorted(places)
    assert any(0.1 < place % 1 < 0.9 for place in places)


# -- plane -----------------------------------------------------------------------------------


def test_classes_have_their_colours_and_names(make: Make) -> None:
    panel = shown(make, payloads()["plane"])
    drawing = panel.drawing
    assert isinstance(drawing, PlaneDrawing)
    codes = drawing.layers[0][1].groups
    assert [colour for _, colour in codes] == [QColor(colour) for colour in DARK.okabe_ito[:2]]
    assert drawing.keys.keys[:2] == (
        Key("left", DARK.okabe_ito[0], "dot"),
        Key("right", DARK.okabe_ito[1], "dot"),
    )
    assert drawing.keys.keys[2].name == "edge"
    assert drawing.remark.text() == "Codes fill the plane."
    assert (drawing.keys.caption, drawing.across.text) == ("z2", "z1")


def test_contours_of_the_truth_lie_in_the_plane_of_the_data_only(make: Make) -> None:
    group = (Group("codes", np.zeros((3, 2), np.float32)),)
    panel = shown(make, Plane(group, EXTENT, "codes"))
    assert panel.drawing.contours.path().isEmpty()
    panel.show_answer(answer(Plane(group, EXTENT, "codes", data_space=True)))
    panel.flush()
    assert not panel.drawing.contours.path().isEmpty()


def test_roles_have_their_colours_and_the_second_of_one_role_another(make: Make) -> None:
    one = np.zeros((3, 2), np.float32)
    roles = ("model", "model", "mark", "mark")
    groups = tuple(Group(f"g{i}", one, role=role) for i, role in enumerate(roles))  # type: ignore[arg-type]
    panel = shown(make, Plane(groups, EXTENT, "x"))
    colours = [layer[1].groups[0][1].name() for layer in panel.drawing.layers]
    assert colours[0] == DARK.model
    assert colours[2] == DARK.okabe_ito[1]
    assert len(set(colours)) == 4


def test_lines_break_at_rows_without_a_value_and_segments_join_pairs() -> None:
    points = np.array([[0, 0], [1, 0], [np.nan, np.nan], [2, 0], [3, 0], [3, 1]])

    def lengths(style: str) -> list[float]:
        path, drawn, last = line_path(points, style), [], None
        for i in range(path.elementCount()):
            element = path.elementAt(i)
            if element.isLineTo():
                drawn.append(abs(element.x - last[0]) + abs(element.y - last[1]))
            last = (element.x, element.y)
        return drawn

    assert lengths("line") == [1, 1, 1]
    assert lengths("segments") == [1, 1]


# -- tiles -----------------------------------------------------------------------------------


def test_tiles_are_laid_out_in_their_rows_with_whole_pixels(make: Make) -> None:
    images = np.zeros((3, 4, 8, 8), np.float32)
    images[1, 2] = 16
    panel = shown(make, Tiles(images, "x", ("a", "b", "c"), "Note."), DIGITS)
    drawing = panel.drawing
    assert isinstance(drawing, TilesDrawing)
    settled(panel)
    (where,), scale = drawing.montage.place()
    assert scale == int(scale) >= 4
    picture = drawing.montage.grab().toImage()

    def grey(row: int, column: int) -> int:
        at = where.topLeft() + QPointF((column * 9 + 4) * scale, (row * 9 + 4) * scale)
        return QColor(picture.pixel(at.toPoint())).lightness()

    assert [[grey(r, c) for c in range(4)] for r in range(3)] == [[0] * 4, [0, 0, 255, 0], [0] * 4]
    assert drawing.montage.names == ("a", "b", "c")
    assert drawing.remark.text() == "Note."


def test_tiles_without_titles_keep_their_rows(make: Make) -> None:
    images = np.zeros((2, 7, 3, 8, 8), np.float32)
    panel = shown(make, Tiles(images, "x"), Images(3, 8, 8, 256))
    assert panel.drawing.montage._places.shape == (2, 7)


def test_a_row_that_is_alone_fills_its_panel(make: Make) -> None:
    images = np.arange(10, dtype=np.float32)[None, :, None, None] * np.ones((8, 8), np.float32)
    panel = shown(make, Tiles(images, "x"), DIGITS, size=(300, 340))
    settled(panel)
    montage = panel.drawing.montage
    rows, columns = montage._places.shape
    assert rows > 1
    assert montage._places[montage._places >= 0].tolist() == list(range(10))  # in reading order
    assert montage.place()[1] * 9 * columns > 250 or montage.place()[1] * 9 * rows > 250


def test_long_titles_stand_above_their_rows_where_that_shows_larger_images(make: Make) -> None:
    images = np.zeros((2, 12, 8, 8), np.float32)
    images[1] = 16
    panel = shown(make, Tiles(images, "x", ("original", "reconstructions of it")), DIGITS, size=(380, 360))
    montage = panel.drawing.montage
    settled(panel)
    assert (montage.above(), 1 < montage.place()[1] < 3) == (3.0, True)
    picture = montage.grab().toImage()
    middle = picture.width() // 2
    white = [y for y in range(picture.height()) if QColor(picture.pixel(middle + 8, y)).lightness() == 255]
    assert len(white) == 24
    short = shown(make, Tiles(images, "x", ("a", "b")), DIGITS, size=(300, 360))
    settled(short)
    assert short.drawing.montage.above() == 0.0

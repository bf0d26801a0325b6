"""Where panels stand, and which of them is the largest."""

from __future__ import annotations

import pytest
from pytestqt.qtbot import QtBot

from genlab.app.common.theme import DARK
from genlab.app.views.panel_grid import PanelGrid
from genlab.settings.panels import TRAJECTORY, PanelInfo, common_panels
from genlab.settings.spaces import Images, Points, Space, Tokens

MORE = PanelInfo("more", "More", "probe", probe="more")


def grid_of(qtbot: QtBot, space: Space, *more: PanelInfo, size: tuple[int, int] = (820, 640)) -> PanelGrid:
    grid = PanelGrid(DARK)
    qtbot.addWidget(grid)
    grid.resize(*size)
    grid.set_panels([*common_panels(space), *more])
    grid.show()
    return grid


def area(grid: PanelGrid, id: str) -> int:
    return grid.panels[id].width() * grid.panels[id].height()


@pytest.mark.parametrize("size", [(820, 640), (2100, 1280)])
@pytest.mark.parametrize("more", [(), (TRAJECTORY,), (MORE,), (TRAJECTORY, MORE)])
@pytest.mark.parametrize("space", [Images(1, 8, 8, 17), Tokens(9, (".", "a"), 0)])
def test_samples_are_the_largest_where_no_density_is_drawn(
    qtbot: QtBot, space: Space, more: tuple[PanelInfo, ...], size: tuple[int, int]
) -> None:
    grid = grid_of(qtbot, space, *more, size=size)
    upper, lower = grid._rows_now
    assert upper[0] == "samples"
    assert lower[0] == "loss"
    largest = area(grid, "samples")
    assert all(area(grid, id) < largest for id in grid.ids() if id != "samples")
    if lower == ["loss"]:
        assert 0.25 < grid.panels["loss"].height() / grid.height() < 0.35


def test_beside_a_density_all_stand_as_they_stood(qtbot: QtBot) -> None:
    grid = grid_of(qtbot, Points(2), TRAJECTORY)
    assert grid._rows_now == (["density"], ["samples", "trajectory", "loss"])
    grid.show_panel("density", False)
    assert grid._rows_now == (["samples", "trajectory"], ["loss"])
    grid.show_panel("trajectory", False)
    assert grid._rows_now == (["samples", "loss"], [])


def test_a_loss_alone_has_all_the_room(qtbot: QtBot) -> None:
    grid = grid_of(qtbot, Images(1, 8, 8, 17))
    grid.show_panel("samples", False)
    assert grid._rows_now == (["loss"], [])
    assert grid.panels["loss"].height() > 0.95 * grid.height()


def test_sizes_that_a_person_chose_stay(qtbot: QtBot) -> None:
    grid = grid_of(qtbot, Images(1, 8, 8, 17), TRAJECTORY)
    grid._rows.setSizes([300, 332])
    grid._note_sizes()
    grid.show_panel("trajectory", False)
    grid.show_panel("trajectory", True)
    assert grid._rows.sizes() == [300, 332]

"""The loss panel for any paradigm: which columns it knows, what it offers, and what it says of them."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from pytestqt.qtbot import QtBot

from genlab.app.common.theme import DARK, LIGHT
from genlab.app.drawings.losses.columns import Columns
from genlab.app.drawings.losses.drawing import LossDrawing
from genlab.app.drawings.scene import ModelInfo
from genlab.app.views.panel import Panel
from genlab.settings.panels import PanelInfo
from tests.gui.panel_pieces import recorded

Make = Callable[..., Panel]
DUEL = ("modes", "g total", "g gradient norm", "c total", "c penalty", "c gradient norm", "learning rate")


@pytest.fixture
def make(qtbot: QtBot) -> Make:
    def made(*columns: str, chosen: tuple[str, ...] = (), rows: int = 5) -> Panel:
        panel = Panel(PanelInfo("loss", "Loss", "loss", columns=chosen), DARK)
        assert isinstance(panel.drawing, LossDrawing)
        qtbot.addWidget(panel)
        panel.resize(700, 360)
        panel.show()
        panel.drawing.set_smoothing("None")
        if columns:
            panel.show_metrics(recorded(("step", "seconds", *columns), table(len(columns), rows)))
        panel.flush()
        return panel

    return made


def table(columns: int, rows: int, first: int = 1) -> np.ndarray:
    """Steps, seconds, and columns whose k-th falls from k + 1 to (k + 1) / 2."""
    step = np.arange(first, first + rows)
    losses = np.linspace(1, 0.5, rows)[:, None] * np.arange(1, columns + 1)
    return np.column_stack([step, step / 100, losses])


def offered(panel: Panel) -> list[str]:
    return [name for name, action in panel.drawing._views.items() if action.isVisible()]


@pytest.mark.parametrize(
    ("columns", "views", "default"),
    [
        (("total",), [], "Total"),
        (("total", "gradient norm"), ["Total", "Gradient norm"], "Total"),
        (
            ("total", "level 1", "learning rate"),
            ["Total", "By noise level", "Learning rate"],
            "By noise level",
        ),
        (("total", "reconstruction", "KL"), ["Total", "Terms"], "Total"),
        (DUEL, ["Total", "Terms", "Gradient norm", "Learning rate"], "Total"),
    ],
)
def test_only_views_with_columns_are_offered_and_the_first_tells_most(
    make: Make, columns: tuple[str, ...], views: list[str], default: str
) -> None:
    panel = make(*columns)
    assert offered(panel) == views
    assert panel.drawing.view_name == default
    assert panel.drawing._views[default].isChecked()


def test_columns_of_players_are_told_apart_by_their_beginnings() -> None:
    columns = Columns(DUEL, elsewhere=("mod",))
    assert columns.players == ("g", "c")
    assert columns.of("Total") == ("c total", "g total")
    assert columns.of("Gradient norm") == ("g gradient norm", "c gradient norm")
    assert columns.of("Terms") == ("c penalty",)
    assert columns.title("c gradient norm", "Gradient norm") == "c"
    assert columns.title("c penalty", "Terms") == "c penalty"


def test_validation_is_drawn_beside_the_total(make: Make) -> None:
    panel = make("validation", "total")
    assert panel.drawing.shown_columns() == ("validation", "total")
    assert panel.header.info == ("total 1", "best 1", "validation 0.5")
    assert panel.drawing.colour("total") == DARK.accent
    assert panel.drawing.colour("validation") != DARK.accent


def test_less_is_not_better_where_players_are_against_each_other(make: Make) -> None:
    panel = make("g total", "c total")
    assert panel.header.info == ("g 0.5", "c 1")
    assert len(panel.drawing.best.groups[0][0]) == 0
    assert len({panel.drawing.colour(name) for name in ("g total", "c total")}) == 2


def test_each_loss_has_its_own_line_for_the_best_case_and_the_header_its_name(make: Make) -> None:
    panel = make("g total", "c total")
    panel.show_reference("equilibrium", {"g total": 0.69, "c total": 1.39, "unknown": 3.0})
    panel.flush()
    assert {name: line.value() for name, line in panel.drawing.marks.items()} == {
        "g total": 0.69,
        "c total": 1.39,
    }
    assert panel.header.info[-1] == "equilibrium 0.69 and 1.39"
    assert panel.drawing.axes.home[2] < 0.69
    assert panel.drawing.axes.home[3] > 1.39
    panel.drawing.set_log(True)
    panel.flush()
    assert panel.drawing.marks["c total"].value() == pytest.approx(np.log10(1.39))
    panel.begin_run(same_data=True)
    panel.flush()
    assert panel.drawing.shows
    assert panel.header.badges == ("previous run",)
    assert not any(line.isVisible() for line in panel.drawing.marks.values())


def test_an_entropy_below_zero_is_drawn_but_on_a_logarithmic_scale(make: Make) -> None:
    panel = make("total")
    panel.show_reference("entropy", {"total": -0.5})
    panel.flush()
    assert panel.header.info[-1] == "entropy -0.5"
    assert panel.drawing.axes.home[2] < -0.5
    panel.drawing.set_log(True)
    panel.flush()
    assert panel.header.info[-1] == "best 0.5"


def test_columns_that_come_with_a_later_stage_begin_where_they_were_recorded(make: Make) -> None:
    panel = make("total")
    late = np.column_stack([table(1, 5, first=6), np.full(5, 7.0)])
    panel.show_metrics(recorded(("step", "seconds", "total", "prior"), late))
    panel.drawing.set_view("Terms")
    panel.flush()
    assert panel.drawing.shown_columns() == ("prior", "total")
    points = panel.drawing.lines["prior"][1].points
    assert points[:, 0].tolist() == [6, 7, 8, 9, 10]
    assert set(points[:, 1]) == {7.0}


def test_chosen_columns_have_a_scale_of_their_own(make: Make) -> None:
    panel = make("modes", "high quality", "total", chosen=("modes", "high"))
    panel.show_reference("equilibrium", {"total": 0.1})
    panel.flush()
    assert panel.drawing.shown_columns() == ("modes", "high quality")
    assert panel.header.info == ("modes 0.5", "high quality 1")
    assert offered(panel) == []
    assert panel.drawing.marks == {}
    assert panel.drawing.axes.home[3] < 2.5
    assert panel.drawing.axes.home[2] > 0


def test_chosen_losses_of_players_are_read_against_equilibrium_and_named_by_player(make: Make) -> None:
    panel = make("modes", "c total", "g total", "g penalty", chosen=("c total", "g total"))
    panel.show_reference("equilibrium", {"c total": 0.25, "g total": 0.5})
    panel.flush()
    assert panel.header.info == ("g 1.5", "c 1", "equilibrium 0.5 and 0.25")
    assert sorted(name for name, _ in panel.drawing.legend.entries) == ["c", "g"]
    assert len(panel.drawing.marks) == 2


def test_measured_columns_are_not_smoothed_and_losses_are(qtbot: QtBot) -> None:
    for columns, smoothing in (
        (("modes",), "None"),
        (("c total",), "Medium (50 rows)"),
        ((), "Medium (50 rows)"),
    ):
        panel = Panel(PanelInfo("loss", "Loss", "loss", columns=columns), DARK)
        qtbot.addWidget(panel)
        assert panel.drawing.smoothing == smoothing


def test_what_another_panel_draws_is_left_out(make: Make) -> None:
    panel = make("modes", "total", "penalty")
    panel.set_model(ModelInfo(elsewhere=("modes",)))
    panel.drawing.set_view("Terms")
    assert panel.drawing.shown_columns() == ("penalty", "total")


def test_a_chosen_view_that_a_run_has_not_gives_way_and_comes_back(make: Make) -> None:
    panel = make("total", "gradient norm")
    panel.drawing.set_view("Gradient norm")
    panel.begin_run(same_data=False)
    panel.show_metrics(recorded(("step", "seconds", "total"), table(1, 5)))
    assert panel.drawing.view_name == "Total"
    panel.show_metrics(recorded(("step", "seconds", "total", "gradient norm"), table(2, 5, first=6)))
    assert panel.drawing.view_name == "Gradient norm"


def test_a_few_rows_are_smoothed_little(make: Make) -> None:
    panel = make("total", rows=12)
    panel.drawing.set_smoothing("Strong (250 rows)")
    panel.flush()
    _, line = panel.drawing.lines["total"]
    assert line.points[-1, 1] == pytest.approx(0.5, abs=0.06)


def test_lines_and_marks_of_a_run_that_is_gone_take_no_colour_until_their_column_is_back(make: Make) -> None:
    panel = make("g total", "g penalty", "c total")
    panel.show_reference("equilibrium", {"g total": 0.69})
    panel.flush()
    panel.drawing.set_view("Terms")
    panel.flush()
    panel.begin_run(same_data=False)
    panel.set_model(ModelInfo(elsewhere=("modes",)))  # other data, and with them other panels
    panel.apply_theme(LIGHT)
    panel.show_metrics(recorded(("step", "seconds", "total", "validation"), table(2, 5)))
    panel.apply_theme(DARK)
    panel.begin_run(same_data=False)
    panel.apply_theme(LIGHT)
    panel.show_metrics(recorded(("step", "seconds", "g total", "g penalty", "c total"), table(3, 5)))
    panel.flush()
    line, mark = panel.drawing.lines["g penalty"][1], panel.drawing.marks["g total"]
    assert line.pen.color().name() == panel.drawing.colour("g penalty")
    assert mark.pen.color().name() == panel.drawing.colour("g total")

"""Text and signals in the window: how they are drawn, read and saved."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QApplication

from genlab.app.common.theme import DARK, LIGHT
from genlab.app.dialogs import export
from genlab.app.drawings.canvas.text_sheet import TextSheet
from genlab.app.drawings.samples.drawing import SamplesDrawing
from genlab.app.drawings.samples.signals import SignalsView
from genlab.app.drawings.samples.text import TextView
from genlab.app.drawings.scene import Scene
from genlab.app.views.feeds import requests
from genlab.app.views.feeds.scenes import extent_of
from genlab.app.views.panel import Panel
from genlab.data.condition import Condition
from genlab.data.payloads import Samples
from genlab.session.catalogue import PARADIGMS
from genlab.session.session import Session
from genlab.settings.controls import Control
from genlab.settings.paradigm import Capabilities
from genlab.settings.spaces import Images, Points, Signal, Tokens
from tests import fakes
from tests.gui.panel_pieces import samples, scene

Make = Callable[..., Panel]
LETTERS = ("\n", *"abcdefghijklmnopqrstuvwxyz")
NAMES = Tokens(8, LETTERS, end=0)
EXTENT = (-1.0, 1.0, -1.0, 1.0)


def encoded(*words: str, space: Tokens = NAMES) -> np.ndarray:
    rows = np.zeros((len(words), space.length), np.int64)
    for row, word in zip(rows, words, strict=True):
        row[: len(word)] = [space.vocabulary.index(letter) for letter in word]
    return rows


def text(*words: str, labels: list[int] | None = None, log_prob: np.ndarray | None = None) -> Samples:
    marks = None if labels is None else np.array(labels)
    return Samples(encoded(*words), None, marks, 3, 3, 0.0, 3, token_log_prob=log_prob)


def shown(make: Make, frame: Samples, size: tuple[int, int] = (500, 400)) -> tuple[SamplesDrawing, TextSheet]:
    panel = make("samples", size=size)
    panel.set_scene(Scene(NAMES, ("short", "long"), text("real", "data"), None, EXTENT))
    panel.show_frames([frame], 0, 100)
    panel.flush()
    assert isinstance(panel.drawing, SamplesDrawing)
    assert isinstance(panel.drawing.view, TextView)
    return panel.drawing, panel.drawing.view.sheet


def words_of(sheet: TextSheet) -> list[list[str]]:
    return [["".join(line.tokens) for line in block.lines] for block in sheet.blocks]


def test_an_evaluation_is_not_asked_for_what_samples_begin_with(monkeypatch: pytest.MonkeyPatch) -> None:
    able = Capabilities("none", "", (Control("condition.given", name="Begins with"),))
    letters = replace(fakes.FIT, id="letters", spaces=(Tokens,), capabilities=lambda chosen, data: able)
    monkeypatch.setitem(PARADIGMS, "letters", letters)
    session = Session.default("letters", "names").with_values({"condition.given": "mar"})
    asked = requests.sample("r", session).condition
    assert asked.mask is not None
    assert asked.mask.sum() == 3
    assert requests.evaluate("r", session, 1).condition == Condition("any")


def test_each_sample_is_a_line_that_ends_where_the_sequence_does(make: Make) -> None:
    _, sheet = shown(make, text("emma", "", "abcdefgh"))
    assert words_of(sheet) == [["emma", "", "abcdefgh"]]


def test_real_text_stands_there_until_the_model_has_written_some(make: Make) -> None:
    panel = make("samples")
    panel.set_scene(Scene(NAMES, (), text("real", "data"), None, EXTENT))
    panel.flush()
    assert words_of(panel.drawing.view.sheet) == [["real", "data"]]
    assert panel.header.badges == ("real data",)
    panel.show_frames([text("made")], 0, 7)
    panel.flush()
    assert words_of(panel.drawing.view.sheet) == [["made"]]
    assert panel.header.info == ("1 model", "step 7")


def test_lines_stand_in_columns_where_there_is_room_and_none_covers_another(make: Make) -> None:
    frame = text(*["abcdefg"] * 12)
    _, narrow = shown(make, frame, (150, 400))
    _, wide = shown(make, frame, (600, 400))
    assert len({piece.x for piece in narrow.pieces}) < len({piece.x for piece in wide.pieces})
    for sheet in (narrow, wide):
        length = 7 * sheet.width_of("a")
        places = sorted((piece.y, piece.x) for piece in sheet.pieces)
        assert len(places) == 12
        for (y, x), (below, right) in pairwise(places):
            assert right >= x + length if below == y else below >= y + sheet.row
        assert max(x for _, x in places) + length <= sheet.viewport().width()


def test_a_line_that_is_too_long_is_broken_and_loses_no_token(make: Make) -> None:
    space = Tokens(300, LETTERS)
    rows = np.random.default_rng(0).integers(1, 27, size=(3, 300))
    panel = make("samples", size=(400, 300))
    panel.set_scene(Scene(space, (), None, None, EXTENT))
    panel.show_frames([Samples(rows, None, None, 1, 1, 0.0, 1)], 0, 1)
    panel.flush()
    sheet = panel.drawing.view.sheet
    for row in range(3):
        parts = [(piece.first, piece.end) for piece in sheet.pieces if piece.line == row]
        assert [token for first, end in parts for token in range(first, end)] == list(range(300))
        for first, end in parts:
            line = sheet.blocks[0].lines[row].tokens[first:end]
            assert sum(map(sheet.width_of, line)) <= sheet.viewport().width()
    assert sheet.verticalScrollBar().maximum() > 0


def test_classes_are_told_apart_by_group_when_asked(make: Make) -> None:
    drawing, sheet = shown(make, text("ab", "abcdef", "cd", labels=[0, 1, 0]))
    assert words_of(sheet) == [["ab", "abcdef", "cd"]]
    drawing.class_action.setChecked(True)
    drawing.draw()
    assert words_of(sheet) == [["ab", "cd"], ["abcdef"]]
    assert [(block.name, block.colour) for block in sheet.blocks] == [
        ("short", DARK.okabe_ito[0]), ("long", DARK.okabe_ito[1]),
    ]  # fmt: skip


def test_probabilities_are_coloured_on_demand_on_a_scale_that_is_stated(make: Make) -> None:
    low = -2 * math.log(27)
    log_prob = np.array([[0.0, low, 3 * low, low / 2, 0.0, 0.0, 0.0, 0.0]], np.float32)
    drawing, sheet = shown(make, text("abcd", log_prob=log_prob))
    strip = drawing.view.strip
    assert drawing.probability_action.isEnabled()
    assert not drawing.probability_action.isChecked()
    assert strip.isHidden()
    drawing.probability_action.setChecked(True)
    drawing.draw()
    QApplication.processEvents()
    picture = sheet.viewport().grab().toImage()
    first = sheet.pieces[0]
    corners = [
        picture.pixelColor(round(first.x + (k + 0.5) * sheet.width_of("a")), round(first.y) + 2)
        for k in range(4)
    ]
    # Viridis at both ends and in its middle, as matplotlib defines it.
    for colour, (red, green, blue) in zip(
        corners, [(253, 231, 36), (68, 1, 84), (68, 1, 84), (33, 145, 140)], strict=True
    ):
        assert abs(colour.red() - red) + abs(colour.green() - green) + abs(colour.blue() - blue) <= 6
    assert strip.isVisible()
    assert strip.words == ("Log probability of a token", "−6.6 nats or less", "0, certain")


def test_the_end_of_a_sequence_is_coloured_too(make: Make) -> None:
    drawing, sheet = shown(make, text("ab", log_prob=np.full((1, 8), -0.5, np.float32)))
    drawing.probability_action.setChecked(True)
    drawing.draw()
    line = sheet.blocks[0].lines[0]
    assert len(line.tokens) == 3
    assert line.shades is not None
    assert line.shades == pytest.approx([1 - 0.5 / (2 * math.log(27))] * 3)


def test_without_probabilities_the_switch_rests_and_says_why(make: Make) -> None:
    drawing, _ = shown(make, text("ab"))
    assert drawing.probability_action.isVisible()
    assert not drawing.probability_action.isEnabled()
    assert "no probabilities" in drawing.probability_action.toolTip()
    points = make("samples")
    points.set_scene(scene(Points(2)))
    assert not points.drawing.probability_action.isVisible()


def test_the_cursor_tells_a_token_and_its_probability(make: Make) -> None:
    log_prob = np.log(np.array([[0.5, 0.25, 0.125, 1, 1, 1, 1, 1]], np.float32))
    drawing, sheet = shown(make, text("abc", log_prob=log_prob))
    piece, wide = sheet.pieces[0], sheet.width_of("a")
    at = sheet.token_at(piece.x + 1.5 * wide, piece.y + sheet.row / 2)
    assert at == (0, 0, 1)
    sheet.hovered.emit(*at)
    assert drawing.reading() == ("‘b’ at 2", "probability 0.25", "−1.39 nats")
    assert sheet.token_at(piece.x + 3.5 * wide, piece.y + 2) == (-1, -1, -1)
    sheet.hovered.emit(-1, -1, -1)
    assert drawing.reading() == ()


def test_a_theme_reaches_text(make: Make) -> None:
    pictures = []
    for first, last in ((DARK, LIGHT), (LIGHT, LIGHT)):
        panel = make("samples", first)
        panel.set_scene(Scene(NAMES, (), text("real"), None, EXTENT))
        panel.show_frames([text("emma", "noah")], 0, 1)
        panel.flush()
        panel.apply_theme(last)
        panel.flush()
        panel.header.button.clearFocus()
        QApplication.processEvents()
        pictures.append(panel.grab().toImage())
    assert pictures[0] == pictures[1]


def test_a_trajectory_of_text_shows_its_state_at_the_step_and_what_is_new_there(make: Make) -> None:
    panel = make("trajectory", size=(400, 300))
    panel.set_scene(Scene(NAMES, (), None, None, EXTENT))
    words = ("", "a", "ab", "abc")
    frames = [Samples(encoded(word), None, None, i, 3, 0.0, i) for i, word in enumerate(words)]
    panel.show_frames(frames, 2, 10)
    panel.flush()
    sheet = panel.drawing.view.sheet
    assert words_of(sheet) == [["ab"]]
    assert sheet.blocks[0].lines[0].fresh.tolist() == [False, True]
    columns = sheet.columns
    panel.show_frames(frames, 3, 10)
    panel.flush()
    assert words_of(sheet) == [["abc"]]
    assert sheet.columns == columns  # nothing moves while it grows


# -- signals ---------------------------------------------------------------------------------


def test_a_signal_is_a_line_over_seconds(make: Make) -> None:
    space = Signal(5, 2.0)
    panel = make("samples", size=(600, 400))
    panel.set_scene(Scene(space, (), samples(space, 3), None, (0.0, 2.0, -3.0, 3.0)))
    x = np.array([[0, 1, 2, 1, 0], [1, 0, 1, 0, 1]], np.float32)
    panel.show_frames([Samples(x, None, None, 1, 1, 0.0, 1)], 0, 5)
    panel.flush()
    view = panel.drawing.view
    assert isinstance(view, SignalsView)
    real, model = view.canvas.curves
    assert model.points[:5].tolist() == [[0, 0], [0.5, 1], [1, 2], [1.5, 1], [2, 0]]
    assert model._runs == [(0, 5), (6, 11)]
    assert len(real._runs) == 3
    assert model.pen.color() == QColor(DARK.model)
    assert view.canvas.view_axes.home == (0.0, 2.0, -3.0, 3.0)
    panel.drawing.real_action.setChecked(False)
    panel.flush()
    assert [key.name for key in view.canvas.keys.keys] == []


def test_the_range_of_signals_is_their_seconds_and_values() -> None:
    x = np.linspace(-2, 4, 1001, dtype=np.float32)[None].repeat(3, 0)
    left, right, low, high = extent_of(Signal(1001, 100.0), Samples(x, None, None, 1, 1, 0.0, 0), None)
    assert (left, right) == (0.0, 10.0)
    assert low == pytest.approx(-2 - 0.08 * 6, abs=0.05)
    assert high == pytest.approx(4 + 0.08 * 6, abs=0.05)


# -- what depends on the space ---------------------------------------------------------------


def test_samples_are_saved_as_their_space_allows() -> None:
    assert export.kinds_of(Points(2)) == export.kinds_of(Images(1, 8, 8, 17)) == ("grid", "npz", "csv")
    assert export.kinds_of(NAMES) == ("txt", "npz")
    assert export.kinds_of(Signal(10, 1.0)) == ("npz", "csv")


def test_a_density_is_drawn_on_the_line_and_the_plane_alone(make: Make) -> None:
    for space in (NAMES, Signal(5, 1.0), Points(3), Images(1, 8, 8, 17)):
        with pytest.raises(ValueError, match="line or the plane"):
            make("density").set_scene(Scene(space, (), None, None, EXTENT))


def test_as_many_samples_are_asked_for_as_can_be_looked_at() -> None:
    assert [requests.count(s) for s in (Points(2), Images(1, 8, 8, 17), NAMES, Signal(9, 1.0))] == [
        2000, 64, 200, 64,
    ]  # fmt: skip

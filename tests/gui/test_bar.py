"""The sampling bar draws the controls that it is given, whatever they are."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Literal

import pytest
from PySide6.QtWidgets import QApplication, QCheckBox, QLineEdit, QVBoxLayout, QWidget
from pytestqt.qtbot import QtBot

from genlab.app.common.theme import DARK
from genlab.app.common.widgets import Choice, SliderNumber
from genlab.app.views.bar_item import object_name
from genlab.app.views.sampling_bar import SamplingBar
from genlab.session.catalogue import PARADIGMS
from genlab.session.session import Session
from genlab.settings.controls import Control
from genlab.settings.fields import setting
from genlab.settings.paradigm import Capabilities
from genlab.settings.sampler import SamplerSettings

from .. import fakes


class WriterSampler(SamplerSettings):
    method: Literal["ancestral", "beam"] = setting("ancestral", "How tokens are chosen.")
    temperature: float = setting(1.0, "Sharpness of each choice.", symbol="T", ge=0, le=5)
    top_k: int = setting(50, "Only so many tokens are considered.", label="Top-k", ge=1, le=1000, log=True)
    greedy: bool = setting(False, "The likeliest token each time.")
    order: Literal["left", "any"] = setting("left", "Which token is next.", names={"left": "Left to right"})
    prefix: str = setting("", "How the text begins.")
    width: int = setting(4, "Beams.", ge=1, le=64, when=("method", ("beam",)))


CONTROLS = (
    Control("sampler.prefix", name="Begins with"),
    Control("sampler.temperature", neutral=1.0, help="Below 1, surer words."),
    Control("sampler.top_k"),
    Control("sampler.greedy", enabled=False, reason="a beam has no single next token"),
    Control("sampler.order"),
    Control("condition.label", name="Class"),
    Control("sampler.steps", enabled=False, reason="text is written in one pass"),
)


def offer(monkeypatch: pytest.MonkeyPatch, controls: tuple[Control, ...]) -> None:
    able = Capabilities("none", "it only writes", controls)
    writer = replace(fakes.FIT, id="writer", sampler=WriterSampler, capabilities=lambda chosen, data: able)
    monkeypatch.setitem(PARADIGMS, "writer", writer)  # type: ignore[arg-type]


@pytest.fixture
def session(monkeypatch: pytest.MonkeyPatch) -> Session:
    offer(monkeypatch, CONTROLS)
    return Session.default("writer", "moons")


@pytest.fixture
def bar(session: Session, qtbot: QtBot) -> Iterator[SamplingBar]:
    made, holder = SamplingBar(DARK), QWidget()
    qtbot.addWidget(holder)
    column = QVBoxLayout(holder)
    column.setContentsMargins(0, 0, 0, 0)
    column.addWidget(made)
    holder.resize(1400, 120)
    holder.show()
    made.show_session(session)
    QApplication.processEvents()
    yield made
    holder.close()


def places(bar: SamplingBar) -> list[tuple[int, int]]:
    widgets = [bar.method, *(item.widget for item in bar.items.values()), bar.seed]
    return [
        (w.mapTo(bar, w.rect().topLeft()).y() // 30, w.mapTo(bar, w.rect().topLeft()).x()) for w in widgets
    ]


def test_each_setting_is_drawn_by_its_kind_in_the_order_of_the_controls(bar: SamplingBar) -> None:
    assert list(bar.items) == [control.key for control in CONTROLS]
    kinds = [type(item.widget) for item in bar.items.values()]
    assert kinds == [QLineEdit, SliderNumber, SliderNumber, QCheckBox, Choice, Choice, SliderNumber]
    for name in ("sampler", "sampler.seed", *(object_name(control.key) for control in CONTROLS)):
        assert len(bar.findChildren(QWidget, name)) == 1, name
    assert places(bar) == sorted(places(bar))


def test_the_method_comes_first_and_what_no_control_names_stands_under_more(bar: SamplingBar) -> None:
    assert bar.first() is bar.method
    assert list(bar._more_fields) == ["sampler.width"]
    assert "acts only with Method beam" in bar._more_fields["sampler.width"].widget.toolTip()
    assert bar.more.isVisible()


def test_controls_wear_their_names_and_say_what_they_do(bar: SamplingBar) -> None:
    captions = [item.caption.text() for item in bar.items.values()]
    assert captions == ["Begins with", "Temperature", "Top-k", "Greedy", "Order", "Class", "Steps"]
    tip = bar.items["sampler.temperature"].widget.toolTip()
    assert "Below 1, surer words." in tip
    assert "1 does nothing" in tip
    assert "Only so many tokens" in bar.items["sampler.top_k"].widget.toolTip()


def test_what_cannot_act_rests_and_says_why_even_where_there_is_no_such_setting(bar: SamplingBar) -> None:
    for key, reason in (
        ("sampler.greedy", "A beam has no"),
        ("sampler.steps", "Text is written in one pass."),
    ):
        widget = bar.items[key].widget
        assert not widget.isEnabled()
        assert reason in widget.toolTip()
    assert bar.items["sampler.steps"].widget.number.lineEdit().text() == "–"  # type: ignore[attr-defined]
    assert "one pass" in bar.timeline.slider.toolTip()


def test_edits_carry_the_key_of_the_setting_and_a_value_of_its_kind(bar: SamplingBar) -> None:
    heard: list[tuple[str, object]] = []
    bar.edited.connect(lambda key, value: heard.append((key, value)))
    widgets = {key: item.widget for key, item in bar.items.items()}
    widgets["sampler.temperature"].setValue(0.5)  # type: ignore[attr-defined]
    widgets["sampler.top_k"].setValue(10)  # type: ignore[attr-defined]
    widgets["sampler.order"].setCurrentIndex(1)  # type: ignore[attr-defined]
    widgets["condition.label"].setCurrentIndex(2)  # type: ignore[attr-defined]
    widgets["sampler.prefix"].setText("once")  # type: ignore[attr-defined]
    widgets["sampler.prefix"].editingFinished.emit()  # type: ignore[attr-defined]
    assert heard == [
        ("sampler.temperature", 0.5), ("sampler.top_k", 10), ("sampler.order", "any"),
        ("condition.label", "upper"), ("sampler.prefix", "once"),
    ]  # fmt: skip
    assert type(heard[1][1]) is int


def test_shown_values_are_not_reported_as_edits(bar: SamplingBar, session: Session) -> None:
    heard: list[object] = []
    bar.edited.connect(lambda *edit: heard.append(edit))
    other = {"sampler.temperature": 2.0, "sampler.top_k": 3, "sampler.order": "any", "sampler.prefix": "x"}
    bar.show_session(session.with_values(other))
    assert heard == []
    assert bar.items["sampler.temperature"].widget.value() == 2.0  # type: ignore[attr-defined]
    assert bar.items["sampler.prefix"].widget.text() == "x"  # type: ignore[attr-defined]


def test_controls_that_have_no_room_beside_each_other_stand_in_two_lines(bar: SamplingBar) -> None:
    one = {y for y, _ in places(bar)}
    bar.parentWidget().resize(760, 160)
    QApplication.processEvents()
    assert len(one) == 1
    assert len({y for y, _ in places(bar)}) == 2
    right = max(
        w.mapTo(bar, w.rect().topRight()).x() for w in (bar.more, *(i.widget for i in bar.items.values()))
    )
    assert right < bar.width()
    assert places(bar) == sorted(places(bar))


def test_other_controls_take_the_place_of_the_first(
    bar: SamplingBar, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    offer(monkeypatch, CONTROLS[1:2])
    bar.show_session(session)
    QApplication.sendPostedEvents(None, 52)  # deferred deletes
    assert list(bar.items) == ["sampler.temperature"]
    assert bar.findChildren(QWidget, "sampler.top_k") == [bar._more_fields["sampler.top_k"].widget]


def test_a_label_that_cannot_be_had_is_not_offered(
    bar: SamplingBar, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    offer(monkeypatch, (Control("condition.label", name="Class", without=("none",)),))
    bar.show_session(session.with_values({"condition.label": "none"}))
    choice = bar.items["condition.label"].widget
    assert isinstance(choice, Choice)
    assert [choice.itemData(row) for row in range(choice.count())] == ["any", "upper", "lower"]
    assert choice.currentData() == "any"

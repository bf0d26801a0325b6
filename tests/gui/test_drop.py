"""Files and folders dropped onto the window."""

from __future__ import annotations

import numpy as np
from PIL import Image
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDragLeaveEvent, QDropEvent
from PySide6.QtWidgets import QAbstractSpinBox, QApplication, QComboBox, QLineEdit, QWidget

from genlab.app.common import loop

COPY, MOVE = Qt.DropAction.CopyAction, Qt.DropAction.MoveAction
LEFT, NONE = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier


def dragged(*urls: str) -> QMimeData:
    data = QMimeData()
    data.setUrls([QUrl(url) for url in urls])
    return data


def enter(window: QWidget, data: QMimeData) -> bool:
    event = QDragEnterEvent(QPoint(600, 400), COPY | MOVE, data, LEFT, NONE)
    event.setDropAction(MOVE)  # as between windows where both are offered
    QApplication.sendEvent(window, event)
    assert not event.isAccepted() or event.dropAction() == COPY
    return event.isAccepted()


def drop(window: QWidget, data: QMimeData) -> None:
    assert enter(window, data)
    event = QDropEvent(QPointF(600, 400), COPY | MOVE, data, LEFT, NONE)
    event.setDropAction(MOVE)
    QApplication.sendEvent(window, event)
    assert event.isAccepted()
    assert event.dropAction() == COPY, "a source may delete what was moved"
    assert not window.drops.isVisible()


def test_a_folder_of_images_in_classes_is_learned(lab, tmp_path) -> None:
    rng = np.random.default_rng(0)
    for name in ("bar", "dot", "ring"):
        (tmp_path / "shapes" / name).mkdir(parents=True)
        for number in range(80):
            pixels = rng.integers(0, 256, (8, 8), np.uint8)
            Image.fromarray(pixels).save(tmp_path / "shapes" / name / f"{number}.png")

    async def scenario(window) -> None:
        data = dragged(QUrl.fromLocalFile(str(tmp_path / "shapes")).toString())
        assert enter(window, data)
        assert window.drops.isVisible()
        assert window.drops.text() == "Drop to learn 'shapes'"
        QApplication.sendEvent(window, QDragLeaveEvent())
        assert not window.drops.isVisible()
        drop(window, data)
        space = window.workspace
        assert await loop.until(lambda: space.session.dataset == "file", 10)
        assert space.run.source == str(tmp_path / "shapes")
        assert space.view.own.x.shape[1:] == (1, 8, 8)
        assert await loop.until(lambda: space.run.state == "ready", 20)
        space.train_or_pause()
        assert await loop.until(lambda: space.run.step > 2, 20)
        assert not space.cards.open()

    lab.run(scenario, worker=True)


def test_a_run_is_opened_and_what_cannot_be_read_is_said(lab, tmp_path) -> None:
    (tmp_path / "notes.csv").write_text("this,is\nno,number\n")

    async def scenario(window) -> None:
        space = window.workspace
        space.train_or_pause()
        assert await loop.until(lambda: space.run.step > 5 and space.run.kept, 20)
        space.train_or_pause()
        assert await loop.until(lambda: space.run.state == "paused", 10)
        folder = space.run.folder
        space.reset()
        assert await loop.until(lambda: not space.run.kept and space.run.state == "ready", 10)
        drop(window, dragged(QUrl.fromLocalFile(folder).toString()))
        assert await loop.until(lambda: space.run.folder == folder and space.run.step > 5, 10)
        drop(window, dragged(QUrl.fromLocalFile(str(tmp_path / "notes.csv")).toString()))
        assert await loop.until(space.cards.open, 10)
        assert space.cards.open()[0].title == "These data cannot be read"
        assert space.run.folder == folder

    lab.run(scenario, worker=True)


def test_several_files_nothing_local_or_another_dialog_open_nothing(lab, tmp_path) -> None:
    async def scenario(window) -> None:
        before = window.workspace.session
        assert not enter(window, dragged("https://example.org/points.csv"))
        text = QMimeData()
        text.setText("points.csv")
        assert not enter(window, text)
        two = dragged(*(QUrl.fromLocalFile(str(tmp_path / name)).toString() for name in "ab"))
        assert enter(window, two)
        assert "at a time" in window.drops.text()
        drop(window, two)
        window.actions_["help"].trigger()
        assert not enter(window, dragged(QUrl.fromLocalFile(str(tmp_path)).toString()))
        QApplication.activeModalWidget().close()
        assert window.workspace.session == before
        assert not window.workspace.cards.open()

    lab.run(scenario)


def test_nothing_but_what_is_typed_into_keeps_a_drop_from_the_window(lab) -> None:
    typed = (QLineEdit, QAbstractSpinBox, QComboBox)

    async def scenario(window) -> None:
        assert window.acceptDrops()
        takers = [each for each in window.findChildren(QWidget) if each.acceptDrops()]
        assert [each for each in takers if not isinstance(each, typed)] == []

    lab.run(scenario)

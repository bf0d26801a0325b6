"""What every panel is: a card with a header, a body, and a drawing that happens only when seen."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPoint, QRectF, QSize, Qt, QTimer, Signal
from PySide6.QtGui import (
    QAction,
    QActionGroup,
    QColor,
    QImage,
    QPainter,
    QPaintEvent,
    QPen,
    QRegion,
    QShowEvent,
)
from PySide6.QtSvg import QSvgGenerator
from PySide6.QtWidgets import QMenu, QVBoxLayout, QWhatsThis, QWidget

from genlab.app.common.theme import Theme
from genlab.app.drawings.canvas.canvas import Canvas
from genlab.app.drawings.scene import Scene
from genlab.app.views.header import Header
from genlab.data.payloads import Samples
from genlab.engine.protocol import Answer, Request
from genlab.runs.recipe import KEY
from genlab.settings.paradigm import Capabilities, PanelInfo

EXPORT_SCALE = 2.0
"""Pixels of an exported PNG per pixel of the window."""


class Panel(QWidget):
    """A drawing of one aspect of a run.

    Feeding it (`show_answer`, `show_metrics`, `show_frames`) only stores; `_draw` runs once per turn
    of the event loop, and not at all while the panel is hidden.
    """

    maximise_requested = Signal()
    close_requested = Signal()
    export_requested = Signal(str)  # 'png' or 'svg'
    request_changed = Signal()

    def __init__(self, info: PanelInfo, theme: Theme) -> None:
        super().__init__()
        self.info = info
        self.theme = theme
        self.scene: Scene | None = None
        self.setObjectName(f"panel.{info.id}")
        self.setAccessibleName(info.title)
        self.menu = QMenu(self)
        self.menu.setObjectName(f"panel.{info.id}.menu")
        self.header = Header(info.title, self.menu, theme, self)
        self.header.button.setObjectName(f"panel.{info.id}.menu_button")
        self.header.button.setAccessibleName(f"Menu of the panel {info.title}")
        self.header.button.setToolTip(f"{info.title}: what it shows, export, maximise, close")
        self.header.double_clicked.connect(self.maximise_requested)
        self.header.help = info.help
        layout = QVBoxLayout(self)
        layout.setContentsMargins(1, 1, 1, 1)
        layout.setSpacing(0)
        layout.addWidget(self.header)
        self.body = QVBoxLayout()
        self.body.setContentsMargins(6, 0, 2, 8)
        self.body.setSpacing(0)
        layout.addLayout(self.body, 1)
        self.setMinimumSize(220, 160)
        self._timer = QTimer(self, singleShot=True, interval=0)
        self._timer.timeout.connect(self.flush)
        self._stale = False

    # -- what the workspace calls ------------------------------------------------------------

    def set_scene(self, scene: Scene) -> None:
        """Take up the data of a workspace; what was drawn of a run stays where it still fits them."""
        self.scene = scene
        self.touch()

    def request(self, sampler: dict[str, Any], live: bool) -> Request | None:
        """What this panel itself asks of the engine; None where the workspace feeds it."""
        return None

    def show_answer(self, answer: Answer) -> None:
        """Show a payload that answers this panel's request."""

    def show_refusal(self, reason: str) -> None:
        """Take up that this panel's request cannot be answered, and why, in one sentence."""

    def show_capabilities(self, able: Capabilities) -> None:
        """Take up what the model in view can do, and what its controls are called."""

    def show_metrics(self, names: tuple[str, ...], rows: NDArray[np.float64]) -> None:
        """Take up new rows (k, columns) of recorded losses."""

    def show_reference(self, title: str, values: Mapping[str, float]) -> None:
        """Show what recorded losses read in the best case, column to value; title: of that case."""

    def show_frames(self, frames: Sequence[Samples], position: int, step: int) -> None:
        """Show a trajectory so far, at a position in it; step: of the weights that drew it."""

    def clear_run(self) -> None:
        """Forget everything that came from a run."""

    def apply_theme(self, theme: Theme) -> None:
        """Take over colours and fonts."""
        self.theme = theme
        self.header.apply_theme(theme)
        self.touch()
        self.update()

    def render(self, kind: str, path: Path, recipe: Mapping[str, Any]) -> None:  # type: ignore[override]
        """Write the panel as 'png' (the recipe embedded) or 'svg'. Raises OSError if it cannot."""
        self.flush()
        menu = self.header.button.isVisibleTo(self.header)
        self.header.button.setVisible(False)
        try:
            if kind == "png":
                self._render_png(path, recipe)
            elif kind == "svg":
                self._render_svg(path)
            else:
                raise ValueError(f"a panel is exported as 'png' or 'svg', not as '{kind}'")
        finally:
            self.header.button.setVisible(menu)

    # -- for the panels ----------------------------------------------------------------------

    def touch(self) -> None:
        """What is drawn is out of date: draw at the next turn of the loop, or when next seen."""
        self._stale = True
        if self.isVisible() and not self._timer.isActive():
            self._timer.start()

    def flush(self) -> None:
        """Draw now what is out of date."""
        self._timer.stop()
        if self._stale:
            self._stale = False
            self._draw()

    def _draw(self) -> None:
        """Bring what is on the screen up to date."""
        raise NotImplementedError

    def add_choices(self, title: str, names: Sequence[str], chosen: str, changed: Any) -> dict[str, QAction]:
        """A group of exclusive entries in the menu; `changed(name)` when one is picked."""
        self.menu.addSection(title)
        group = QActionGroup(self)
        actions = {}
        for name in names:
            action = self.menu.addAction(name)
            action.setCheckable(True)
            action.setChecked(name == chosen)
            action.triggered.connect(lambda _=False, name=name: changed(name))
            group.addAction(action)
            actions[name] = action
        return actions

    def add_switch(self, title: str, on: bool, changed: Any, tip: str = "") -> QAction:
        """An entry of the menu that is on or off; `changed(on)` when it flips."""
        action = self.menu.addAction(title)
        action.setCheckable(True)
        action.setChecked(on)
        action.setToolTip(tip or title)
        action.toggled.connect(changed)
        return action

    def add_standard_actions(self) -> None:
        """The entries that every menu ends with."""
        self.menu.addSeparator()
        if self.info.help:
            what = self.menu.addAction("What this shows")
            what.setObjectName(f"panel.{self.info.id}.what")
            what.setToolTip(self.info.help)
            what.triggered.connect(self._tell)
        for key, title, signal in (
            ("maximise", "Maximise or restore", self.maximise_requested.emit),
            ("png", "Export PNG…", lambda: self.export_requested.emit("png")),
            ("svg", "Export SVG…", lambda: self.export_requested.emit("svg")),
            ("close", "Close panel", self.close_requested.emit),
        ):
            action = self.menu.addAction(title)
            action.setObjectName(f"panel.{self.info.id}.{key}")
            action.triggered.connect(lambda _=False, signal=signal: signal())

    def _tell(self) -> None:
        where = self.header.mapToGlobal(QPoint(4, self.header.height()))
        QWhatsThis.showText(where, f"<p>{self.info.help}</p>", self)

    # -- Qt ----------------------------------------------------------------------------------

    def sizeHint(self) -> QSize:
        return QSize(380, 360)

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        if self._stale:
            self._timer.start()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(QColor(self.theme.line), 1))
        painter.setBrush(QColor(self.theme.surface))
        radius = self.theme.radius
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5), radius, radius)

    def _paint_into(self, painter: QPainter) -> None:
        flags = QWidget.RenderFlag.DrawChildren | QWidget.RenderFlag.DrawWindowBackground
        with ExitStack() as stack:
            for canvas in self.findChildren(Canvas):
                stack.enter_context(canvas.uncached())
            QWidget.render(self, painter, QPoint(), QRegion(), flags)

    def _render_png(self, path: Path, recipe: Mapping[str, Any]) -> None:
        image = QImage(self.size() * EXPORT_SCALE, QImage.Format.Format_ARGB32_Premultiplied)
        image.setDevicePixelRatio(EXPORT_SCALE)
        image.fill(Qt.GlobalColor.transparent)
        painter = QPainter(image)
        self._paint_into(painter)
        painter.end()
        image.setText(KEY, json.dumps(dict(recipe)))
        if not image.save(str(path), "PNG"):  # type: ignore[call-overload]
            raise OSError(f"cannot write {path}")

    def _render_svg(self, path: Path) -> None:
        generator = QSvgGenerator()
        generator.setFileName(str(path))
        generator.setSize(self.size())
        generator.setViewBox(self.rect())
        generator.setTitle(f"GenLab: {self.info.title}")
        painter = QPainter()
        if not painter.begin(generator):
            raise OSError(f"cannot write {path}")
        self._paint_into(painter)
        painter.end()

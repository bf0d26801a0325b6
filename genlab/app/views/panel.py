"""A panel: a card with a header, a menu, controls, and the drawing of what comes to it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from PySide6.QtCore import QPoint, QRectF, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPen, QShowEvent
from PySide6.QtWidgets import QLabel, QMenu, QVBoxLayout, QWhatsThis, QWidget

from genlab.app.common.theme import Theme
from genlab.app.common.words import sentence
from genlab.app.drawings.drawing import Drawing, Told
from genlab.app.drawings.losses.history import History
from genlab.app.drawings.scene import ModelInfo, Scene
from genlab.app.views import picture
from genlab.app.views.header import Header
from genlab.app.views.pacing import Pacing
from genlab.app.views.probe_controls import ProbeControls
from genlab.data.payloads import Payload, Samples, Trajectory
from genlab.engine.protocol import Answer, Metrics
from genlab.settings.panels import PanelInfo

PREVIOUS, COARSER = "previous run", "coarser"
"""Badges of a picture that the run in view did not make, and of one that shows less while it trains."""


class Panel(QWidget):
    """What comes of a run, drawn by the kind of payload that comes.

    Feeding it only stores; `_draw` runs once per turn of the event loop, and not at all while the panel is
    hidden. A panel of a stream of its own has its drawing from the beginning; one of a probe, once the
    probe has answered. drawings: by type of payload, as far as they were needed."""

    maximise_requested = Signal()
    close_requested = Signal()
    export_requested = Signal(str)  # 'png' or 'svg'
    request_changed = Signal()

    def __init__(self, info: PanelInfo, theme: Theme) -> None:
        super().__init__()
        # pyqtgraph takes a quarter of a second to import: after the first paint.
        from genlab.app.drawings.catalogue import STREAMS

        self.info = info
        self.theme = theme
        self.scene: Scene | None = None
        self.model = ModelInfo()
        self.drawings: dict[type, Drawing] = {}
        self.refusal = self.coarse = ""
        self.old = False
        self._told = Told()
        self.setObjectName(f"panel.{info.id}")
        self.setAccessibleName(info.title)
        self._own = self._kind = STREAMS[info.kind]
        self._timer = QTimer(self, singleShot=True, interval=0)
        self._timer.timeout.connect(self.flush)
        self._stale = False
        self._build()
        if self._own is not None:
            self._offer(self._made(self._own))

    def _build(self) -> None:
        info, theme = self.info, self.theme
        self.menu = QMenu(self)
        self.menu.setObjectName(f"panel.{info.id}.menu")
        self.menu.setToolTipsVisible(True)
        self.header = Header(info.title, self.menu, theme, self)
        self.header.button.setObjectName(f"panel.{info.id}.menu_button")
        self.header.button.setAccessibleName(f"Menu of the panel {info.title}")
        self.header.button.setToolTip(f"{info.title}: what it shows, export, maximise, close")
        self.header.double_clicked.connect(self.maximise_requested)
        self.header.help = info.help
        self.words = QLabel()
        self.words.setObjectName(f"{self.objectName()}.words")
        self.words.setProperty("role", "muted")
        self.words.setWordWrap(True)
        self.words.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.words.setContentsMargins(24, 8, 24, 24)
        self.words.setVisible(self._own is None)
        self.controls = ProbeControls(info.controls, self.objectName(), info.title, theme)
        self.pacing = Pacing(self)
        self.pacing.due.connect(self.request_changed)
        self.controls.changed.connect(self.pacing.ask)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(1, 1, 1, 1)
        layout.setSpacing(0)
        layout.addWidget(self.header)
        self.body = QVBoxLayout()
        self.body.setContentsMargins(6, 0, 2, 8)
        self.body.setSpacing(0)
        self.body.addWidget(self.words, 1)
        self.body.addWidget(self.controls)
        layout.addLayout(self.body, 1)
        self.setMinimumSize(220, 160)
        if info.controls:
            self.menu.addAction("Reset controls").triggered.connect(lambda _: self.controls.reset())
        self._home = self.menu.addAction("Reset zoom")
        self._home.triggered.connect(self._go_home)
        self._offered: Drawing | None = None
        self._add_standard_actions()

    # -- what a run in view calls ------------------------------------------------------------

    @property
    def drawing(self) -> Drawing | None:
        """What is drawn now."""
        return None if self._kind is None else self.drawings[self._kind]

    def set_scene(self, scene: Scene) -> None:
        """Take the data in view; what was drawn of a run stays where it still fits them."""
        self.scene = scene
        for drawing in self.drawings.values():
            drawing.set_scene(scene)
        self.touch()

    def set_model(self, model: ModelInfo) -> None:
        """Take what is known of the model in view."""
        if model == self.model:
            return
        self.model = model
        for drawing in self.drawings.values():
            drawing.set_model(model)
        self._write()

    def take(self, payload: Payload | Metrics, step: int, coarse: str = "") -> None:
        """Take a payload. step: of the weights that it shows. coarse: how much less than could be shown."""
        if self.old:
            self._forget()
        kind = type(payload)
        drawing = self.drawings[kind] if kind in self.drawings else self._made(kind)
        drawing.take(payload, step)
        self._kind, self.refusal, self.coarse = kind, "", coarse
        self.touch()

    def show_answer(self, answer: Answer) -> None:
        """Take what the engine answers to this panel's request."""
        self.take(answer.payload, answer.step, answer.coarse)
        if answer.last and not answer.preview:
            self.pacing.answered()

    def show_refusal(self, reason: str) -> None:
        """Hear that this panel's request cannot be answered, and why, in one sentence."""
        self._forget()  # what is in view is what was asked before
        self._kind, self.refusal = None, reason
        self.touch()
        self.pacing.answered()

    def show_metrics(self, metrics: Metrics) -> None:
        """Take new rows of recorded losses, where that is what is drawn here."""
        if self._own is Metrics:
            self.take(metrics, 0)

    def show_past(self, history: History) -> None:
        """Show the losses that a run recorded before there was this panel."""
        if self._own is Metrics and len(history):
            if self.old:
                self._forget()
            self.drawings[Metrics].take(history, 0)
            self.touch()

    def show_reference(self, title: str, values: Mapping[str, float]) -> None:
        """Show what recorded losses read in the best case, column to value; title: of that case."""
        for drawing in self.drawings.values():
            drawing.show_reference(title, values)
        self.touch()

    def show_frames(self, frames: Sequence[Samples], position: int, step: int, coarse: str = "") -> None:
        """Show a trajectory so far, at a position in it; step: of the weights that drew it. coarse: see
        `take`."""
        if not frames:
            return
        if self._own is Samples:
            self.take(frames[min(max(position, 0), len(frames) - 1)], step, coarse)
        elif self._own is Trajectory:
            self.take(Trajectory(tuple(frames)), step, coarse)
            self.drawings[Trajectory].move_to(position)

    def begin_run(self, same_data: bool) -> None:
        """Another run is in view. same_data: as the one before; its picture stays, marked as old, until
        there is one of this."""
        self.show_reference("", {})
        if not same_data:
            self._forget()
        self.old = self.drawing is not None and self.drawing.shows
        self.touch()

    def _forget(self) -> None:
        """Forget everything that came from a run."""
        for drawing in self.drawings.values():
            drawing.clear_run()
        self._kind, self.refusal, self.coarse, self.old = self._own, "", "", False

    def apply_theme(self, theme: Theme) -> None:
        """Take over colours and fonts."""
        self.theme = theme
        self.header.apply_theme(theme)
        self.controls.apply_theme(theme)
        for drawing in self.drawings.values():
            drawing.apply_theme(theme)
        self.touch()
        self.update()

    def render(self, kind: str, path: Path, recipe: Mapping[str, Any]) -> None:  # type: ignore[override]
        """Write the panel as 'png' or 'svg', the recipe in it. Raises OSError if it cannot."""
        self.flush()
        menu = self.header.button.isVisibleTo(self.header)
        self.header.button.setVisible(False)
        try:
            picture.write(self, kind, path, recipe)
        finally:
            self.header.button.setVisible(menu)

    # -- drawing -----------------------------------------------------------------------------

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
        drawing = self.drawing
        for made in self.drawings.values():
            made.setVisible(made is drawing)
        self.words.setVisible(drawing is None)
        self._offer(drawing)
        if drawing is None:
            waiting = "The first picture is on its way." if self.scene is not None else ""
            self.words.setText(sentence(self.refusal) if self.refusal else waiting)
        self._told = Told() if drawing is None else drawing.draw()
        trained = drawing is not None and drawing.step > 0
        mark = PREVIOUS if self.old and trained else COARSER if self.coarse else ""
        self.header.set_badges(mark, *self._told.badges)
        self._write()

    def _made(self, kind: type) -> Drawing:
        from genlab.app.drawings.catalogue import DRAWINGS

        made = self.drawings[kind] = DRAWINGS[kind](self.theme, self.objectName())
        made.set_info(self.info)
        made.set_model(self.model)
        if self.scene is not None:
            made.set_scene(self.scene)
        made.moved.connect(self._write)
        made.stale.connect(self.touch)
        self._timer.setInterval(made.pace)
        self.body.insertWidget(0, made, 1)
        return made

    def _offer(self, drawing: Drawing | None) -> None:
        """What the menu begins with is of the drawing."""
        if drawing is self._offered:
            return
        for entry in self._offered.entries if self._offered is not None else ():
            self.menu.removeAction(entry)
        if drawing is not None:
            self.menu.insertActions(self._home, drawing.entries)
        self._offered = drawing

    def _write(self) -> None:
        drawing = self.drawing
        about = drawing.about if drawing is not None else ""
        less = f"Coarser for now: {self.coarse}." if self.coarse not in ("", COARSER) else ""
        self.header.help = " ".join(part for part in (self.info.help, about, less) if part)
        self.header.set_info(*((drawing.reading() if drawing is not None else ()) or self._told.parts))

    def _go_home(self) -> None:
        for drawing in self.drawings.values():
            drawing.go_home()

    def _add_standard_actions(self) -> None:
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

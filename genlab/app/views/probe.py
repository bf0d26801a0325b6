"""An extra panel: what the engine answers to a probe, drawn by the kind of payload that comes."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel

from genlab.app.common.theme import Theme
from genlab.app.drawings.curves import CurvesDrawing
from genlab.app.drawings.drawing import Drawing
from genlab.app.drawings.field import FieldDrawing
from genlab.app.drawings.maps import MapsDrawing
from genlab.app.drawings.mesh import MeshDrawing
from genlab.app.drawings.plane import PlaneDrawing
from genlab.app.drawings.scalar_map import ScalarMapDrawing
from genlab.app.drawings.scene import Scene
from genlab.app.drawings.table import TableDrawing
from genlab.app.drawings.tiles import TilesDrawing
from genlab.app.views.pacing import Pacing
from genlab.app.views.panel import Panel
from genlab.app.views.probe_controls import ProbeControls
from genlab.data.payloads import Curves, Field, Maps, Mesh, Plane, ScalarMap, Table, Tiles
from genlab.engine.protocol import Answer, Probe, Request
from genlab.settings.paradigm import PanelInfo

DRAWINGS: dict[type, type[Drawing]] = {
    Field: FieldDrawing,
    Curves: CurvesDrawing,
    Table: TableDrawing,
    ScalarMap: ScalarMapDrawing,
    Maps: MapsDrawing,
    Mesh: MeshDrawing,
    Plane: PlaneDrawing,
    Tiles: TilesDrawing,
}


class ProbePanel(Panel):
    """Holds a drawing for each kind of payload that came, and the controls that the catalogue lists."""

    def __init__(self, info: PanelInfo, theme: Theme) -> None:
        super().__init__(info, theme)
        self.answer: Answer | None = None
        self.refusal = ""
        self.drawings: dict[type, Drawing] = {}
        self._info: tuple[str, ...] = ()
        self.words = QLabel()
        self.words.setObjectName(f"{self.objectName()}.words")
        self.words.setProperty("role", "muted")
        self.words.setWordWrap(True)
        self.words.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.words.setContentsMargins(24, 8, 24, 24)
        self.controls = ProbeControls(info.controls, self.objectName(), info.title, theme)
        self.body.addWidget(self.words, 1)
        self.body.addWidget(self.controls)
        self.pacing = Pacing(self)
        self.pacing.due.connect(self.request_changed)
        self.controls.changed.connect(self.pacing.ask)
        if info.controls:
            self.menu.addAction("Reset controls").triggered.connect(lambda _: self.controls.reset())
        self.menu.addAction("Reset zoom").triggered.connect(self._go_home)
        self.add_standard_actions()

    @property
    def drawing(self) -> Drawing | None:
        """What is drawn now."""
        return None if self.answer is None else self.drawings.get(type(self.answer.payload))

    def set_scene(self, scene: Scene) -> None:
        for drawing in self.drawings.values():
            drawing.set_scene(scene)
        super().set_scene(scene)

    def request(self, sampler: dict[str, Any], live: bool) -> Request | None:
        """What the probe shows with the controls as they stand."""
        return Probe("", self.info.id, 0, dict(sampler), self.info.probe, self.controls.values)

    def show_answer(self, answer: Answer) -> None:
        self.answer, self.refusal = answer, ""
        self.touch()
        if answer.last and not answer.preview:
            self.pacing.answered()

    def show_refusal(self, reason: str) -> None:
        self.answer, self.refusal = None, reason
        self.touch()
        self.pacing.answered()

    def clear_run(self) -> None:
        self.answer, self.refusal = None, ""
        self.touch()

    def _draw(self) -> None:
        self._info = ()
        kind = None if self.answer is None else type(self.answer.payload)
        if kind is not None and kind not in self.drawings:
            self.drawings[kind] = self._made(kind)
        for other, drawing in self.drawings.items():
            drawing.setVisible(other is kind)
        self.words.setVisible(kind is None)
        if self.answer is None or kind is None:
            self.words.setText(_sentence(self.refusal) if self.refusal else self._untrained())
            self.header.set_badges()
        else:
            step = self.answer.step
            info = self.drawings[kind].show_payload(self.answer.payload)
            self._info = (*info, f"step {step:,}" if step else "not trained yet")
            averaged = self.scene is not None and getattr(self.scene.session.training, "ema", 0) > 0
            self.header.set_badges("EMA" if averaged and step else "")
        self._write()

    def _made(self, kind: type) -> Drawing:
        made = DRAWINGS[kind](self.theme, self.objectName())
        made.title = self.info.title
        made.moved.connect(self._write)
        self.body.insertWidget(0, made, 1)
        if self.scene is not None:
            made.set_scene(self.scene)
        return made

    def _untrained(self) -> str:
        return "Nothing to show before the model is ready." if self.scene is not None else ""

    def _write(self) -> None:
        reading = self.drawing.reading() if self.drawing is not None else ()
        self.header.set_info(*(reading or self._info))

    def _go_home(self) -> None:
        for drawing in self.drawings.values():
            drawing.go_home()

    def apply_theme(self, theme: Theme) -> None:
        super().apply_theme(theme)
        self.controls.apply_theme(theme)
        for drawing in self.drawings.values():
            drawing.apply_theme(theme)


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:] + ("" if text.endswith((".", "!", "?")) else ".")

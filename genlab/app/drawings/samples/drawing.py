"""Samples of the model over real data, shown as their space wants it."""

from __future__ import annotations

from typing import assert_never

from PySide6.QtGui import QAction

from genlab.app.common.theme import Theme
from genlab.app.drawings.drawing import Drawing, Told
from genlab.app.drawings.samples.images import ImagesView
from genlab.app.drawings.samples.line import LineView
from genlab.app.drawings.samples.plane import PlaneView
from genlab.app.drawings.samples.signals import SignalsView
from genlab.app.drawings.samples.text import TextView
from genlab.app.drawings.samples.view import Look, SamplesView
from genlab.app.drawings.scene import Scene
from genlab.data.payloads import Samples, not_finite
from genlab.settings.spaces import Images, Points, Signal, Space, Tokens

BY_CLASS = "Colour points by label; lay images and text out by class"
REAL = "Held-out data behind the model's"
ALONE = "Real data are shown here only until the model has made samples"
BY_PROBABILITY = "How probable the model held each token, given those before it"


def view_of(space: Space) -> type[SamplesView]:
    """What shows samples of a space."""
    match space:
        case Points(dim=1):
            return LineView
        case Points():
            return PlaneView
        case Images():
            return ImagesView
        case Tokens():
            return TextView
        case Signal():
            return SignalsView
        case _:
            assert_never(space)


class SamplesDrawing(Drawing):
    """What the model makes, at the scrubbed position of its trajectory."""

    def __init__(self, theme: Theme, name: str) -> None:
        super().__init__(theme, name)
        self.scene: Scene | None = None
        self.samples: Samples | None = None
        self.views: dict[type[SamplesView], SamplesView] = {}
        self.class_action = self.add_switch("Colour by class", False, self._changed, BY_CLASS)
        self.probability_action = self.add_switch(
            "Colour by probability", False, self._changed, BY_PROBABILITY
        )
        self.probability_action.setVisible(False)
        self.real_action = self.add_switch("Real data", True, self._changed, REAL)

    @property
    def view(self) -> SamplesView | None:
        """What shows the space of the data in view."""
        return None if self.scene is None else self.views[view_of(self.scene.space)]

    def set_scene(self, scene: Scene) -> None:
        self.scene = scene
        kind = view_of(scene.space)
        if kind not in self.views:
            self.views[kind] = kind(self.theme, self.name)
            self.views[kind].moved.connect(self.moved)
            self.body.addWidget(self.views[kind])
        for other, view in self.views.items():
            view.setVisible(other is kind)
        allow(self.class_action, "" if scene.labels else "These data have no classes", BY_CLASS)
        self.class_action.blockSignals(True)
        self.class_action.setChecked(kind.classed and bool(scene.labels))
        self.class_action.blockSignals(False)
        self.probability_action.setVisible(isinstance(scene.space, Tokens))
        allow(self.real_action, ALONE if kind.alone else "", REAL)
        self.views[kind].set_scene(scene)
        if self.samples is not None and self.samples.x.shape[1:] != scene.space.event:
            self.clear_run()

    def take(self, payload: Samples, step: int) -> None:
        self.samples, self.step = payload, step

    def clear_run(self) -> None:
        self.samples = None

    @property
    def shows(self) -> bool:
        return self.samples is not None

    def _changed(self, _: bool) -> None:
        self.stale.emit()

    def draw(self) -> Told:
        scene, view = self.scene, self.view
        if scene is None or view is None:
            return Told()
        known = self.samples is not None and self.samples.token_log_prob is not None
        reason = "" if known else "These samples carry no probabilities of their tokens"
        allow(self.probability_action, reason, BY_PROBABILITY)
        look = Look(
            classes=scene.labels if self.class_action.isChecked() else (),
            real=self.real_action.isChecked(),
            probability=self.probability_action.isChecked() and known,
        )
        view.show_samples(self.samples, look)
        return self._told(scene, view)

    def _told(self, scene: Scene, view: SamplesView) -> Told:
        samples, reference = self.samples, scene.reference
        beside = f"{len(reference.x):,} held out" if reference is not None and not view.alone else ""
        if samples is None:
            return Told((beside,), ("real data" if view.alone else "",))
        bad = not_finite(samples.x)
        return Told(
            (f"{len(samples.x):,} model", beside, f"step {self.step:,}"),
            (f"{bad:,} not finite" if bad else "", "EMA" if self.model.averaged else "", samples.biased),
        )

    def reading(self) -> tuple[str, ...]:
        return self.view.reading() if self.view is not None else ()

    def go_home(self) -> None:
        if self.view is not None:
            self.view.go_home()

    def apply_theme(self, theme: Theme) -> None:
        super().apply_theme(theme)
        for view in self.views.values():
            view.apply_theme(theme)


def allow(action: QAction, reason: str, tip: str) -> None:
    """Have an entry act, with its tooltip, or rest for a reason."""
    action.setEnabled(not reason)
    action.setToolTip(reason or tip)

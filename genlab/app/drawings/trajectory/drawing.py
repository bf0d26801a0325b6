"""How noise becomes data, shown as the space of the data wants it."""

from __future__ import annotations

from typing import assert_never

from genlab.app.common.theme import Theme
from genlab.app.drawings.drawing import Drawing, Told
from genlab.app.drawings.scene import ModelInfo, Scene
from genlab.app.drawings.trajectory.images import ImagesView
from genlab.app.drawings.trajectory.points import PointsView
from genlab.app.drawings.trajectory.signals import SignalsView
from genlab.app.drawings.trajectory.text import TextView
from genlab.app.drawings.trajectory.view import TrajectoryView
from genlab.data.payloads import Samples, Trajectory, not_finite
from genlab.settings.spaces import Images, Points, Signal, Space, Tokens


def view_of(space: Space) -> type[TrajectoryView]:
    """What shows trajectories in a space."""
    match space:
        case Points():
            return PointsView
        case Images():
            return ImagesView
        case Tokens():
            return TextView
        case Signal():
            return SignalsView
        case _:
            assert_never(space)


class TrajectoryDrawing(Drawing):
    """Fed with the frames of one trajectory; scrubbing moves a position within them."""

    def __init__(self, theme: Theme, name: str) -> None:
        super().__init__(theme, name)
        self.scene: Scene | None = None
        self.frames: tuple[Samples, ...] = ()
        self.position = 0
        self.views: dict[type[TrajectoryView], TrajectoryView] = {}
        self._fresh = False
        self.clean_action = self.add_switch(
            "Clean estimates",
            False,
            lambda _: self.stale.emit(),
            "The model's guess of where each sample will end",
        )

    @property
    def view(self) -> TrajectoryView | None:
        """What shows the space of the data in view."""
        return None if self.scene is None else self.views[view_of(self.scene.space)]

    def set_scene(self, scene: Scene) -> None:
        self.scene = scene
        kind = view_of(scene.space)
        if kind not in self.views:
            self.views[kind] = kind(self.theme, self.name)
            self.body.addWidget(self.views[kind])
        for other, view in self.views.items():
            view.setVisible(other is kind)
        self.clean_action.setVisible(kind.offers_clean)
        self.views[kind].set_scene(scene)
        if self.frames and self.frames[0].x.shape[1:] != scene.space.event:
            self.clear_run()
        self._fresh = True

    def take(self, payload: Trajectory, step: int) -> None:
        """Take the frames that there are; those of a trajectory under way grow in number."""
        same = bool(self.frames and payload.frames) and payload.frames[0] is self.frames[0]
        if not same or len(payload.frames) != len(self.frames):
            self._fresh = True
            self.frames = payload.frames
        self.step = step
        self.position = len(self.frames) - 1

    def move_to(self, position: int) -> None:
        self.position = min(max(position, 0), max(len(self.frames) - 1, 0))

    def clear_run(self) -> None:
        self.frames = ()
        self.position = 0
        self._fresh = True

    @property
    def shows(self) -> bool:
        return bool(self.frames)

    def draw(self) -> Told:
        view = self.view
        if view is None:
            return Told()
        if self._fresh:
            self._fresh = False
            view.prepare(self.frames)
        view.show_frame(self.frames, self.position, self.clean_action.isChecked())
        return self._told()

    def _told(self) -> Told:
        if not self.frames:
            return Told()
        frame = self.frames[self.position]
        model, bad = self.model, not_finite(frame.x)
        steps = f"{model.step} {frame.index} of {frame.total}"
        evaluations = f"{frame.nfe:,} evaluation{'' if frame.nfe == 1 else 's'}"
        return Told(
            (
                steps if frame.total else "one pass",
                f"{model.symbol} = {frame.time:.3g}" if model.symbol else "",
                evaluations if frame.nfe else "",
            ),
            (f"{bad:,} not finite" if bad else "", frame.biased),
        )

    def set_model(self, model: ModelInfo) -> None:
        if model != self.model:
            super().set_model(model)
            self.stale.emit()

    def go_home(self) -> None:
        if self.view is not None:
            self.view.go_home()

    def apply_theme(self, theme: Theme) -> None:
        super().apply_theme(theme)
        for view in self.views.values():
            view.apply_theme(theme)

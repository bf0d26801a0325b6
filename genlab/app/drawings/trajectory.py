"""How noise becomes data: paths of points, or the state and the clean estimate of images."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QRectF
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QHBoxLayout, QWidget

from genlab.app.common.theme import Theme
from genlab.app.drawings.canvas.canvas import Canvas
from genlab.app.drawings.canvas.dots_item import Dots
from genlab.app.drawings.canvas.montage import Montage
from genlab.app.drawings.canvas.paths_item import Paths
from genlab.app.drawings.canvas.raster import mixed
from genlab.app.drawings.samples_plane import thin
from genlab.app.drawings.scene import Scene, window_of
from genlab.app.views.panel import Panel
from genlab.data.payloads import Extent, Samples
from genlab.settings.paradigm import Capabilities, PanelInfo
from genlab.settings.spaces import Images

PATHS = 96
IMAGES = 36
FARTHEST = 2.2
"""The view widens to the starting noise up to so many times the data's own window."""


class TrajectoryPanel(Panel):
    """Fed with the frames of one trajectory; scrubbing moves a position within them."""

    def __init__(self, info: PanelInfo, theme: Theme) -> None:
        super().__init__(info, theme)
        self.frames: list[Samples] = []
        self.position = 0
        self.step: int | None = None
        self._paths: NDArray[np.float64] = np.zeros((0, 0, 2))
        self._clean: NDArray[np.float64] | None = None
        self._fresh = False
        self._name, self._symbol = "step", "σ"
        self.canvas = Canvas(theme, f"{self.objectName()}.plot")
        self.axes = self.canvas.add_axes("widen")
        self.real, self.lines = Dots(1.6), Paths()
        self.clean, self.dots = Dots(4.0, round_dots=True), Dots(5.0, round_dots=True)
        for item in (self.real, self.lines, self.clean, self.dots):
            self.axes.add(item)
        self.pictures = QWidget()
        row = QHBoxLayout(self.pictures)
        row.setContentsMargins(6, 0, 0, 0)
        self.state_view = Montage(theme, f"{self.objectName()}.state", "state")
        self.clean_view = Montage(theme, f"{self.objectName()}.clean", "clean estimate")
        row.addWidget(self.state_view)
        row.addWidget(self.clean_view)
        self.body.addWidget(self.canvas)
        self.body.addWidget(self.pictures)
        self.pictures.hide()
        self.clean_action = self.add_switch(
            "Clean estimates", False, self._changed, "The model's guess of where each point will end"
        )
        self.menu.addAction("Reset zoom").triggered.connect(lambda: self.axes.go_home())
        self.add_standard_actions()
        self._colour()

    # -- feeding -----------------------------------------------------------------------------

    def set_scene(self, scene: Scene) -> None:
        self.scene = scene
        images = isinstance(scene.space, Images)
        self.canvas.setVisible(not images)
        self.pictures.setVisible(images)
        self.clean_action.setVisible(not images)
        self.axes.fit = "free" if self._one_dimensional else "widen"
        self.axes.zoomed = False
        if not images:
            self.axes.set_home(self._home(None))
        self._draw_real()
        if self.frames and self.frames[0].x.shape[1:] != scene.space.event:
            self.clear_run()
        self._fresh = True
        self.touch()

    def show_capabilities(self, able: Capabilities) -> None:
        name, symbol = (able.steps.name or "Steps").lower().removesuffix("s"), able.steps.symbol
        if (name, symbol) != (self._name, self._symbol):
            self._name, self._symbol = name, symbol
            self._write()

    def show_frames(self, frames: Sequence[Samples], position: int, step: int) -> None:
        known = len(self.frames)
        if len(frames) < known or (known and frames and frames[0] is not self.frames[0]):
            self.frames = []
            self._fresh = True
        if len(frames) > len(self.frames):
            self._fresh = True
            self.frames.extend(frames[len(self.frames) :])
        self.position = min(max(position, 0), max(len(self.frames) - 1, 0))
        self.step = step
        self.touch()

    def clear_run(self) -> None:
        self.frames = []
        self.position = 0
        self.step = None
        self._fresh = True
        self.touch()

    def _changed(self, _: bool) -> None:
        self.touch()

    # -- geometry ----------------------------------------------------------------------------

    @property
    def _one_dimensional(self) -> bool:
        return self.scene is not None and self.scene.space.event == (1,)

    def _home(self, start: NDArray[np.floating] | None) -> Extent:
        """The window of the data, widened to where the paths begin."""
        assert self.scene is not None
        if self._one_dimensional:
            low, high = self.scene.extent[:2]
            x0, x1, y0, y1 = -0.3, max(len(self.frames) - 1, 1) + 0.3, low, high
        else:
            x0, x1, y0, y1 = window_of(self.scene)
        if start is None or len(start) == 0:
            return x0, x1, y0, y1
        low2, high2 = np.quantile(start, [0.03, 0.97], axis=0)
        middle, half = (y0 + y1) / 2, FARTHEST * (y1 - y0) / 2
        y0 = min(y0, max(float(low2[-1]), middle - half))
        y1 = max(y1, min(float(high2[-1]), middle + half))
        if not self._one_dimensional:
            middle, half = (x0 + x1) / 2, FARTHEST * (x1 - x0) / 2
            x0 = min(x0, max(float(low2[0]), middle - half))
            x1 = max(x1, min(float(high2[0]), middle + half))
        return x0, x1, y0, y1

    def _prepare(self) -> None:
        """The paths of a trajectory as one array, and its ranges: once, not at every scrub."""
        frames = self.frames
        self._clean = None
        if not frames:
            self._paths = np.zeros((0, 0, 2))
        else:
            self._paths = self._planar([frame.x for frame in frames])
            if all(frame.clean is not None for frame in frames):
                self._clean = self._planar([frame.clean for frame in frames if frame.clean is not None])
        start = self._paths[0] if len(self._paths) else None
        home = self._home(start)
        self.axes.set_home(home)
        x0, x1, y0, y1 = home
        wide = QRectF(x0 - 5 * (x1 - x0), y0 - 5 * (y1 - y0), 11 * (x1 - x0), 11 * (y1 - y0))
        self.lines.set_paths(self._paths, wide)
        self._bounds = wide

    def _planar(self, states: Sequence[NDArray[np.floating]]) -> NDArray[np.float64]:
        points = np.stack(
            [np.asarray(state[:PATHS], np.float64).reshape(-1, state.shape[1]) for state in states]
        )
        if points.shape[-1] == 1:
            times = np.broadcast_to(np.arange(len(points), dtype=float)[:, None, None], points.shape)
            return np.concatenate([times, points], axis=-1)
        return points[..., :2]

    # -- drawing -----------------------------------------------------------------------------

    def _draw(self) -> None:
        if self.scene is None:
            return
        if isinstance(self.scene.space, Images):
            self._draw_images(self.scene.space)
        else:
            if self._fresh:
                self._fresh = False
                self._prepare()
            self.lines.set_position(self.position)
            at = min(self.position, len(self._paths) - 1)
            accent, other = QColor(self.theme.model), QColor(self.theme.okabe_ito[1])
            self.dots.set_groups([(self._paths[at], accent)] if at >= 0 else [], self._bounds)
            clean = self._clean if self.clean_action.isChecked() else None
            self.clean.set_groups([(clean[at], other)] if clean is not None else [], self._bounds)
        self._write()

    def _draw_images(self, space: Images) -> None:
        if not self.frames:
            self.state_view.clear()
            self.clean_view.clear()
            return
        frame = self.frames[self.position]
        self.state_view.show_images(frame.x[:IMAGES], space, None, ())
        if frame.clean is None:
            self.clean_view.clear()
        else:
            self.clean_view.show_images(frame.clean[:IMAGES], space, None, ())

    def _draw_real(self) -> None:
        scene = self.scene
        grey = mixed(self.theme.real, self.theme.surface, 0.4)
        points: NDArray[np.floating] = np.zeros((0, 2))
        if scene is not None and scene.reference is not None and not isinstance(scene.space, Images):
            if not self._one_dimensional:
                points = thin(scene.reference.x[:, :2], 1000)
            x0, x1, y0, y1 = self.axes.home
            self.real.set_groups([(points, grey)], QRectF(x0, y0, x1 - x0, y1 - y0))

    def _write(self) -> None:
        if not self.frames:
            self.header.set_badges()
            self.header.set_info()
            return
        frame = self.frames[self.position]
        self.header.set_badges(frame.tilted)
        self.header.set_info(
            f"{self._name} {frame.index} of {max(frame.total - 1, frame.index)}"
            if frame.total
            else "one pass",
            f"{self._symbol} = {frame.time:.3g}" if self._symbol else "",
            f"{frame.nfe:,} evaluation{'' if frame.nfe == 1 else 's'}" if frame.nfe else "",
        )

    def apply_theme(self, theme: Theme) -> None:
        super().apply_theme(theme)
        for part in (self.canvas, self.state_view, self.clean_view):
            part.apply_theme(theme)
        self._draw_real()
        self._colour()

    def _colour(self) -> None:
        faint = QColor(self.theme.model)
        faint.setAlphaF(0.32)
        self.lines.set_colour(faint)

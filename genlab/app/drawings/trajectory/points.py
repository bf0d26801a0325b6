"""How noise becomes data: the paths of points."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QRectF
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QVBoxLayout

from genlab.app.common.theme import Theme
from genlab.app.drawings.canvas.canvas import Canvas
from genlab.app.drawings.canvas.dots_item import Dots
from genlab.app.drawings.canvas.paths_item import Paths
from genlab.app.drawings.canvas.raster import mixed
from genlab.app.drawings.samples.plane import thin
from genlab.app.drawings.scene import Scene, window_of
from genlab.app.drawings.trajectory.view import TrajectoryView
from genlab.data.payloads import Extent, Samples

PATHS = 96
FARTHEST = 2.2
"""The view widens to the starting noise up to so many times the data's own window."""


class PointsView(TrajectoryView):
    """Paths in the plane; of numbers, over the steps; of many coordinates, the first two."""

    offers_clean = True

    def __init__(self, theme: Theme, name: str) -> None:
        super().__init__(theme, name)
        self._paths: NDArray[np.float64] = np.zeros((0, 0, 2))
        self._clean: NDArray[np.float64] | None = None
        self._bounds = QRectF()
        self._steps = 1
        self.canvas = Canvas(theme, f"{name}.plot")
        self.axes = self.canvas.add_axes("widen")
        self.real, self.lines = Dots(1.6), Paths()
        self.clean, self.dots = Dots(4.0, round_dots=True), Dots(5.0, round_dots=True)
        for item in (self.real, self.lines, self.clean, self.dots):
            self.axes.add(item)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.canvas)
        self._colour()

    def set_scene(self, scene: Scene) -> None:
        super().set_scene(scene)
        self.axes.fit = "free" if scene.space.event == (1,) else "widen"
        self.axes.zoomed = False
        self.axes.set_home(self._home(scene, None))
        self._draw_real()

    def _home(self, scene: Scene, start: NDArray[np.floating] | None) -> Extent:
        """The window of the data, widened to where the paths begin."""
        line = scene.space.event == (1,)
        if line:
            low, high = scene.extent[:2]
            x0, x1, y0, y1 = -0.3, self._steps + 0.3, low, high
        else:
            x0, x1, y0, y1 = window_of(scene)
        if start is None or len(start) == 0:
            return x0, x1, y0, y1
        low2, high2 = np.quantile(start, [0.03, 0.97], axis=0)
        middle, half = (y0 + y1) / 2, FARTHEST * (y1 - y0) / 2
        y0 = min(y0, max(float(low2[-1]), middle - half))
        y1 = max(y1, min(float(high2[-1]), middle + half))
        if not line:
            middle, half = (x0 + x1) / 2, FARTHEST * (x1 - x0) / 2
            x0 = min(x0, max(float(low2[0]), middle - half))
            x1 = max(x1, min(float(high2[0]), middle + half))
        return x0, x1, y0, y1

    def prepare(self, frames: Sequence[Samples]) -> None:
        self._clean = None
        self._steps = max(len(frames) - 1, 1)
        if not frames:
            self._paths = np.zeros((0, 0, 2))
        else:
            self._paths = planar([frame.x for frame in frames])
            cleans = [frame.clean for frame in frames if frame.clean is not None]
            if len(cleans) == len(frames):
                self._clean = planar(cleans)
        if self.scene is None:
            return
        home = self._home(self.scene, self._paths[0] if len(self._paths) else None)
        self.axes.set_home(home)
        x0, x1, y0, y1 = home
        wide = QRectF(x0 - 5 * (x1 - x0), y0 - 5 * (y1 - y0), 11 * (x1 - x0), 11 * (y1 - y0))
        self.lines.set_paths(self._paths, wide)
        self._bounds = wide

    def show_frame(self, frames: Sequence[Samples], position: int, clean: bool) -> None:
        self.lines.set_position(position)
        at = min(position, len(self._paths) - 1)
        accent, other = QColor(self.theme.model), QColor(self.theme.okabe_ito[1])
        self.dots.set_groups([(self._paths[at], accent)] if at >= 0 else [], self._bounds)
        guess = self._clean if clean else None
        self.clean.set_groups([(guess[at], other)] if guess is not None else [], self._bounds)

    def go_home(self) -> None:
        self.axes.go_home()

    def _draw_real(self) -> None:
        scene = self.scene
        if scene is None:
            return
        grey = mixed(self.theme.real, self.theme.surface, 0.4)
        points: NDArray[np.floating] = np.zeros((0, 2))
        if scene.reference is not None and scene.space.event != (1,):
            points = thin(scene.reference.x[:, :2], 1000)
        x0, x1, y0, y1 = self.axes.home
        self.real.set_groups([(points, grey)], QRectF(x0, y0, x1 - x0, y1 - y0))

    def apply_theme(self, theme: Theme) -> None:
        super().apply_theme(theme)
        self.canvas.apply_theme(theme)
        self._draw_real()
        self._colour()

    def _colour(self) -> None:
        faint = QColor(self.theme.model)
        faint.setAlphaF(0.32)
        self.lines.set_colour(faint)


def planar(states: Sequence[NDArray[np.floating]]) -> NDArray[np.float64]:
    """States (n, dim) of each step as points of the plane (steps, n, 2); of numbers, over the steps."""
    points = np.stack([np.asarray(state[:PATHS], np.float64).reshape(-1, state.shape[1]) for state in states])
    if points.shape[-1] == 1:
        times = np.broadcast_to(np.arange(len(points), dtype=float)[:, None, None], points.shape)
        return np.concatenate([times, points], axis=-1)
    return points[..., :2]

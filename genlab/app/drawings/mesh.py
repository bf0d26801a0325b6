"""A grid carried through space, stage by stage, with the samples that ride on it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PySide6.QtGui import QColor

from genlab.app.common.theme import Theme
from genlab.app.drawings.canvas.dots_item import Dots
from genlab.app.drawings.canvas.mesh_item import MeshItem
from genlab.app.drawings.canvas.raster import mixed
from genlab.app.drawings.plane import bounds
from genlab.app.drawings.plot import PlotDrawing
from genlab.app.drawings.samples.plane import thin
from genlab.app.drawings.stage_bar import StageBar
from genlab.data.payloads import Extent, Mesh

MOST = 1500
REAL = 0.55
"""The share of grey in a real point at the last stage."""


class MeshDrawing(PlotDrawing):
    """One view; between two stages everything moves on straight lines."""

    def __init__(self, theme: Theme, name: str) -> None:
        super().__init__(theme, name, "widen")
        self.mesh: Mesh | None = None
        self.real = Dots(1.8)
        self.grid = MeshItem(self.axes.view, theme)
        self.dots = Dots()
        for item in (self.grid, self.real, self.dots):
            self.axes.add(item)
        self.stages = StageBar(theme, name)
        self.stages.moved.connect(lambda _: self._paint())
        self.body.addWidget(self.stages)
        self._rest: NDArray[np.floating] = np.zeros((0, 2))
        self._parts: list[tuple[NDArray[np.intp], QColor]] = []

    def show_payload(self, payload: Mesh) -> tuple[str, ...]:
        self.mesh = payload
        self._rest = np.zeros((0, 2)) if payload.reference is None else thin(payload.reference, MOST)
        self._sort()
        self.stages.show_stages(len(payload.nodes))
        self._paint()
        return ()

    def apply_theme(self, theme: Theme) -> None:
        super().apply_theme(theme)
        self.grid.apply_theme(theme)
        self.stages.apply_theme(theme)
        self._sort()
        self._paint()

    def _sort(self) -> None:
        """Which samples have which colour: once, not in every frame."""
        mesh, palette = self.mesh, self.theme.okabe_ito
        self._parts = []
        if mesh is None or mesh.points is None:
            return
        taken = thin(np.arange(mesh.points.shape[1], dtype=float)[:, None], MOST)[:, 0].astype(np.intp)
        self.dots.suit(len(taken))
        if mesh.labels is None:
            self._parts = [(taken, QColor(self.theme.model))]
            return
        labels = mesh.labels[taken]
        for label in np.unique(labels):
            self._parts.append((taken[labels == label], QColor(palette[int(label) % len(palette)])))

    def _paint(self) -> None:
        mesh = self.mesh
        if mesh is None:
            return
        last = len(mesh.nodes) - 1
        place = min(self.stages.place, last)
        stage = min(int(place), max(last - 1, 0))
        share = place - stage
        after = min(stage + 1, last)

        def between(values: NDArray[np.floating]) -> NDArray[np.float64]:
            if share == 0:
                return values[stage].astype(np.float64)
            return (values[stage] * (1 - share) + values[after] * share).astype(np.float64)

        extent = between(np.array(mesh.extents, np.float64)).tolist()
        home: Extent = (extent[0], extent[1], extent[2], extent[3])
        self.show_heading(mesh.titles[round(place)])
        self.axes.set_home(home)
        self.grid.show_mesh(between(mesh.nodes), None if mesh.shade is None else between(mesh.shade))
        rect = bounds(home)
        groups: list[tuple[NDArray[np.floating], QColor]] = []
        if mesh.points is not None:
            points = between(mesh.points)
            groups = [(points[chosen], colour) for chosen, colour in self._parts]
        self.dots.set_groups(groups, rect)
        # Real data belong to the last stage alone: they appear on the way there.
        shown = max(0.0, 1 - 2 * (last - place))
        grey = mixed(self.theme.real, self.theme.surface, REAL * shown)
        self.real.set_groups([(self._rest, grey)] if shown > 0 else [], rect)

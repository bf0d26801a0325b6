"""Samples of the line: their histogram over the truth."""

from __future__ import annotations

import numpy as np
import pyqtgraph as pg
from PySide6.QtGui import QColor

from genlab.app.common.theme import Theme
from genlab.app.drawings.canvas.canvas import Canvas
from genlab.app.drawings.canvas.legend import Legend
from genlab.app.drawings.density.line import reference_curve, steps
from genlab.app.drawings.samples.view import Look, SamplesView
from genlab.app.drawings.scene import Scene
from genlab.data.payloads import Extent, Samples

BINS = 80


class SamplesLine(Canvas):
    """A filled outline for the model, a line for the truth."""

    def __init__(self, theme: Theme, name: str) -> None:
        super().__init__(theme, name)
        self.view_axes = self.add_axes("free", grid=True)
        self.extent: Extent = (0.0, 1.0, 0.0, 0.0)
        self.model = pg.PlotCurveItem(fillLevel=0.0, skipFiniteCheck=True)
        self.truth = pg.PlotCurveItem(antialias=True)
        self.by_class: list[pg.PlotCurveItem] = []
        self.view_axes.add(self.model)
        self.view_axes.add(self.truth)
        self.legend = Legend(self.view_axes.view, theme)
        self.truth_name = "truth"
        self._colour()

    def show_scene(self, scene: Scene) -> None:
        """Draw the truth, or a histogram of the data."""
        self.extent = scene.extent
        x, height = reference_curve(scene)
        self.truth.setData(x, height)
        self.truth_name = "truth" if scene.truth is not None else "data"
        self.view_axes.zoomed = False
        top = 1.35 * float(height.max()) if len(height) else 1.0
        self.view_axes.set_home((*scene.extent[:2], 0.0, top))

    def show_samples(self, samples: Samples | None, classes: tuple[str, ...]) -> None:
        """Draw samples (n, 1); with names of classes, an outline of each class's share."""
        theme = self.theme
        entries = [(self.truth_name, theme.real), ("model", theme.model)]
        for curve in self.by_class:
            curve.hide()
        if samples is None:
            self.model.setData([], [])
        else:
            x = samples.x[:, 0]
            self.model.setData(*steps(x, self.extent, BINS))
            if classes and samples.labels is not None:
                for label, name in enumerate(classes):
                    if label == len(self.by_class):
                        self.by_class.append(pg.PlotCurveItem(skipFiniteCheck=True))
                        self.view_axes.add(self.by_class[label])
                    colour = theme.okabe_ito[label % len(theme.okabe_ito)]
                    chosen = samples.labels == label
                    edges, height = steps(x[chosen], self.extent, BINS)
                    curve = self.by_class[label]
                    curve.setPen(pg.mkPen(QColor(colour), width=1))
                    curve.setData(edges, height * float(np.mean(chosen)))
                    curve.show()
                    entries.append((name, colour))
        self.legend.show_entries(entries)

    def apply_theme(self, theme: Theme) -> None:
        super().apply_theme(theme)
        self._colour()

    def _colour(self) -> None:
        fill = QColor(self.theme.model)
        fill.setAlphaF(0.25)
        self.model.setPen(pg.mkPen(QColor(self.theme.model), width=1))
        self.model.setBrush(pg.mkBrush(fill))
        self.truth.setPen(pg.mkPen(QColor(self.theme.real), width=1))
        self.legend.apply_theme(self.theme)


class LineView(SamplesView):
    """A histogram over the truth; classes as outlines of their shares."""

    def __init__(self, theme: Theme, name: str) -> None:
        super().__init__(theme, name)
        self.canvas = SamplesLine(theme, f"{name}.line")
        self.body.addWidget(self.canvas)

    def set_scene(self, scene: Scene) -> None:
        super().set_scene(scene)
        self.canvas.show_scene(scene)

    def show_samples(self, samples: Samples | None, look: Look) -> None:
        self.canvas.show_samples(samples, look.classes)

    def go_home(self) -> None:
        self.canvas.view_axes.go_home()

    def apply_theme(self, theme: Theme) -> None:
        super().apply_theme(theme)
        self.canvas.apply_theme(theme)

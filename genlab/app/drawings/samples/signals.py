"""Samples that are signals: lines over time, real ones behind them."""

from __future__ import annotations

import numpy as np
from PySide6.QtGui import QColor

from genlab.app.common.theme import Theme
from genlab.app.drawings.canvas.raster import mixed
from genlab.app.drawings.canvas.series import Series, SeriesCanvas
from genlab.app.drawings.samples.view import Look, SamplesView
from genlab.app.drawings.scene import Scene
from genlab.data.payloads import Samples
from genlab.settings.spaces import Signal

REAL = 8


class SignalsView(SamplesView):
    """A few of the series, in one view."""

    def __init__(self, theme: Theme, name: str) -> None:
        super().__init__(theme, name)
        self.canvas = SeriesCanvas(theme, f"{name}.series")
        self.canvas.hovered.connect(lambda *_: self.moved.emit())
        self.body.addWidget(self.canvas.keys)
        self.body.addWidget(self.canvas, 1)

    def set_scene(self, scene: Scene) -> None:
        super().set_scene(scene)
        if isinstance(scene.space, Signal):
            self.canvas.set_space(scene.space, scene.extent)

    def show_samples(self, samples: Samples | None, look: Look) -> None:
        groups: list[tuple[str, Series, QColor]] = []
        real = self.scene.reference if self.scene is not None and look.real else None
        if real is not None:
            groups.append(("real", real.x[:REAL], mixed(self.theme.real, self.theme.surface, 0.6)))
        if samples is not None and look.classes and samples.labels is not None:
            palette = self.theme.okabe_ito
            for label in np.unique(samples.labels).tolist():
                name = look.classes[label] if 0 <= label < len(look.classes) else ""
                groups.append(
                    (name, samples.x[samples.labels == label], QColor(palette[label % len(palette)]))
                )
        elif samples is not None:
            groups.append(("model", samples.x, QColor(self.theme.model)))
        self.canvas.show_series(groups)

    def reading(self) -> tuple[str, ...]:
        return self.canvas.reading()

    def go_home(self) -> None:
        self.canvas.view_axes.go_home()

    def apply_theme(self, theme: Theme) -> None:
        super().apply_theme(theme)
        self.canvas.apply_theme(theme)

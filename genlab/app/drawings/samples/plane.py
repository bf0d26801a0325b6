"""Points of the model over real points; a raster of counts where there are too many to draw."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QRectF
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QLabel, QWidget

from genlab.app.common.theme import Theme
from genlab.app.drawings.canvas.canvas import Canvas
from genlab.app.drawings.canvas.dots_item import Dots, finite
from genlab.app.drawings.canvas.legend import Legend
from genlab.app.drawings.canvas.raster import Raster, mixed, rgb
from genlab.app.drawings.samples.view import Look, SamplesView
from genlab.app.drawings.scene import Scene, window_of
from genlab.data.payloads import Extent, Samples

EXACT = 2500
"""Above so many points a raster of counts is drawn instead."""
BINS = 160


class SamplesPlane(Canvas):
    """One view with equal units and a fixed range."""

    def __init__(self, theme: Theme, name: str) -> None:
        super().__init__(theme, name)
        self.view_axes = self.add_axes("widen")
        self.real = Dots()
        self.counts = Raster()
        self.model = Dots()
        for item in (self.real, self.counts, self.model):
            self.view_axes.add(item)
        self.legend = Legend(self.view_axes.view, theme)
        self._real_key: tuple[object, ...] = ()
        self._bounds = QRectF()

    def set_extent(self, extent: Extent) -> None:
        """The range to begin with; points beyond it are drawn where a zoom shows them."""
        self.view_axes.zoomed = False
        self.view_axes.set_home(extent)
        x0, x1, y0, y1 = extent
        width, height = x1 - x0, y1 - y0
        self._bounds = QRectF(x0 - 10 * width, y0 - 10 * height, 21 * width, 21 * height)
        self._real_key = ()

    def show_samples(
        self, samples: Samples | None, real: Samples | None, pair: tuple[int, int], classes: tuple[str, ...]
    ) -> None:
        """Draw two coordinates of samples (n, d) over real ones; with names of classes, by label."""
        axes = list(pair)
        key = (id(real), pair, self.theme)
        if key != self._real_key:
            self._real_key = key
            points = real.x[:, axes] if real is not None else np.zeros((0, 2))
            grey = mixed(self.theme.real, self.theme.surface, 0.75)
            self.real.set_groups([(thin(points, EXACT), grey)], self._bounds)
        entries: list[tuple[str, str]] = []
        if samples is None:
            self.model.set_groups([], self._bounds)
            self.counts.clear()
        elif len(samples.x) > EXACT and not (classes and samples.labels is not None):
            self.model.set_groups([], self._bounds)
            self._show_counts(finite(samples.x[:, axes]))
        else:
            self.counts.clear()
            points = samples.x[:, axes]
            self.model.suit(len(points))
            if classes and samples.labels is not None:
                palette = self.theme.okabe_ito
                groups = []
                for label, name in enumerate(classes):
                    colour = palette[label % len(palette)]
                    groups.append((thin(points[samples.labels == label], EXACT), QColor(colour)))
                    entries.append((name, colour))
            else:
                groups = [(points, QColor(self.theme.model))]
            self.model.set_groups(groups, self._bounds)
        self.legend.show_entries(entries[:10])

    def _show_counts(self, points: NDArray[np.floating]) -> None:
        x0, x1, y0, y1 = self.view_axes.shown() if not self.view_axes.zoomed else self.view_axes.home
        column = np.floor((points[:, 0] - x0) * (BINS / (x1 - x0))).astype(np.int64)
        row = np.floor((points[:, 1] - y0) * (BINS / (y1 - y0))).astype(np.int64)
        inside = (column >= 0) & (column < BINS) & (row >= 0) & (row < BINS)
        counts = np.bincount(row[inside] * BINS + column[inside], minlength=BINS * BINS)
        full = np.quantile(counts[counts > 0], 0.98) if inside.any() else 1.0
        alpha = np.minimum(counts / max(full, 1.0), 1.0) ** 0.6
        colour = rgb(self.theme.model)
        parts = [np.round(value * alpha).astype(np.uint32) for value in (255.0, *colour)]
        pixels = (parts[0] << 24) | (parts[1] << 16) | (parts[2] << 8) | parts[3]
        self.counts.set_pixels(pixels.reshape(BINS, BINS), (x0, x1, y0, y1))

    def apply_theme(self, theme: Theme) -> None:
        super().apply_theme(theme)
        self.legend.apply_theme(theme)


class PlaneView(SamplesView):
    """Two coordinates of points; of more than two a person chooses which."""

    def __init__(self, theme: Theme, name: str) -> None:
        super().__init__(theme, name)
        self.pair = (0, 1)
        self.canvas = SamplesPlane(theme, f"{name}.plane")
        self.pairs = QWidget()
        row = QHBoxLayout(self.pairs)
        row.setContentsMargins(6, 0, 6, 4)
        self.selectors: list[QComboBox] = []
        for axis, text in enumerate(("Across", "Up")):
            box = QComboBox()
            box.setObjectName(f"{name}.axis.{axis}")
            box.setAccessibleName(f"Coordinate drawn {text.lower()}")
            box.setToolTip(f"Which coordinate is drawn {text.lower()}")
            box.currentIndexChanged.connect(self._pick_pair)
            label = QLabel(text)
            label.setProperty("role", "small")
            label.setBuddy(box)
            row.addWidget(label)
            row.addWidget(box)
            self.selectors.append(box)
        row.addStretch(1)
        self.body.addWidget(self.pairs)
        self.body.addWidget(self.canvas)
        self._shown: tuple[Samples | None, Look] = (None, Look())

    def set_scene(self, scene: Scene) -> None:
        super().set_scene(scene)
        dim = scene.space.event[0]
        self.pair = (0, 1)
        self.pairs.setVisible(dim > 2)
        for axis, box in enumerate(self.selectors):
            box.blockSignals(True)
            box.clear()
            box.addItems([f"x{k + 1}" for k in range(dim)])
            box.setCurrentIndex(axis)
            box.blockSignals(False)
        self.canvas.set_extent(self._extent(scene))

    def show_samples(self, samples: Samples | None, look: Look) -> None:
        self._shown = (samples, look)
        real = self.scene.reference if self.scene is not None and look.real else None
        self.canvas.show_samples(samples, real, self.pair, look.classes)

    def go_home(self) -> None:
        self.canvas.view_axes.go_home()

    def apply_theme(self, theme: Theme) -> None:
        super().apply_theme(theme)
        self.canvas.apply_theme(theme)

    def _pick_pair(self, _: int) -> None:
        self.pair = (self.selectors[0].currentIndex(), self.selectors[1].currentIndex())
        if self.scene is not None:
            self.canvas.set_extent(self._extent(self.scene))
            self.show_samples(*self._shown)

    def _extent(self, scene: Scene) -> Extent:
        """Where points are drawn: the scene's window, or for a pair of many axes the data's range."""
        if scene.space.event == (2,) or scene.reference is None:
            return window_of(scene)
        chosen = scene.reference.x[:, list(self.pair)]
        low, high = np.quantile(chosen, [0.001, 0.999], axis=0)
        margin = 0.1 * np.maximum(high - low, 1e-6)
        (x0, y0), (x1, y1) = (low - margin).tolist(), (high + margin).tolist()
        return x0, x1, y0, y1


def thin(points: NDArray[np.floating], most: int) -> NDArray[np.floating]:
    """At most so many points (n, 2), evenly taken."""
    return points if len(points) <= most else points[np.linspace(0, len(points) - 1, most).astype(np.int64)]

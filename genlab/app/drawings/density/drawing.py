"""A density beside the truth: which answer is shown, the numbers over it, and how its kind is written."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass

import numpy as np
from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QWhatsThis

from genlab.app.common.theme import Theme
from genlab.app.common.words import sentence
from genlab.app.drawings.canvas.axes import Axes
from genlab.app.drawings.canvas.grids import Comparison, cell, compare, resampled
from genlab.app.drawings.density.line import DensityLine
from genlab.app.drawings.density.plane import DensityPlane
from genlab.app.drawings.drawing import Drawing, Told
from genlab.app.drawings.scene import ModelInfo, Scene
from genlab.data.payloads import Density

KINDS = {
    "exact": "exact",
    "ode": "probability-flow ODE",
    "bound": "lower bound",
    "estimate": "estimate",
    "samples": "histogram of samples",
}
ONLY_SAMPLES = "from samples only"
"""The badge of a histogram where the model has no density."""
FINE = 64
"""Least columns for a divergence by the midpoint rule."""
WHOLE = ("any", "none")
"""Labels that say nothing of a single class: what is drawn under them is read against the truth."""
UNRESOLVED = 0.02
"""A grid on which the truth's own integral is further from 1 is too coarse for sums of densities."""
PATIENCE = 1.5
"""Seconds for which a fine raster stays in favour of a coarse one of newer weights."""
OLDEST = 7.0
"""Seconds for which a density stays in favour of a histogram of samples of newer weights."""


@dataclass(frozen=True)
class Shown:
    """The answer in view. when: the time of its arrival, seconds."""

    density: Density
    step: int
    when: float

    @property
    def resolution(self) -> int:
        return self.density.log_prob.shape[-1]


def replaces(new: Shown, old: Shown | None) -> bool:
    """Whether a new density should take the place of the one in view.

    A histogram does not push out a density unless that has been looked at for long, is of an untrained model,
    or of another label or guidance; a coarse raster pushes out a finer one of older weights only once that
    has been looked at for a while."""
    if old is None or new.step < old.step:
        # Steps fall when a run is taken back to an earlier checkpoint.
        return True
    if (new.density.biased, new.density.label) != (old.density.biased, old.density.label):
        return True
    histogram, was_histogram = new.density.kind == "samples", old.density.kind == "samples"
    if histogram != was_histogram:
        return was_histogram or (new.step > old.step and (not old.step or new.when - old.when > OLDEST))
    if new.resolution >= old.resolution:
        return True
    return new.step > old.step and new.when - old.when > PATIENCE


class DensityDrawing(Drawing):
    """Truth, model and log-ratio on the plane or the line."""

    def __init__(self, theme: Theme, name: str) -> None:
        super().__init__(theme, name)
        self.scene: Scene | None = None
        self.shown: Shown | None = None
        self.comparison: Comparison | None = None
        self._cursor: tuple[float, float] | None = None
        self._resolved = True
        self._truth_at: tuple[tuple[int, ...], np.ndarray] | None = None
        self.plane: DensityPlane | None = None
        self.line: DensityLine | None = None
        self._how = self.add_entry("How this density is known", self._tell_how)
        self._how.setObjectName(f"{name}.how")
        self._iso_lines = self.add_switch("Iso-lines of the truth", True, self.set_iso_lines)

    @property
    def canvas(self) -> DensityPlane | DensityLine | None:
        """The canvas in use."""
        line = self.scene is not None and self.scene.space.event == (1,)
        return self.line if line else self.plane

    def set_scene(self, scene: Scene) -> None:
        if not scene.space.drawable:
            raise ValueError("a density is drawn on the line or the plane only")
        self.scene = scene
        if scene.space.event == (1,):
            if self.line is None:
                self.line = DensityLine(self.theme, f"{self.name}.line")
                self._place(self.line)
        elif self.plane is None:
            self.plane = DensityPlane(self.theme, f"{self.name}.plane")
            self._place(self.plane)
        for canvas in self._canvases():
            canvas.setVisible(canvas is self.canvas)
        if self.canvas is not None:
            self.canvas.show_scene(scene)
            self.canvas.set_lines(self._iso_lines.isChecked())
        if self.shown is not None and not np.allclose(self.shown.density.extent, scene.extent, rtol=1e-3):
            self.clear_run()
        self._truth_at = None

    def _place(self, canvas: DensityPlane | DensityLine) -> None:
        self.body.addWidget(canvas)
        canvas.hovered.connect(self._hover)

    def _canvases(self) -> list[DensityPlane | DensityLine]:
        return [canvas for canvas in (self.line, self.plane) if canvas is not None]

    def set_model(self, model: ModelInfo) -> None:
        before, self.model = self.model, model
        about = sentence(model.density_reason) if model.density_reason else ""
        self.about = about if model.has_density else f"<b>Only from samples.</b><br>{about}"
        self._how.setToolTip(f"<p>{self.about}</p>")
        if (before.has_density, before.label) != (model.has_density, model.label):
            self.stale.emit()

    def _tell_how(self) -> None:
        QWhatsThis.showText(self.mapToGlobal(QPoint(0, 0)), f"<p>{self.about}</p>", self)

    def take(self, payload: Density, step: int) -> None:
        """Take an answer, unless it is one to the question before: of another label than is asked for now."""
        new = Shown(payload, step, time.monotonic())
        if payload.label == self.model.label and replaces(new, self.shown):
            self.shown, self.step = new, step

    def clear_run(self) -> None:
        self.shown = None
        self.comparison = None
        self._truth_at = None

    @property
    def shows(self) -> bool:
        return self.shown is not None

    @property
    def _label(self) -> str:
        """Of the samples whose density is in view."""
        return self.model.label if self.shown is None else self.shown.density.label

    @property
    def _whole(self) -> bool:
        """Whether the truth, which is that of all classes, is what the model in view should be."""
        return self._label in WHOLE

    def set_iso_lines(self, on: bool) -> None:
        """Draw iso-lines of the truth over truth and model."""
        for canvas in self._canvases():
            canvas.set_lines(on)

    def go_home(self) -> None:
        if self.canvas is not None:
            for axes in self.canvas.axes:
                axes.go_home()

    def draw(self) -> Told:
        if self.canvas is None or self.scene is None:
            return Told()
        self.comparison = None
        self._resolved = True
        truth = None
        model = self.shown.density if self.shown is not None else None
        if model is not None and self.scene.truth is not None:
            truth = self._truth_on(model, self.scene.truth)
            area = cell(truth.shape, model.extent)
            self._resolved = abs(np.exp(truth).sum() * area - 1) < UNRESOLVED
            fine = self._resolved and model.log_prob.shape[-1] >= FINE
            if not self._whole:
                truth = None
            elif model.kind != "samples" and fine:
                self.comparison = compare(truth, model.log_prob.astype(np.float64), area)
        apart = model is not None and self.scene.truth is not None and not self._whole
        note = "not trained yet" if model is None else ""
        self.canvas.show_model(model, truth, note, "the truth is of all classes" if apart else "")
        return Told(self._numbers(), self._badges())

    def _truth_on(self, model: Density, truth: Density) -> np.ndarray:
        shape = model.log_prob.shape
        if self._truth_at is None or self._truth_at[0] != shape:
            self._truth_at = (shape, resampled(truth, shape, model.extent))
        return self._truth_at[1]

    def _badges(self) -> tuple[str, ...]:
        only_samples = "" if self.model.has_density else ONLY_SAMPLES
        label = "" if self._whole else f"class {self._label}"
        if self.shown is None:
            return (label, only_samples)
        biased = self.shown.density.biased
        kind = only_samples or KINDS[self.shown.density.kind]
        return label, kind, f"guided · {biased}" if biased else ""

    def _numbers(self) -> tuple[str, ...]:
        if self.shown is None:
            return ()
        density = self.shown.density
        parts = []
        if self.comparison is not None:
            bound = density.kind == "bound"
            parts.append(f"KL(p‖q) {'≤ ' if bound else ''}{number(self.comparison.forward)}")
            if not bound:  # a bound is not a density: what it says of its own samples is none of theirs
                parts.append(f"KL(q‖p) {number(self.comparison.reverse)}")
        if self._resolved or density.kind == "samples":
            parts.append(f"∫q {'≥ ' if density.kind == 'bound' else ''}{density.integral:.3f}")
        return (*parts, f"step {self.shown.step:,}")

    def reading(self) -> tuple[str, ...]:
        if self._cursor is None or self.scene is None:
            return ()
        x, y = self._cursor
        parts = [f"x {x:.2f}" if self.canvas is self.line else f"({x:.2f}, {y:.2f})"]
        values = []
        model = self.shown.density if self.shown is not None else None
        for name, density in (("truth", self.scene.truth), ("model", model)):
            value = value_at(density, x, y) if density is not None else None
            if value is not None:
                values.append(value)
                parts.append(f"{name} {math.exp(value):.3g}")
        if len(values) == 2 and self._whole:
            parts.append(f"log p/q {number(values[0] - values[1])}")
        return tuple(part.replace("-", "−") for part in parts)

    def _hover(self, axes: Axes | None, x: float, y: float) -> None:
        cursor = None if axes is None else (x, y)
        if cursor != self._cursor and self.canvas is not None:
            self._cursor = cursor
            self.canvas.show_cross(x, y, cursor is not None)
            self.canvas.setCursor(Qt.CursorShape.CrossCursor)
            self.moved.emit()

    def apply_theme(self, theme: Theme) -> None:
        super().apply_theme(theme)
        for canvas in self._canvases():
            canvas.apply_theme(theme)


def value_at(density: Density, x: float, y: float) -> float | None:
    """log_prob in the cell of a point; None outside the grid."""
    shape = density.log_prob.shape
    x0, x1, y0, y1 = density.extent
    column = math.floor((x - x0) / (x1 - x0) * shape[-1])
    if not 0 <= column < shape[-1]:
        return None
    if len(shape) == 1:
        return float(density.log_prob[column])
    row = math.floor((y - y0) / (y1 - y0) * shape[0])
    return float(density.log_prob[row, column]) if 0 <= row < shape[0] else None


def number(value: float) -> str:
    """A divergence as the header shows it."""
    if not math.isfinite(value):
        return "∞" if value > 0 else "−∞" if value < 0 else "undefined"
    return f"{value + 0.0:.3f}".replace("-0.000", "0.000").replace("-", "−")

"""The density panel: which answer is shown, the numbers over it, and how its kind is written."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass
from typing import Any

import numpy as np
from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QWhatsThis

from genlab.app.common.theme import Theme
from genlab.app.drawings.canvas.axes import Axes
from genlab.app.drawings.canvas.grids import Comparison, cell, compare, resampled
from genlab.app.drawings.density_line import DensityLine
from genlab.app.drawings.density_plane import DensityPlane
from genlab.app.drawings.scene import Scene
from genlab.app.views.panel import Panel
from genlab.data.payloads import Density
from genlab.engine.protocol import Answer, DrawDensity, Request
from genlab.settings.paradigm import Capabilities, PanelInfo
from genlab.settings.spaces import Points

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
UNRESOLVED = 0.02
"""A grid on which the truth's own integral is further from 1 is too coarse for sums of densities."""
PATIENCE = 1.5
"""Seconds for which a fine raster stays in favour of a coarse one of newer weights."""


@dataclass(frozen=True)
class Shown:
    """The answer in view. when: clock time of its arrival, seconds."""

    density: Density
    step: int
    when: float

    @property
    def resolution(self) -> int:
        return self.density.log_prob.shape[-1]


def replaces(new: Shown, old: Shown | None) -> bool:
    """Whether a new density should take the place of the one in view.

    A histogram does not push out a density unless that is much older or under another guidance; a coarse
    raster pushes out a finer one of older weights only once that has been looked at for a while."""
    if old is None or new.step < old.step:
        # Steps fall when a run is taken back to an earlier checkpoint.
        return True
    if new.density.tilted != old.density.tilted:
        return True
    histogram, was_histogram = new.density.kind == "samples", old.density.kind == "samples"
    if histogram != was_histogram:
        return was_histogram or new.step > 2 * old.step + 1000
    if new.resolution >= old.resolution:
        return True
    return new.step > old.step and new.when - old.when > PATIENCE


class DensityPanel(Panel):
    """Truth, model and log-ratio on the plane or the line."""

    def __init__(self, info: PanelInfo, theme: Theme) -> None:
        super().__init__(info, theme)
        self.shown: Shown | None = None
        self.comparison: Comparison | None = None
        self._cursor: tuple[float, float] | None = None
        self._resolved = True
        self._truth_at: tuple[tuple[int, ...], np.ndarray] | None = None
        self.plane: DensityPlane | None = None
        self.line: DensityLine | None = None
        self.able: Capabilities | None = None
        self._about = ""
        self._how = self.menu.addAction("How this density is known")
        self._how.setObjectName(f"{self.objectName()}.how")
        self._how.triggered.connect(self._tell_how)
        self._iso_lines = self.add_switch("Iso-lines of the truth", True, self.set_iso_lines)
        self.menu.addAction("Reset zoom").triggered.connect(self.reset_zoom)
        self.add_standard_actions()

    @property
    def drawing(self) -> DensityPlane | DensityLine | None:
        """The canvas in use."""
        line = self.scene is not None and isinstance(self.scene.space, Points) and self.scene.space.dim == 1
        return self.line if line else self.plane

    def set_scene(self, scene: Scene) -> None:
        self.scene = scene
        if not isinstance(scene.space, Points) or scene.space.dim > 2:
            raise ValueError("a density is drawn on the line or the plane only")
        if scene.space.dim == 1 and self.line is None:
            self.line = self._adopt(DensityLine(self.theme, f"{self.objectName()}.line"))
        if scene.space.dim == 2 and self.plane is None:
            self.plane = self._adopt(DensityPlane(self.theme, f"{self.objectName()}.plane"))
        for canvas in (self.line, self.plane):
            if canvas is not None:
                canvas.setVisible(canvas is self.drawing)
        if self.drawing is not None:
            self.drawing.show_scene(scene)
            self.drawing.set_lines(self._iso_lines.isChecked())
        if self.shown is not None and not np.allclose(self.shown.density.extent, scene.extent, rtol=1e-3):
            self.clear_run()
        self._truth_at = None
        self.touch()

    def _adopt(self, canvas: Any) -> Any:
        self.body.addWidget(canvas)
        canvas.hovered.connect(self._hover)
        return canvas

    @property
    def only_samples(self) -> bool:
        """Whether the model has no density, so that a histogram of samples is all that can be drawn."""
        return self.able is not None and self.able.density == "none"

    def show_capabilities(self, able: Capabilities) -> None:
        before, self.able = self.only_samples, able
        reason = able.density_reason
        about = f"{reason[:1].upper()}{reason[1:]}" + ("" if reason.endswith(".") else ".")
        self._about = (
            f"<p><b>Only from samples.</b><br>{about}</p>" if self.only_samples else f"<p>{about}</p>"
        )
        self._how.setToolTip(self._about)
        self.header.help = " ".join(part for part in (self.info.help, self._about[3:-4]) if part)
        if before != self.only_samples:
            self._write()

    def _tell_how(self) -> None:
        where = self.header.mapToGlobal(QPoint(4, self.header.height()))
        QWhatsThis.showText(where, self._about, self)

    def request(self, sampler: dict[str, Any], live: bool) -> Request | None:
        """Coarse to fine; while training only as fine as the preview budget refreshes often. A model without
        a density is asked for the histogram alone."""
        line = isinstance(self.drawing, DensityLine)
        resolutions: tuple[int, ...]
        resolutions = ((128,) if live else (128, 512)) if line else ((32, 64) if live else (32, 64, 128))
        resolutions = () if self.only_samples else resolutions
        return DrawDensity(
            run="", channel=self.info.id, request=0, sampler=dict(sampler), resolutions=resolutions
        )

    def show_answer(self, answer: Answer) -> None:
        if not isinstance(answer.payload, Density):
            return
        new = Shown(answer.payload, answer.step, time.monotonic())
        if replaces(new, self.shown):
            self.shown = new
            self.touch()

    def clear_run(self) -> None:
        self.shown = None
        self.comparison = None
        self._truth_at = None
        self.touch()

    def set_iso_lines(self, on: bool) -> None:
        """Draw iso-lines of the truth over truth and model."""
        for canvas in (self.line, self.plane):
            if canvas is not None:
                canvas.set_lines(on)

    def reset_zoom(self) -> None:
        """Show the whole extent again."""
        if self.drawing is not None:
            for axes in self.drawing.axes:
                axes.go_home()

    # -- drawing -----------------------------------------------------------------------------

    def _draw(self) -> None:
        if self.drawing is None or self.scene is None:
            return
        self.comparison = None
        self._resolved = True
        truth = None
        model = self.shown.density if self.shown is not None else None
        if model is not None and self.scene.truth is not None:
            truth = self._truth_on(model)
            area = cell(truth.shape, model.extent)
            self._resolved = abs(np.exp(truth).sum() * area - 1) < UNRESOLVED
            fine = self._resolved and model.log_prob.shape[-1] >= FINE
            if model.kind != "samples" and fine:
                self.comparison = compare(truth, model.log_prob.astype(np.float64), area)
        self.drawing.show_model(model, truth, "not trained yet")
        self._write()

    def _truth_on(self, model: Density) -> np.ndarray:
        shape = model.log_prob.shape
        assert self.scene is not None
        assert self.scene.truth is not None
        if self._truth_at is None or self._truth_at[0] != shape:
            self._truth_at = (shape, resampled(self.scene.truth, shape, model.extent))
        return self._truth_at[1]

    def _write(self) -> None:
        if self.shown is None:
            self.header.set_badges(ONLY_SAMPLES if self.only_samples else "")
        else:
            tilted = self.shown.density.tilted
            kind = ONLY_SAMPLES if self.only_samples else KINDS[self.shown.density.kind]
            self.header.set_badges(kind, f"guided · {tilted}" if tilted else "")
        self.header.set_info(*(self._values() if self._cursor is not None else self._numbers()))

    def _numbers(self) -> list[str]:
        if self.shown is None:
            return []
        density = self.shown.density
        parts = []
        if self.comparison is not None:
            bound = density.kind == "bound"
            parts.append(f"KL(p‖q) {'≤ ' if bound else ''}{number(self.comparison.forward)}")
            if not bound:  # a bound is not a density: what it says of its own samples is none of theirs
                parts.append(f"KL(q‖p) {number(self.comparison.reverse)}")
        if self._resolved or density.kind == "samples":
            parts.append(f"∫q {'≥ ' if density.kind == 'bound' else ''}{density.integral:.3f}")
        parts.append(f"step {self.shown.step:,}")
        return parts

    def _values(self) -> list[str]:
        assert self._cursor is not None
        x, y = self._cursor
        line = isinstance(self.drawing, DensityLine)
        parts = [f"x {x:.2f}" if line else f"({x:.2f}, {y:.2f})"]
        truth = self.scene.truth if self.scene is not None else None
        values = []
        for name, density in (("truth", truth), ("model", self.shown.density if self.shown else None)):
            value = value_at(density, x, y) if density is not None else None
            if value is not None:
                values.append(value)
                parts.append(f"{name} {math.exp(value):.3g}")
        if len(values) == 2:
            parts.append(f"log p/q {number(values[0] - values[1])}")
        return [part.replace("-", "−") for part in parts]

    def _hover(self, axes: Axes | None, x: float, y: float) -> None:
        cursor = None if axes is None else (x, y)
        if cursor != self._cursor and self.drawing is not None:
            self._cursor = cursor
            self.drawing.show_cross(x, y, cursor is not None)
            self.drawing.setCursor(Qt.CursorShape.CrossCursor)
            self._write()

    def apply_theme(self, theme: Theme) -> None:
        super().apply_theme(theme)
        for canvas in (self.line, self.plane):
            if canvas is not None:
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

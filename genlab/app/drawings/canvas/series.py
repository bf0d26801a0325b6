"""Many series over time in one view: hairlines in a few colours."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PySide6.QtGui import QColor

from genlab.app.common.theme import Theme
from genlab.app.drawings.canvas.axes import Axes
from genlab.app.drawings.canvas.canvas import Canvas
from genlab.app.drawings.canvas.curve_item import Curve
from genlab.app.drawings.canvas.decimation import envelope
from genlab.app.drawings.canvas.key_row import Key, KeyRow
from genlab.data.payloads import Extent
from genlab.settings.spaces import Signal as SignalSpace

Series = NDArray[np.floating]
MOST = 24
"""At most so many series of a colour are drawn."""


class SeriesCanvas(Canvas):
    """One curve item for each colour, its series broken apart by gaps."""

    def __init__(self, theme: Theme, name: str) -> None:
        super().__init__(theme, name)
        self.view_axes = self.add_axes("free", grid=True)
        self.curves: list[Curve] = []
        self.keys = KeyRow(theme, f"{name}.keys")
        self.rate = 1.0
        self.pointer: tuple[float, float] | None = None
        self.hovered.connect(self._hover)

    def set_space(self, space: SignalSpace, extent: Extent) -> None:
        """Take how long the series are, and the range to begin with."""
        self.rate = space.rate
        self.view_axes.zoomed = False
        self.view_axes.set_home(extent)

    def show_series(self, groups: Sequence[tuple[str, Series, QColor]]) -> None:
        """Draw groups of series (n, length), each of one name and colour, later ones on top."""
        for curve in self.curves[len(groups) :]:
            curve.hide()
        for place, (_, series, colour) in enumerate(groups):
            if place == len(self.curves):
                self.curves.append(Curve(self.view_axes.view, z=place))
                self.view_axes.add(self.curves[place])
            self.curves[place].show()
            self.curves[place].set_colour(colour)
            self.curves[place].set_data(*self._joined(series[:MOST]))
        keys = [Key(name, colour.name()) for name, _, colour in groups if name]
        self.keys.show_keys(keys if len(keys) > 1 else [], "value over seconds")

    def reading(self) -> tuple[str, ...]:
        """The time and the value under the cursor."""
        if self.pointer is None:
            return ()
        return f"{self.pointer[0]:.4g} s", f"{self.pointer[1]:.3g}".replace("-", "−")

    def apply_theme(self, theme: Theme) -> None:
        super().apply_theme(theme)
        self.keys.apply_theme(theme)

    def _joined(self, series: Series) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        left, right = self.view_axes.home[:2]
        columns = max(int(self.view_axes.view.width()), 50)
        time = np.arange(series.shape[1]) / self.rate
        xs, ys = [np.zeros(0)], [np.zeros(0)]
        for row in np.asarray(series, np.float64):
            x, y = envelope(time, row, row, left, right, columns)
            xs += [x, np.array([np.nan])]
            ys += [y, np.array([np.nan])]
        return np.concatenate(xs), np.concatenate(ys)

    def _hover(self, axes: Axes | None, x: float, y: float) -> None:
        self.pointer = None if axes is None else (x, y)

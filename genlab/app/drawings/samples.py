"""Samples of the model over real data: points, histogram, or one montage of images."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QLabel, QWidget

from genlab.app.common.theme import Theme
from genlab.app.drawings.canvas.montage import Montage
from genlab.app.drawings.samples_line import SamplesLine
from genlab.app.drawings.samples_plane import SamplesPlane
from genlab.app.drawings.scene import Scene, window_of
from genlab.app.views.panel import Panel
from genlab.data.payloads import Extent, Samples
from genlab.engine.protocol import Answer
from genlab.settings.paradigm import PanelInfo
from genlab.settings.spaces import Images, Points


class SamplesPanel(Panel):
    """What the model makes, at the scrubbed position of its trajectory."""

    def __init__(self, info: PanelInfo, theme: Theme) -> None:
        super().__init__(info, theme)
        self.samples: Samples | None = None
        self.step: int | None = None
        self.pair = (0, 1)
        self.plane = SamplesPlane(theme, f"{self.objectName()}.plane")
        self.line = SamplesLine(theme, f"{self.objectName()}.line")
        self.montage = Montage(theme, f"{self.objectName()}.montage")
        self.pairs = QWidget()
        self._build_pairs()
        for widget in (self.pairs, self.plane, self.line, self.montage):
            widget.hide()
            self.body.addWidget(widget)
        self.class_action = self.add_switch(
            "Colour by class", False, self._changed, "Colour points by label; lay images out by class"
        )
        self.real_action = self.add_switch(
            "Real data", True, self._changed, "Held-out data behind the model's"
        )
        self.menu.addAction("Reset zoom").triggered.connect(self.reset_zoom)
        self.add_standard_actions()

    def _build_pairs(self) -> None:
        row = QHBoxLayout(self.pairs)
        row.setContentsMargins(6, 0, 6, 4)
        self.selectors: list[QComboBox] = []
        for axis, text in enumerate(("Across", "Up")):
            box = QComboBox()
            box.setObjectName(f"{self.objectName()}.axis.{axis}")
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

    # -- feeding -----------------------------------------------------------------------------

    def set_scene(self, scene: Scene) -> None:
        self.scene = scene
        space = scene.space
        images = isinstance(space, Images)
        dim = space.dim if isinstance(space, Points) else 0
        for widget, on in (
            (self.montage, images),
            (self.line, dim == 1),
            (self.plane, dim >= 2),
            (self.pairs, dim > 2),
        ):
            widget.setVisible(on)
        self.class_action.setEnabled(bool(scene.labels))
        self.class_action.blockSignals(True)
        self.class_action.setChecked(images and bool(scene.labels))
        self.class_action.blockSignals(False)
        if dim > 2:
            self._fill_pairs(dim)
        if dim == 1:
            self.line.show_scene(scene)
        elif dim >= 2:
            self.plane.set_extent(self._extent())
        if self.samples is not None and self.samples.x.shape[1:] != space.event:
            self.clear_run()
        self.touch()

    def show_answer(self, answer: Answer) -> None:
        if isinstance(answer.payload, Samples):
            self._take(answer.payload, answer.step)

    def show_frames(self, frames: Sequence[Samples], position: int, step: int) -> None:
        if frames:
            self._take(frames[min(max(position, 0), len(frames) - 1)], step)

    def _take(self, samples: Samples, step: int) -> None:
        self.samples, self.step = samples, step
        self.touch()

    def clear_run(self) -> None:
        self.samples = self.step = None
        self.touch()

    # -- the menu ----------------------------------------------------------------------------

    def _changed(self, _: bool = False) -> None:
        self.touch()

    def reset_zoom(self) -> None:
        """Show the whole range again."""
        for canvas in (self.plane, self.line):
            canvas.axes[0].go_home()

    def _fill_pairs(self, dim: int) -> None:
        self.pair = (0, 1)
        for axis, box in enumerate(self.selectors):
            box.blockSignals(True)
            box.clear()
            box.addItems([f"x{k + 1}" for k in range(dim)])
            box.setCurrentIndex(axis)
            box.blockSignals(False)

    def _pick_pair(self, _: int) -> None:
        self.pair = (self.selectors[0].currentIndex(), self.selectors[1].currentIndex())
        self.plane.set_extent(self._extent())
        self.touch()

    def _extent(self) -> Extent:
        """Where points are drawn: the scene's window, or for a pair of many axes the data's range."""
        assert self.scene is not None
        assert isinstance(self.scene.space, Points)
        if self.scene.space.dim == 2 or self.scene.reference is None:
            return window_of(self.scene)
        chosen = self.scene.reference.x[:, list(self.pair)]
        low, high = np.quantile(chosen, [0.001, 0.999], axis=0)
        margin = 0.1 * np.maximum(high - low, 1e-6)
        (x0, y0), (x1, y1) = (low - margin).tolist(), (high + margin).tolist()
        return x0, x1, y0, y1

    # -- drawing -----------------------------------------------------------------------------

    def _draw(self) -> None:
        scene = self.scene
        if scene is None:
            return
        real = scene.reference if self.real_action.isChecked() else None
        by_class = self.class_action.isChecked()
        if isinstance(scene.space, Images):
            self._draw_images(scene, scene.space, by_class)
        elif scene.space.dim == 1:
            self.line.show_samples(self.samples, scene.labels if by_class else ())
        else:
            self.plane.show_samples(self.samples, real, self.pair, scene.labels if by_class else ())
        self._write(scene)

    def _draw_images(self, scene: Scene, space: Images, by_class: bool) -> None:
        shown = self.samples if self.samples is not None else scene.reference
        if shown is None:
            self.montage.clear()
            return
        # One label throughout ('a class was asked for') needs no rows by class.
        several = shown.labels is not None and len(np.unique(shown.labels)) > 1
        names = scene.labels if by_class and several else ()
        self.montage.show_images(shown.x[:200], space, shown.labels, names)

    def _write(self, scene: Scene) -> None:
        samples, reference = self.samples, scene.reference
        images = isinstance(scene.space, Images)
        if samples is None:
            self.header.set_badges("real data" if images else "")
            self.header.set_info(
                f"{len(reference.x):,} held out" if reference is not None and not images else ""
            )
            return
        ema = getattr(scene.session.training, "ema", 0) > 0
        self.header.set_badges("EMA" if ema else "", samples.tilted)
        self.header.set_info(
            f"{len(samples.x):,} model",
            f"{len(reference.x):,} held out" if reference is not None and not images else "",
            f"step {self.step:,}" if self.step is not None else "",
        )

    def apply_theme(self, theme: Theme) -> None:
        super().apply_theme(theme)
        for widget in (self.plane, self.line, self.montage):
            widget.apply_theme(theme)

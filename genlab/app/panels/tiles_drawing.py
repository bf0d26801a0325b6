"""Images in rows, each row with its title: one picture with whole pixels."""

from __future__ import annotations

import numpy as np

from genlab.app.panels.drawing import Drawing, Remark
from genlab.app.panels.montage import Montage
from genlab.app.panels.scene import Scene
from genlab.app.theme import Theme
from genlab.data.payloads import Tiles
from genlab.settings.spaces import ImageSpace


class TilesDrawing(Drawing):
    """A montage whose rows are the payload's own."""

    def __init__(self, theme: Theme, name: str) -> None:
        super().__init__(theme, name)
        self.levels: int | None = None
        self.montage = Montage(theme, f"{name}.montage")
        self.remark = Remark(f"{name}.note")
        self.body.addWidget(self.montage, 1)
        self.body.addWidget(self.remark)

    def set_scene(self, scene: Scene) -> None:
        self.levels = scene.space.levels if isinstance(scene.space, ImageSpace) else None

    def show_payload(self, payload: Tiles) -> tuple[str, ...]:
        images = payload.images if payload.images.ndim == 5 else payload.images[:, :, None]
        rows, columns, channels, height, width = images.shape
        levels = self.levels or int(np.ceil(np.nanmax(images, initial=1.0))) + 1
        names = payload.row_titles or ("",) * rows
        self.montage.title = "" if payload.title.casefold() == self.title.casefold() else payload.title
        self.montage.setAccessibleName(payload.title)
        self.montage.show_images(
            images.reshape(rows * columns, channels, height, width),
            ImageSpace(channels, height, width, levels),
            np.repeat(np.arange(rows), columns),
            names,
        )
        self.remark.show_text(payload.note)
        return ()

    def apply_theme(self, theme: Theme) -> None:
        super().apply_theme(theme)
        self.montage.apply_theme(theme)

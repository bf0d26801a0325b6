"""Samples that are images: one montage, by class where asked."""

from __future__ import annotations

import numpy as np

from genlab.app.common.theme import Theme
from genlab.app.drawings.canvas.montage import Montage
from genlab.app.drawings.samples.view import Look, SamplesView
from genlab.data.payloads import Samples
from genlab.settings.spaces import Images

MOST = 200


class ImagesView(SamplesView):
    """Tiles as large as there is room for."""

    alone = True
    classed = True

    def __init__(self, theme: Theme, name: str) -> None:
        super().__init__(theme, name)
        self.montage = Montage(theme, f"{name}.montage")
        self.body.addWidget(self.montage)

    def show_samples(self, samples: Samples | None, look: Look) -> None:
        scene = self.scene
        shown = samples if samples is not None or scene is None else scene.reference
        if shown is None or scene is None or not isinstance(scene.space, Images):
            self.montage.clear()
            return
        # One label throughout ('a class was asked for') needs no rows by class.
        labels = None if shown.labels is None else shown.labels[:MOST]
        several = labels is not None and len(np.unique(labels)) > 1
        self.montage.show_images(shown.x[:MOST], scene.space, labels, look.classes if several else ())

    def apply_theme(self, theme: Theme) -> None:
        super().apply_theme(theme)
        self.montage.apply_theme(theme)

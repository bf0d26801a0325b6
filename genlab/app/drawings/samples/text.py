"""Samples that are text: a line each, by class where asked, tokens coloured by how probable they were."""

from __future__ import annotations

import math

import numpy as np

from genlab.app.common.theme import Theme
from genlab.app.common.words import visible
from genlab.app.drawings.canvas.raster import density_colours
from genlab.app.drawings.canvas.scale_strip import ScaleStrip
from genlab.app.drawings.canvas.text_sheet import Block, Line, TextSheet
from genlab.app.drawings.samples.view import Look, SamplesView
from genlab.data.payloads import Samples
from genlab.settings.spaces import Tokens

END = "∎"
"""What stands for the end of a sequence where its probability is shown."""


class TextView(SamplesView):
    """Text of the model; of the data until there is some."""

    alone = True

    def __init__(self, theme: Theme, name: str) -> None:
        super().__init__(theme, name)
        self.sheet = TextSheet(theme, f"{name}.text")
        self.strip = ScaleStrip(theme, f"{name}.scale")
        self.body.addWidget(self.sheet, 1)
        self.body.addWidget(self.strip)
        self.sheet.hovered.connect(self._hover)
        self._pointed: tuple[int, int, int] = (-1, -1, -1)
        self._rows: list[list[int]] = []
        self._samples: Samples | None = None

    def show_samples(self, samples: Samples | None, look: Look) -> None:
        scene = self.scene
        shown = samples if samples is not None or scene is None else scene.reference
        self._samples = shown
        self._pointed = (-1, -1, -1)
        if shown is None or scene is None or not isinstance(scene.space, Tokens):
            self._rows = []
            self.sheet.show_blocks((), density_colours(self.theme.density_map))
            return
        space = scene.space
        low = lowest(space)
        coloured = look.probability and shown.token_log_prob is not None
        groups = grouped(shown, look.classes)
        self._rows = [rows for _, rows in groups]
        palette = self.theme.okabe_ito
        blocks = [
            Block(
                tuple(line_of(shown, row, space, low if coloured else None) for row in rows),
                look.classes[label] if 0 <= label < len(look.classes) else "",
                palette[label % len(palette)],
            )
            for label, rows in groups
        ]
        colours = density_colours(self.theme.density_map)
        self.sheet.show_blocks(blocks, colours)
        if coloured:
            ends = f"{low:.1f} nats or less".replace("-", "−")
            self.strip.show_scale("Log probability of a token", ends, "0, certain", colours)
        else:
            self.strip.hide()

    def reading(self) -> tuple[str, ...]:
        block, line, place = self._pointed
        shown, scene = self._samples, self.scene
        if line < 0 or shown is None or scene is None or not isinstance(scene.space, Tokens):
            return ()
        row = self._rows[block][line]
        token = int(shown.x[row, place])
        name = "end" if token == scene.space.end else f"‘{visible(scene.space.vocabulary[token])}’"
        if shown.token_log_prob is None:
            return (f"{name} at {place + 1}",)
        value = float(shown.token_log_prob[row, place])
        return (
            f"{name} at {place + 1}",
            f"probability {math.exp(value):.3g}",
            f"{value:.2f} nats".replace("-", "−"),
        )

    def apply_theme(self, theme: Theme) -> None:
        super().apply_theme(theme)
        self.sheet.apply_theme(theme)
        self.strip.apply_theme(theme)

    def _hover(self, block: int, line: int, place: int) -> None:
        if (block, line, place) != self._pointed:
            self._pointed = (block, line, place)
            self.moved.emit()


def lowest(space: Tokens) -> float:
    """Where the colours end, nats: a guess among all tokens lies in their middle."""
    return -2.0 * math.log(max(len(space.vocabulary), 2))


def grouped(samples: Samples, classes: tuple[str, ...]) -> list[tuple[int, list[int]]]:
    """Rows of samples by their label, or all of them under -1 where classes are not told apart."""
    if not classes or samples.labels is None:
        return [(-1, list(range(len(samples.x))))]
    return [
        (label, np.flatnonzero(samples.labels == label).tolist())
        for label in np.unique(samples.labels).tolist()
    ]


def line_of(samples: Samples, row: int, space: Tokens, low: float | None) -> Line:
    """A row as it is drawn. low: the log probability where the colours end; None: uncoloured."""
    tokens = samples.x[row]
    words = space.words(tokens)
    if low is None or samples.token_log_prob is None:
        return Line(words)
    if len(words) < len(tokens):
        words = (*words, END)
    values = samples.token_log_prob[row, : len(words)].astype(np.float64)
    return Line(words, np.clip(1.0 - values / low, 0.0, 1.0))

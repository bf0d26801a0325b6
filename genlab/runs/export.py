"""Samples as files: pictures as PNG with their recipe inside, values as NPZ or CSV, text as lines."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, assert_never

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from genlab.data.payloads import Data, Extent, Labels
from genlab.runs.atomic import RunError, replacing, write_bytes
from genlab.runs.plot import plot_points
from genlab.runs.plot_lines import plot_lines
from genlab.runs.plot_text import plot_text
from genlab.runs.recipe import png_text
from genlab.settings.spaces import Images, Points, Signal, Space, Tokens

BETWEEN = 48


def samples_grid(
    x: Data,
    space: Space,
    labels: Labels | None = None,
    *,
    columns: int | None = None,
    scale: int | None = None,
    padding: int = 2,
    by_class: bool = False,
    reference: Data | None = None,
    extent: Extent | None = None,
    title: str = "",
) -> Image.Image:
    """A picture of samples x (n, *event): images as a montage, points as a plot over reference points, text
    in columns, signals as lines.

    columns: tiles per row, by default as many as rows; of text and signals how many columns. scale: screen
    pixels per pixel; padding: screen pixels between tiles. by_class: a row of tiles per label, or a column of
    text, in their order. reference and extent serve points alone, title all but images."""
    match space:
        case Images():
            groups = labels if by_class else None
            return _montage(x, space, groups, columns=columns, scale=scale, padding=padding)
        case Points():
            return plot_points(x, reference, extent, title=title)
        case Tokens():
            groups = labels if by_class else None
            return plot_text(space.texts(x), groups, columns=columns, title=title)
        case Signal():
            return plot_lines(x, space.length / space.rate, columns=columns, title=title)
        case _:
            assert_never(space)


def _montage(
    x: Data, space: Images, labels: Labels | None, *, columns: int | None, scale: int | None, padding: int
) -> Image.Image:
    tiles = to_pixels(x, space)
    if labels is not None:
        groups = [np.flatnonzero(labels == label) for label in np.unique(labels)]
        across = min(columns or 16, max((len(group) for group in groups), default=1))
        rows = [group[:across] for group in groups]
    else:
        across = min(columns or int(np.ceil(np.sqrt(len(x)))), max(1, len(x)))
        rows = [np.arange(i, min(i + across, len(x))) for i in range(0, len(x), across)]
    zoom = scale or max(1, round(48 / max(space.height, space.width)))
    high, wide = space.height * zoom, space.width * zoom
    down = max(1, len(rows))
    sheet = np.full(
        (down * (high + padding) + padding, across * (wide + padding) + padding, 3), BETWEEN, np.uint8
    )
    for row, members in enumerate(rows):
        for column, index in enumerate(members):
            top, left = padding + row * (high + padding), padding + column * (wide + padding)
            sheet[top : top + high, left : left + wide] = tiles[index].repeat(zoom, 0).repeat(zoom, 1)
    return Image.fromarray(sheet)


def to_pixels(x: Data, space: Images) -> NDArray[np.uint8]:
    """Images (n, channels, height, width) with levels 0 .. levels - 1 as RGB (n, height, width, 3)."""
    shade = np.clip(np.rint(np.nan_to_num(x)), 0, space.levels - 1) * (255 / (space.levels - 1))
    tiles = np.moveaxis(np.rint(shade).astype(np.uint8), 1, -1)
    return np.broadcast_to(tiles, (*tiles.shape[:3], 3))


def save_png(image: Image.Image, path: str | Path, recipe: Mapping[str, Any]) -> None:
    """Write a picture with its recipe. Raises RunError."""
    with replacing(Path(path)) as file:
        image.save(file, "PNG", pnginfo=png_text(recipe))


def save_npz(
    path: str | Path,
    samples: Data,
    labels: Labels | None,
    seed: int,
    *,
    space: Space | None = None,
    **more: Any,
) -> None:
    """Write `samples` in their dtype, `labels` if any, `seed` and further arrays. Raises RunError.

    space: of the samples; of text its `vocabulary` is written too, and the token `end` where there is one."""
    arrays = {"samples": samples, "seed": np.int64(seed), **more}
    if labels is not None:
        arrays["labels"] = labels
    if isinstance(space, Tokens):
        arrays["vocabulary"] = np.array(space.vocabulary)
        if space.end is not None:
            arrays["end"] = np.int64(space.end)
    with replacing(Path(path)) as file:
        np.savez(file, allow_pickle=False, **arrays)


def save_npy(path: str | Path, array: NDArray[Any]) -> None:
    """Write one array. Raises RunError."""
    with replacing(Path(path)) as file:
        np.save(file, array, allow_pickle=False)


def save_txt(path: str | Path, samples: Data, space: Tokens) -> None:
    """Write the text of each sample as a line. Raises RunError, also for texts that have line breaks."""
    texts = space.texts(samples)
    if any("\n" in text or "\r" in text for text in texts):
        raise RunError(f"{path} cannot have a line per sample: some hold line breaks; save them as .csv")
    write_bytes(Path(path), "".join(f"{text}\n" for text in texts).encode())


def save_csv(
    path: str | Path,
    samples: Data,
    labels: Labels | None,
    names: Sequence[str] = (),
    space: Space | None = None,
) -> None:
    """Write `csv_text`. Raises RunError."""
    write_bytes(Path(path), csv_text(samples, labels, names, space).encode())


def csv_text(
    samples: Data, labels: Labels | None, names: Sequence[str] = (), space: Space | None = None
) -> str:
    """A row per sample: its cells, then its label (by name where names are given).

    space: what the samples are, which says what a datum's cells are; without it they are numbers."""
    written = space or Points(int(np.prod(samples.shape[1:])))
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([*written.columns, *(["label"] if labels is not None else [])])
    for index, datum in enumerate(samples):
        cells: list[Any] = written.cells(datum)
        if labels is not None:
            label = int(labels[index])
            cells.append(names[label] if 0 <= label < len(names) else label)
        writer.writerow(cells)
    return text.getvalue()

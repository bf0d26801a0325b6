"""Samples as files: grids and plots as PNG with their recipe inside, numbers as NPZ or CSV."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from genlab.data.payloads import Array, Extent, Labels
from genlab.runs.atomic import replacing, write_bytes
from genlab.runs.plot import plot_points
from genlab.runs.recipe import png_text
from genlab.settings.spaces import Images, Space

BETWEEN = 48


def samples_grid(
    x: Array,
    space: Space,
    labels: Labels | None = None,
    *,
    columns: int | None = None,
    scale: int | None = None,
    padding: int = 2,
    by_class: bool = False,
    reference: Array | None = None,
    extent: Extent | None = None,
    title: str = "",
) -> Image.Image:
    """A picture of samples x (n, *event): images as a montage, points as a plot over reference points.

    columns: tiles per row, by default as many as rows. scale: screen pixels per pixel; padding:
    screen pixels between tiles. by_class: a row per label, in their order. reference, extent and
    title serve plots alone."""
    if not isinstance(space, Images):
        return plot_points(x, reference, extent, title=title)
    tiles = to_pixels(x, space)
    if by_class and labels is not None:
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


def to_pixels(x: Array, space: Images) -> NDArray[np.uint8]:
    """Images (n, channels, height, width) with levels 0 .. levels - 1 as RGB (n, height, width, 3)."""
    shade = np.clip(np.rint(np.nan_to_num(x)), 0, space.levels - 1) * (255 / (space.levels - 1))
    tiles = np.moveaxis(np.rint(shade).astype(np.uint8), 1, -1)
    return np.broadcast_to(tiles, (*tiles.shape[:3], 3))


def save_png(image: Image.Image, path: str | Path, recipe: Mapping[str, Any]) -> None:
    """Write a picture with its recipe. Raises RunError."""
    with replacing(Path(path)) as file:
        image.save(file, "PNG", pnginfo=png_text(recipe))


def save_npz(path: str | Path, samples: Array, labels: Labels | None, seed: int, **more: Any) -> None:
    """Write `samples`, `labels` if any, `seed` and further arrays. Raises RunError."""
    arrays = {"samples": samples, "seed": np.int64(seed), **more}
    if labels is not None:
        arrays["labels"] = labels
    with replacing(Path(path)) as file:
        np.savez(file, allow_pickle=False, **arrays)


def save_npy(path: str | Path, array: NDArray[Any]) -> None:
    """Write one array. Raises RunError."""
    with replacing(Path(path)) as file:
        np.save(file, array, allow_pickle=False)


def save_csv(path: str | Path, samples: Array, labels: Labels | None, names: Sequence[str] = ()) -> None:
    """Write `csv_text`. Raises RunError."""
    write_bytes(Path(path), csv_text(samples, labels, names).encode())


def csv_text(samples: Array, labels: Labels | None, names: Sequence[str] = ()) -> str:
    """A row per sample: its values, flattened, then its label (by name where names are given)."""
    rows = samples.reshape(len(samples), -1)
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(
        [*(f"x{i + 1}" for i in range(rows.shape[1])), *(["label"] if labels is not None else [])]
    )
    for index, row in enumerate(rows):
        cells: list[Any] = [f"{v:.9g}" for v in row]
        if labels is not None:
            label = int(labels[index])
            cells.append(names[label] if 0 <= label < len(names) else label)
        writer.writerow(cells)
    return text.getvalue()

"""A folder of images as one array of small images of a common size."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from genlab.data.dataset import DataError
from genlab.data.files.bounds import MAX_CLASSES
from genlab.data.payloads import Array, Labels

MAX_SIDE = 32
MIN_SIDE = 4
MAX_PIXELS = 50_000_000
MAX_VALUES = 2**28
"""Of all images together after resizing: 1 GiB as float32."""

_SUFFIXES = (".png", ".jpg", ".jpeg", ".bmp")
_FORMATS = ("PNG", "JPEG", "BMP")
_GREY = ("1", "L", "LA", "I", "I;16", "I;16B", "I;16L")


def read_images(folder: Path) -> tuple[Array, tuple[str, ...], Labels | None]:
    """Images (n, channels, side, side) with levels 0 to 255, names of the classes, labels.

    Images of one common size up to 32 x 32 stay as they are. Otherwise each is cropped to its central
    square and resized to the side of the smallest, at most 32. One channel where all are grey, else
    three; what is transparent becomes white. Subfolders are classes. Raises DataError.
    """
    files, names, labels = _find(folder)
    heads = [_head(file) for file in files]
    size = _common_size([head[0] for head in heads])
    channels = 1 if all(mode in _GREY for _, mode in heads) else 3
    if len(files) * channels * size[0] * size[1] > MAX_VALUES:
        raise DataError(f"'{folder.name}' holds {len(files)} images, more than GenLab keeps in memory.")
    x = np.empty((len(files), channels, size[1], size[0]), dtype=np.float32)
    for row, file in enumerate(files):
        x[row] = _pixels(file, size, channels)
    return x, names, labels


def _find(folder: Path) -> tuple[list[Path], tuple[str, ...], Labels | None]:
    top = _images(folder)
    classes = {
        sub.name: found
        for sub in sorted(folder.iterdir())
        if sub.is_dir() and not sub.name.startswith(".") and (found := _images(sub))
    }
    if top and classes:
        raise DataError(
            f"'{folder.name}' has images beside its subfolders; put each into the subfolder of its class."
        )
    if not top and not classes:
        raise DataError(f"'{folder.name}' holds no images (.png, .jpg or .bmp).")
    if top:
        return top, (), None
    if len(classes) > MAX_CLASSES:
        raise DataError(
            f"'{folder.name}' has {len(classes)} subfolders; GenLab takes at most {MAX_CLASSES} classes."
        )
    files = [file for found in classes.values() for file in found]
    labels = np.repeat(np.arange(len(classes)), [len(found) for found in classes.values()])
    names = tuple(" ".join(name.split()) for name in classes)
    return files, names, labels.astype(np.int64)


def _images(folder: Path) -> list[Path]:
    return sorted(
        file
        for file in folder.iterdir()
        if file.suffix.lower() in _SUFFIXES and not file.name.startswith(".") and file.is_file()
    )


def _open(file: Path) -> Image.Image:
    try:
        with warnings.catch_warnings():
            # The bound on pixels below is ours, and stricter.
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            return Image.open(file, formats=_FORMATS)
    except Image.DecompressionBombError as error:
        raise DataError(f"'{file.name}' has more pixels than GenLab opens.") from error
    except (UnidentifiedImageError, SyntaxError, ValueError) as error:
        raise DataError(f"'{file.name}' is not a readable image.") from error


@contextmanager
def _whole(file: Path) -> Iterator[None]:
    """Say which file is damaged when Pillow stumbles over its content."""
    try:
        yield
    except (OSError, SyntaxError, ValueError) as error:
        raise DataError(f"'{file.name}' is damaged: its pixels cannot be read.") from error


def _head(file: Path) -> tuple[tuple[int, int], str]:
    """(width, height) and colour mode, from the header alone."""
    with _open(file) as image:
        width, height = image.size
        if width * height > MAX_PIXELS:
            raise DataError(f"'{file.name}' has {width} x {height} pixels, more than GenLab opens.")
        if min(width, height) < MIN_SIDE:
            raise DataError(
                f"'{file.name}' has {width} x {height} pixels; GenLab needs at least {MIN_SIDE} a side."
            )
        with _whole(file):
            turned = image.getexif().get(0x0112, 1) >= 5
        return ((height, width) if turned else (width, height)), image.mode


def _common_size(sizes: list[tuple[int, int]]) -> tuple[int, int]:
    if len(set(sizes)) == 1 and max(sizes[0]) <= MAX_SIDE:
        return sizes[0]
    side = min(MAX_SIDE, *(min(size) for size in sizes))
    return side, side


def _pixels(file: Path, size: tuple[int, int], channels: int) -> Array:
    """One image as (channels, height, width)."""
    with _open(file) as opened, _whole(file):
        image = ImageOps.exif_transpose(opened)
        if image.mode.startswith("I"):
            # 16-bit grey: Pillow's own conversion clips instead of scaling.
            wide = np.asarray(image, dtype=np.float64) / 257
            image = Image.fromarray(np.clip(np.rint(wide), 0, 255).astype(np.uint8))
        if image.has_transparency_data:
            layer = image.convert("RGBA")
            white = Image.new("RGBA", layer.size, "white")
            image = Image.alpha_composite(white, layer)
        image = image.convert("L" if channels == 1 else "RGB")
        if image.size != size:
            image = ImageOps.fit(image, size, method=Image.Resampling.BOX)
    array = np.asarray(image, dtype=np.float32)
    return array[None] if channels == 1 else np.ascontiguousarray(array.transpose(2, 0, 1))

"""What is known of a person's own data without reading them again."""

from __future__ import annotations

from typing import Literal, assert_never

from genlab.data.dataset import DataError, Dataset
from genlab.data.files.bounds import MAX_LINE
from genlab.data.record import DatasetRecord
from genlab.settings.fields import Settings, setting
from genlab.settings.spaces import Images, Points, Space, Tokens

END = "\n"
"""The token that ends a line."""


class FileSettings(Settings):
    """What is known of a person's own data without reading it again; never where it lies."""

    name: str = setting("", "Name of the file or folder, without its ending.")
    sha256: str = setting("", "SHA-256 of the values and labels.", label="SHA-256")
    kind: Literal["points", "images", "text"] = setting(
        "points", "What the data are.", names={"points": "Points", "images": "Images", "text": "Text"}
    )
    rows: int = setting(0, "Number of examples.", ge=0)
    dim: int = setting(1, "Values per point.", ge=1, le=64, when=("kind", ("points",)))
    channels: int = setting(1, "Channels: 1 grey, 3 colour.", ge=1, le=3, when=("kind", ("images",)))
    height: int = setting(1, "Height of an image.", unit="px", ge=1, le=32, when=("kind", ("images",)))
    width: int = setting(1, "Width of an image.", unit="px", ge=1, le=32, when=("kind", ("images",)))
    levels: int = setting(256, "Levels of a pixel.", ge=2, le=256, when=("kind", ("images",)))
    length: int = setting(
        1,
        "Tokens of the longest line, its end counted.",
        unit="tokens",
        ge=1,
        le=MAX_LINE + 1,
        when=("kind", ("text",)),
    )
    vocabulary: str = setting(
        "", "The characters that lines are made of, in the order of their tokens.", when=("kind", ("text",))
    )
    labels: str = setting("", "Names of the classes, one per line; empty where there are none.")
    split_seed: int = setting(0, "Seed of the split into training, validation and test parts.", ge=0)


def space_of_file(settings: FileSettings) -> Space:
    """The space that a person's own data live in."""
    match settings.kind:
        case "points":
            return Points(settings.dim)
        case "images":
            return Images(settings.channels, settings.height, settings.width, settings.levels)
        case "text":
            return Tokens(settings.length, (*settings.vocabulary, END), len(settings.vocabulary))
        case _:
            assert_never(settings.kind)


def _labels(settings: FileSettings) -> tuple[str, ...]:
    return tuple(settings.labels.split("\n")) if settings.labels else ()


def _about(settings: FileSettings) -> tuple[str, str]:
    classes = f", {len(_labels(settings))} classes" if settings.labels else ""
    match settings.kind:
        case "points" | "images":
            shape = " x ".join(str(size) for size in space_of_file(settings).event)
            held = f"{settings.kind}: {settings.rows} of {shape}"
        case "text":
            held = f"text: {settings.rows} lines of at most {settings.length - 1} characters"
            held += f" out of {len(settings.vocabulary)}"
        case _:
            assert_never(settings.kind)
    return settings.name, f"Your own {held}{classes}."


def _make(settings: FileSettings) -> Dataset:
    raise DataError("Your own data are read from their file, or from the copy in the folder of a run.")


FILE = DatasetRecord(
    "file",
    "Your own data",
    "Your own",
    "Points, images or text from a file or folder.",
    FileSettings,
    space_of_file,
    _labels,
    _make,
    about=_about,
)
"""The record of a person's own data, of whatever kind."""

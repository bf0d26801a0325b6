"""Where the files that ship with GenLab are found: wheel, editable install and frozen app alike."""

from __future__ import annotations

from importlib.resources import files
from importlib.resources.abc import Traversable


def resource(*parts: str) -> Traversable:
    """The shipped file or folder with this path below `resources/`."""
    return files("genlab.resources").joinpath(*parts)

"""What every exported picture tells about its origin: settings, seed, versions and step, as text inside."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from PIL import Image, UnidentifiedImageError
from PIL.PngImagePlugin import PngInfo

from genlab.runs import migrations
from genlab.runs.atomic import RunError, plain_reason

KEY = "genlab"


def recipe_of(manifest: Mapping[str, Any], step: int, **more: Any) -> dict[str, Any]:
    """The recipe of what a run shows at a step: enough to make it again, and no path of anyone's.

    more: what else decides the picture, such as the sampler's values or the number of samples."""
    kept = ("paradigm", "session", "seed", "dataset", "versions", "journal")
    about = {key: manifest[key] for key in kept if key in manifest}
    return {"format": migrations.RUN_FORMAT, **about, "step": step, **more}


def png_text(recipe: Mapping[str, Any]) -> PngInfo:
    """The recipe as a text chunk of a PNG, under the key 'genlab'."""
    info = PngInfo()
    info.add_text(KEY, json.dumps(recipe))
    return info


def read_recipe(path: str | Path) -> dict[str, Any]:
    """The recipe inside a PNG, in the newest format. Raises RunError where there is none."""
    try:
        with Image.open(path, formats=("PNG",)) as image:
            text = image.info.get(KEY)
    except (UnidentifiedImageError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise RunError(f"{path} is not a PNG picture") from error
    except OSError as error:
        raise RunError(f"{path} cannot be read: {plain_reason(error)}") from error
    if not isinstance(text, str):
        raise RunError(f"{path} carries no recipe of GenLab's")
    try:
        recipe = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise RunError(f"the recipe in {path} is damaged") from error
    format = recipe.get("format") if isinstance(recipe, dict) else None
    if not isinstance(format, int) or format < 1:
        raise RunError(f"the recipe in {path} is damaged")
    newest = migrations.RUN_FORMAT
    if format > newest:
        raise RunError(
            f"the recipe in {path} was written by a newer GenLab (format {format}; this one reads {newest})"
        )
    try:
        return migrations.migrate_recipe(recipe)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise RunError(f"the recipe in {path} is damaged") from error

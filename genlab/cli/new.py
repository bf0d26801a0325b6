"""genlab new: a plug-in package to start from, that works as it is written."""

from __future__ import annotations

import re
import shlex
import sys
from argparse import Namespace
from collections.abc import Iterator
from importlib.resources.abc import Traversable
from pathlib import Path

from genlab.api.errors import RequestError
from genlab.data.catalogue import DATASETS
from genlab.data.files.settings import FILE
from genlab.data.resources import resource
from genlab.session.catalogue import PARADIGMS

WORD = "starter"
"""What the templates call themselves; in class names with a capital."""


def new(arguments: Namespace) -> None:
    """Write a package into a new folder, and say what to do with it."""
    name, what = arguments.name, arguments.what
    taken = {"paradigm": [*PARADIGMS], "dataset": [*DATASETS, FILE.id]}[what]
    check_name(name)
    if name in taken:
        kind = {"paradigm": "paradigm", "dataset": "data set"}[what]
        raise RequestError(f"there is a {kind} '{name}' already")
    folder = Path(arguments.out or f"genlab-{name}")
    if folder.exists():
        raise RequestError(f"{folder} exists already")
    try:
        write(what, name, folder)
    except OSError as error:
        raise RequestError(f"{folder} cannot be written: {error.strerror}") from error
    print(f"pip install --editable {shlex.quote(str(folder.absolute()))}", file=sys.stderr)
    print(folder)


def check_name(name: str) -> None:
    """Raises RequestError where a name cannot be that of a plug-in."""
    if len(name) > 40 or not re.fullmatch("[a-z][a-z0-9]*(-[a-z0-9]+)*", name):
        raise RequestError(
            f"'{name}' cannot be the name of a plug-in: it begins with a small letter, and small letters, "
            "digits and single hyphens follow, 40 in all at most"
        )


def write(what: str, name: str, folder: Path) -> None:
    """Write the template of a paradigm or data set under another name. Raises OSError."""
    words = name.split("-")
    spellings = {
        f'"{WORD.capitalize()}"': f'"{" ".join(words).capitalize()}"',
        f"genlab_{WORD}": f"genlab_{'_'.join(words)}",
        f"test_{WORD}": f"test_{'_'.join(words)}",
        WORD.capitalize(): "".join(word.capitalize() for word in words),
        WORD: name,
    }

    every = re.compile("|".join(map(re.escape, spellings)))

    def renamed(text: str) -> str:
        return every.sub(lambda found: spellings[found.group()], text)

    for place, file in _files(resource("templates", what)):
        path = folder / renamed(place)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(renamed(file.read_text(encoding="utf-8")), encoding="utf-8")


def _files(folder: Traversable, above: str = "") -> Iterator[tuple[str, Traversable]]:
    """The text files under a folder with their places."""
    for each in sorted(folder.iterdir(), key=lambda file: file.name):
        place = f"{above}{each.name}"
        if each.is_dir() and each.name != "__pycache__":
            yield from _files(each, f"{place}/")
        elif each.is_file():
            yield place, each

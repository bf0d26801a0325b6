"""A new run in the place of an old one, which stays until the new one is there."""

from __future__ import annotations

import os
import re
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from genlab.runs.atomic import RunError, plain_reason
from genlab.runs.folder import FILES, read_manifest
from genlab.runs.lock import claim

_BESIDE = re.compile(r"\..*\.(tmp|lock)|\.DS_Store|metrics\.damaged(-\d+)?\.csv")
"""What a run, or the system, leaves beside it at times."""


@contextmanager
def fresh(path: Path, replace: bool = False) -> Iterator[None]:
    """A block that makes the run folder `path`, where nothing is yet.

    replace: an empty folder, or one that holds a run and nothing else, may be there; it is deleted when the
    block ends without an error, and is otherwise as before. Raises RunError."""
    if not os.path.lexists(path):
        yield
        return
    if not replace:
        raise RunError(f"{path} exists already")
    _check(path)
    aside = path.with_name(f".{path.name}.{secrets.token_hex(4)}.old")
    try:
        os.rename(path, aside)
    except OSError as error:
        raise RunError(f"{path} cannot be replaced: {plain_reason(error)}") from error
    try:
        yield
    except BaseException:
        shutil.rmtree(path, ignore_errors=True)
        try:
            os.rename(aside, path)
        except OSError as error:
            raise RunError(f"{path} could not be put back: what was there is in {aside}") from error
        raise
    shutil.rmtree(aside, ignore_errors=True)


def _check(path: Path) -> None:
    """Raises RunError unless a folder is empty, or a run that nobody trains, and nothing else."""
    if path.is_symlink() or not path.is_dir():
        raise RunError(f"{path} is not a folder, so it is not replaced")
    try:
        names = {entry.name for entry in path.iterdir()}
    except OSError as error:
        raise RunError(f"{path} cannot be read: {plain_reason(error)}") from error
    if not names:
        return
    if "run.json" not in names:
        raise RunError(f"{path} is not a run of GenLab's, so it is not replaced")
    read_manifest(path)
    others = sorted(name for name in names - FILES if not _BESIDE.fullmatch(name))
    if others:
        raise RunError(f"{path} holds {others[0]} besides a run, so it is not replaced; move that away first")
    claim(path).release()

"""What a run says of where and when it was made."""

from __future__ import annotations

import datetime
import platform
from importlib.metadata import version

PACKAGES = ("genlab", "torch", "numpy")


def versions() -> dict[str, str]:
    """What decides a result besides the settings: name to version."""
    return {name: version(name) for name in PACKAGES} | {"python": platform.python_version()}


def now() -> str:
    """The time in UTC, ISO 8601."""
    return datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")

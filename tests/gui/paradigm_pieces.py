"""Pieces that several tests of the window with several paradigms use."""

from __future__ import annotations

from genlab.app.common import loop
from genlab.app.window.store import Store


def store_at(paradigm: str, tmp_path) -> Store:
    """What a window remembers that was closed with this paradigm in view."""
    return Store(tmp_path / "window.json", {"paradigm": paradigm})


def keys(window) -> set[str]:
    return set(window.actions_.infos)


def cards(window) -> list[str]:
    return [card.key for card in window.workspace.cards.open()]


async def ready(window) -> bool:
    return await loop.until(lambda: window.workspace.feed.frames, 30)

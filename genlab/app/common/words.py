"""How things are put into words."""

from __future__ import annotations

from genlab.settings.spaces import MARKS


def sentence(text: str) -> str:
    """A text as a sentence: a capital first, a stop at its end."""
    return text[:1].upper() + text[1:] + ("" if text.endswith((".", "!", "?")) else ".")


def duration(seconds: float) -> str:
    """Seconds as m:ss or h:mm:ss."""
    whole = int(seconds)
    if whole < 3600:
        return f"{whole // 60}:{whole % 60:02d}"
    return f"{whole // 3600}:{whole % 3600 // 60:02d}:{whole % 60:02d}"


def steps(count: int) -> str:
    """So many steps of training."""
    return f"{count:,} step{'' if count == 1 else 's'}"


def visible(token: str) -> str:
    """A token as it is shown on one line."""
    return "".join(MARKS.get(letter, letter) for letter in token)

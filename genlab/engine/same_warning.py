"""When two warnings say the same."""

from __future__ import annotations

import re


def without_numbers(warning: str) -> str:
    """A warning without its numbers: what stays the same while the trouble lasts, and the numbers move."""
    return re.sub(r"\d[\d,.]*", "#", warning)

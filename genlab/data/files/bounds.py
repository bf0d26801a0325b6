"""How much of a person's own data GenLab takes."""

from __future__ import annotations

MAX_BYTES = 512 * 2**20
"""Largest file, and largest array after expansion."""
MAX_COLUMNS = 64
MAX_CLASSES = 256
MIN_ROWS = 10
MAX_TEXT_BYTES = 64 * 2**20
"""Largest file of text."""
MAX_LINE = 256
"""Characters of a line."""
MAX_CHARACTERS = 1024
"""Different characters in a file of text."""

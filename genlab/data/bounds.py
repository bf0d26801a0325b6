"""How much of a person's own data GenLab takes."""

from __future__ import annotations

MAX_BYTES = 512 * 2**20
"""Largest file, and largest array after expansion."""
MAX_COLUMNS = 64
MAX_CLASSES = 256
MIN_ROWS = 10

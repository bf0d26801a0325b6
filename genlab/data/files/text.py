"""Lines of text as sequences of tokens, one token a character."""

from __future__ import annotations

import csv
import re
from pathlib import Path

import numpy as np

from genlab.data.dataset import DataError
from genlab.data.files.bounds import MAX_BYTES, MAX_CHARACTERS, MAX_LINE, MAX_TEXT_BYTES, MIN_ROWS
from genlab.data.payloads import Labels
from genlab.settings.spaces import Tokens

_BREAK = re.compile("\r\n|\r|\n")
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")
_WIDE = (b"\xff\xfe", b"\xfe\xff")
"""How UTF-16 and UTF-32 begin."""


def read_lines(path: Path) -> tuple[Labels, str]:
    """The lines of a text file as tokens (n, length), each followed by its end; and the characters found.

    Token k is the k-th character in the order of Unicode; the number of characters is the end. White space
    at the end of a line and empty lines are left out. Raises DataError."""
    lines = [(number, line.rstrip(" \t")) for number, line in _lines(path)]
    for number, line in lines:
        found = _CONTROL.search(line)
        if found:
            raise DataError(
                f"'{path.name}' is not plain text: line {number} holds the control character "
                f"{ord(found.group()):#04x}."
            )
    lines = [(number, line) for number, line in lines if line]
    if len(lines) < MIN_ROWS:
        count = "1 line" if len(lines) == 1 else f"{len(lines)} lines"
        raise DataError(f"'{path.name}' holds {count} of text; GenLab needs at least {MIN_ROWS}.")
    for number, line in lines:
        if len(line) > MAX_LINE:
            raise DataError(
                f"'{path.name}' has {len(line):,} characters in line {number}; every line is an example, "
                f"of at most {MAX_LINE}."
            )
    counts = np.array([len(line) for _, line in lines])
    length = int(counts.max()) + 1
    if len(lines) * length * 8 > MAX_BYTES:
        raise DataError(
            f"'{path.name}' holds {len(lines):,} lines of up to {length - 1} characters, more than GenLab "
            "keeps in memory."
        )
    codes = np.frombuffer("".join(line for _, line in lines).encode("utf-32-le"), np.uint32)
    characters, tokens = np.unique(codes, return_inverse=True)
    if len(characters) > MAX_CHARACTERS:
        raise DataError(
            f"'{path.name}' has {len(characters):,} different characters; GenLab takes at most "
            f"{MAX_CHARACTERS:,}."
        )
    x = np.full((len(lines), length), len(characters), np.int64)
    x[np.arange(length) < counts[:, None]] = tokens
    return x, "".join(map(chr, characters))


def read_rows(path: Path, space: Tokens) -> Labels:
    """The lines of a text file as data of a space, (n, length): given examples for a model that is trained.

    Every line counts as it stands; an empty one is an empty sequence, but where all have one length it is
    left out. Raises DataError, which names the line, where one does not fit the space."""
    return _rows(path, space, [line for line in _lines(path) if line[1] or space.end is not None])


def read_column(path: Path, space: Tokens) -> Labels:
    """The column `text` of a .csv file as data of a space, (n, length). Raises DataError, as `read_rows`."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.reader(file)
            header = next(reader, [])
            if "text" not in header:
                raise DataError(f"'{path.name}' has no column that is called 'text' in its first line.")
            at = header.index("text")
            return _rows(path, space, [(reader.line_num, row[at]) for row in reader if len(row) > at])
    except UnicodeDecodeError as error:
        raise DataError(f"'{path.name}' is not a text file in UTF-8.") from error
    except csv.Error as error:
        raise DataError(f"'{path.name}' is not a readable .csv file: {error}.") from error


def _rows(path: Path, space: Tokens, lines: list[tuple[int, str]]) -> Labels:
    """Lines with their numbers as data of a space, (n, length)."""
    rows = []
    for number, line in lines:
        try:
            rows.append(space.row(line))
        except ValueError as error:
            raise DataError(f"'{path.name}', line {number}: {error}.") from error
    if not rows:
        raise DataError(f"'{path.name}' holds no lines of text.")
    return np.stack(rows)


def _lines(path: Path) -> list[tuple[int, str]]:
    """The lines of a text file with their numbers from 1. Raises DataError."""
    size = path.stat().st_size
    if size > MAX_TEXT_BYTES:
        raise DataError(
            f"'{path.name}' has {size / 2**20:,.0f} MiB; GenLab reads at most {MAX_TEXT_BYTES >> 20} MiB "
            "of text."
        )
    content = path.read_bytes()
    if content.startswith(_WIDE):
        raise DataError(f"'{path.name}' is text in UTF-16 or UTF-32; save it in UTF-8.")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        at = content.count(b"\n", 0, error.start) + 1
        raise DataError(
            f"'{path.name}' is not text in UTF-8, as line {at} shows; save it in that encoding."
        ) from error
    lines = _BREAK.split(text)
    if lines[-1] == "":  # what follows the last break is no line
        lines.pop()
    return list(enumerate(lines, 1))

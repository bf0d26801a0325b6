"""What an extra panel draws, as text, as JSON, or as arrays."""

from __future__ import annotations

import dataclasses
import json
import math
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from genlab.cli.tables import number, table
from genlab.data.payloads import Curves, Payload, Table

MOST_ROWS = 24
"""Rows in which curves are printed; --json and --out give every point."""


def readable(payload: Payload) -> str:
    """A payload as a terminal shows it; '' for pictures, which it cannot."""
    match payload:
        case Table(header=header, rows=rows, note=note):
            return table(header, rows) + (f"\n{note}" if note else "")
        case Curves():
            return _curves(payload)
    return ""


def json_text(payload: Payload) -> str:
    """A payload as JSON: its kind, then its fields; arrays as lists, null where a number is not finite."""
    return json.dumps({"kind": type(payload).__name__, **_plain(payload)}, ensure_ascii=False)


def arrays(payload: Payload) -> dict[str, NDArray[Any]]:
    """The arrays of a payload by the names of their fields; those deeper within with dots between."""
    return dict(_arrays("", payload))


def _curves(payload: Curves) -> str:
    count = len(payload.x)
    rows = np.unique(np.linspace(0, max(0, count - 1), min(count, MOST_ROWS)).round().astype(int))
    first = payload.captions or [number(float(value)) for value in payload.x]
    cells = [
        (str(first[row]), *(_number(float(values[row])) for values in payload.curves.values()))
        for row in rows
    ]
    lines = [table((payload.x_label or "x", *payload.curves), cells)]
    if count > len(cells):
        lines.append(f"{len(cells)} of {count} points; --json shows all")
    lines += [f"{name}: {number(value)}" for name, value in payload.marks.items()]
    if payload.y_label:
        lines.append(f"values: {payload.y_label}")
    return "\n".join(lines)


def _number(value: float) -> str:
    return number(value) if math.isfinite(value) else "-"


def _plain(value: Any) -> Any:
    if dataclasses.is_dataclass(value):
        return {field.name: _plain(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if isinstance(value, np.ndarray):
        return _plain(value.tolist())
    if isinstance(value, Mapping):
        return {str(key): _plain(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(inner) for inner in value]
    if isinstance(value, np.generic):
        value = value.item()
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _arrays(name: str, value: Any) -> Iterator[tuple[str, NDArray[Any]]]:
    def inside(key: object) -> str:
        return f"{name}.{key}" if name else str(key)

    if dataclasses.is_dataclass(value):
        for field in dataclasses.fields(value):
            yield from _arrays(inside(field.name), getattr(value, field.name))
    elif isinstance(value, np.ndarray):
        yield name, value
    elif isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _arrays(inside(key), inner)
    elif isinstance(value, tuple) and value and dataclasses.is_dataclass(value[0]):
        for key, inner in enumerate(value):
            yield from _arrays(inside(key), inner)

"""Text tables for a terminal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Columns aligned on the left, as wide as what they hold."""
    everything = [tuple(header), *map(tuple, rows)]
    widths = [max(len(row[i]) for row in everything) for i in range(len(header))]
    lines = [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in everything
    ]
    return "\n".join(line.rstrip() for line in lines)


def metrics_table(metrics: Sequence[Mapping[str, Any]]) -> str:
    """An evaluation: each metric with its floor (mean, and 5 to 95 %) and what else it is read against."""
    rows = []
    for metric in metrics:
        value, error, floor, reference = (
            metric[k] for k in ("value", "standard_error", "floor", "reference")
        )
        shown = "-" if value in (None, "nan") else number(value)
        if isinstance(error, float):
            shown += f" ± {number(error)}"
        scored = (
            ""
            if floor is None
            else f"{number(floor['mean'])} ({number(floor['low'])}..{number(floor['high'])})"
        )
        against = "" if reference is None else f"{reference[0]} {number(reference[1])}"
        rows.append((metric["name"], shown, metric["unit"], scored, against, metric["note"]))
    return table(("metric", "value", "unit", "floor", "reference", ""), rows)


def number(value: float | str) -> str:
    """Four significant digits."""
    return value if isinstance(value, str) else f"{value:.4g}"

"""The table: kept as JSON, of which ``benchmarks.md`` and what the terminal shows are written.

A section that is measured again replaces its own record; the others stay as they were, each with the
date of its measurement and the machine.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from genlab.bench import machine
from genlab.bench.reference import Recorded, References, parsed, plain
from genlab.bench.rows import Row
from genlab.cli.tables import table
from genlab.runs.atomic import write_bytes

FORMAT = 1
HEADER = ("what", "required", "measured", "result")
INTRODUCTION = """# Benchmarks

What GenLab promises in numbers, and what was measured. Written by `make bench`, or for some sections
`make bench ONLY=live,diffusion`; a section that was not measured again keeps its rows and its date. The
same as numbers: `benchmarks.json`. A miss is shown as a miss.

All of it takes hours. `make bench GATE=1` takes 25 minutes on two quiet cores: every section with one seed
and short trainings, each figure beside the one that `make bench GATE=record` measured earlier in the same
way, several times, and keeps with its noise under `gate` in `benchmarks.json`. A gate trains for steps, not
seconds, and reads times by a yardstick, so that it tells the code from the machine. It fails where a figure
is worse by more than four times its noise, where one is missing, or where a section crashed, and names the
sections to measure in full; this page is not touched.
"""


def record(
    title: str, date: str, rows: Sequence[Row], settings: str, seeds: Sequence[int], on: Mapping[str, Any],
    quick: bool, seconds: float,
) -> dict[str, Any]:  # fmt: skip
    """What is kept of one measurement of a section, as plain values. seconds: how long it took."""
    return {
        "title": title,
        "date": date,
        "seconds": round(seconds, 1),
        "quick": quick,
        "settings": settings,
        "seeds": list(seeds),
        "machine": dict(on),
        "rows": [_without_figures(row) for row in rows],
    }


def read(path: Path) -> dict[str, Any]:
    """The records of sections by name; none where there is no file yet. Raises ValueError for a file
    that is not such a table."""
    sections: dict[str, Any] = _content(path)["sections"]
    return sections


def read_references(path: Path) -> dict[str, Recorded]:
    """What a gate compares with, by section. Raises ValueError as `read` does."""
    try:
        return parsed(_content(path).get("gate", {}))
    except ValidationError as error:
        raise ValueError(f"what {path} holds under 'gate' is not what a gate compares with") from error


def write(folder: Path, records: Mapping[str, Any], order: Iterable[str]) -> None:
    """Write ``benchmarks.json`` and ``benchmarks.md`` into a folder, sections in the given order; what a gate
    compares with stays."""
    ordered = in_order(records, order)
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "benchmarks.json"
    write_bytes(path, _dumped(_content(path) | {"sections": ordered}).encode())
    write_bytes(folder / "benchmarks.md", markdown(ordered).encode())


def write_references(folder: Path, recorded: References) -> None:
    """Put what a gate compares with into ``benchmarks.json``; the sections stay."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "benchmarks.json"
    write_bytes(path, _dumped(_content(path) | {"gate": plain(recorded)}).encode())


def in_order(records: Mapping[str, Any], order: Iterable[str]) -> dict[str, Any]:
    """The records as the sections are listed; those of no known section last."""
    names = [name for name in order if name in records]
    return {name: records[name] for name in (*names, *(n for n in records if n not in names))}


def as_json(records: Mapping[str, Any]) -> str:
    """The records as the JSON file holds them. What is not finite is written as text."""
    return _dumped({"format": FORMAT, "sections": records})


def rows_of(found: Mapping[str, Any]) -> list[Row]:
    """The rows of a record."""
    return [Row(**row) for row in found["rows"]]


def markdown(records: Mapping[str, Any]) -> str:
    """The whole table as a page."""
    parts = [INTRODUCTION]
    for found in records.values():
        parts.append(f"## {found['title']}\n")
        parts.append(f"{_circumstances(found)}\n")
        lines = [_line((*HEADER, "note")), _line(("---",) * 5)]
        for row in rows_of(found):
            verdict = f"**{row.result}**" if row.failed or row.passed is False else row.result
            lines.append(_line((row.what, row.required, row.measured, verdict, row.note)))
        parts.append("\n".join(lines) + "\n")
    return "\n".join(parts)


def text(records: Mapping[str, Any]) -> str:
    """The records as the terminal shows them."""
    parts = []
    for found in records.values():
        rows = [(row.what, row.required, row.measured, row.result) for row in rows_of(found)]
        parts.append(f"{found['title']}\n{_circumstances(found)}\n{table(HEADER, rows)}")
    return "\n\n".join(parts)


def _content(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        return {"format": FORMAT, "sections": {}}
    if not isinstance(content, dict) or content.get("format") != FORMAT or "sections" not in content:
        raise ValueError(f"{path} is not a table of benchmarks in format {FORMAT}")
    return content


def _dumped(content: Mapping[str, Any]) -> str:
    return json.dumps(_plain(content), indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def _without_figures(row: Row) -> dict[str, Any]:
    return {key: value for key, value in asdict(row).items() if key != "figures"}


def _circumstances(found: Mapping[str, Any]) -> str:
    seeds = ", ".join(str(seed) for seed in found["seeds"])
    quick = " A quick measurement." if found["quick"] else ""
    seeded = f" Seeds: {seeds}." if seeds else ""
    return (
        f"Measured {found['date']} in {found['seconds']:.0f} s.{quick} {found['settings']}{seeded} "
        f"Machine: {machine.sentence(found['machine'])}."
    )


def _line(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def _plain(value: Any) -> Any:
    match value:
        case float():
            return value if value - value == 0 else str(value)
        case Mapping():
            return {key: _plain(each) for key, each in value.items()}
        case list() | tuple():
            return [_plain(each) for each in value]
    return value

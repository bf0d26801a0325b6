"""The house in one picture: every room with its size, from the top floor down, as the files now state it.

`python -m genlab.bench.house docs/images/house.svg` draws it; `make screenshots` does so too.
"""

from __future__ import annotations

import ast
import sys
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from xml.sax.saxutils import escape

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "genlab"

WIDTH, ROW, GAP, LEFT, TOP = 1040, 56, 10, 24, 64
SPLIT = ("app", "paradigms", "core", "data")
"""Rooms whose inner rooms are drawn too."""
COLOURS = {
    "window": ("#e8eef8", "#3b6fb5"),
    "verbs": ("#eaf5ee", "#3c8d5a"),
    "models": ("#fdf1e3", "#b97718"),
    "ground": ("#f1f1f3", "#6d6d78"),
}
KIND = {
    "bench": "window", "app": "window", "cli": "verbs", "api": "verbs", "engine": "verbs", "runs": "verbs",
    "session": "models", "paradigms": "models", "probes": "models", "metrics": "models", "core": "models",
}  # fmt: skip


@dataclass(frozen=True)
class Room:
    """A folder: its files and lines, the rooms inside, and what it says of itself."""

    name: str
    files: int
    lines: int
    rooms: tuple[str, ...]
    says: str


def layers() -> list[str]:
    """The rooms from the top floor down, as the import contract of pyproject.toml lists them."""
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["importlinter"]
    first = next(c for c in contracts["contracts"] if c["type"] == "layers" and c["containers"] == ["genlab"])
    names = [name.strip() for layer in first["layers"] for name in layer.split(":")]
    return [name for name in names if (PACKAGE / name).is_dir()]


def room(name: str) -> Room:
    """A room as it stands."""
    files = [file for file in (PACKAGE / name).rglob("*.py") if file.stat().st_size]
    inner = tuple(
        sorted(p.name for p in (PACKAGE / name).iterdir() if p.is_dir() and (p / "__init__.py").exists())
    )
    lines = sum(len(file.read_text("utf-8").splitlines()) for file in files)
    says = ast.get_docstring(ast.parse((PACKAGE / name / "__init__.py").read_text("utf-8"))) or ""
    return Room(name, len(files), lines, inner, says.partition("\n")[0])


def reading(paradigm: str) -> dict[str, int]:
    """What one reads to understand a paradigm from data to sample: lines by module.

    All of `core`, the paradigm's own folder, and what these use of `sampling` and `nets`."""
    own = f"genlab.paradigms.{paradigm}"
    rooms = ("genlab.core", "genlab.sampling", "genlab.nets", own)
    files = {_name(file): file for file in PACKAGE.rglob("*.py")}
    waiting = [name for name in files if name.startswith(("genlab.core", own))]
    found: dict[str, int] = {}
    while waiting:
        name = waiting.pop()
        if name in files and name not in found and name.startswith(rooms):
            found[name] = len(files[name].read_text("utf-8").splitlines())
            waiting += _modules(files[name])
    return found


def _name(file: Path) -> str:
    return ".".join(file.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


def _modules(file: Path) -> Iterator[str]:
    """What a file may import: modules, and names in them that could be modules."""
    for node in ast.walk(ast.parse(file.read_text("utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module is not None:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def picture() -> str:
    """The house as SVG: one floor for each layer, the top one first."""
    rooms = [room(name) for name in layers()]
    height = TOP + len(rooms) * (ROW + GAP) + 40
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height}" '
        f'viewBox="0 0 {WIDTH} {height}" font-family="Inter, Segoe UI, Helvetica, Arial, sans-serif">',
        f'<rect width="{WIDTH}" height="{height}" fill="#ffffff"/>',
        f'<text x="{LEFT}" y="38" font-size="20" fill="#22222a">genlab/, from the window down to the ground: '
        "imports run downwards only</text>",
    ]
    for index, each in enumerate(rooms):
        parts += _floor(each, TOP + index * (ROW + GAP))
    parts.append(
        f'<text x="{LEFT}" y="{height - 16}" font-size="13" fill="#6d6d78">'
        f"{sum(r.files for r in rooms)} files, {sum(r.lines for r in rooms):,} lines</text></svg>"
    )
    return "\n".join(parts)


def _floor(each: Room, y: int) -> Iterator[str]:
    fill, line = COLOURS[KIND.get(each.name, "ground")]
    wide = WIDTH - 2 * LEFT
    yield (
        f'<rect x="{LEFT}" y="{y}" width="{wide}" height="{ROW}" rx="8" fill="{fill}" stroke="{line}" '
        'stroke-opacity="0.45"/>'
    )
    bold = f'font-size="16" font-weight="600" fill="{line}"'
    yield f'<text x="{LEFT + 16}" y="{y + 25}" {bold}>{each.name}</text>'
    size = f"{each.files} file{'s' if each.files != 1 else ''}, {each.lines:,} lines"
    yield f'<text x="{LEFT + 16}" y="{y + 44}" font-size="12" fill="#6d6d78">{size}</text>'
    x, inner = LEFT + 200, each.rooms if each.name in SPLIT else ()
    middle = y + (21 if inner else 33)
    yield f'<text x="{x}" y="{middle}" font-size="13" fill="#33333c">{escape(each.says)}</text>'
    for name in inner:
        across = round(18 + 7.0 * len(name))
        yield (
            f'<rect x="{x}" y="{y + 28}" width="{across}" height="22" rx="6" fill="#ffffff" '
            f'stroke="{line}" stroke-opacity="0.35"/>'
        )
        yield f'<text x="{x + 9}" y="{y + 43}" font-size="12" fill="#33333c">{escape(name)}</text>'
        x += across + 8


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(picture(), "utf-8")

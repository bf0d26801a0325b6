"""Run the benchmark: ``python -m genlab.bench [--only live,diffusion] [--json FILE] [--quick]``."""

from __future__ import annotations

import argparse
import sys
import traceback
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path
from time import perf_counter
from typing import Any

from genlab.bench import home, machine, table
from genlab.bench.rows import Plan, Row, Section, SkipSection
from genlab.bench.sections import SECTIONS

DOCS = Path(__file__).resolve().parents[2] / "docs"


def main(argv: Sequence[str] | None = None, sections: Mapping[str, Section] = SECTIONS) -> int:
    """Measure, print and keep the table; 0 unless a section crashed (1), the request is wrong (2) or
    Ctrl-C came (130)."""
    parser = argparse.ArgumentParser(prog="python -m genlab.bench", description=main.__doc__)
    parser.add_argument("--only", help=f"sections, with commas between: {', '.join(sections)}")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write what was measured now as JSON")
    parser.add_argument("--quick", action="store_true", help="one seed, and a fifth of the time for memory")
    parser.add_argument("--docs", type=Path, default=DOCS, help="folder of the table that is kept")
    arguments = parser.parse_args(argv)
    names = list(sections) if arguments.only is None else _names(arguments.only)
    unknown = [name for name in names if name not in sections]
    if unknown or not names:
        asked = f"there is no section '{unknown[0]}'" if unknown else "no section was named"
        print(f"genlab bench: {asked}; there are {', '.join(sections)}", file=sys.stderr)
        return 2
    try:
        kept = table.read(arguments.docs / "benchmarks.json")
    except (ValueError, KeyError) as error:
        print(f"genlab bench: {error}", file=sys.stderr)
        return 2
    plan = Plan().quickly() if arguments.quick else Plan()
    chosen = [sections[name] for name in sections if name in names]
    _announce(chosen, plan)
    measured: dict[str, Any] = {}
    crashed = []
    stopped = False
    with home.isolated() as cache:
        try:
            for section in chosen:
                found = _measure(section, replace(plan, cache=cache))
                if found is None:
                    crashed.append(section.name)
                elif found["rows"]:
                    measured[section.name] = found
                    table.write(arguments.docs, {**kept, **measured}, sections)
        except KeyboardInterrupt:
            stopped = True
    if measured:
        print(f"\n{table.text(measured)}", flush=True)
    if arguments.json is not None:
        arguments.json.write_text(table.as_json(measured), encoding="utf-8")
    _sum_up(measured, crashed, arguments.docs)
    if stopped:
        print("genlab bench: interrupted; sections measured before are kept", file=sys.stderr)
        return 130
    return 1 if crashed else 0


def _names(text: str) -> list[str]:
    return [name.strip() for name in text.split(",") if name.strip()]


def _announce(chosen: Sequence[Section], plan: Plan) -> None:
    expected = ", ".join(f"{each.name} {_minutes(each.expected(plan))}" for each in chosen)
    total = _minutes(sum(each.expected(plan) for each in chosen))
    print(f"About {total} on two quiet cores: {expected}.", flush=True)
    print(f"Machine: {machine.sentence(machine.describe())}.", flush=True)


def _measure(section: Section, plan: Plan) -> dict[str, Any] | None:
    """The record of a section, with no rows where it cannot be measured here; None where it crashed."""
    settings, seeds, on = section.settings(plan), section.seeds(plan), machine.describe()
    print(f"\n{section.title}. {settings}", flush=True)
    begun, rows = perf_counter(), []
    try:
        for row in section.measure(plan):
            rows.append(row)
            _tell(row)
    except SkipSection as reason:
        print(f"  not measured: {reason}", flush=True)
    except Exception:
        traceback.print_exc()
        print(f"genlab bench: the section '{section.name}' crashed", file=sys.stderr, flush=True)
        return None
    took = perf_counter() - begun
    return table.record(section.title, date.today().isoformat(), rows, settings, seeds, on, plan.quick, took)


def _tell(row: Row) -> None:
    note = f"  ({row.note})" if row.note else ""
    print(f"  {row.result:6}  {row.what}: {row.measured}; required {row.required}{note}", flush=True)


def _sum_up(measured: Mapping[str, Any], crashed: Sequence[str], docs: Path) -> None:
    rows = [row for found in measured.values() for row in table.rows_of(found)]
    missed = [row for row in rows if row.passed is False]
    passed = sum(row.passed is True for row in rows)
    ended = f", crashed: {', '.join(crashed)}" if crashed else ""
    print(f"\n{passed} passed, {len(missed)} missed{ended}.")
    for row in missed:
        print(f"  missed  {row.section}: {row.what}: {row.measured}; required {row.required}")
    if measured:
        print(f"The whole table is in {docs / 'benchmarks.md'}")


def _minutes(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 90 else f"{seconds / 60:.0f} min"


if __name__ == "__main__":
    sys.exit(main())

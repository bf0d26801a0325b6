"""Run the benchmark: ``python -m genlab.bench [--only live,diffusion] [--json FILE] [--quick | --gate]``."""

from __future__ import annotations

import argparse
import sys
import traceback
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path
from time import perf_counter
from typing import Any

from genlab.bench import gate, home, machine, table
from genlab.bench.apart.section import Runner, run_apart
from genlab.bench.plan import Plan
from genlab.bench.reference import References, wild
from genlab.bench.rows import Row, Section, SkipSection
from genlab.bench.sections import SECTIONS

DOCS = Path(__file__).resolve().parents[2] / "docs"


def main(
    argv: Sequence[str] | None = None, sections: Mapping[str, Section] = SECTIONS, run: Runner = run_apart
) -> int:
    """Measure, print and keep the table; 0 unless a section or a part of one failed (1), the request is wrong
    (2) or Ctrl-C came (130). With --gate: measure little, compare it with what was recorded, and give 1 also
    where a figure fell. run: how a gate runs a section."""
    parser = argparse.ArgumentParser(prog="python -m genlab.bench", description=main.__doc__)
    parser.add_argument(
        "--only",
        help=f"sections, with commas between, or the first word of several: {', '.join(sections)}",
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="write what was measured now as JSON")
    parser.add_argument("--docs", type=Path, default=DOCS, help="folder of the table that is kept")
    kind = parser.add_mutually_exclusive_group()
    kind.add_argument("--quick", action="store_true", help="one seed, and a fifth of the time for memory")
    kind.add_argument(
        "--gate", nargs="?", const="check", choices=("check", "record"),
        help="short: compare with what was recorded, or record it",
    )  # fmt: skip
    parser.add_argument("--repeats", type=int, default=3, help="how often --gate record measures")
    arguments = parser.parse_args(argv)
    asked = list(sections) if arguments.only is None else _names(arguments.only)
    meant = {each: [name for name in sections if f"{name}-".startswith(f"{each}-")] for each in asked}
    names = [name for found in meant.values() for name in found]
    unknown = [each for each, found in meant.items() if not found]
    if unknown or not names:
        what = f"there is no section '{unknown[0]}'" if unknown else "no section was named"
        return _wrong(f"{what}; there are {', '.join(sections)}")
    if arguments.repeats < 2:
        return _wrong("noise is known from two repeats on, so --repeats is at least 2")
    try:
        kept = table.read(arguments.docs / "benchmarks.json")
        recorded = table.read_references(arguments.docs / "benchmarks.json")
    except (ValueError, KeyError) as error:
        return _wrong(str(error))
    chosen = [sections[name] for name in sections if name in names]
    if arguments.gate is not None:
        return _gate(arguments, chosen, recorded, run, sections)
    plan = Plan().quickly() if arguments.quick else Plan()
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
    failed = any(row.failed for found in measured.values() for row in table.rows_of(found))
    return 1 if crashed or failed else 0


def _gate(
    arguments: argparse.Namespace,
    chosen: Sequence[Section],
    recorded: References,
    run: Runner,
    there: Iterable[str],
) -> int:
    """Compare with what was recorded, or record it; the exit status."""
    recording = arguments.gate == "record"
    if recording and machine.busy():
        return _wrong("this machine is busy: what is recorded now would forgive too much later")
    try:
        with home.isolated() as cache:
            plan = replace(Plan().gated(), cache=cache)
            if recording:
                plans = [replace(plan, seeds=(seed,)) for seed in range(arguments.repeats)]
                new, report = gate.record(chosen, plans, run)
            else:
                report = gate.check(chosen, plan, recorded, run, there)
    except KeyboardInterrupt:
        print("genlab bench: interrupted; nothing was kept", file=sys.stderr)
        return 130
    if arguments.json is not None:
        arguments.json.write_text(gate.as_json(report), encoding="utf-8")
    if not recording:
        gate.tell(report, chosen, plan)
        return 0 if report.passed else 1
    if new:
        table.write_references(arguments.docs, {**recorded, **new})
    print(f"\nRecorded: {', '.join(new) or 'nothing'}.")
    for name, why in report.crashed.items():
        print(f"  crashed  {name}: {why.splitlines()[-1]}")
    for line in wild(new):
        print(f"  varied more than is known of it  {line}")
    return 1 if report.crashed else 0


def _wrong(sentence: str) -> int:
    print(f"genlab bench: {sentence}", file=sys.stderr)
    return 2


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
    failed = [row for row in rows if row.failed]
    passed = sum(row.passed is True for row in rows)
    ended = f", crashed: {', '.join(crashed)}" if crashed else ""
    print(f"\n{passed} passed, {len(missed)} missed, {len(failed)} failed{ended}.")
    for row in missed:
        print(f"  missed  {row.section}: {row.what}: {row.measured}; required {row.required}")
    for row in failed:
        print(f"  failed  {row.section}: {row.what}: {row.note}")
    if measured:
        print(f"The whole table is in {docs / 'benchmarks.md'}")


def _minutes(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 90 else f"{seconds / 60:.0f} min"


if __name__ == "__main__":
    sys.exit(main())

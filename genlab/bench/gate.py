"""The gate: a short measurement of every section, compared with an earlier one of its kind.

It fails where a figure fell by more than its noise, where a recorded one was not measured, and where a
section crashed or a part of it failed; sections that were not asked for are named. The documents are
written only when figures are recorded.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from genlab.bench import machine
from genlab.bench.apart.section import Outcome, Runner
from genlab.bench.plan import Plan
from genlab.bench.reference import Comparison, Recorded, References, compare, references
from genlab.bench.rows import Section
from genlab.cli.tables import number, table

HEADER = ("what", "now", "recorded", "passes", "result")


@dataclass
class Report:
    """What a gate found. seconds: that each section took, and skipped, crashed: why, by section.

    recorded: sections with figures to compare with. there: sections that can be measured at all."""

    recorded: frozenset[str] = frozenset()
    there: tuple[str, ...] = ()
    comparisons: list[Comparison] = field(default_factory=list)
    seconds: dict[str, float] = field(default_factory=dict)
    skipped: dict[str, str] = field(default_factory=dict)
    crashed: dict[str, str] = field(default_factory=dict)

    def those(self, *results: str) -> list[Comparison]:
        """The comparisons with one of these results."""
        return [each for each in self.comparisons if each.result in results]

    @property
    def doubtful(self) -> list[str]:
        """Sections that want to be measured in full."""
        fell = {each.section for each in self.those("fell", "missing")} | self.crashed.keys()
        return [name for name in self.seconds if name in fell | (self.skipped.keys() & self.recorded)]

    @property
    def gone(self) -> list[str]:
        """Recorded sections that there are no longer."""
        return sorted(self.recorded - set(self.there))

    @property
    def unasked(self) -> list[str]:
        """Recorded sections that were not to be measured this time."""
        return [name for name in self.there if name in self.recorded and name not in self.seconds]

    @property
    def passed(self) -> bool:
        """Whether something was compared, nothing fell, is missing or crashed, and no recorded section was
        skipped or is gone."""
        return bool(self.those("passed")) and not self.doubtful and not self.gone


def check(
    sections: Sequence[Section], plan: Plan, recorded: References, run: Runner, there: Iterable[str]
) -> Report:
    """Run sections one after another and compare them, printing each as it is known. there: all sections, of
    which these may be some."""
    report = Report(frozenset(recorded), tuple(there))
    announce(sections, [plan], machine.describe(), recorded)
    for section in sections:
        outcome = _run(section, plan, run, report)
        if outcome is None:
            continue
        try:
            measured = [row for row in outcome.rows if not row.failed]
            found = compare(section.name, measured, recorded.get(section.name))
        except ValueError as error:
            report.crashed[section.name] = str(error)
            print(f"  crashed: {error}", flush=True)
            continue
        report.comparisons += found
        print(_indented(table(HEADER, [_cells(each) for each in found])), flush=True)
    return report


def record(
    sections: Sequence[Section], plans: Sequence[Plan], run: Runner
) -> tuple[dict[str, Recorded], Report]:
    """Measure sections with each plan in turn; what is to be kept of those that came through every time."""
    report = Report()
    here = machine.describe()
    announce(sections, plans, here, {})
    outcomes: dict[str, list[Outcome]] = {section.name: [] for section in sections}
    for plan in plans:
        for section in sections:
            if section.name in report.crashed.keys() | report.skipped.keys():
                continue
            outcome = _run(section, plan, run, report)
            if outcome is not None:
                outcomes[section.name].append(outcome)
                for row in outcome.rows:
                    print(f"  {row.what}: {row.measured}", flush=True)
    kept: dict[str, Recorded] = {}
    for name, repeats in outcomes.items():
        if name in report.crashed.keys() | report.skipped.keys():
            continue
        try:
            rows = references([each.rows for each in repeats])
        except ValueError as error:
            report.crashed[name] = str(error)
            continue
        seeds = tuple(seed for plan in plans for seed in plan.seeds)
        seconds = tuple(round(each.seconds, 1) for each in repeats)
        kept[name] = Recorded(date.today().isoformat(), here, seeds, seconds, rows)
    return kept, report


def announce(
    sections: Sequence[Section], plans: Sequence[Plan], here: dict[str, Any], recorded: References
) -> None:
    """Say how long it takes, on what it runs, and what speaks against trusting its times."""
    budgets = {section.name: sum(section.expected(plan) for plan in plans) for section in sections}
    shown = ", ".join(f"{name} {seconds:.0f} s" for name, seconds in budgets.items())
    print(f"About {sum(budgets.values()) / 60:.1f} min on two quiet cores: {shown}.", flush=True)
    print(f"Machine: {machine.sentence(here)}.", flush=True)
    if machine.busy():
        print(f"The machine is not quiet, its load is {here['load']:g}: times may read high.", flush=True)
    others = {each.machine["cpu"] for each in recorded.values()} - {here["cpu"]}
    if others:
        print(f"Recorded on {' and '.join(sorted(others))}: times are compared by a yardstick.", flush=True)


def tell(report: Report, sections: Sequence[Section], plan: Plan) -> None:
    """What it comes to, in a few lines."""
    counts = {result: len(report.those(result)) for result in ("passed", "fell", "missing", "new")}
    print(f"\n{', '.join(f'{count} {result}' for result, count in counts.items())}, of figures.")
    for each in report.those("fell", "missing"):
        _, now, before, passes, result = _cells(each)
        print(f"  {result:7}  {each.section}: {each.title}: {now}; recorded {before}, passes {passes}")
    for each in report.those("new"):
        print(f"  new      {each.section}: {each.title}: {_cells(each)[1]}")
    for name, why in report.crashed.items():
        print(f"  crashed  {name}: {why.splitlines()[-1]}")
    for name, why in report.skipped.items():
        print(f"  not measured  {name}: {why}")
    _tell_time(report, sections, plan)
    if report.doubtful:
        print(f"Doubtful; measure in full with: make bench ONLY={','.join(report.doubtful)}")
    if new := {each.section: None for each in report.those("new")}:
        print(
            f"What is new passes nothing before it is recorded: make bench GATE=record ONLY={','.join(new)}"
        )
    if not report.those("passed"):
        print("Nothing could be compared.")
    if report.gone:
        print(f"Recorded, and there no longer: {', '.join(report.gone)}.")
    left = [*report.unasked, *report.skipped]
    without = f", without {', '.join(left)}" if left else ""
    print(f"The gate is {'passed' if report.passed else 'not passed'}{without}.", flush=True)


def as_json(report: Report) -> str:
    """A report as a file holds it. What is not finite is written as text."""
    comparisons = [
        {
            "section": each.section,
            "what": each.what,
            "name": each.name,
            "now": _finite(each.value),
            "recorded": None if each.reference is None else each.reference.mean,
            "bound": None if each.reference is None else each.reference.bound,
            "result": each.result,
        }
        for each in report.comparisons
    ]
    content: dict[str, Any] = {
        "passed": report.passed,
        "doubtful": report.doubtful,
        "machine": machine.describe(),
        "seconds": report.seconds,
        "skipped": report.skipped,
        "crashed": report.crashed,
        "unasked": report.unasked,
        "gone": report.gone,
        "figures": comparisons,
    }
    return json.dumps(content, indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def _run(section: Section, plan: Plan, run: Runner, report: Report) -> Outcome | None:
    """The outcome of a section that came through; None, noted in the report, for one that did not."""
    print(f"\n{section.title}", flush=True)
    outcome = run(section, plan)
    report.seconds[section.name] = report.seconds.get(section.name, 0.0) + outcome.seconds
    print(f"  {outcome.seconds:.0f} s of {section.expected(plan):.0f} s", flush=True)
    if outcome.crashed:
        report.crashed[section.name] = outcome.crashed
        print(_indented(f"crashed: {outcome.crashed}"), flush=True)
        return None
    if outcome.skipped:
        report.skipped[section.name] = outcome.skipped
        print(f"  not measured: {outcome.skipped}", flush=True)
        return None
    if failed := [f"{row.what}: {row.note}" for row in outcome.rows if row.failed]:
        report.crashed[section.name] = "\n".join(failed)
        print(_indented("failed: " + "\n".join(failed)), flush=True)
    return outcome


def _tell_time(report: Report, sections: Sequence[Section], plan: Plan) -> None:
    budgets = {section.name: section.expected(plan) for section in sections}
    late = [
        f"{name} by {seconds - budgets[name]:.0f} s"
        for name, seconds in report.seconds.items()
        if seconds > budgets[name]
    ]
    budget = sum(budgets.values())
    beyond = f"; over their time: {', '.join(late)}" if late else ""
    print(f"It took {sum(report.seconds.values()):.0f} s of {budget:.0f} s{beyond}.")


def _cells(each: Comparison) -> tuple[str, str, str, str, str]:
    now = "-" if each.value is None else number(each.value)
    if each.reference is None:
        return each.title, now, "-", "-", each.result
    sign = "≥" if each.reference.better == "higher" else "≤"
    bound = f"{sign} {number(each.reference.bound)}"
    return each.title, now, number(each.reference.mean), bound, each.result


def _indented(text: str) -> str:
    return "\n".join(f"  {line}" for line in text.splitlines())


def _finite(value: float | None) -> float | str | None:
    return value if value is None or value - value == 0 else str(value)

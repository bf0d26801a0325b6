"""What a gate compares, what makes it fail, and that it fits into its time; sections here are toys."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from genlab.bench import machine, table
from genlab.bench.__main__ import main
from genlab.bench.apart.section import Outcome, run_apart
from genlab.bench.plan import RATES, Budget, Plan
from genlab.bench.reference import Better, Reference, compare
from genlab.bench.rows import Figure, Row, Section, SkipSection
from genlab.bench.sections import SECTIONS

MINUTES = 25


class Toy:
    """A section whose figures a test sets: name to value, better, noise. error: raised after the rows."""

    def __init__(self, **figures: tuple[float, Better, float]) -> None:
        self.figures = figures
        self.error: Exception | None = None
        self.seen: list[Plan] = []

    def measure(self, plan: Plan) -> Iterator[Row]:
        self.seen.append(plan)
        for what, (value, better, noise) in self.figures.items():
            yield Row("toy", what, "any", f"{value}", figures=(Figure(value, better, noise),))
        if self.error is not None:
            raise self.error


@pytest.fixture(autouse=True)
def _quiet(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine, "busy", lambda: False)


def section(name: str, measure: Callable[[Plan], Iterator[Row]]) -> Section:
    return Section(
        name, f"Title of {name}", measure, lambda plan: 5, lambda plan: "With care.", lambda plan: plan.seeds
    )


def here(each: Section, plan: Plan) -> Outcome:
    rows: list[Row] = []
    try:
        rows.extend(each.measure(plan))
    except SkipSection as reason:
        return Outcome(tuple(rows), skipped=str(reason), seconds=1.0)
    except ZeroDivisionError as error:
        return Outcome(crashed=f"ZeroDivisionError: {error}", seconds=1.0)
    return Outcome(tuple(rows), seconds=2.0)


def run(docs: Path, *arguments: str, **toys: Toy) -> int:
    sections = {name: section(name, toy.measure) for name, toy in toys.items()}
    return main([*arguments, "--docs", str(docs)], sections, here)


def test_every_section_of_a_gate_fits_into_twenty_five_minutes() -> None:
    plan = Plan().gated()
    assert plan.seeds == (0,)
    budgets = {name: each.expected(plan) for name, each in SECTIONS.items()}
    assert sum(budgets.values()) <= 60 * MINUTES
    assert budgets.pop("previews-images") == 0  # too slow for a gate
    assert all(0 < seconds <= SECTIONS[name].expected(Plan()) for name, seconds in budgets.items())


def test_a_gate_trains_for_steps_and_the_full_benchmark_for_seconds() -> None:
    assert Plan().budget("flow", 90.0) == Budget(seconds=90.0)
    assert str(Plan().budget("flow", 90.0)) == "90 s"
    short = Plan().gated(seed=3)
    assert short.seeds == (3,)
    assert short.budget("flow", 10.0) == Budget(steps=round(10 * RATES["flow"]))
    assert str(Budget(steps=12_000)) == "12,000 steps"
    with pytest.raises(KeyError):
        short.budget("nothing of the kind", 1.0)


def test_a_gate_passes_what_holds_and_fails_what_fell(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    speed = Toy(rate=(100.0, "higher", 1.0))
    quality = Toy(distance=(1.0, "lower", 0.05), share=(0.9, "higher", 0.01))
    assert run(tmp_path, "--gate", "record", speed=speed, quality=quality) == 0
    before = (tmp_path / "benchmarks.json").read_bytes()
    speed.figures["rate"] = (96.5, "higher", 1.0)
    quality.figures["distance"] = (1.19, "lower", 0.05)
    assert run(tmp_path, "--gate", speed=speed, quality=quality) == 0
    said = capsys.readouterr().out
    assert "3 passed, 0 fell, 0 missing, 0 new" in said
    assert "The gate is passed." in said
    quality.figures["distance"] = (1.21, "lower", 0.05)
    assert run(tmp_path, "--gate", speed=speed, quality=quality) == 1
    said = capsys.readouterr().out
    assert "fell     quality: distance: 1.21; recorded 1, passes ≤ 1.2" in said
    assert "make bench ONLY=quality\n" in said
    assert "The gate is not passed." in said
    assert run(tmp_path, "--gate", "--only", "speed", speed=speed, quality=quality) == 0
    assert (tmp_path / "benchmarks.json").read_bytes() == before
    assert [each.name for each in tmp_path.iterdir()] == ["benchmarks.json"]


def test_a_section_that_crashes_fails_the_gate_and_the_others_are_compared(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    good, bad = Toy(height=(1.0, "higher", 0.1)), Toy(depth=(1.0, "higher", 0.1))
    run(tmp_path, "--gate", "record", bad=bad, good=good)
    bad.error = ZeroDivisionError("out of luck")
    capsys.readouterr()
    assert run(tmp_path, "--gate", bad=bad, good=good) == 1
    said = capsys.readouterr().out
    assert "1 passed, 0 fell, 0 missing, 0 new" in said
    assert "crashed  bad: ZeroDivisionError: out of luck" in said
    assert "make bench ONLY=bad\n" in said


def test_a_failed_part_of_a_section_fails_the_gate_and_its_other_rows_are_compared(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    toy = Toy(height=(1.0, "higher", 0.1))
    run(tmp_path, "--gate", "record", toy=toy)

    def parts(plan: Plan) -> Iterator[Row]:
        yield from toy.measure(plan)
        yield Row("toy", "depth", "measured", "-", note="out of luck", failed=True)

    def check(*arguments: str) -> int:
        return main([*arguments, "--docs", str(tmp_path)], {"toy": section("toy", parts)}, here)

    before = (tmp_path / "benchmarks.json").read_bytes()
    capsys.readouterr()
    assert check("--gate") == 1
    said = capsys.readouterr().out
    assert "1 passed, 0 fell, 0 missing, 0 new" in said
    assert "crashed  toy: depth: out of luck" in said
    assert check("--gate", "record") == 1
    assert (tmp_path / "benchmarks.json").read_bytes() == before


def test_a_recorded_section_that_is_not_measured_here_fails_the_gate_and_one_that_never_was_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    good, absent = Toy(height=(1.0, "higher", 0.1)), Toy(depth=(1.0, "higher", 0.1))
    run(tmp_path, "--gate", "record", "--only", "good", good=good, absent=absent)
    absent.error = SkipSection("it is not built")
    capsys.readouterr()
    assert run(tmp_path, "--gate", good=good, absent=absent) == 0
    said = capsys.readouterr().out
    assert "not measured  absent: it is not built" in said
    assert "The gate is passed, without absent." in said
    absent.error = None
    run(tmp_path, "--gate", "record", "--only", "absent", good=good, absent=absent)
    absent.error = SkipSection("it is not built")
    capsys.readouterr()
    assert run(tmp_path, "--gate", good=good, absent=absent) == 1
    said = capsys.readouterr().out
    assert "make bench ONLY=absent\n" in said
    assert "The gate is not passed, without absent." in said


def test_a_gate_of_some_sections_names_the_others_and_one_that_is_gone_fails_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    one, two = Toy(height=(1.0, "higher", 0.1)), Toy(depth=(1.0, "higher", 0.1))
    run(tmp_path, "--gate", "record", one=one, two=two)
    capsys.readouterr()
    report = tmp_path / "now.json"
    assert run(tmp_path, "--gate", "--only", "one", "--json", str(report), one=one, two=two) == 0
    assert "The gate is passed, without two." in capsys.readouterr().out
    assert json.loads(report.read_text("utf-8"))["unasked"] == ["two"]
    assert run(tmp_path, "--gate", one=one) == 1
    said = capsys.readouterr().out
    assert "Recorded, and there no longer: two." in said
    assert "The gate is not passed." in said


def test_nothing_is_recorded_while_the_machine_is_busy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(machine, "busy", lambda: True)
    toy = Toy(height=(1.0, "higher", 0.1))
    assert run(tmp_path, "--gate", "record", toy=toy) == 2
    assert "busy" in capsys.readouterr().err
    assert toy.seen == []


def test_a_recorded_row_that_is_gone_fails_the_gate(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    toy = Toy(height=(1.0, "higher", 0.1), depth=(1.0, "higher", 0.1))
    run(tmp_path, "--gate", "record", toy=toy)
    del toy.figures["depth"]
    assert run(tmp_path, "--gate", toy=toy) == 1
    assert "missing  toy: depth: -; recorded 1, passes ≥ 0.6" in capsys.readouterr().out


def test_what_is_new_is_never_told_as_passed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    toy = Toy(height=(1.0, "higher", 0.1))
    assert run(tmp_path, "--gate", toy=toy) == 1
    said = capsys.readouterr().out
    assert "0 passed, 0 fell, 0 missing, 1 new" in said
    assert "Nothing could be compared." in said
    assert "make bench GATE=record ONLY=toy\n" in said
    assert not list(tmp_path.iterdir())
    run(tmp_path, "--gate", "record", toy=toy)
    toy.figures["depth"] = (1.0, "higher", 0.1)
    capsys.readouterr()
    assert run(tmp_path, "--gate", toy=toy) == 0
    assert "1 passed, 0 fell, 0 missing, 1 new" in capsys.readouterr().out


def test_recording_repeats_with_other_seeds_and_leaves_the_sections_alone(tmp_path: Path) -> None:
    toy = Toy(height=(1.0, "higher", 0.1))
    run(tmp_path, toy=toy)
    page = (tmp_path / "benchmarks.md").read_bytes()
    sections = table.read(tmp_path / "benchmarks.json")
    toy.seen.clear()
    assert run(tmp_path, "--gate", "record", "--repeats", "4", toy=toy) == 0
    assert [plan.seeds for plan in toy.seen] == [(0,), (1,), (2,), (3,)]
    assert all(plan.gate for plan in toy.seen)
    assert (tmp_path / "benchmarks.md").read_bytes() == page
    assert table.read(tmp_path / "benchmarks.json") == sections
    kept = table.read_references(tmp_path / "benchmarks.json")["toy"]
    assert (kept.seeds, kept.seconds) == ((0, 1, 2, 3), (2.0,) * 4)
    assert kept.rows["height"][""] == Reference("higher", 0.1, (1.0,) * 4)
    assert kept.machine["cores"] >= 1
    run(tmp_path, toy=toy)
    assert table.read_references(tmp_path / "benchmarks.json")["toy"] == kept


def test_recording_one_section_keeps_the_others(tmp_path: Path) -> None:
    one, two = Toy(height=(1.0, "higher", 0.1)), Toy(depth=(1.0, "higher", 0.1))
    run(tmp_path, "--gate", "record", one=one, two=two)
    one.figures["height"] = (2.0, "higher", 0.1)
    two.error = ZeroDivisionError("out of luck")
    assert run(tmp_path, "--gate", "record", one=one, two=two) == 1
    kept = table.read_references(tmp_path / "benchmarks.json")
    assert kept["one"].rows["height"][""].mean == 2.0
    assert kept["two"].rows["depth"][""].mean == 1.0


def test_a_report_is_written_only_where_it_is_asked_for(tmp_path: Path) -> None:
    toy = Toy(height=(1.0, "higher", 0.1))
    run(tmp_path, "--gate", "record", toy=toy)
    toy.figures["height"] = (math.nan, "higher", 0.1)
    assert run(tmp_path, "--gate", "--json", str(tmp_path / "now.json"), toy=toy) == 1
    found = json.loads((tmp_path / "now.json").read_text("utf-8"))
    assert (found["passed"], found["doubtful"], found["seconds"]) == (False, ["toy"], {"toy": 2.0})
    (figure,) = found["figures"]
    assert (figure["now"], figure["recorded"], figure["result"]) == ("nan", 1.0, "fell")
    assert figure["bound"] == pytest.approx(0.6)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--gate", "--only", "nonsense"], "there is no section 'nonsense'; there are toy"),
        (["--gate", "record", "--repeats", "1"], "--repeats is at least 2"),
    ],
)
def test_a_wrong_request_is_one_sentence(
    tmp_path: Path, arguments: list[str], sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(tmp_path, *arguments, toy=Toy()) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert sentence in said.err
    assert len(said.err.splitlines()) == 1


def test_references_that_are_damaged_are_told_before_anything_is_measured(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    content = {"format": 1, "sections": {}, "gate": {"toy": {"date": "2026-01-01"}}}
    (tmp_path / "benchmarks.json").write_text(json.dumps(content))
    toy = Toy(height=(1.0, "higher", 0.1))
    assert run(tmp_path, "--gate", toy=toy) == 2
    assert toy.seen == []
    (said,) = capsys.readouterr().err.splitlines()
    assert said.endswith("holds under 'gate' is not what a gate compares with")


def test_a_section_in_a_process_of_its_own_gives_its_figures() -> None:
    outcome = run_apart(SECTIONS["exact"], Plan().gated())
    assert outcome.crashed == ""
    assert [row.what for row in outcome.rows][-1] == "conversions, float64"
    assert outcome.rows[-1].figures == (Figure(pytest.approx(0, abs=1e-10), "lower", 1e-12),)
    assert compare("exact", outcome.rows, None)[0].result == "new"


def test_a_process_that_breaks_or_takes_too_long_is_a_crash() -> None:
    unknown = run_apart(replace(SECTIONS["exact"], name="nonsense"), Plan().gated())
    assert unknown.crashed.endswith("KeyError: 'nonsense'")
    late = run_apart(replace(SECTIONS["exact"], expected=lambda plan: -59.9 / 3), Plan().gated())
    assert "took longer than 0 s" in late.crashed


def test_a_run_in_a_gate_is_trained_in_steps_and_its_speed_measured(user_directories: Path) -> None:
    from genlab.bench.measures.trained import speed, trained

    short = trained(Plan().gated(), Budget(steps=30), "diffusion", "moons", seed=1)
    assert (short.run.step, short.run.session.seed) == (30, 1)
    assert short.note == "seed 1: 30 steps, torch threads 1"
    (figure,) = speed([short])
    assert (figure.value, figure.better) == (short.rate, "higher")
    assert short.rate is not None
    assert short.rate > 1
    full = trained(Plan(), Budget(seconds=0.2), "diffusion", "moons", seed=0)
    assert speed([full]) == ()


@pytest.mark.skipif(os.name == "nt", reason="the app here is a shell script")
def test_the_figures_of_the_app_are_its_size_and_its_times_by_the_yardstick(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from genlab.bench.measures import app

    program = tmp_path / "genlab"
    program.write_text('#!/bin/sh\necho \'{"window": 0.5, "engine": 3}\'\n')
    program.chmod(0o755)
    monkeypatch.setattr(app, "FOLDER", tmp_path)
    monkeypatch.setattr(app, "PACKAGE", tmp_path / "code")
    monkeypatch.setattr(app, "slowness", lambda: 2.0)
    size, window, engine = (row.figures[0] for row in app.measure(Plan().gated()))
    assert size.value == pytest.approx(program.stat().st_size / 1e9)
    assert (window.value, engine.value) == (0.25, 1.5)
    assert {each.better for each in (size, window, engine)} == {"lower"}
    (tmp_path / "code").mkdir()
    newer = tmp_path / "code" / "newer.py"
    newer.touch()
    os.utime(program, (0, 0))
    with pytest.raises(SkipSection, match="older than the code"):
        next(app.measure(Plan().gated()))


def test_the_yardstick_reads_the_same_twice() -> None:
    from genlab.bench.yardstick import slowness

    pairs = [(slowness(), slowness()) for _ in range(3)]
    assert all(0.1 < each < 100 for pair in pairs for each in pair)
    # The best of three pairs: a busy machine may change its speed between two readings.
    assert min(abs(math.log(first / second)) for first, second in pairs) < math.log(1.5)

"""The benchmark's table, the choice of sections, and its exit status; nothing is measured here but toys."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from genlab.bench import table
from genlab.bench.__main__ import main
from genlab.bench.measures.app import sizes
from genlab.bench.measures.memory import by_part
from genlab.bench.plan import Plan
from genlab.bench.rows import Row, Section, SkipSection, guarded, median, percentile
from genlab.bench.sections import SECTIONS


def fast(plan: Plan) -> Iterator[Row]:
    yield Row("toy", "speed | of light", "at least 1", "2", {"ratios": [2.0, math.inf]}, True, "a note")
    yield Row("toy", "weight", "at most 1 kg", "3 kg", {"kg": 3}, False)


def plain(plan: Plan) -> Iterator[Row]:
    yield Row("plain", "height", "any", f"{len(plan.seeds)} m")


def broken(plan: Plan) -> Iterator[Row]:
    yield Row("broken", "first", "any", "1", {}, True)
    raise RuntimeError("out of luck")


def absent(plan: Plan) -> Iterator[Row]:
    raise SkipSection("it is not built")
    yield


def section(name: str, measure: object) -> Section:
    return Section(
        name, f"Title of {name}", measure, lambda plan: 1, lambda plan: "With care.", lambda plan: plan.seeds
    )  # type: ignore[arg-type]


TOYS = {name: section(name, m) for name, m in (("toy", fast), ("plain", plain))}


def run(docs: Path, *arguments: str, sections: dict[str, Section] | None = None) -> int:
    return main([*arguments, "--docs", str(docs)], sections or TOYS)


def test_the_table_comes_back_from_json_as_it_was_measured(tmp_path: Path) -> None:
    assert run(tmp_path) == 0
    kept = table.read(tmp_path / "benchmarks.json")
    first, second = table.rows_of(kept["toy"])
    assert first == Row(
        "toy", "speed | of light", "at least 1", "2", {"ratios": [2.0, "inf"]}, True, "a note"
    )
    assert (second.passed, second.values) == (False, {"kg": 3})
    assert kept["toy"]["seeds"] == [0, 1, 2]
    assert kept["toy"]["machine"]["cores"] >= 1
    before = (tmp_path / "benchmarks.md").read_text("utf-8")
    assert table.markdown(kept) == before
    assert "speed \\| of light" in before


def test_only_the_chosen_sections_are_measured(tmp_path: Path) -> None:
    assert run(tmp_path, "--only", "plain", "--json", str(tmp_path / "now.json")) == 0
    assert list(table.read(tmp_path / "benchmarks.json")) == ["plain"]
    assert list(json.loads((tmp_path / "now.json").read_text("utf-8"))["sections"]) == ["plain"]


def test_a_first_word_chooses_all_sections_that_begin_with_it(tmp_path: Path) -> None:
    family = {name: section(name, plain) for name in ("live-small", "live-large", "liveliness")}
    assert run(tmp_path, "--only", "live", sections=family) == 0
    assert list(table.read(tmp_path / "benchmarks.json")) == ["live-small", "live-large"]


def test_a_miss_is_shown_as_a_miss_and_is_no_failure(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(tmp_path, "--only", "toy") == 0
    shown = capsys.readouterr().out
    assert "1 passed, 1 missed, 0 failed" in shown
    assert "missed  toy: weight: 3 kg; required at most 1 kg" in shown
    assert "| weight | at most 1 kg | 3 kg | **missed** |" in (tmp_path / "benchmarks.md").read_text("utf-8")


def test_sections_that_were_not_measured_again_keep_rows_and_dates(tmp_path: Path) -> None:
    run(tmp_path)
    kept = table.read(tmp_path / "benchmarks.json")
    kept["toy"]["date"] = kept["plain"]["date"] = "2001-02-03"
    table.write(tmp_path, kept, TOYS)
    run(tmp_path, "--only", "plain", "--quick")
    merged = table.read(tmp_path / "benchmarks.json")
    assert list(merged) == ["toy", "plain"]
    assert merged["toy"] == kept["toy"]
    assert merged["plain"]["date"] != "2001-02-03"
    assert merged["plain"]["rows"][0]["measured"] == "1 m"
    page = (tmp_path / "benchmarks.md").read_text("utf-8")
    assert "Measured 2001-02-03" in page
    assert "A quick measurement." in page


@pytest.mark.parametrize("only", ["plain,nonsense", ","])
def test_an_unknown_section_is_one_sentence(
    tmp_path: Path, only: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(tmp_path, "--only", only) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert len(said.err.splitlines()) == 1
    assert "there are toy, plain" in said.err
    assert not list(tmp_path.iterdir())


def test_a_crash_leaves_the_other_sections_and_the_earlier_table(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    earlier = {**TOYS, "broken": section("broken", plain), "absent": section("absent", plain)}
    run(tmp_path, sections=earlier)
    later = {"broken": section("broken", broken), "absent": section("absent", absent), **TOYS}
    assert run(tmp_path, sections=later) == 1
    said = capsys.readouterr()
    assert "not measured: it is not built" in said.out
    assert "RuntimeError: out of luck" in said.err
    kept = table.read(tmp_path / "benchmarks.json")
    assert list(kept) == ["broken", "absent", "toy", "plain"]
    assert kept["broken"]["rows"][0]["what"] == kept["absent"]["rows"][0]["what"] == "height"


def test_a_table_of_another_format_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "benchmarks.json").write_text("[]")
    assert run(tmp_path) == 2
    assert (tmp_path / "benchmarks.json").read_text() == "[]"


def test_every_section_says_what_it_runs_and_how_long_it_takes() -> None:
    plan = Plan()
    quick = plan.quickly()
    assert (quick.seeds, quick.memory_seconds, quick.quick) == ((0,), 120, True)
    for name, each in SECTIONS.items():
        assert each.name == name
        assert 0 < each.expected(quick) <= each.expected(plan)
        assert each.settings(plan).endswith(".")


def test_medians_and_percentiles_are_those_of_the_sorted_values() -> None:
    assert median([3, 1, 2]) == 2
    assert median([4, 1, 2, 3]) == 2.5
    assert percentile([float(k) for k in range(1, 1001)], 0.99) == 990
    assert percentile([5.0], 0.99) == 5
    assert by_part([0, 1, 2, 3, 4, 5], [1, 2, 9, 10, 20, 30], 3) == [2, 20]


def test_the_size_of_the_app_leaves_out_cuda_and_links(tmp_path: Path) -> None:
    for name, size in (("lib/libtorch_cpu.so", 100), ("lib/libtorch_cuda.so", 70), ("nvidia/x/y.so", 30)):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(bytes(size))
    (tmp_path / "link").symlink_to(tmp_path / "lib/libtorch_cpu.so")
    assert sizes(tmp_path) == (200, 100)


def test_the_conversions_of_this_version_are_exact() -> None:
    from genlab.bench.measures.exact import conversions

    assert conversions() < 1e-10


def test_the_bare_loop_and_the_engine_train_the_same_session(user_directories: Path) -> None:
    from genlab.bench.apart.bare import BareLoop, compare
    from genlab.session.session import Session

    session = Session.default("diffusion", "moons").with_values({"training.pool": 1000})
    bare = BareLoop(session)
    before = [q.detach().clone() for q in bare.average]
    bare.step(0)
    assert any(not a.equal(b) for a, b in zip(bare.average, before, strict=True))
    for _ in range(2):  # as a gate that is recorded does
        found = compare("moons", 1, 0.2)
        assert min(*found["bare"], *found["engine"]) > 0
        assert found["threads"] >= 1


def test_a_tiny_gate_is_read_against_its_floor(user_directories: Path) -> None:
    from genlab.bench.measures.diffusion import measure

    tiny = replace(
        Plan(), seeds=(0,), points_seconds=(0.2, 0.2), points_n=(256, 256), draws=2, ring_seconds=0.2
    )
    row = next(measure(tiny))
    assert row.required == "at most 1.1 (+ 2 standard errors)"
    assert row.values["gates"][0]["ratio"] == pytest.approx(float(row.measured), abs=1e-3)
    assert row.passed is not None


def test_a_density_is_read_against_the_exact_one(user_directories: Path) -> None:
    from genlab.bench.measures.quality import log_prob_row

    row = log_prob_row(replace(Plan(), seeds=(0,), density_seconds=0.2, density_points=50), "score")
    (error,) = row.values["errors"]
    assert row.section == "score"
    assert row.passed is (error <= 0.13)
    assert 0 < error < 10


@pytest.mark.parametrize(
    ("own", "other", "fits"),
    [
        (0.019, 0.2, True),
        (0.021, 0.2, False),
        (-0.03, 0.2, True),
        (-0.11, 5.0, False),
        (0.019, 0.09, False),
        (-0.05, 0.2, False),
    ],
)
def test_a_signed_path_energy_may_read_a_little_low_but_not_high(
    own: float, other: float, fits: bool
) -> None:
    from genlab.bench.measures.straight import straight_enough

    assert straight_enough(own, other, 0.02) is fits


def test_paths_are_those_of_the_model_that_samples(user_directories: Path) -> None:
    import genlab
    from genlab.bench.measures.straight import load_model
    from genlab.core.requests import SampleRequest

    settings = {"objective.coupling": "optimal", "objective.condition_dropout": 1.0}
    run = genlab.train("flow-matching", "8gaussians-cfm", steps=30, settings=settings)
    *_, last = load_model(run).sample(SampleRequest(100, run.session.sampler))
    assert last.x == pytest.approx(run.sample(100), abs=1e-4)


@pytest.mark.filterwarnings("ignore:__array__:DeprecationWarning")
def test_both_sides_of_the_solvers_draw_the_same_samples() -> None:
    pytest.importorskip("diffusers")
    from genlab.bench.apart.against_diffusers import Contest, compare, gap
    from genlab.bench.measures.solvers import NAMES

    contest = Contest()
    for method in NAMES:
        assert contest.ours(method, 200).std() > 0.5
        assert gap(contest, method, 200) < 1e-4
    found = compare(50, 2, 1)
    assert list(found) == list(NAMES)
    assert all(len(each[side]) == 2 for each in found.values() for side in ("ours", "theirs"))


def test_a_solver_is_fast_enough_where_its_median_is_with_any_number_of_threads() -> None:
    from genlab.bench.measures.solvers import solver_row

    fast = {"ours": [1.0, 1.0, 9.0], "theirs": [4.0, 2.0, 10.0], "gap": 1e-6}
    slow = {"ours": [3.0, 3.0, 3.0], "theirs": [5.0, 4.0, 3.0], "gap": 1e-6}
    row = solver_row(Plan(), "Heun", {"every core": fast, "one thread": fast})
    assert (row.measured, row.passed) == ("0.50, 0.50", True)
    row = solver_row(Plan(), "Heun", {"every core": fast, "one thread": slow})
    assert (row.measured, row.passed) == ("0.50, 0.75", False)


def test_a_child_that_fails_is_a_row_beside_those_of_the_others(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from genlab.bench.child import measure

    def one(dataset: str) -> Iterator[Row]:
        yield Row("parts", f"{dataset}, before", "any", "1", {}, True)
        measure("apart.headless:train", 60, paradigm="vae", dataset=dataset, settings={}, seconds=1)

    def parts(plan: Plan) -> Iterator[Row]:
        yield from guarded("parts", "nonsense", one(str(tmp_path / "nonsense")))
        yield Row("parts", "other", "any", "2", {}, True)

    assert run(tmp_path, sections={"parts": section("parts", parts)}) == 1
    said = capsys.readouterr()
    assert "2 passed, 0 missed, 1 failed." in said.out
    assert "failed  parts: nonsense: apart.headless:train: " in said.out
    rows = table.rows_of(table.read(tmp_path / "benchmarks.json")["parts"])
    assert [row.result for row in rows] == ["passed", "failed", "passed"]
    assert "**failed**" in (tmp_path / "benchmarks.md").read_text("utf-8")


def test_what_goes_wrong_in_a_measurement_is_told_in_its_last_words() -> None:
    from genlab.bench.child import MeasurementFailed, measure

    with pytest.raises(MeasurementFailed, match=r"apart.headless:train: .*nothing at 'nonsense'"):
        measure("apart.headless:train", 60, paradigm="diffusion", dataset="nonsense", settings={}, seconds=1)

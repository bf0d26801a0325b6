"""Metrics of plug-ins, and what one metric that fails leaves of the others."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Generator, Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from genlab.data import Dataset, load
from genlab.data.catalogue import DATASETS
from genlab.data.files.arrays import FileDataset
from genlab.data.files.settings import FileSettings
from genlab.data.payloads import Array, Labels
from genlab.metrics import catalogue, evaluate
from genlab.metrics.evaluate import LogDensity
from genlab.metrics.floors import FloorStore
from genlab.metrics.records import LikelihoodMetric, PairMetric, SampleMetric
from genlab.metrics.report import Heading, Metric
from genlab.metrics.slices import Work, finish, stop_helper


@pytest.fixture(autouse=True, scope="module")
def no_helper_left() -> Iterator[None]:
    yield
    stop_helper()


def from_training(dataset: Dataset) -> evaluate.DrawModel:
    def draw(n: int, seed: int) -> Generator[None, None, tuple[Array, Labels | None]]:
        yield
        rng = np.random.default_rng(seed)
        drawn = dataset.train(n, rng)
        rows = rng.integers(len(drawn.x), size=n)
        return drawn.x[rows], None if drawn.labels is None else drawn.labels[rows]

    return draw


def density(x: Array) -> Generator[None, None, LogDensity]:
    yield
    return LogDensity(np.full(len(x), -3.0), "exact", "as it is")


def run(dataset: Dataset, log_prob: evaluate.LogProbOf = density, n: int = 64) -> dict[str, Metric]:
    work = evaluate.evaluate(
        dataset, from_training(dataset), log_prob, np.random.default_rng(0), n, 3, store=FloorStore()
    )
    return {metric.key: metric for metric in finish(work)}


def twins() -> FileDataset:
    """Images in two copies each, both in the training part."""
    x = np.random.default_rng(0).integers(256, size=(40, 1, 8, 8)).astype(np.float32)
    settings = FileSettings(kind="images", rows=80, height=8, width=8)
    dataset = FileDataset(settings, np.concatenate([x, x]), None)
    train = dataset._train.x[:20]
    dataset._train = type(dataset._train)(np.concatenate([train, train]), None)
    return dataset


def test_images_that_all_stand_twice_lose_one_metric_and_keep_the_rest() -> None:
    found = run(twins())
    assert found["nearest_ratio"].value is None
    reason = "every training example has a twin, so that there is no distance to compare with"
    assert found["nearest_ratio"].note == f"it cannot be computed: {reason}"
    assert found["nll"].value == 3.0
    for key in ("bits_per_dim", "w2", "sliced_w2", "frechet", "kid"):
        assert found[key].value is not None
        assert np.isfinite(found[key].value)


@pytest.fixture
def with_metrics(monkeypatch: pytest.MonkeyPatch) -> object:
    """Add records as those of plug-ins would be."""

    def add(*records: object) -> None:
        monkeypatch.setattr(catalogue, "METRICS", (*catalogue.BUILT_IN, *records))
        monkeypatch.setattr(evaluate, "METRICS", (*catalogue.BUILT_IN, *records))

    return add


def mean_shift(dataset: Dataset) -> object:
    def compute(x: np.ndarray, y: np.ndarray, rng: np.random.Generator) -> Work[Mapping[str, float]]:
        yield
        rng.random(1000)
        return {"shift": float(abs(x.mean() - y.mean()))}

    return compute


def failing(*arguments: object) -> object:
    raise KeyError("something is missing")


SHIFT = PairMetric("shift", "Shift", lambda d, n: True, mean_shift, {"shift": Heading("Shift", "lower", "")})


def test_a_metric_of_a_plug_in_is_reported_with_its_floor_and_changes_no_other(with_metrics) -> None:
    moons = load("moons", DATASETS["moons"].settings())
    plain = run(moons)
    with_metrics(SHIFT)
    found = run(moons)
    shift = found.pop("shift")
    assert found == plain
    assert shift.floor is not None
    assert shift.floor.pairs == 40
    assert shift.value == pytest.approx(shift.floor.mean, abs=0.3)


def test_two_metrics_that_call_a_number_alike_have_floors_of_their_own(with_metrics) -> None:
    def tenfold(dataset: Dataset) -> object:
        def compute(x: np.ndarray, y: np.ndarray, rng: np.random.Generator) -> Work[Mapping[str, float]]:
            yield
            return {"shift": 10 + float(abs(x.mean() - y.mean()))}

        return compute

    with_metrics(SHIFT, replace(SHIFT, id="far", statistic=tenfold))
    moons = load("moons", DATASETS["moons"].settings())
    work = evaluate.evaluate(moons, from_training(moons), density, np.random.default_rng(0), 64, 3)
    near, far = (metric for metric in finish(work) if metric.key == "shift")
    assert near.floor is not None
    assert far.floor is not None
    assert near.floor.mean < 1
    assert far.floor.mean > 10


@pytest.mark.parametrize(
    "record",
    [
        LikelihoodMetric("bad", "Bad", lambda d, n: True, failing),
        SampleMetric("bad", "Bad", lambda d, n: True, failing),
        PairMetric("bad", "Bad", lambda d, n: True, failing, {"bad": Heading("Bad", "lower", "")}),
        PairMetric("bad", "Bad", lambda d, n: True, lambda d: failing, {"bad": Heading("Bad", "lower", "")}),
        SampleMetric("bad", "Bad", failing, failing),
    ],
)
def test_a_metric_that_fails_says_why_and_the_rest_stand(with_metrics, record) -> None:
    moons = load("moons", DATASETS["moons"].settings())
    plain = run(moons)
    with_metrics(record)
    found = run(moons)
    bad = found.pop("bad")
    assert bad.value is None
    assert "something is missing" in bad.note
    assert found == plain


def told(value: object, **more: object) -> Metric:
    return replace(Metric("odd", "Odd", 1.0, None, None, None, "near", "", 1), value=value, **more)


def scored(value: object, **more: object) -> LikelihoodMetric:
    return LikelihoodMetric("odd", "Odd", lambda d, n: True, lambda s: told(value, **more))


def pair(statistic: object) -> PairMetric:
    headings = {"odd": Heading("Odd", "lower", "")}
    return PairMetric("odd", "Odd", lambda d, n: True, lambda d: statistic, headings)


def yielding(*said: object) -> Generator[object, None, object]:
    yield from said
    return {"odd": 1.0}


@pytest.mark.parametrize(
    ("record", "why"),
    [
        (scored("much"), "a value is a str, not a number"),
        (scored(np.zeros(2)), "ndarray, not a number"),
        (scored(float("nan")), "its value is not a number"),
        (scored(1.0, reference=("mine", None)), "a value is nothing, not a number"),
        (scored(1.0, note=7), "its note is an int, not a text"),
        (scored(1.0, better="up"), "better 'lower', 'higher' or 'near', not 'up'"),
        (replace(scored(1.0), compute=lambda s: None), "it gives nothing, not a Metric"),
        (SampleMetric("odd", "Odd", lambda d, n: True, lambda g, r: told(1.0)), "it gives a Metric at once"),
        (SampleMetric("odd", "Odd", lambda d, n: True, lambda g, r: [told(1.0)]), "it gives a list at once"),
        (
            SampleMetric("odd", "Odd", lambda d, n: True, lambda g, r: yielding(told(1.0))),
            "it yields a Metric",
        ),
        (SampleMetric("odd", "Odd", lambda d, n: True, lambda g, r: yielding()), "not a list of Metric"),
        (pair(lambda x, y, rng: {"odd": 1.0}), "it gives a dict at once"),
        (pair(lambda x, y, rng: yielding({"odd": 1.0})), "it yields a dict"),
        (replace(pair(yielding), references=lambda d: {"odd": 1.0}), "not a name and a number"),
    ],
)
def test_a_metric_that_gives_what_is_none_says_why_and_the_rest_stand(with_metrics, record, why) -> None:
    moons = load("moons", DATASETS["moons"].settings())
    plain = run(moons)
    with_metrics(record)
    found = run(moons)
    odd = found.pop("odd")
    assert odd.value is None
    assert why in odd.note
    assert found == plain


def test_numbers_of_every_kind_become_plain_ones(with_metrics) -> None:
    odd = scored(np.float32(2), standard_error=np.float64(1), reference=("mine", np.int64(3)), n=np.int64(4))
    with_metrics(odd)
    found = run(load("moons", DATASETS["moons"].settings()))["odd"]
    plain = json.loads(json.dumps(found.to_dict(), allow_nan=False))
    assert [plain[name] for name in ("value", "standard_error", "reference", "n")] == [2, 1, ["mine", 3], 4]


def zeroes(*given: object) -> Generator[None, None, object]:
    yield
    for each in given:
        if isinstance(each, np.ndarray):
            each[:] = 0
    return {"odd": 1.0}


def empties(scored: object) -> Metric:
    scored.density.values[:] = 0
    return told(1.0)


@pytest.mark.parametrize(
    "record",
    [
        replace(scored(1.0), compute=lambda s: (s.x.fill(0), told(1.0))[1]),
        replace(scored(1.0), compute=empties),
        SampleMetric("odd", "Odd", lambda d, n: True, lambda g, r: zeroes(g.x)),
        pair(zeroes),
    ],
)
def test_a_metric_cannot_change_what_others_see(with_metrics, record) -> None:
    moons = load("moons", DATASETS["moons"].settings())
    plain = run(moons)
    with_metrics(record)
    found = run(moons)
    assert "read-only" in found.pop("odd").note
    assert found == plain


def test_a_density_that_fails_on_the_way_leaves_the_metrics_of_samples() -> None:
    def broken(x: Array) -> Generator[None, None, LogDensity]:
        yield
        raise ValueError("the ODE did not converge")

    moons = load("moons", DATASETS["moons"].settings())
    found, plain = run(moons, broken), run(moons)
    assert found["nll"].value is None
    assert found["nll"].note == "it cannot be computed: the ODE did not converge"
    assert found["nll"].reference == plain["nll"].reference
    assert found["w2"] == plain["w2"]


def test_samples_that_are_not_finite_have_no_distances_but_a_likelihood() -> None:
    moons = load("moons", DATASETS["moons"].settings())

    def broken(n: int, seed: int) -> Generator[None, None, tuple[Array, Labels | None]]:
        yield
        return np.full((n, 2), np.nan, np.float32), None

    work = evaluate.evaluate(moons, broken, density, np.random.default_rng(0), 64, 3)
    found = {metric.key: metric for metric in finish(work)}
    assert found["nll"].value == 3.0
    assert found["w2"].value is None
    assert "not finite" in found["w2"].note


CODE = """
from genlab.metrics.records import MetricRecord, PairMetric
from genlab.metrics.report import Heading

def mean_shift(dataset):
    def compute(x, y, rng):
        yield
        return {"shift": float(abs(x.mean() - y.mean()))}
    return compute

SHIFT = PairMetric("shift", "Shift", lambda d, n: True, mean_shift, {"shift": Heading("Shift", "lower", "")})
TAKEN = PairMetric("mine", "Mine", lambda d, n: True, mean_shift, {"w2": Heading("W2", "lower", "")})
BARE = MetricRecord("bare", "Bare", lambda d, n: True)
NUMB = PairMetric("numb", "Numb", lambda d, n: True, mean_shift, {"numb": Heading(7, "lower", "")})
"""

SCRIPT = """
import json
from genlab.data import load
from genlab.data.catalogue import DATASETS
from genlab.metrics.catalogue import PROBLEMS, statistics_for
moons = load("moons", DATASETS["moons"].settings())
print(json.dumps([list(statistics_for(moons, 100)), [p.sentence for p in PROBLEMS]]))
"""


def test_an_installed_package_adds_metrics_and_its_mistakes_are_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "lab_shift.py").write_text(CODE, encoding="utf-8")
    metadata = tmp_path / "lab_shift-0.1.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: lab-shift\nVersion: 0.1\n", "utf-8")
    entries = "\n".join(f"{name.lower()} = lab_shift:{name}" for name in ("SHIFT", "TAKEN", "BARE", "NUMB"))
    (metadata / "entry_points.txt").write_text(f"[genlab.metrics]\n{entries}\n", encoding="utf-8")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    done = subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, text=True, check=True)
    names, problems = json.loads(done.stdout)
    assert names == ["assignment", "sliced", "neighbourhood", "shift"]
    assert problems == [
        "The plug-in 'bare' of lab-shift is left out: a metric is a LikelihoodMetric, a PairMetric or a "
        "SampleMetric.",
        "The plug-in 'numb' of lab-shift is left out: its name is an int, not a text.",
        "The plug-in 'taken' of lab-shift is left out: there is a 'w2' already.",
    ]


def test_samples_that_are_not_finite_are_not_measured() -> None:
    def draw(n: int, seed: int) -> Generator[None, None, tuple[Array, Labels | None]]:
        yield
        x = np.random.default_rng(seed).normal(size=(n, 2)).astype(np.float32)
        x[:2, 0] = np.nan, np.inf
        return x, np.zeros(n, np.int64)

    dataset = load("moons", DATASETS["moons"].settings())
    work = evaluate.evaluate(dataset, draw, density, np.random.default_rng(0), 64, 3, store=FloorStore())
    found = {metric.key: metric for metric in finish(work)}
    assert all(found.pop(key).value is not None for key in ("nll", "nll_excess"))
    measured = [metric for metric in found.values() if metric.value is not None]
    assert [metric.key for metric in measured] == []
    assert "it cannot be computed: 2 of 64 samples are not finite" in {
        metric.note for metric in found.values()
    }


def test_a_metric_that_tries_to_exit_cannot_be_computed(monkeypatch: pytest.MonkeyPatch) -> None:
    record = LikelihoodMetric("leaves", "Leaves", lambda dataset, n: True, lambda scored: sys.exit(4))
    monkeypatch.setattr(evaluate, "METRICS", (record, *catalogue.METRICS))
    found = run(load("moons", DATASETS["moons"].settings()))
    assert found.pop("leaves").note == "it cannot be computed: it tried to end the program"
    assert found["nll"].value is not None

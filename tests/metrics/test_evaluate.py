"""An evaluation gives every metric that applies, beside its floor, from its seeds alone."""

from __future__ import annotations

import json
from collections.abc import Generator, Iterator
from dataclasses import replace

import numpy as np
import pytest

from genlab.data import Dataset, load
from genlab.data.catalogue import DATASETS
from genlab.data.files.arrays import FileDataset
from genlab.data.files.settings import FileSettings
from genlab.data.payloads import Array, Labels
from genlab.metrics.evaluate import DrawModel, LogDensity, LogProbOf, evaluate
from genlab.metrics.floors import FloorStore
from genlab.metrics.report import Metric, Progress
from genlab.metrics.slices import finish, stop_helper


@pytest.fixture(autouse=True, scope="module")
def no_helper_left() -> Iterator[None]:
    yield
    stop_helper()


def built_in(name: str) -> Dataset:
    return load(name, DATASETS[name].settings())


def exact_sampler(dataset: Dataset) -> DrawModel:
    def draw(n: int, seed: int) -> Generator[None, None, tuple[Array, Labels | None]]:
        yield
        drawn = dataset.test(n, np.random.default_rng(seed))
        return drawn.x, drawn.labels

    return draw


def exact_density(dataset: Dataset, offset: float = 0.0) -> LogProbOf:
    def log_prob(x: Array) -> Generator[None, None, LogDensity]:
        yield
        assert dataset.truth is not None
        return LogDensity(dataset.truth.log_prob(x) - offset, "ode", "by an ODE", 0.01)

    return log_prob


def by_key(metrics: list[Metric]) -> dict[str, Metric]:
    keys = [metric.key for metric in metrics]
    assert len(keys) == len(set(keys))
    return {metric.key: metric for metric in metrics}


def run(name: str, n: int = 256, seed: int = 0, biased: str = "", offset: float = 0.0) -> dict[str, Metric]:
    dataset = built_in(name)
    work = evaluate(
        dataset,
        exact_sampler(dataset),
        exact_density(dataset, offset),
        np.random.default_rng(seed),
        n=n,
        draws=8,
        biased=biased,
        store=FloorStore(),
    )
    return by_key(finish(work))


PLANE = {"nll", "nll_excess", "w2", "sliced_w2", "precision", "recall", "density", "coverage"}
MODES = {"modes_captured", "high_quality", "std_ratio", "reverse_kl"}


@pytest.mark.parametrize(
    ("name", "keys"),
    [
        ("moons", PLANE),
        ("gan-ring", PLANE | MODES),
        ("mixture-1d", PLANE - {"sliced_w2"} | {"w1"} | MODES),
    ],
)
def test_a_perfect_model_scores_the_floor_of_every_metric_that_applies(name: str, keys: set[str]) -> None:
    found = run(name)
    assert set(found) == keys
    assert found["nll_excess"].value == pytest.approx(0, abs=1e-12)
    entropy = built_in(name).truth.entropy  # type: ignore[union-attr]
    assert found["nll"].reference == ("entropy of the data", entropy)
    assert abs(found["nll"].value - entropy) < 4 * found["nll"].standard_error
    assert "ODE" in found["nll"].note
    for key in keys - {"nll", "nll_excess"}:
        metric = found[key]
        assert metric.floor is not None
        assert metric.floor.n == metric.n == 256
        error = np.hypot(metric.standard_error, metric.floor.standard_error)
        assert abs(metric.value - metric.floor.mean) <= 4 * error + 1e-12, key


def test_a_model_without_density_says_why_in_place_of_its_likelihood() -> None:
    moons = built_in("moons")
    reason = "a GAN gives samples, no density"
    found = by_key(finish(evaluate(moons, exact_sampler(moons), reason, np.random.default_rng(0), 64, 2)))
    assert found["nll"].value is None
    assert found["nll"].note == reason
    assert "nll_excess" not in found


def test_the_same_seed_gives_the_same_evaluation_and_another_seed_another() -> None:
    first, again, other = run("moons"), run("moons"), run("moons", seed=1)
    assert first == again
    assert first["w2"].value != other["w2"].value
    assert first["w2"].floor == other["w2"].floor


def test_excess_is_the_shift_of_the_log_density() -> None:
    found = run("moons", offset=0.25)["nll_excess"]
    assert found.value == pytest.approx(0.25)
    assert found.standard_error < 1e-9


def test_tilted_samples_are_labelled_and_the_likelihood_is_not() -> None:
    plain, biased = run("moons"), run("moons", biased="guidance 4")
    assert plain["nll"] == biased["nll"]
    assert biased["w2"].value == plain["w2"].value
    assert biased["w2"].name == "W2 (biased)"
    assert "guidance 4" in biased["w2"].note


def test_headlines_say_that_samples_are_biased() -> None:
    found = run("moons", biased="guidance 2")
    assert [metric.headline for metric in found.values() if metric.headline] == ["NLL", "W2 (biased)"]


def test_a_collapsed_model_is_told_by_its_modes_and_its_recall() -> None:
    ring = built_in("gan-ring")

    def one_mode(n: int, seed: int) -> Generator[None, None, tuple[Array, Labels | None]]:
        yield
        assert ring.truth is not None
        return ring.truth.draw(n, np.random.default_rng(seed), label=2).x, None

    found = by_key(finish(evaluate(ring, one_mode, "none", np.random.default_rng(0), 256, 3)))
    assert found["modes_captured"].value == 1
    assert found["reverse_kl"].value == pytest.approx(np.log(8))
    assert found["high_quality"].value > 0.97
    assert found["recall"].value < 0.2
    assert found["w2"].value > 2 * found["w2"].floor.mean  # type: ignore[union-attr]


def test_digits_are_judged_by_a_classifier_and_by_their_distance_to_the_training_set() -> None:
    digits = built_in("digits")
    parts = digits.test(447, np.random.default_rng(0))

    def from_test(n: int, seed: int) -> Generator[None, None, tuple[Array, Labels | None]]:
        yield
        rows = np.random.default_rng(seed).permutation(447)[:n]
        assert parts.labels is not None
        return parts.x[rows], parts.labels[rows]

    def unit_cube(x: Array) -> Generator[None, None, LogDensity]:
        yield
        assert np.array_equal(x, np.round(x))  # dequantising is the model's affair
        return LogDensity(np.full(len(x), -64 * np.log(17)), "exact", "every level as likely")

    found = by_key(finish(evaluate(digits, from_test, unit_cube, np.random.default_rng(0), 500, 2)))
    assert found["label_accuracy"].value == pytest.approx(0.955, abs=0.02)
    assert found["label_accuracy"].reference == ("held-out images", pytest.approx(0.955, abs=0.005))
    assert found["nearest_ratio"].value == pytest.approx(1 / 0.88, abs=0.03)
    assert found["bits_per_dim"].value == pytest.approx(np.log2(17))
    assert found["nll"].note == "every level as likely"
    assert {"frechet", "kid", "w2", "sliced_w2", "precision"} <= set(found)
    assert found["w2"].n == 223


def test_points_of_ones_own_are_compared_within_the_held_out_part() -> None:
    x = np.random.default_rng(0).normal(size=(400, 3)).astype(np.float32)
    settings = FileSettings(kind="points", name="mine.npy", rows=400, dim=3, sha256="0" * 64)
    mine = FileDataset(settings, x, None)

    def normal(n: int, seed: int) -> Generator[None, None, tuple[Array, Labels | None]]:
        yield
        return np.random.default_rng(seed).normal(size=(n, 3)).astype(np.float32), None

    found = by_key(finish(evaluate(mine, normal, "none", np.random.default_rng(0), 1000, 3)))
    assert found["w2"].n == 30  # half of the 15 % held out
    assert found["w2"].floor is not None
    assert "nll_excess" not in found


def test_a_report_is_plain_json_even_where_values_are_infinite() -> None:
    metric = run("moons")["w2"]
    plain = json.loads(json.dumps(metric.to_dict(), allow_nan=False))
    assert plain["value"] == metric.value
    assert plain["floor"]["n"] == 256
    endless = replace(metric, value=float("inf")).to_dict()
    assert json.loads(json.dumps(endless, allow_nan=False))["value"] == "inf"


def test_progress_is_told_on_the_way() -> None:
    moons = built_in("moons")
    seen = [
        step
        for step in evaluate(moons, exact_sampler(moons), "none", np.random.default_rng(0), 256, 3)
        if isinstance(step, Progress)
    ]
    assert {step.what for step in seen} >= {"likelihood", "floors", "samples"}
    assert all(step.done < step.total for step in seen)

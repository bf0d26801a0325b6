"""Floors are what oracles say, are the same for whoever computes them, and gates read them rightly."""

from __future__ import annotations

from collections.abc import Iterator
from math import sqrt
from pathlib import Path

import numpy as np
import pytest

from genlab.data import Dataset, load
from genlab.data.catalogue import DATASETS
from genlab.data.known import known_points
from genlab.data.truths.mixtures import GaussianMixture
from genlab.metrics.catalogue import statistics_for
from genlab.metrics.distances import Floats, wasserstein2
from genlab.metrics.floors import Floor, FloorStore, draw_real, floors, gate, largest_n
from genlab.metrics.slices import Work, finish, stop_helper
from genlab.settings.fields import Settings


@pytest.fixture(autouse=True, scope="module")
def no_helper_left() -> Iterator[None]:
    yield
    stop_helper()


def built_in(name: str) -> Dataset:
    return load(name, DATASETS[name].settings())


def floor_of_w2(dataset: Dataset, n: int, seed: int) -> Floor:
    def statistic(x: Floats, y: Floats, rng: np.random.Generator) -> Work[dict[str, float]]:
        yield
        return {"w2": wasserstein2(x, y)}

    return finish(floors(draw_real(dataset), n, statistic, np.random.default_rng(seed)))["w2"]


# Means of 200 pairs of independently written samplers of the same definitions, solved by POT.
@pytest.mark.parametrize(("name", "expected"), [("moons-cfm", 0.575), ("8gaussians-cfm", 1.031)])
def test_the_floor_of_w2_is_that_of_an_independent_simulation(name: str, expected: float) -> None:
    found = floor_of_w2(built_in(name), 256, 0)
    assert found.pairs == 40
    assert found.n == 256
    assert found.mean == pytest.approx(expected, abs=4 * found.standard_error)
    assert found.low < found.mean < found.high


@pytest.mark.parametrize("name", sorted(id for id, record in DATASETS.items() if record.truth))
@pytest.mark.parametrize("n", [256, 1000])
def test_floors_of_every_built_in_set_at_usual_sizes_ship_with_genlab(name: str, n: int) -> None:
    dataset, store = built_in(name), FloorStore()
    for statistic_name, statistic in statistics_for(dataset, n).items():
        work = store.get(dataset, statistic_name, statistic, n)
        with pytest.raises(StopIteration) as stop:  # at once: nothing is computed
            next(work)
        assert all(each.pairs == 40 and each.n == n for each in stop.value.value.values())


def test_a_shipped_floor_agrees_with_one_computed_from_other_draws() -> None:
    moons = built_in("moons-cfm")
    shipped = finish(FloorStore().get(moons, "assignment", statistics_for(moons, 256)["assignment"], 256))[
        "w2"
    ]
    fresh = floor_of_w2(moons, 256, 7)
    assert abs(shipped.mean - fresh.mean) < 4 * sqrt(shipped.standard_error**2 + fresh.standard_error**2)


def count_calls(calls: list[int]) -> object:
    def statistic(x: Floats, y: Floats, rng: np.random.Generator) -> Work[dict[str, float]]:
        calls.append(1)
        yield
        return {"shift": float(np.abs(x.mean() - y.mean()))}

    return statistic


def test_a_floor_is_computed_once_and_kept_for_the_next_session(tmp_path: Path) -> None:
    calls: list[int] = []
    moons = built_in("moons")
    first = finish(FloorStore(tmp_path).get(moons, "own", count_calls(calls), 50))
    again = finish(FloorStore(tmp_path).get(moons, "own", count_calls(calls), 50))
    assert len(calls) == 40
    assert again == first


def test_floors_of_a_data_set_that_is_being_written_are_not_those_of_its_last_version(tmp_path: Path) -> None:
    calls: list[int] = []

    def version(place: float) -> Dataset:
        truth = GaussianMixture(np.array([[place]]), np.ones(1), 1.0)
        return known_points("mine", "", "", dim=1, settings=Settings, truth=lambda _: truth).make(Settings())

    for place in (0.0, 0.0, 5.0, 5.0):
        finish(FloorStore(tmp_path).get(version(place), "own", count_calls(calls), 50))
    assert version(0.0).fingerprint == version(5.0).fingerprint
    assert len(calls) == 80


def test_a_damaged_file_of_floors_is_computed_anew_to_the_same_value(tmp_path: Path) -> None:
    calls: list[int] = []
    moons = built_in("moons")
    first = finish(FloorStore(tmp_path).get(moons, "own", count_calls(calls), 50))
    (path,) = tmp_path.iterdir()
    path.write_text("{", encoding="utf-8")
    assert finish(FloorStore(tmp_path).get(moons, "own", count_calls(calls), 50)) == first
    assert len(calls) == 80


def test_pairs_from_fixed_data_never_share_a_sample() -> None:
    digits = built_in("digits")
    n = largest_n(digits, 1000)
    assert n == 223
    both = draw_real(digits)(2 * n, np.random.default_rng(0))
    first, second = ({x.tobytes() for x in half} for half in (both[:n], both[n:]))
    assert not first & second
    with pytest.raises(ValueError, match="needs 448 real samples, there are 447"):
        floor_of_w2(digits, 224, 0)


FLOOR = Floor(mean=1.0, low=0.8, high=1.2, standard_error=0.02, n=100, pairs=40)


def test_a_gate_passes_up_to_the_limit_plus_two_standard_errors() -> None:
    spread = np.tile([-0.1, 0.1], 10)
    error = spread.std(ddof=1) / sqrt(20)
    inside = gate(1.1 + 1.9 * error + spread, FLOOR, 1.1)
    outside = gate(1.1 + 2.1 * error + spread, FLOOR, 1.1)
    assert inside.passed
    assert not outside.passed
    assert inside.standard_error == pytest.approx(error)
    assert inside.ratio == pytest.approx(1.1 + 1.9 * error)


def test_a_perfect_sampler_passes_and_a_shifted_one_fails() -> None:
    moons = built_in("moons-cfm")
    rng = np.random.default_rng(3)
    found = floor_of_w2(moons, 256, 4)
    pairs = [(moons.test(256, rng).x, moons.test(256, rng).x) for _ in range(20)]
    assert gate(np.array([wasserstein2(x, y) for x, y in pairs]), found, 1.0).passed
    assert not gate(np.array([wasserstein2(x + np.float32(0.5), y) for x, y in pairs]), found, 1.1).passed

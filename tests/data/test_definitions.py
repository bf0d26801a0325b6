"""The built-in sets against the generators that define them, by two-sample tests on projections."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.optimize import linear_sum_assignment
from scipy.spatial.distance import cdist
from scipy.stats import ks_2samp
from sklearn.datasets import load_digits, make_circles, make_moons, make_s_curve, make_swiss_roll

from genlab.data import load
from genlab.data.catalogue import DATASETS
from genlab.settings.spaces import Images

N = 8000
Generator = Callable[[np.random.Generator], np.ndarray]


def ours(id: str, n: int = N, seed: int = 0) -> np.ndarray:
    return load(id, DATASETS[id].settings()).train(n, np.random.default_rng(seed)).x


def directions(k: int) -> np.ndarray:
    angle = 2 * np.pi * np.arange(k) / k
    return np.stack([np.cos(angle), np.sin(angle)], axis=1)


def ring(rng: np.random.Generator, radius: float, std: float) -> np.ndarray:
    return radius * directions(8)[rng.integers(8, size=N)] + std * rng.standard_normal((N, 2))


def grid(rng: np.random.Generator) -> np.ndarray:
    return rng.choice([-4, -2, 0, 2, 4], size=(N, 2)) + 0.05 * rng.standard_normal((N, 2))


def rings(rng: np.random.Generator) -> np.ndarray:
    circles = [radius * directions(N // 4) for radius in (3, 2.25, 1.5, 0.75)]
    return np.concatenate(circles) + rng.normal(scale=0.08, size=(N, 2))


def two_spirals(rng: np.random.Generator) -> np.ndarray:
    turn = np.sqrt(rng.random(N // 2)) * 540 * (2 * np.pi) / 360
    first = np.stack([-np.cos(turn) * turn, np.sin(turn) * turn], axis=1) + rng.random((N // 2, 2)) * 0.5
    return np.concatenate([first, -first]) / 3 + rng.standard_normal((N, 2)) * 0.1


def pinwheel(rng: np.random.Generator) -> np.ndarray:
    features = rng.standard_normal((N, 2)) * [0.3, 0.1] + [1, 0]
    angle = 2 * np.pi * np.repeat(np.arange(5), N // 5) / 5 + 0.25 * np.exp(features[:, 0])
    cos, sin = np.cos(angle), np.sin(angle)
    rotation = np.stack([np.stack([cos, -sin], axis=1), np.stack([sin, cos], axis=1)], axis=1)
    return 2 * np.einsum("ti,tij->tj", features, rotation)


def checkerboard(rng: np.random.Generator) -> np.ndarray:
    x = rng.random(N) * 4 - 2
    y = rng.random(N) - 2 * rng.integers(2, size=N) + np.floor(x) % 2
    return 2 * np.stack([x, y], axis=1)


def moons_cfm(rng: np.random.Generator) -> np.ndarray:
    return 3 * make_moons(N, noise=0.2, random_state=rng.integers(2**31))[0] - 1


def s_curve(rng: np.random.Generator) -> np.ndarray:
    x = make_s_curve(N, noise=0.05, random_state=rng.integers(2**31))[0][:, [0, 2]]
    return (x - x.mean(axis=0)) / x.std(axis=0)


DEFINITIONS: dict[str, Generator] = {
    "8gaussians": lambda rng: ring(rng, 4 / 1.414, 0.5 / 1.414),
    "8gaussians-cfm": lambda rng: ring(rng, 5.0, np.sqrt(np.sqrt(0.1))),
    "gan-ring": lambda rng: ring(rng, 1.0, 0.01),
    "gan-grid": grid,
    "moons": lambda rng: make_moons(N, noise=0.1, random_state=rng.integers(2**31))[0] * 2 + [-1, -0.2],
    "moons-cfm": moons_cfm,
    "circles": lambda rng: 3 * make_circles(N, factor=0.5, noise=0.08, random_state=rng.integers(2**31))[0],
    "rings": rings,
    "2spirals": two_spirals,
    "pinwheel": pinwheel,
    "swissroll": lambda rng: (
        make_swiss_roll(N, noise=1.0, random_state=rng.integers(2**31))[0][:, [0, 2]] / 5
    ),
    "checkerboard": checkerboard,
    "s-curve": s_curve,
}


@pytest.mark.parametrize("id", DEFINITIONS)
def test_set_has_the_distribution_of_its_definition(id: str) -> None:
    x, reference = ours(id), DEFINITIONS[id](np.random.default_rng(1))
    projections = {
        "x": lambda z: z[:, 0],
        "y": lambda z: z[:, 1],
        "x + y": lambda z: z[:, 0] + z[:, 1],
        "x - 2 y": lambda z: z[:, 0] - 2 * z[:, 1],
        "radius": lambda z: np.linalg.norm(z, axis=1),
        "angle": lambda z: np.arctan2(z[:, 1], z[:, 0]),
    }
    for name, project in projections.items():
        assert ks_2samp(project(x), project(reference)).pvalue > 1e-4, name


def test_every_two_dimensional_set_is_held_to_its_definition() -> None:
    assert set(DEFINITIONS) == {id for id, info in DATASETS.items() if info.group == "2-D"}


def test_mixture_has_its_modes_at_minus_two_and_two() -> None:
    truth = load("mixture-1d", DATASETS["mixture-1d"].settings()).truth
    assert truth is not None
    assert truth.modes is not None
    assert_allclose(truth.modes[:, 0], [-2, 2])


def test_uneven_mixture_has_falling_weights() -> None:
    truth = load("mixture-1d-uneven", DATASETS["mixture-1d-uneven"].settings()).truth
    assert truth is not None
    assert_allclose(truth.class_prior, np.array([1, 0.4, 0.16]) / 1.56)


def w2(x: np.ndarray, y: np.ndarray) -> float:
    cost = cdist(x, y, "sqeuclidean")
    return float(np.sqrt(cost[linear_sum_assignment(cost)].mean()))


@pytest.mark.parametrize(
    ("id", "floor", "tolerance"), [("moons-cfm", 0.30, 0.06), ("8gaussians-cfm", 0.6, 0.12)]
)
def test_distance_between_two_real_draws_is_the_known_floor(id: str, floor: float, tolerance: float) -> None:
    distances = [w2(ours(id, 1000, 2 * pair), ours(id, 1000, 2 * pair + 1)) for pair in range(12)]
    assert_allclose(np.mean(distances), floor, atol=tolerance)


@pytest.mark.parametrize("id", ["moons-cfm", "8gaussians-cfm"])
def test_small_draws_are_as_far_apart_as_those_of_the_definition(id: str) -> None:
    rng = np.random.default_rng(11)
    pool = DEFINITIONS[id](rng)
    real = [w2(*pool[rng.choice(N, 512, replace=False)].reshape(2, 256, 2)) for _ in range(40)]
    mine = [w2(ours(id, 256, 2 * pair), ours(id, 256, 2 * pair + 1)) for pair in range(40)]
    error = np.sqrt((np.var(real) + np.var(mine)) / 40)
    assert abs(np.mean(real) - np.mean(mine)) < 4 * error


def test_digits_are_scikit_learns_in_their_order_and_split() -> None:
    digits = load("digits", DATASETS["digits"].settings())
    rng = np.random.default_rng(0)
    train, validation, test = digits.train(5, rng), digits.validation(10_000, rng), digits.test(10_000, rng)
    assert [len(part.x) for part in (train, validation, test)] == [1000, 350, 447]
    reference = load_digits()
    x = np.concatenate([train.x, validation.x, test.x])
    assert digits.space == Images(1, 8, 8, 17)
    assert x.dtype == np.float32
    np.testing.assert_array_equal(x[:, 0], reference.images)
    assert train.labels is not None
    assert validation.labels is not None
    assert test.labels is not None
    labels = np.concatenate([train.labels, validation.labels, test.labels])
    np.testing.assert_array_equal(labels, reference.target)
    assert digits.label_names == tuple("0123456789")
    assert len(digits.test(7, rng).x) == 7

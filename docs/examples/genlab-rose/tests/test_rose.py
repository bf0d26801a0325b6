"""The rose: its density, score, entropy and draws, each found in a second way."""

from __future__ import annotations

import math

import numpy as np
import pytest
from genlab_rose import RECORD, RoseSettings
from scipy.special import digamma
from scipy.stats import chi2, kstest

from genlab.api import checks

SETTINGS = [RoseSettings(), RoseSettings(petals=1, depth=0.0, shape=1), RoseSettings(petals=8, shape=30)]
every_rose = pytest.mark.parametrize("settings", SETTINGS, ids=["default", "gaussian", "thin"])


def truth(settings: RoseSettings):
    return RECORD.make(settings).truth


@pytest.mark.parametrize("case", checks.data_cases("rose"), ids=str)
def test_the_data_are_what_their_record_says(case: checks.DataCase) -> None:
    case.run()


@every_rose
def test_the_density_integrates_to_one_in_polar_coordinates(settings: RoseSettings) -> None:
    rose = truth(settings)
    radius, angle = np.meshgrid(np.linspace(0, 9, 901)[1:], np.arange(240) * 2 * np.pi / 240)
    points = np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=-1).reshape(-1, 2)
    area = radius.ravel() * 0.01 * 2 * np.pi / 240
    assert (np.exp(rose.log_prob(points)) * area).sum() == pytest.approx(1, abs=1e-3)
    assert (np.exp(rose.log_prob(points, 0)) * area).sum() == pytest.approx(1, abs=0.04)


def test_without_petals_and_of_shape_one_it_is_a_gaussian() -> None:
    rose = truth(RoseSettings(petals=1, depth=0.0, radius=math.sqrt(2), shape=1))
    x = np.array([[0.3, -1.0], [2.0, 0.5]])
    assert rose.log_prob(x) == pytest.approx(-(x**2).sum(1) / 2 - math.log(2 * math.pi), abs=1e-12)
    assert rose.score(x) == pytest.approx(-x, abs=1e-12)


@every_rose
def test_the_score_is_the_gradient_of_the_density(settings: RoseSettings) -> None:
    rose = truth(settings)
    x = rose.draw(50, np.random.default_rng(0)).x.astype(np.float64)
    for axis in range(2):
        step = np.eye(2)[axis] * 1e-5
        slope = (rose.log_prob(x + step) - rose.log_prob(x - step)) / 2e-5
        assert rose.score(x)[:, axis] == pytest.approx(slope, rel=1e-4, abs=1e-4)


@every_rose
def test_the_entropy_is_the_closed_form(settings: RoseSettings) -> None:
    m, s, a = settings.shape, settings.radius**2 / settings.shape, settings.depth
    disc = m + math.log(math.pi * s) + math.lgamma(m) + (1 - m) * digamma(m)
    root = math.sqrt(1 - a * a)
    petals = 1 - root + math.log((1 + root) / 2)  # mean of (1 + a cos t) ln(1 + a cos t) over the circle
    assert truth(settings).entropy == pytest.approx(disc - petals, abs=1e-6)


def test_draws_follow_the_density() -> None:
    settings = RoseSettings()
    drawn = truth(settings).draw(20_000, np.random.default_rng(1))
    squares = (drawn.x.astype(np.float64) ** 2).sum(1) * 2 * settings.shape / settings.radius**2
    assert kstest(squares, chi2(2 * settings.shape).cdf).pvalue > 1e-3
    turn = settings.petals * np.arctan2(drawn.x[:, 1], drawn.x[:, 0])
    # the mean of cos(k angle) under (1 + a cos(k angle)) / (2 pi) is a / 2
    assert np.cos(turn).mean() == pytest.approx(settings.depth / 2, abs=0.015)
    assert np.bincount(drawn.labels) / 20_000 == pytest.approx(np.full(5, 0.2), abs=0.01)
    classes = np.stack([truth(settings).log_prob(drawn.x, label) for label in range(5)])
    assert (classes.argmax(0) == drawn.labels).all()


def test_the_window_holds_nearly_everything() -> None:
    for settings in SETTINGS:
        rose = truth(settings)
        assert rose.mass(rose.extent) > 0.999

"""The shipped pictures of the truth are those that the code computes."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose

from genlab.data import Truth, load
from genlab.data.catalogue import DATASETS
from genlab.data.resources import resource
from genlab.data.shipped import COLUMNS, compute, grid, images, reference, truth_raster

KNOWN = [id for id, info in DATASETS.items() if info.group in ("1-D", "2-D")]


@pytest.mark.parametrize("id", KNOWN)
def test_shipped_raster_is_the_log_density_at_its_cell_centres(id: str) -> None:
    raster = truth_raster(id)
    truth = load(id, DATASETS[id].settings()).truth
    assert isinstance(truth, Truth)
    columns = COLUMNS[truth.dim]
    assert raster.log_prob.shape == (columns,) * truth.dim
    assert raster.extent == truth.extent
    rows = np.arange(0, columns**truth.dim, 37)
    exact = truth.log_prob(grid(truth.extent, truth.dim, columns)[rows])
    assert_allclose(raster.log_prob.ravel()[rows], exact, rtol=1e-3, atol=1e-3)
    assert 0.999 < raster.integral <= 1


@pytest.mark.parametrize("id", KNOWN)
def test_shipped_draws_are_those_of_the_first_seed(id: str) -> None:
    truth = load(id, DATASETS[id].settings()).truth
    assert isinstance(truth, Truth)
    shipped, fresh = reference(id), compute(truth, 8, 2000)
    np.testing.assert_array_equal(shipped.x, fresh["x"].astype(np.float32))
    np.testing.assert_array_equal(shipped.labels, fresh["labels"])


def test_the_first_row_of_a_raster_lies_lowest() -> None:
    raster = truth_raster("moons")
    upper, lower = raster.log_prob[100:, :40], raster.log_prob[:28, :40]
    assert np.exp(upper).sum() > 10 * np.exp(lower).sum()


def test_reference_digits_are_the_first_of_the_training_part() -> None:
    digits = load("digits", DATASETS["digits"].settings())
    part, shipped, fresh = digits.train(0, np.random.default_rng(0)), reference("digits"), images(digits)
    assert part.labels is not None
    np.testing.assert_array_equal(shipped.x, part.x[:100])
    np.testing.assert_array_equal(shipped.labels, part.labels[:100])
    np.testing.assert_array_equal(fresh["x"].astype(np.float32), shipped.x)


def test_shipped_data_stay_small() -> None:
    with resource("data", "truth.npz").open("rb") as file:
        assert len(file.read()) < 1_500_000


def test_a_set_without_a_known_truth_has_no_raster() -> None:
    with pytest.raises(KeyError):
        truth_raster("digits")

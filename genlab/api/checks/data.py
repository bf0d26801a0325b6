"""What every data set does, check by check."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from genlab.api.checks.require import require, require_known, require_no_torch
from genlab.data import DataError, Dataset
from genlab.data.catalogue import DATASETS
from genlab.data.dataset import Distribution
from genlab.data.drawn import checked
from genlab.data.truths.base import Truth
from genlab.settings.spaces import Points

DRAWS = 20_000
CELLS = 500
"""Of the grid over which a density is integrated, along each axis; on a line, their square."""


def the_record_says_what_the_data_are(id: str) -> None:
    info, data = DATASETS[id].info(), _data(id)
    require(data.id == id, f"the data call themselves '{data.id}'")
    require(info.space == data.space, f"the record speaks of {info.space}, the data are {data.space}")
    require(info.labels == data.label_names, "the record has other labels than the data")
    require(info.truth == (data.truth is not None), "the record is wrong about whether the truth is known")
    truth = data.truth
    modes = isinstance(truth, Truth) and truth.modes is not None and truth.mode_std is not None
    require(info.modes == modes, "the record is wrong about whether there are modes in known places")
    require(_data(id).fingerprint == data.fingerprint, "made twice, the data have two fingerprints")


def describing_it_needs_no_torch(id: str) -> None:
    require_no_torch()


def what_is_drawn_belongs_to_its_space(id: str) -> None:
    data = _data(id)
    for part in (data.train, data.validation, data.test):
        drawn = part(100, np.random.default_rng(0))
        try:
            checked(drawn, data.space, len(data.label_names))
        except DataError as problem:
            raise AssertionError(str(problem)) from None
        require(drawn.x.dtype == data.space.dtype, f"a draw is of {drawn.x.dtype}")


def one_seed_gives_one_draw(id: str) -> None:
    first, again = (_data(id).train(50, np.random.default_rng(3)).x for _ in range(2))
    require(np.array_equal(first, again), "the same seed gives other data")


def the_truth_is_the_distribution_of_the_draws(id: str) -> None:
    data, truth = _data(id), _truth(id)
    drawn = data.test(DRAWS, np.random.default_rng(1))
    value = truth.log_prob(drawn.x)
    require(np.isfinite(value).all(), "a draw has no probability under the truth")
    error = value.std() / np.sqrt(len(value))
    gap = float(-value.mean() - truth.entropy)
    require(abs(gap) < 5 * error + 1e-3, f"the entropy is {gap:+.4f} nats off the mean over draws")
    if drawn.labels is None:
        return
    classes = np.stack([truth.log_prob(drawn.x, label) for label in range(len(truth.class_prior))])
    with np.errstate(divide="ignore"):
        joint = np.logaddexp.reduce(classes + np.log(truth.class_prior)[:, None], axis=0)
    require(np.allclose(joint, value, atol=1e-6), "the classes do not add up to the whole")
    own = classes[drawn.labels, np.arange(len(drawn.x))]
    require(np.isfinite(own).all(), "a draw has no probability under its own class")
    share = np.bincount(drawn.labels, minlength=len(truth.class_prior)) / len(drawn.x)
    require(np.abs(share - truth.class_prior).max() < 0.02, "classes are drawn in other proportions")


def the_density_integrates_to_one(id: str) -> None:
    truth = _density(id)
    left, right, low, high = truth.extent
    x = _middles(left, right, CELLS**2 if truth.dim == 1 else CELLS)
    cell = (x[1] - x[0]) ** truth.dim
    points = x[:, None]
    if truth.dim == 2:
        points = np.stack(np.meshgrid(x, _middles(low, high, CELLS)), axis=-1).reshape(-1, 2)
    integral = float(np.exp(truth.log_prob(points)).sum() * cell)
    inside = truth.mass(truth.extent)
    require(abs(integral - inside) < 5e-3, f"the density integrates to {integral:.4f}, not {inside:.4f}")
    require(inside > 0.99, f"the window holds only {inside:.1%} of the data")


def the_score_is_the_gradient_of_the_density(id: str) -> None:
    truth = _density(id)
    x = truth.draw(200, np.random.default_rng(2)).x.astype(np.float64)
    score = truth.score(x)
    for axis in range(truth.dim):
        step = np.eye(truth.dim)[axis] * 1e-4
        slope = (truth.log_prob(x + step) - truth.log_prob(x - step)) / 2e-4
        near = np.isclose(score[:, axis], slope, rtol=1e-2, atol=1e-2)
        require(near.mean() > 0.98, f"along axis {axis + 1} it is not")


def _data(id: str) -> Dataset:
    """The data as the record makes them, not as they are mended for a run."""
    return DATASETS[id].make(DATASETS[id].settings())


def _truth(id: str) -> Distribution:
    truth = _data(id).truth
    if truth is None:
        raise AssertionError("the distribution of these data is not known")
    return truth


def _density(id: str) -> Truth:
    truth = _truth(id)
    if isinstance(truth, Truth):
        return truth
    raise AssertionError("these data have no density over points")


def _middles(low: float, high: float, cells: int) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    return low + (np.arange(cells) + 0.5) * (high - low) / cells


@dataclass(frozen=True)
class DataCase:
    """One check of one data set."""

    check: Callable[[str], None]
    dataset: str

    def run(self) -> None:
        """Raises AssertionError, a sentence, where something is wrong."""
        self.check(self.dataset)

    def __str__(self) -> str:
        return f"{self.check.__name__}-{self.dataset}"


def data_cases(id: str) -> tuple[DataCase, ...]:
    """Everything to check of a data set of the catalogue, with its declared settings."""
    require_known(id, DATASETS)
    info = DATASETS[id].info()
    checks = [
        the_record_says_what_the_data_are,
        describing_it_needs_no_torch,
        what_is_drawn_belongs_to_its_space,
        one_seed_gives_one_draw,
    ]
    if info.truth:
        checks.append(the_truth_is_the_distribution_of_the_draws)
        if isinstance(info.space, Points) and info.space.drawable:
            checks += [the_density_integrates_to_one, the_score_is_the_gradient_of_the_density]
    return tuple(DataCase(check, id) for check in checks)

"""Labels drawn, hidden and refused, and the density of 'any' as a sum over classes."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from genlab.core.classes import Classes
from genlab.core.random import generator

PRIOR = torch.tensor([0.5, 0.3, 0.2])
NAMES = ("left", "middle", "right")


def classes(dropout: float = 0.2, learned: bool = True) -> Classes:
    return Classes(NAMES, PRIOR, learned, dropout)


def rng() -> torch.Generator:
    return generator(0, "sampling")


def test_any_draws_labels_from_the_prior() -> None:
    labels = classes().shown(100_000, "any", rng())
    assert labels is not None
    share = torch.bincount(labels, minlength=3) / len(labels)
    assert torch.allclose(share, PRIOR, atol=0.005)


def test_none_is_minus_one_and_a_name_is_its_number() -> None:
    for label, number in (("none", -1), ("left", 0), ("right", 2)):
        labels = classes().shown(3, label, rng())
        assert labels is not None
        assert labels.tolist() == [number] * 3


def test_data_without_labels_have_none_and_no_class_can_be_asked_for() -> None:
    bare = Classes((), torch.ones(1))
    assert bare.shown(3, "any", rng()) is None
    with pytest.raises(ValueError, match="this data set has no labels"):
        bare.shown(3, "left", rng())


def test_a_share_of_labels_is_hidden_in_training() -> None:
    labels = torch.arange(3).repeat(20_000)
    hidden = classes(0.25).drop(labels, rng())
    assert hidden is not None
    assert float((hidden == -1).float().mean()) == pytest.approx(0.25, abs=0.01)
    assert torch.equal(hidden[hidden >= 0], labels[hidden >= 0])
    assert classes(0.0).drop(labels, rng()) is labels
    assert classes(learned=False).drop(labels, rng()) is None


def test_what_was_never_trained_is_refused_in_one_sentence() -> None:
    with pytest.raises(ValueError, match="never trained without labels"):
        classes(0.0).refuse("none")
    with pytest.raises(ValueError, match="guidance needs"):
        classes(0.0).refuse("left", guided=True)
    with pytest.raises(ValueError, match="never saw a label"):
        classes(1.0, learned=False).refuse("left")
    with pytest.raises(ValueError, match="there is no class 'up'; there are left, middle, right"):
        classes().refuse("up")
    with pytest.raises(ValueError, match="choose a class"):
        classes(0.0).single("any")


def test_the_density_of_any_is_the_mixture_over_the_classes_that_occur() -> None:
    prior = torch.tensor([0.75, 0.0, 0.25])
    mixture = Classes(NAMES, prior, True, 0.2).mixture("any")
    assert mixture.labels is not None
    assert mixture.labels.tolist() == [0, 2]
    given = np.array([[-1.0, -2.0], [0.5, -3.0]])  # two points, each under both classes
    value = torch.as_tensor(given).reshape(-1)
    exact = np.log(0.75 * np.exp(given[:, 0]) + 0.25 * np.exp(given[:, 1]))
    np.testing.assert_allclose(mixture.total(value).numpy(), exact, rtol=1e-6)
    labels = mixture.labels_of(2)
    assert labels is not None
    assert labels.tolist() == [0, 2, 0, 2]
    assert mixture.repeated(torch.tensor([[1.0], [2.0]])).flatten().tolist() == [1, 1, 2, 2]


def test_the_standard_error_of_a_mixture_is_that_of_repeated_noisy_terms() -> None:
    mixture = classes().mixture("any")
    value = torch.tensor([-1.0, -1.2, -0.5], dtype=torch.float64)
    deviation = torch.tensor([0.02, 0.05, 0.01], dtype=torch.float64)
    noise = torch.randn(100_000, 3, generator=rng(), dtype=torch.float64) * deviation
    totals = mixture.total((value + noise).reshape(-1))
    assert float(mixture.spread(value, deviation)) == pytest.approx(float(totals.std()), rel=0.02)
    share = (value.exp() * PRIOR.double()) / (value.exp() * PRIOR.double()).sum()
    assert float(mixture.mean(value, deviation)) == pytest.approx(float((share * deviation).sum()), rel=1e-6)

"""Training by reverse KL against closed forms."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from genlab.data import Truth, load
from genlab.data.catalogue import DATASETS
from genlab.data.sets.mixture_1d import MixtureSettings
from genlab.paradigms.flow.target import check_target, truth_log_prob


def truth_of(name: str) -> Truth:
    truth = load(name, DATASETS[name].settings()).truth
    assert truth is not None
    return truth


def test_reverse_kl_of_two_gaussians_and_its_gradient_are_the_closed_forms() -> None:
    truth = load("mixture-1d", MixtureSettings(modes=1, noise=0.7)).truth
    assert truth is not None
    mean, std = 0.0, 0.7
    nodes, weights = (torch.from_numpy(part) for part in np.polynomial.hermite_e.hermegauss(20))
    weights = weights / weights.sum()
    shift = torch.tensor(0.4, dtype=torch.float64, requires_grad=True)
    scale = torch.tensor(1.3, dtype=torch.float64, requires_grad=True)
    x = shift + scale * nodes
    log_q = -0.5 * nodes.square() - 0.5 * np.log(2 * np.pi) - scale.log()
    kl = (weights * (log_q - truth_log_prob(x[:, None], truth))).sum()
    kl.backward()
    assert kl.item() == pytest.approx(
        np.log(std / 1.3) + (1.3**2 + (0.4 - mean) ** 2) / (2 * std**2) - 0.5, abs=1e-9
    )
    assert shift.grad.item() == pytest.approx((0.4 - mean) / std**2, abs=1e-9)
    assert scale.grad.item() == pytest.approx(-1 / 1.3 + 1.3 / std**2, abs=1e-9)


def test_the_gradient_at_a_point_with_a_label_is_the_score_of_its_class() -> None:
    truth = truth_of("8gaussians")
    rng = np.random.default_rng(0)
    points, labels = 2 * rng.standard_normal((12, 2)), np.arange(12) % 9 - 1
    x = torch.tensor(points, requires_grad=True)
    value = truth_log_prob(x, truth, torch.tensor(labels))
    value.sum().backward()
    for i, label in enumerate(labels):
        known = None if label < 0 else int(label)
        assert value[i].item() == pytest.approx(truth.log_prob(points[i : i + 1], known)[0])
        assert x.grad[i].tolist() == pytest.approx(truth.score(points[i : i + 1], known)[0].tolist())


def test_reverse_kl_refuses_data_whose_density_is_not_known() -> None:
    with pytest.raises(ValueError, match="not known here"):
        check_target(None, "Digits")


@pytest.mark.parametrize("name", ["checkerboard"])
def test_reverse_kl_refuses_data_with_hard_edges(name: str) -> None:
    with pytest.raises(ValueError, match="vanishes beyond its edges"):
        check_target(truth_of(name), name)


@pytest.mark.parametrize("name", ["moons", "8gaussians", "gan-ring", "heavy-tail-1d", "2spirals", "pinwheel"])
def test_reverse_kl_accepts_data_that_are_possible_everywhere(name: str) -> None:
    truth = truth_of(name)
    assert check_target(truth, name) is truth

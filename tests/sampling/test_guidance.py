"""Classifier-free guidance."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor

from genlab.sampling.condition import Conditions
from genlab.sampling.denoiser import Prediction
from genlab.sampling.guidance import ClassifierFreeGuidance
from genlab.sampling.ideal import GaussianMixtureDenoiser
from genlab.sampling.path import Linear, Path, VarianceExploding
from genlab.sampling.solvers import trajectory
from genlab.sampling.spacing import start, times
from tests.solver_table import SOLVERS


class Counting:
    """Counts calls and rows of the denoiser inside."""

    def __init__(self, path: Path) -> None:
        means = torch.tensor([[-1.0, 0.0, 0.5], [1.0, 0.5, 0.0]], dtype=torch.float64)
        self.path, self.inner = path, GaussianMixtureDenoiser(means, 0.5, path)
        self.rows: list[int] = []

    def predict(self, x: Tensor, t: Tensor, condition: Conditions | None = None) -> Prediction:
        self.rows.append(len(x))
        return self.inner.predict(x, t, condition)


LABEL = Conditions(torch.tensor([0, 1, 1, 0]))


def points() -> Tensor:
    return torch.randn(4, 3, generator=torch.Generator().manual_seed(0), dtype=torch.float64)


def at(level: float) -> Tensor:
    return torch.tensor(level, dtype=torch.float64)


def test_scale_one_is_the_conditional_and_zero_the_unconditional_model_in_one_pass() -> None:
    inner, x, t = Counting(VarianceExploding()), points(), at(0.8)
    one = ClassifierFreeGuidance(inner, 1.0).predict(x, t, LABEL)
    zero = ClassifierFreeGuidance(inner, 0.0).predict(x, t, LABEL)
    assert inner.rows == [4, 4]
    assert (one.nfe, zero.nfe) == (1, 1)
    torch.testing.assert_close(one.x0, inner.inner.predict(x, t, LABEL).x0, rtol=0, atol=0)
    torch.testing.assert_close(zero.x0, inner.inner.predict(x, t).x0)


def test_any_other_scale_extrapolates_in_one_call_of_two_passes() -> None:
    inner, x, t = Counting(Linear()), points(), at(0.4)
    guided = ClassifierFreeGuidance(inner, 2.5).predict(x, t, LABEL)
    assert inner.rows == [8]
    assert guided.nfe == 2
    conditional, unconditional = inner.inner.predict(x, t, LABEL), inner.inner.predict(x, t)
    for kind in ("x0", "noise", "score", "v", "velocity"):
        expected = -1.5 * unconditional.to(kind) + 2.5 * conditional.to(kind)
        torch.testing.assert_close(guided.to(kind), expected)


@pytest.mark.parametrize("condition", [None, Conditions()])
def test_without_labels_nothing_is_guided(condition: Conditions | None) -> None:
    inner, x = Counting(Linear()), points()
    ClassifierFreeGuidance(inner, 4.0).predict(x, at(0.4), condition)
    assert inner.rows == [4]


def test_guidance_acts_only_within_its_interval_of_noise_levels() -> None:
    inner, x = Counting(VarianceExploding()), points()
    guidance = ClassifierFreeGuidance(inner, 3.0, interval=(0.5, 2.0))
    plain, free = inner.inner, ClassifierFreeGuidance(inner, 3.0)
    levels = [0.4, 0.5, 2.0, 2.1]
    assert [guidance.predict(x, at(v), LABEL).nfe for v in levels] == [1, 2, 2, 1]
    t = torch.tensor(levels, dtype=torch.float64)
    mixed = guidance.predict(x, t, LABEL).x0
    torch.testing.assert_close(mixed[[0, 3]], plain.predict(x, t, LABEL).x0[[0, 3]])
    torch.testing.assert_close(mixed[[1, 2]], free.predict(x, t, LABEL).x0[[1, 2]])


def test_rescaling_restores_the_standard_deviation_of_each_sample() -> None:
    inner, x, t = Counting(Linear()), points(), at(0.4)
    conditional = inner.inner.predict(x, t, LABEL).x0
    full = ClassifierFreeGuidance(inner, 4.0, rescale=1.0).predict(x, t, LABEL).x0
    torch.testing.assert_close(full.std(1), conditional.std(1))
    half = ClassifierFreeGuidance(inner, 4.0, rescale=0.5).predict(x, t, LABEL).x0
    free = ClassifierFreeGuidance(inner, 4.0).predict(x, t, LABEL).x0
    torch.testing.assert_close(half, (full + free) / 2)


def test_a_single_number_cannot_be_rescaled() -> None:
    mixture = GaussianMixtureDenoiser(torch.tensor([[-1.0], [1.0]]), 0.5, Linear())
    guidance = ClassifierFreeGuidance(mixture, 2.0, rescale=0.5)
    condition = Conditions(torch.tensor([0, 1]))
    with pytest.raises(ValueError, match="several numbers"):
        guidance.predict(torch.zeros(2, 1), at(0.5), condition)


class Pair:
    """Labels select N(1, 1); without a label the data are N(0, 1)."""

    path = VarianceExploding()

    def predict(self, x: Tensor, t: Tensor, condition: Conditions | None = None) -> Prediction:
        assert condition is not None
        assert condition.label is not None
        mean = (condition.label >= 0).to(x)[:, None]
        return Prediction(self.path, t, x, "score", -(x - mean) / (1 + t**2))


@pytest.mark.parametrize("scale", [0.0, 0.5, 1.0, 3.0])
def test_guided_gaussians_are_tilted_exactly(scale: float) -> None:
    # p(x)^(1 - w) p(x | c)^w of N(0, 1) and N(1, 1) is N(w, 1), at every noise level alike.
    path, generator = Pair.path, torch.Generator().manual_seed(0)
    grid = times(path, 60, "karras")
    x = start(path, grid, (20000, 1), generator, torch.float64)
    condition = Conditions(torch.zeros(20000, dtype=torch.long))
    guidance = ClassifierFreeGuidance(Pair(), scale)
    final = list(trajectory(guidance, SOLVERS["heun"].build(), x, grid, condition))[-1]
    assert final.x.mean().item() == pytest.approx(scale, abs=3 / math.sqrt(20000) + 0.0125 * scale + 0.002)
    assert final.x.std().item() == pytest.approx(1, abs=0.02)
    assert final.nfe == (119 if scale in (0, 1) else 238)

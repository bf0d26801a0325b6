"""Divergences, priors and likelihoods against torch.distributions and against sums by hand."""

from __future__ import annotations

import itertools
import math

import pytest
import torch
from torch import distributions as td

from genlab.paradigms.vae import bounds
from genlab.paradigms.vae.likelihoods import LEAST_SCALE, Bernoulli, Categorical, Gaussian
from genlab.paradigms.vae.priors import MixturePrior, NormalPrior


def rng() -> torch.Generator:
    return torch.Generator().manual_seed(0)


def test_the_divergence_is_that_of_torch() -> None:
    mean, log_scale, to_mean, to_log_scale = torch.randn(4, 5, 3, generator=rng(), dtype=torch.float64)
    wanted = td.kl_divergence(td.Normal(mean, log_scale.exp()), td.Normal(to_mean, to_log_scale.exp()))
    assert torch.allclose(bounds.gaussian_divergence(mean, log_scale, to_mean, to_log_scale), wanted)


def test_free_bits_hold_the_batch_mean_of_each_dimension_up() -> None:
    divergences = torch.tensor([[0.0, 1.0, 0.3], [0.2, 3.0, 0.3]])
    # Means 0.1, 2 and 0.3: the first counts as 0.25.
    assert float(bounds.with_free_bits(divergences, 0.25)) == pytest.approx(0.25 + 2.0 + 0.3)


def test_the_weight_warms_up_linearly_over_its_share() -> None:
    found = [bounds.warmed_up(4.0, progress, 0.5) for progress in (0.0, 0.125, 0.5, 0.9)]
    assert found == [0.0, 1.0, 4.0, 4.0]
    assert bounds.warmed_up(4.0, 0.0, 0.0) == 4.0


def test_bounds_of_weights_by_hand() -> None:
    log_weights = torch.tensor([[1.0, 3.0], [2.0, 1.0]]).log()
    assert bounds.importance_bound(log_weights).tolist() == pytest.approx([math.log(1.5), math.log(2)])
    # The mean weight is 1.5 with standard error std / sqrt(2) = 0.5, as a share of the mean a third.
    error = bounds.standard_error(log_weights)
    assert error is not None
    assert float(error[0]) == pytest.approx(0.5 / 1.5)


def test_a_categorical_sums_to_one_over_all_images() -> None:
    likelihood = Categorical(5)
    output = torch.randn(1, 1, 1, 2, 5, generator=rng(), dtype=torch.float64)
    images = torch.tensor(list(itertools.product(range(5), repeat=2))).reshape(25, 1, 1, 2).double()
    total = likelihood.log_prob(output.expand(25, -1, -1, -1, -1), images).exp().sum()
    assert float(total) == pytest.approx(1, abs=1e-12)


def test_a_categorical_draws_levels_as_often_as_it_says() -> None:
    likelihood = Categorical(4)
    output = torch.tensor([0.0, 1.0, 2.0, -1.0]).expand(20_000, 1, 1, 1, 4)
    drawn = likelihood.draw(output, rng())
    shares = torch.bincount(drawn.long().flatten(), minlength=4) / 20_000
    assert torch.allclose(shares, output[0, 0, 0, 0].softmax(0), atol=0.012)
    assert float(drawn.mean()) == pytest.approx(float(likelihood.mean(output[:1])), abs=0.02)


def test_a_gaussian_is_a_density_in_data_units() -> None:
    mean, std = torch.tensor([1.0, -2.0]), torch.tensor([3.0, 0.5])
    likelihood = Gaussian(mean, std, (2,))
    output, x = torch.randn(2, 4, 2, generator=rng())
    scale = std * (LEAST_SCALE + math.exp(-1.5))
    wanted = td.Normal(mean + std * output, scale).log_prob(x).sum(1)
    assert torch.allclose(likelihood.log_prob(output[..., None], x), wanted, atol=1e-4)


def test_a_bernoulli_is_a_distribution_over_black_and_white_only() -> None:
    likelihood = Bernoulli(17)
    output = torch.tensor(0.7).reshape(1, 1, 1, 1, 1)
    levels = (torch.full((1, 1, 1, 1), level) for level in (0.0, 8.0, 16.0))
    black, grey, white = (float(likelihood.log_prob(output, level)) for level in levels)
    assert math.exp(black) + math.exp(white) == pytest.approx(1)
    assert grey == pytest.approx((black + white) / 2)


def mixture() -> MixturePrior:
    torch.manual_seed(0)
    prior = MixturePrior(2, torch.tensor([0.3, 0.7]), 2, 4)
    with torch.no_grad():
        prior.logits.mul_(20)
    return prior


def of_row(prior: MixturePrior, row: int) -> td.MixtureSameFamily:
    means, log_scales = prior.parts()
    parts = td.Independent(td.Normal(means, log_scales.exp()), 1)
    return td.MixtureSameFamily(td.Categorical(logits=prior.logits[row]), parts)


def test_a_mixture_prior_is_that_of_torch_for_each_class_and_their_sum() -> None:
    prior, z = mixture(), torch.randn(6, 2, generator=rng())
    labels = torch.tensor([-1, 0, 1, 1, 0, -1])
    each = torch.stack([of_row(prior, row).log_prob(z) for row in range(3)])
    assert torch.allclose(prior.log_prob(z, labels), each.gather(0, labels[None] + 1)[0], atol=1e-5)
    wanted = (each[1:] + prior.class_prior.log()[:, None]).logsumexp(0)
    assert torch.allclose(prior.log_prob_any(z), wanted, atol=1e-5)


def test_guidance_moves_a_class_along_the_way_from_the_unconditional_mean() -> None:
    prior = mixture()
    labels = torch.ones(40_000, dtype=torch.long)
    none, own = of_row(prior, 0).mean, of_row(prior, 2).mean
    drawn = prior.draw(labels, len(labels), rng(), 2.5)
    assert torch.allclose(drawn.mean(0), none + 2.5 * (own - none), atol=0.03)
    unmoved = of_row(prior, 2).log_prob(drawn[:50] - 1.5 * (own - none))
    assert torch.allclose(prior.log_prob(drawn[:50], labels[:50], 2.5), unmoved, atol=1e-4)


def test_an_unknown_class_under_guidance_is_the_sum_over_moved_classes() -> None:
    prior, z = mixture(), torch.randn(6, 2, generator=rng())
    each = [prior.log_prob(z, torch.full((6,), c), 3.0) + math.log(p) for c, p in enumerate((0.3, 0.7))]
    assert torch.allclose(prior.log_prob_any(z, 3.0), torch.stack(each).logsumexp(0), atol=1e-5)


def test_marginals_of_a_mixture_are_those_of_its_parts() -> None:
    prior, z = mixture(), torch.randn(6, 2, generator=rng())
    means, log_scales = prior.parts()
    for d in range(2):
        parts = td.Normal(means[:, d], log_scales[:, d].exp())
        marginal = td.MixtureSameFamily(td.Categorical(logits=prior.logits[0]), parts)
        assert torch.allclose(prior.log_prob_each(z, None)[:, d], marginal.log_prob(z[:, d]), atol=1e-5)


def test_without_a_class_the_normal_prior_is_standard() -> None:
    prior, z = NormalPrior(3, torch.tensor([0.5, 0.5]), 2), torch.randn(6, 3, generator=rng())
    wanted = td.Normal(0.0, 1.0).log_prob(z).sum(1)
    assert torch.allclose(prior.log_prob(z, torch.full((6,), -1)), wanted, atol=1e-5)

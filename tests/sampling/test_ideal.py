"""Denoisers in closed form."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from genlab.sampling.condition import Conditions
from genlab.sampling.denoiser import Kind
from genlab.sampling.ideal import GaussianMixtureDenoiser, IdealDenoiser
from genlab.sampling.path import Cosine, Linear, Path, VarianceExploding

PATHS: list[Path] = [Linear(), Cosine(), VarianceExploding()]


def normal(*shape: int) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(2), dtype=torch.float64)


@pytest.mark.parametrize("path", PATHS, ids=lambda p: type(p).__name__)
def test_the_ideal_denoiser_is_the_weighted_mean_of_the_data(path: Path) -> None:
    data, x = normal(20, 3, 2), normal(7, 3, 2) * 0.8
    t = path.time_of_noise_level(torch.linspace(0.3, 3, 7, dtype=torch.float64))
    expected = []
    for i in range(7):
        square = ((x[i] - path.alpha(t[i]) * data) ** 2).sum((1, 2))
        weight = torch.exp(-square / (2 * path.sigma(t[i]) ** 2))
        expected.append((weight[:, None, None] * data).sum(0) / weight.sum())
    denoiser = IdealDenoiser(data, path)
    torch.testing.assert_close(denoiser.predict(x, t).x0, torch.stack(expected))
    torch.testing.assert_close(denoiser.predict(x, t[3]).x0[3], expected[3])


@pytest.mark.parametrize("kind", ["x0", "noise", "v"])
def test_the_ideal_denoiser_minimises_every_objective(kind: Kind) -> None:
    path, t = Linear(), torch.tensor(0.4, dtype=torch.float64)
    data = torch.tensor([[-1.0, 0.0], [1.0, 0.5], [0.0, 1.0]], dtype=torch.float64)
    n = 60000
    noise, x0 = normal(n, 2), data[torch.arange(n) % 3]
    x = path.diffuse(x0, noise, t)
    prediction = IdealDenoiser(data, path).predict(x, t)
    alpha, sigma = path.alpha(t), path.sigma(t)
    target = {"x0": x0, "noise": noise, "v": alpha * noise - sigma * x0}[kind]
    residual = target - prediction.to(kind)
    # The minimiser leaves a residual that no function of x explains.
    for feature in (torch.ones_like(x), x, x.flip(1), torch.sin(3 * x), prediction.to(kind)):
        explained = residual * feature
        error = explained.std(0) / n**0.5
        assert (explained.mean(0).abs() < 4 * error).all()


def test_a_label_restricts_the_data_to_its_class() -> None:
    path, data = VarianceExploding(), normal(20, 2)
    labels = torch.arange(20) % 2
    x, t = normal(3, 2), torch.tensor(0.7, dtype=torch.float64)
    denoiser = IdealDenoiser(data, path, labels)
    x0 = denoiser.predict(x, t, Conditions(torch.tensor([0, 1, -1]))).x0
    torch.testing.assert_close(x0[0], IdealDenoiser(data[::2], path).predict(x, t).x0[0])
    torch.testing.assert_close(x0[1], IdealDenoiser(data[1::2], path).predict(x, t).x0[1])
    torch.testing.assert_close(x0[2], IdealDenoiser(data, path).predict(x, t).x0[2])


def test_many_points_are_treated_in_parts() -> None:
    path, data = VarianceExploding(), normal(3000, 2)
    x = normal(3000, 2)
    t = torch.linspace(0.1, 3, 3000, dtype=torch.float64)
    whole = IdealDenoiser(data, path).predict(x, t).x0
    torch.testing.assert_close(IdealDenoiser(data, path).predict(x[-5:], t[-5:]).x0, whole[-5:])


@pytest.mark.parametrize("path", PATHS, ids=lambda p: type(p).__name__)
def test_tweedie_holds_for_a_mixture(path: Path) -> None:
    means, std = normal(4, 2) * 2, torch.tensor([0.1, 0.4, 0.2, 0.3], dtype=torch.float64)
    mixture = GaussianMixtureDenoiser(means, std, path, torch.tensor([1.0, 2, 3, 4]))
    t = path.time_of_noise_level(torch.tensor(0.6, dtype=torch.float64))
    x = (normal(9, 2) * 1.5).requires_grad_()
    alpha, sigma = path.alpha(t), path.sigma(t)
    mixed = torch.distributions.MixtureSameFamily(
        torch.distributions.Categorical(torch.tensor([1.0, 2, 3, 4]).double()),
        torch.distributions.Independent(
            torch.distributions.Normal(
                alpha * means, torch.sqrt((alpha * std) ** 2 + sigma**2)[:, None].expand(4, 2)
            ),
            1,
        ),
    )
    (score,) = torch.autograd.grad(mixed.log_prob(x).sum(), x)
    prediction = mixture.predict(x.detach(), t)
    torch.testing.assert_close(prediction.score, score, rtol=1e-8, atol=1e-8)
    torch.testing.assert_close(prediction.x0, (x.detach() + sigma**2 * score) / alpha, rtol=1e-8, atol=1e-8)


def test_the_density_of_a_mixture_is_that_of_torch() -> None:
    means = normal(3, 2)
    mixture = GaussianMixtureDenoiser(means, 0.3, Linear())
    x = normal(11, 2)
    parts = torch.stack(
        [torch.distributions.Normal(m, (0.09 + 0.25) ** 0.5).log_prob(x).sum(1) for m in means]
    )
    torch.testing.assert_close(mixture.log_prob(x, 0.5), parts.logsumexp(0) - torch.tensor(3.0).log())

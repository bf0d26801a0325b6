"""Losses, penalties and layers of GANs against closed forms."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import nn

from genlab.nets.spectral import SpectralConv, SpectralLinear, follow, spectral_norm
from genlab.paradigms.gan.divergence import counted_divergence, told_divergence
from genlab.paradigms.gan.losses import LOSSES
from genlab.paradigms.gan.penalties import between, one_centred, squared_gradients
from genlab.paradigms.gan.unroll import unrolled

P = np.array([0.1, 0.2, 0.3, 0.4])
Q = np.array([0.4, 0.1, 0.1, 0.4])


def divergence(p: np.ndarray, q: np.ndarray) -> float:
    m = (p + q) / 2
    return float(0.5 * (p * np.log(p / m)).sum() + 0.5 * (q * np.log(q / m)).sum())


def points(p: np.ndarray, log_ratio: np.ndarray) -> torch.Tensor:
    """Scores in exact proportion to probabilities of tenths."""
    return torch.as_tensor(np.repeat(log_ratio, (10 * p).round().astype(int)))


def test_the_optimal_discriminator_reads_log_four_less_two_divergences() -> None:
    ratio = np.log(P / Q)
    critic = LOSSES["minimax"].critic(points(P, ratio), points(Q, ratio), 0.0)
    assert critic.item() == pytest.approx(math.log(4) - 2 * divergence(P, Q), abs=1e-12)
    assert told_divergence(points(P, ratio), points(Q, ratio)) == pytest.approx(divergence(P, Q), abs=1e-12)


def test_any_other_discriminator_tells_less() -> None:
    ratio = np.log(P / Q) + np.array([0.3, -0.2, 0.5, 0.0])
    assert told_divergence(points(P, ratio), points(Q, ratio)) < divergence(P, Q) - 1e-3


def test_counting_finds_the_divergence_of_histograms() -> None:
    assert counted_divergence(torch.as_tensor(70 * P), torch.as_tensor(10 * Q)) == pytest.approx(
        divergence(P, Q), abs=1e-12
    )


@pytest.mark.parametrize("smoothing", [0.0, 0.2])
@pytest.mark.parametrize("name", list(LOSSES))
def test_equilibrium_values_are_those_of_the_best_constant_critic(name: str, smoothing: float) -> None:
    game = LOSSES[name]
    critic, made = game.equilibrium(smoothing)
    grid = torch.linspace(-3, 3, 60_001, dtype=torch.float64)
    values = torch.stack([game.critic(s[None], s[None], smoothing) for s in grid[::60]])
    assert critic is not None
    assert values.min().item() == pytest.approx(critic, abs=1e-4)
    best = grid[::60][values.argmin()][None]
    if made is not None:
        assert game.generator(best, best).item() == pytest.approx(made, abs=2e-3)


def test_equilibrium_values_are_the_known_ones() -> None:
    log2 = math.log(2)
    known = {
        "minimax": (2 * log2, -log2),
        "non-saturating": (2 * log2, log2),
        "least-squares": (0.25, 0.125),
        "wasserstein": (0.0, None),
        "wgan-gp": (0.0, None),
        "hinge": (2.0, None),
        "relativistic": (log2, log2),
        "relativistic-average": (2 * log2, 2 * log2),
    }
    for name, (critic, made) in known.items():
        found = LOSSES[name].equilibrium(0.0)
        assert found[0] == pytest.approx(critic)
        assert found[1] == (None if made is None else pytest.approx(made))


@pytest.mark.parametrize("name", list(LOSSES))
def test_the_two_players_pull_at_fakes_in_opposite_directions(name: str) -> None:
    game = LOSSES[name]
    real = torch.tensor([0.4, 0.1])
    slopes = []
    for loss in (lambda f: game.critic(real, f, 0.0), lambda f: game.generator(real, f)):
        fake = torch.tensor([0.3, 0.2], requires_grad=True)
        loss(fake).backward()
        slopes.append(fake.grad)
    assert (slopes[0] > 0).all()
    assert (slopes[1] < 0).all()


def test_least_squares_scores_become_log_ratios() -> None:
    # The best least-squares score is p / (p + q).
    ratio = LOSSES["least-squares"].log_ratio
    assert ratio is not None
    assert ratio(torch.tensor([0.75])).item() == pytest.approx(math.log(3), abs=1e-6)


def test_the_penalty_of_a_linear_critic_is_that_of_its_weight_for_every_sample() -> None:
    w = torch.tensor([3.0, 4.0], dtype=torch.float64)
    x = torch.randn(7, 2, dtype=torch.float64, requires_grad=True)
    assert torch.allclose(one_centred(x @ w, x), torch.full((7,), 16.0, dtype=torch.float64))
    (squared,) = squared_gradients((x @ w).sum(), [x])
    assert torch.allclose(squared, torch.full((7,), 25.0, dtype=torch.float64))


def test_penalised_points_lie_between_real_and_generated_ones() -> None:
    real, fake = torch.zeros(50, 1, 2), torch.tensor([1.0, 2.0]).expand(50, 1, 2)
    mixed = between(real, fake, torch.Generator().manual_seed(0)).detach()
    assert torch.allclose(mixed[..., 1], 2 * mixed[..., 0])
    assert mixed.min() >= 0
    assert mixed[..., 0].max() <= 1
    assert mixed[..., 0].std() == pytest.approx(12**-0.5, rel=0.2)


@pytest.mark.parametrize("kind", [SpectralLinear, SpectralConv])
def test_the_followed_norm_is_the_largest_singular_value_while_weights_move(kind: type) -> None:
    torch.manual_seed(0)
    layer = kind(3, 8)

    def ratio() -> float:
        exact = torch.linalg.matrix_norm(layer.weight.flatten(1), 2)
        return (spectral_norm(layer.weight, layer.u) / exact).item()

    assert ratio() == pytest.approx(1, abs=1e-6)
    for _ in range(40):
        with torch.no_grad():
            layer.weight.add_(0.003 * torch.randn_like(layer.weight))
        follow(layer)
        assert ratio() == pytest.approx(1, abs=0.02)
    for _ in range(500):
        follow(layer)
    assert ratio() == pytest.approx(1, abs=1e-5)


def test_a_normalised_layer_divides_its_weight_by_that_norm() -> None:
    torch.manual_seed(0)
    layer, x = SpectralLinear(5, 4), torch.randn(3, 5)
    expected = x @ layer.weight.T / torch.linalg.matrix_norm(layer.weight, 2) + layer.bias
    assert torch.allclose(layer(x), expected, atol=1e-6)
    conv, image = SpectralConv(2, 4), torch.randn(3, 2, 5, 5)
    kernel = conv.weight / torch.linalg.matrix_norm(conv.weight.flatten(1), 2)
    assert torch.allclose(conv(image), F.conv2d(image, kernel, conv.bias, padding=1), atol=1e-6)


def test_looking_no_steps_ahead_is_the_critic_itself() -> None:
    critic = _Linear()
    x = torch.randn(5, 2)
    ahead = unrolled(critic, lambda score: score(x, None).mean(), 0, 0.1)
    assert torch.equal(ahead(x, None), critic(x, None))


def test_looking_ahead_is_gradient_descent_that_knows_its_fakes() -> None:
    critic = _Linear()
    real, before = torch.tensor([[1.0, 0.0]]), critic.weight.detach().clone()
    fake = torch.tensor([[0.0, 2.0]], requires_grad=True)

    def loss(score: object) -> torch.Tensor:
        return (score(fake, None) - score(real, None)).mean()  # type: ignore[operator]

    score = unrolled(critic, loss, 3, 0.1)(fake, None)
    expected = before - 0.3 * (fake - real)[0]
    assert torch.allclose(score, fake.detach() @ expected.detach())
    (slope,) = torch.autograd.grad(score.sum(), fake)
    # d/df of f . (w - 0.3 (f - r)): through the critic's future as well as through its input.
    assert torch.allclose(slope[0], expected.detach() - 0.3 * fake[0].detach())
    assert torch.equal(critic.weight, before)


class _Linear(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.tensor([0.5, -0.2]))

    def forward(self, x: torch.Tensor, labels: torch.Tensor | None) -> torch.Tensor:
        return x @ self.weight

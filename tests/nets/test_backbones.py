"""The backbones alone."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor, nn

from genlab.nets.features import PointFeatures, noise_level
from genlab.nets.mlp import MLP
from genlab.nets.unet import UNet

BACKBONES = {
    "points": (lambda labels: MLP((2,), 32, 3, labels), (2,)),
    "line without octaves": (lambda labels: MLP((1,), 32, 2, labels, octaves=0), (1,)),
    "images by MLP": (lambda labels: MLP((1, 4, 4), 32, 2, labels, octaves=1), (1, 4, 4)),
    "8 x 8": (lambda labels: UNet((1, 8, 8), 8, 1, labels), (1, 8, 8)),
    "28 x 28": (lambda labels: UNet((3, 28, 28), 4, 1, labels), (3, 28, 28)),
    "odd sides, two blocks": (lambda labels: UNet((1, 17, 18), 4, 2, labels), (1, 17, 18)),
    "a single pixel": (lambda labels: UNet((1, 1, 1), 4, 1, labels), (1, 1, 1)),
}
every_backbone = pytest.mark.parametrize("name", list(BACKBONES))


def built(name: str, labels: int) -> tuple[nn.Module, Tensor, Tensor]:
    make, event = BACKBONES[name]
    torch.manual_seed(0)
    net = make(labels)
    return net, torch.randn(5, *event), 0.3 * torch.randn(5)


def awaken(net: nn.Module) -> None:
    """Give layers that begin at zero something to say."""
    with torch.no_grad():
        for p in net.parameters():
            p.add_(0.05 * torch.randn_like(p))


@every_backbone
def test_an_untrained_network_predicts_zero(name: str) -> None:
    net, z, c_noise = built(name, 0)
    assert torch.equal(net(z, c_noise), torch.zeros_like(z))


@every_backbone
def test_noise_level_position_and_label_all_matter(name: str) -> None:
    net, z, c_noise = built(name, 3)
    awaken(net)
    label = torch.tensor([0, 1, 2, -1, 0])
    out = net(z, c_noise, label)
    assert out.shape == z.shape
    for changed in (
        net(z + 0.1, c_noise, label),
        net(z, c_noise + 0.1, label),
        net(z, c_noise, torch.full_like(label, -1)),
    ):
        assert not torch.allclose(out, changed)
    unlabelled = net(z, c_noise, torch.full_like(label, -1))
    assert torch.allclose(out[3], unlabelled[3], atol=1e-6)
    assert torch.allclose(net(z, c_noise), unlabelled, atol=1e-6)


@every_backbone
def test_samples_of_a_batch_do_not_see_one_another(name: str) -> None:
    net, z, c_noise = built(name, 0)
    awaken(net)
    assert torch.allclose(net(z, c_noise)[2:3], net(z[2:3], c_noise[2:3]), atol=1e-5)


@every_backbone
def test_dropout_acts_only_while_training(name: str) -> None:
    event = BACKBONES[name][1]
    torch.manual_seed(0)
    net = MLP(event, 32, 2, dropout=0.5) if len(event) == 1 else UNet(event, 8, 1, dropout=0.5)
    awaken(net)
    z, c_noise = torch.randn(4, *event), torch.zeros(4)
    net.train()
    assert not torch.equal(net(z, c_noise), net(z, c_noise))
    net.eval()
    assert torch.equal(net(z, c_noise), net(z, c_noise))


def test_a_feature_is_the_mean_of_that_wave_over_the_noise() -> None:
    # E[sin(w (y + s e))] = sin(w y) exp(-(w s)^2 / 2)
    features = PointFeatures(1, 4)
    level = torch.tensor([0.3])
    c_noise = level.log() / 4
    y = torch.tensor([[0.7]])
    out = features(y / torch.sqrt(1 + level.square()), c_noise)[0]
    assert noise_level(c_noise) == pytest.approx(0.3, rel=1e-6)
    noise = torch.linspace(-8, 8, 20001, dtype=torch.float64)
    density = torch.exp(-0.5 * noise.square()) / math.sqrt(2 * math.pi)
    for octave in range(4):
        waves = torch.sin(2**octave * (0.7 + 0.3 * noise))
        mean = torch.trapezoid(waves * density, noise)
        assert float(out[2 + octave]) == pytest.approx(float(mean), abs=1e-5)


def test_the_features_stay_finite_at_the_ends_of_every_schedule() -> None:
    features = PointFeatures(2, 12)
    c_noise = torch.tensor([0.001, 80.0, 1000.0]).log() / 4
    assert bool(features(torch.full((3, 2), 4.0), c_noise).isfinite().all())
    assert features.size == features(torch.zeros(3, 2), c_noise).shape[1]


@pytest.mark.parametrize("labels", [0, 3])
@pytest.mark.parametrize("damped", [True, False])
@pytest.mark.parametrize("c_noise", [-1.2, 0.0, 0.9])
def test_a_shared_level_without_gradients_gives_what_a_level_for_each_point_gives(
    labels: int, damped: bool, c_noise: float
) -> None:
    torch.manual_seed(0)
    net = MLP((3,), 16, 3, labels, damped=damped)
    for parameter in net.parameters():
        torch.nn.init.normal_(parameter, std=0.3)
    z, level = torch.randn(50, 3), torch.full((1,), c_noise)
    for label in (torch.arange(50) % (labels + 1) - 1, None):
        expected = net(z, level.expand(50), label)
        with torch.no_grad():
            found = net(z, level, label)
        torch.testing.assert_close(found, expected.detach(), rtol=1e-5, atol=1e-5)


def test_dropout_acts_at_a_shared_level_too_while_training() -> None:
    torch.manual_seed(0)
    net = MLP((2,), 16, 3, dropout=0.5)
    torch.nn.init.normal_(net.last.weight)
    z, level = torch.randn(50, 2), torch.zeros(1)
    with torch.no_grad():
        assert not torch.equal(net(z, level), net(z, level))
        net.eval()
        assert torch.equal(net(z, level), net(z, level))

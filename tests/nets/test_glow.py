"""The layers of a Glow, each by itself."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor, nn
from torch.distributions import Normal

from genlab.nets.glow import Glow, GlowSize, GlowStep
from genlab.nets.glow_conditioner import Conditioner
from genlab.nets.glow_layers import ActNorm, Coupling, InvertibleConv, squeeze, unsqueeze
from genlab.nets.glow_marginals import Marginals

SIZE = GlowSize(scales=2, steps=2, bins=5, width=12)


def awake(module: nn.Module, spread: float = 0.2) -> nn.Module:
    """The module in double precision, with numbers far from those it begins with."""
    module = module.double().eval()
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.add_(spread * torch.randn_like(parameter))
    return module


def images(n: int = 4, event: tuple[int, ...] = (1, 4, 4)) -> Tensor:
    return torch.randn(n, *event, generator=torch.Generator().manual_seed(2), dtype=torch.float64)


def test_squeezing_gathers_blocks_of_two_by_two_pixels_and_is_undone() -> None:
    x = torch.arange(16.0).reshape(1, 1, 4, 4)
    assert squeeze(x)[0, :, 0, 0].tolist() == [0, 1, 4, 5]
    y = images(3, (3, 4, 6))
    assert squeeze(y).shape == (3, 12, 2, 3)
    assert torch.equal(unsqueeze(squeeze(y)), y)


def test_act_norm_gives_every_channel_zero_mean_and_unit_variance() -> None:
    x = 3 * images(50, (6, 2, 2)) + torch.arange(6.0)[:, None, None]
    layer = ActNorm(6).double()
    layer.initialise(x)
    z, log_det = layer.to_base(x, None)
    assert z.mean((0, 2, 3)).abs().max() < 1e-10
    assert (z.var((0, 2, 3), correction=0) - 1).abs().max() < 1e-10
    expected = -4 * x.std((0, 2, 3), correction=0).log().sum()
    assert torch.allclose(log_det, expected.expand(50))


def test_1x1_convolutions_begin_by_moving_channels_on_so_that_each_has_its_turn() -> None:
    x = torch.arange(8.0).reshape(1, 8, 1, 1)
    z, log_det = InvertibleConv(8).to_base(x, None)
    assert z.flatten().tolist() == [2, 3, 4, 5, 6, 7, 0, 1]
    assert not log_det.any()


def test_a_1x1_convolution_counts_the_volume_of_its_matrix_once_a_pixel_and_is_undone() -> None:
    torch.manual_seed(0)
    layer = awake(InvertibleConv(6))
    assert isinstance(layer, InvertibleConv)
    x = images(5, (6, 3, 2))
    z, log_det = layer.to_base(x, None)
    assert torch.allclose(z[2, :, 1, 1], layer.weight @ x[2, :, 1, 1])
    assert torch.allclose(log_det, (6 * torch.linalg.slogdet(layer.weight)[1]).expand(5))
    assert torch.allclose(layer.to_data(z, None), x, atol=1e-10)


@pytest.mark.parametrize("net", ["dense", "convolution"])
def test_a_conditioner_begins_at_zero_and_then_sees_image_label_and_place(net: str) -> None:
    torch.manual_seed(0)
    conditioner = Conditioner((2, 4, 4), (3, 4, 4), net, 8, 2, 3, 0.0)  # type: ignore[arg-type]
    x, context = images(1, (2, 4, 4)).repeat(2, 1, 1, 1).float(), torch.eye(3)[:2]
    assert not conditioner(x, context).any()
    awake(conditioner)
    x, context = x.double(), context.double()
    out = conditioner(x, context)
    assert out.shape == (2, 3, 4, 4)
    assert not torch.allclose(out[0], out[1])
    assert not torch.allclose(out, conditioner(x + 0.1, context))
    assert torch.equal(conditioner(x, None), conditioner(x, torch.zeros_like(context)))
    same = conditioner(torch.ones_like(x), None)
    assert not torch.allclose(same[..., 1, 1], same[..., 2, 2])


@pytest.mark.parametrize("kind", ["affine", "spline"])
def test_a_coupling_leaves_one_half_alone_and_moves_each_value_of_the_other_by_itself(kind: str) -> None:
    torch.manual_seed(0)
    layer = awake(Coupling((4, 2, 2), kind, 5, "dense", 8, 2, 0, 0.0))  # type: ignore[arg-type]
    x = images(1, (4, 2, 2))
    z, _ = layer.to_base(x, None)
    assert torch.equal(z[:, :2], x[:, :2])
    other = x.clone()
    other[:, 3, 1, 1] += 0.3
    moved = (layer.to_base(other, None)[0] - z).abs() > 1e-12
    assert moved.nonzero().tolist() == [[0, 3, 1, 1]]


def test_what_leaves_at_a_split_is_normal_given_what_stays() -> None:
    torch.manual_seed(0)
    step = GlowStep((1, 4, 4), 0, SIZE, 0, leaves=True)
    assert step.prior is not None
    awake(step.prior)
    h = images(5, (4, 2, 2))
    z, log_det = step.prior.to_base(h, None)
    numbers = step.prior.net(h[:, :2], None).reshape(5, 2, 2, 2, 2)
    scale = torch.exp(-2 * torch.tanh(numbers[:, :, 0] / 2))
    prior = Normal(-numbers[:, :, 1] * scale, scale)
    expected = prior.log_prob(h[:, 2:]).flatten(1).sum(1)
    noise = Normal(0.0, 1.0).log_prob(z[:, 2:]).flatten(1).sum(1)
    assert torch.allclose(noise + log_det, expected)


def test_act_norms_of_a_whole_glow_begin_from_the_data() -> None:
    torch.manual_seed(0)
    glow = Glow((1, 4, 4), SIZE).double()
    x = 2 + 5 * images(200)
    glow.initialise(x)
    seen: list[Tensor] = []
    for step in glow.steps:
        normalise = step.norm.to_base
        step.norm.to_base = lambda h, c, go=normalise: (seen.append(go(h, c)[0]), go(h, c))[1]
    glow.to_base(x, None)
    assert len(seen) == 4
    for h in seen:
        assert h.mean((0, 2, 3)).abs().max() < 1e-8
        assert (h.var((0, 2, 3), correction=0) - 1).abs().max() < 1e-8


def test_what_left_at_an_earlier_scale_stays_as_it_is() -> None:
    torch.manual_seed(0)
    glow = awake(Glow((1, 4, 4), SIZE))
    assert isinstance(glow, Glow)
    x = images()
    z, _ = glow.steps[-1].to_base(x, None)
    assert torch.equal(squeeze(z)[:, 2:], squeeze(x)[:, 2:])
    assert not torch.isclose(squeeze(z)[:, :2], squeeze(x)[:, :2]).any()


def test_an_odd_side_is_refused() -> None:
    with pytest.raises(ValueError, match="7 x 8 cannot be halved"):
        Glow((1, 8, 7), SIZE)


def test_scales_end_where_a_side_becomes_odd() -> None:
    glow = Glow((1, 8, 12), GlowSize(scales=5, steps=1, width=4))
    assert [step.scale for step in glow.steps] == [0, 1]


def test_a_pixel_that_is_always_the_same_costs_nothing() -> None:
    levels = torch.zeros(1000, 1, 1, 1, dtype=torch.float64)
    marginals = Marginals(levels, 17, pseudo=1e-9).double()
    x = torch.linspace(-0.499, 0.499, 99, dtype=torch.float64).reshape(-1, 1, 1, 1)
    z, log_det = marginals.to_base(x)
    log_prob = Normal(0.0, 1.0).log_prob(z.flatten()) + log_det
    assert log_prob.abs().max() < 1e-6


def test_the_density_of_a_pixel_is_its_smoothed_histogram() -> None:
    rng = torch.Generator().manual_seed(0)
    levels = torch.randint(0, 5, (400, 1, 1, 1), generator=rng).double()
    marginals = Marginals(levels, 5, pseudo=10.0).double()
    x = torch.arange(5.0, dtype=torch.float64).reshape(-1, 1, 1, 1) + 0.3
    z, log_det = marginals.to_base(x)
    mass = (Normal(0.0, 1.0).log_prob(z.flatten()) + log_det).exp()
    expected = (torch.bincount(levels.flatten().long(), minlength=5) + 2) / 410
    assert torch.allclose(mass, expected.double(), atol=1e-6)
    assert mass.sum().item() == pytest.approx(1, abs=1e-6)


def test_beyond_the_levels_there_is_no_density() -> None:
    marginals = Marginals(torch.zeros(10, 1, 1, 2), 3)
    x = torch.tensor([[-0.6, 0.0], [0.0, 2.6], [0.0, 2.4]]).reshape(3, 1, 1, 2)
    _, log_det = marginals.to_base(x)
    assert log_det.isfinite().tolist() == [False, False, True]


@pytest.mark.parametrize("count", [5, 256])
def test_marginals_are_undone_and_their_volume_is_that_of_autograd(count: int) -> None:
    rng = torch.Generator().manual_seed(0)
    levels = torch.randint(0, count, (300, 1, 2, 2), generator=rng).double()
    marginals = Marginals(levels, count).double()
    x = levels[:20] + torch.rand(20, 1, 2, 2, generator=rng, dtype=torch.float64) - 0.5
    z, log_det = marginals.to_base(x)
    assert torch.allclose(marginals.to_data(z), x, atol=1e-5)
    for i in range(5):
        jacobian = torch.autograd.functional.jacobian(lambda p: marginals.to_base(p[None])[0].flatten(), x[i])
        assert log_det[i].item() == pytest.approx(torch.linalg.slogdet(jacobian.reshape(4, 4))[1].item())


def test_many_levels_share_bins() -> None:
    marginals = Marginals(torch.zeros(10, 1, 1, 1), 256)
    assert marginals.log_prob.shape == (1, 32)
    assert marginals.log_prob.exp().sum().item() == pytest.approx(1)
    assert math.isclose(marginals.bin_width, 8)

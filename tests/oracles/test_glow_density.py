"""A Glow and its dequantisation against autograd Jacobians, numerical inverses and quadrature."""

from __future__ import annotations

from functools import cache

import pytest
import torch
from torch import Tensor, nn

from genlab.nets.glow import Glow, GlowSize
from genlab.nets.glow_marginals import Marginals
from genlab.paradigms.flow.dequantisation import UniformDequantisation, VariationalDequantisation
from genlab.paradigms.flow.layers import normal_log_prob, to_base
from genlab.paradigms.flow.settings import FlowNetwork
from genlab.paradigms.flow.transforms import build_layers

EVENT = (1, 4, 4)
CLASSES = 3

every_coupling = pytest.mark.parametrize("coupling", ["affine", "spline"])
every_net = pytest.mark.parametrize("net", ["dense", "convolution"])


def awaken(module: nn.Module, spread: float = 0.2) -> None:
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.add_(spread * torch.randn_like(parameter))


@cache
def glow_of(coupling: str, net: str) -> Glow:
    torch.manual_seed(5)
    size = GlowSize(scales=2, steps=2, coupling=coupling, bins=5, net=net, width=12)  # type: ignore[arg-type]
    glow = Glow(EVENT, size, CLASSES).double().eval()
    awaken(glow)
    return glow


def images(n: int) -> tuple[Tensor, Tensor]:
    rng = torch.Generator().manual_seed(1)
    x = 1.5 * torch.randn(n, *EVENT, generator=rng, dtype=torch.float64)
    return x, torch.eye(CLASSES, dtype=torch.float64)[torch.arange(n) % CLASSES]


@every_coupling
@every_net
def test_the_log_determinant_is_that_of_the_autograd_jacobian(coupling: str, net: str) -> None:
    glow, (x, context) = glow_of(coupling, net), images(2)
    _, log_det = glow.to_base(x, context)
    for i in range(len(x)):
        jacobian = torch.autograd.functional.jacobian(
            lambda p, i=i: glow.to_base(p[None], context[i : i + 1])[0].flatten(), x[i]
        )
        expected = torch.linalg.slogdet(jacobian.reshape(16, 16))[1]
        assert log_det[i].item() == pytest.approx(expected.item(), abs=1e-8)


@every_coupling
@every_net
def test_the_inverse_gives_images_back(coupling: str, net: str) -> None:
    glow, (x, context) = glow_of(coupling, net), images(50)
    z, _ = glow.to_base(x, context)
    assert torch.allclose(glow.to_data(z, context), x, atol=1e-6, rtol=0)


def test_each_class_has_a_map_of_its_own() -> None:
    glow, (x, context) = glow_of("spline", "dense"), images(4)
    z, _ = glow.to_base(x, context)
    for other in (context.roll(1, 1), torch.zeros_like(context)):
        assert not torch.isclose(glow.to_base(x, other)[0], z).all(1).any()
    assert torch.equal(glow.to_base(x, None)[0], glow.to_base(x, torch.zeros_like(context))[0])


def test_the_masses_of_all_levels_of_a_one_pixel_image_sum_to_one() -> None:
    """Midpoint quadrature of the density over the bin of each level."""
    torch.manual_seed(0)
    levels = torch.randint(0, 5, (200, 1, 1, 1)).double()
    marginals = Marginals(levels, 5).double()
    layers = [layer.double() for layer in build_layers(FlowNetwork(kind="nsf-ar", width=8), 1, 0, False)]
    for layer in layers:
        awaken(layer)
    # Nodes gather at both ends of the range, where the quantile function is steep.
    nodes = marginals.to_data(torch.linspace(-8, 8, 40_001, dtype=torch.float64).reshape(-1, 1, 1, 1))
    edges = torch.cat([nodes.flatten(), torch.arange(6.0, dtype=torch.float64) - 0.5]).sort().values
    x = ((edges[1:] + edges[:-1]) / 2).reshape(-1, 1, 1, 1)
    with torch.no_grad():
        y, gained = marginals.to_base(x)
        z, log_det = to_base(layers, y.flatten(1), None)
        density = (normal_log_prob(z) + log_det + gained).exp()
    mass = torch.bincount(x.flatten().round().long(), weights=density * edges.diff())
    assert len(mass) == 5
    assert not torch.allclose(mass, torch.full_like(mass, 0.2), atol=0.1)
    assert mass.sum().item() == pytest.approx(1, abs=1e-4)


def learned(event: tuple[int, ...]) -> VariationalDequantisation:
    torch.manual_seed(4)
    dequantiser = VariationalDequantisation(event, 5).double()
    awaken(dequantiser, 0.05)
    return dequantiser


def test_learned_noise_integrates_to_one_for_every_image() -> None:
    cells = 400
    grid = (torch.arange(cells, dtype=torch.float64) + 0.5) / cells
    u = torch.cartesian_prod(grid, grid).reshape(-1, 1, 1, 2)
    dequantiser = learned((1, 1, 2))
    masses = []
    for level in ((0.0, 0.0), (4.0, 1.0)):
        levels = torch.tensor(level, dtype=torch.float64).expand(len(u), 2).reshape(-1, 1, 1, 2)
        with torch.no_grad():
            masses.append(dequantiser.log_prob(u, levels).exp())
        assert masses[-1].mean().item() == pytest.approx(1, abs=2e-3)
    assert not torch.allclose(*masses, rtol=0.1)


def test_drawn_noise_is_told_its_own_density() -> None:
    rng = torch.Generator().manual_seed(3)
    levels = torch.randint(0, 5, (20, 2, 3, 5), generator=rng).double()
    dequantiser = learned((2, 3, 5))
    with torch.no_grad():
        x, log_q = dequantiser(levels, rng)
        expected = dequantiser.log_prob(x - levels + 0.5, levels)
    assert ((x - levels).abs() < 0.5).all()
    assert torch.allclose(log_q, expected, atol=1e-6)


def test_learned_noise_begins_as_uniform() -> None:
    rng = torch.Generator().manual_seed(3)
    levels = torch.randint(0, 5, (2000, 1, 2, 2), generator=rng).double()
    x, log_q = VariationalDequantisation((1, 2, 2), 5).double()(levels, rng)
    assert log_q.abs().max() < 1e-10
    assert (x - levels).var().item() == pytest.approx(1 / 12, rel=0.03)


def test_uniform_noise_has_log_density_zero() -> None:
    rng = torch.Generator().manual_seed(3)
    levels = torch.randint(0, 5, (500, 1, 2, 2), generator=rng).double()
    x, log_q = UniformDequantisation()(levels, rng)
    assert not log_q.any()
    assert torch.equal(x.round(), levels)
    assert (x - levels).var().item() == pytest.approx(1 / 12, rel=0.1)


@pytest.mark.parametrize("learns", [False, True])
def test_dequantisation_bounds_the_mass_of_a_level_from_below(learns: bool) -> None:
    """A pixel whose density within a bin is a standard normal one, cut to it."""
    rng = torch.Generator().manual_seed(3)
    levels = torch.ones(20_000, 1, 1, 1, dtype=torch.float64)
    dequantiser = learned((1, 1, 1)) if learns else UniformDequantisation()
    with torch.no_grad():
        x, log_q = dequantiser(levels, rng)
        log_ratio = normal_log_prob(2 * x) + torch.log(torch.tensor(2.0)) - log_q
    mass = torch.special.ndtr(torch.tensor(3.0)) - torch.special.ndtr(torch.tensor(1.0))
    error = log_ratio.std() / len(x) ** 0.5
    assert log_ratio.mean() < mass.log() - 3 * error
    assert log_ratio.exp().mean().item() == pytest.approx(mass.item(), rel=0.05)

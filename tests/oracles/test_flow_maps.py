"""Flows against autograd Jacobians, numerical inverses and quadrature, in double precision."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from itertools import pairwise

import numpy as np
import pytest
import torch
from scipy.integrate import solve_ivp
from torch import Tensor

from genlab.paradigms.flow.continuous import Velocity, ode_layers, random_signs
from genlab.paradigms.flow.layers import Layer, normal_log_prob, to_base
from genlab.paradigms.flow.planar import Planar, Radial
from genlab.paradigms.flow.settings import FlowNetwork
from genlab.paradigms.flow.transforms import build_layers

KINDS = ("nsf-ar", "nsf-coupling", "realnvp", "nice", "maf", "iaf", "planar", "radial", "continuous")
DIM, CLASSES = 3, 2

every_kind = pytest.mark.parametrize("kind", KINDS)
both_ways = pytest.mark.parametrize("reverse", [False, True])


@cache
def layers_of(kind: str, reverse: bool = False, dim: int = DIM) -> tuple[Layer, ...]:
    """Layers whose numbers are far from those of an untrained flow."""
    torch.manual_seed(3)
    network = FlowNetwork(kind=kind, width=16, transforms=2, couplings=3, folds=4, bins=6)
    if kind == "continuous":
        velocity = Velocity(dim, CLASSES, 16, 2).double()
        with torch.no_grad():
            velocity.last.weight.mul_(10)
        return tuple(ode_layers(velocity, 24))
    layers = [layer.double() for layer in build_layers(network, dim, CLASSES, reverse)]
    with torch.no_grad():
        for layer in layers:
            for parameter in layer.parameters():
                parameter.add_(0.2 * torch.randn_like(parameter))
    return tuple(layers)


def points(n: int = 5, dim: int = DIM) -> tuple[Tensor, Tensor]:
    rng = torch.Generator().manual_seed(1)
    x = 1.5 * torch.randn(n, dim, generator=rng, dtype=torch.float64)
    return x, torch.eye(CLASSES, dtype=torch.float64)[torch.arange(n) % CLASSES]


def to_data(layers: Sequence[Layer], z: Tensor, context: Tensor) -> Tensor:
    for layer in reversed(layers):
        z = layer.to_data(z, context)
    return z


@every_kind
@both_ways
def test_log_det_is_that_of_the_autograd_jacobian(kind: str, reverse: bool) -> None:
    layers, (x, context) = layers_of(kind, reverse), points(2)
    z, log_det = to_base(layers, x, context)
    towards_data = kind in ("planar", "radial") and reverse  # these differentiate in one direction only

    def carried(at: Tensor) -> Tensor:
        # A point does not see the others: the sum over them has each one's Jacobian.
        return (to_data(layers, at, context) if towards_data else to_base(layers, at, context)[0]).sum(0)

    jacobians = torch.autograd.functional.jacobian(carried, z if towards_data else x).movedim(1, 0)
    expected = torch.linalg.slogdet(jacobians)[1] * (-1 if towards_data else 1)
    # The integral of the divergence and the Jacobian of the steps differ by the error of the steps.
    assert torch.allclose(log_det, expected, atol=1e-5 if kind == "continuous" else 1e-8, rtol=0)


@every_kind
@both_ways
def test_inverse_gives_the_points_back(kind: str, reverse: bool) -> None:
    layers, (x, context) = layers_of(kind, reverse), points(50)
    z, log_det = to_base(layers, x, context)
    assert torch.allclose(to_data(layers, z, context), x, atol=1e-6, rtol=0)
    back, total = z, torch.zeros(len(x), dtype=torch.float64)
    for layer in reversed(layers):
        back, change = layer.to_data_with_log_det(back, context)
        total = total + change
    assert torch.allclose(back, x, atol=1e-6, rtol=0)
    assert torch.allclose(total, -log_det, atol=1e-6, rtol=0)
    assert (z - x).abs().max() > 0.1


@every_kind
def test_density_integrates_to_one_on_a_plane(kind: str) -> None:
    layers: Sequence[Layer] = layers_of(kind, dim=2)
    half, side = (7, 401) if kind.startswith("nsf") else (11, 201)
    if kind == "continuous":
        layers, side = ode_layers(layers[0].shared[0], 12), 81
    axis = torch.linspace(-half, half, side, dtype=torch.float64)
    grid = torch.stack(torch.meshgrid(axis, axis, indexing="ij"), -1).reshape(-1, 2)
    context = torch.tensor([[0.0, 1.0]], dtype=torch.float64).expand(len(grid), -1)
    with torch.no_grad():
        z, log_det = to_base(layers, grid, context)
    mass = (normal_log_prob(z) + log_det).exp().sum().item() * (2 * half / (side - 1)) ** 2
    assert mass == pytest.approx(1, abs=1e-3)


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "continuous"])
def test_an_autoregressive_or_coupling_map_depends_on_its_label(kind: str) -> None:
    layers, (x, context) = layers_of(kind), points()
    with torch.no_grad():
        one, other = (to_base(layers, x, c)[0] for c in (context, context.flip(1)))
    assert (one - other).abs().max() > 1e-3


def test_normal_log_prob_is_that_of_torch_distributions() -> None:
    z = torch.randn(7, 4, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    for scale in (1.0, 0.6):
        expected = torch.distributions.Normal(0.0, scale).log_prob(z).sum(1)
        assert torch.allclose(normal_log_prob(z, scale), expected, atol=1e-12)


def test_planar_layers_stay_invertible_however_they_are_pushed() -> None:
    layer = Planar(2).double()
    with torch.no_grad():
        layer.bias.copy_(torch.tensor([-50.0, 3.0, 4.0, -2.0, 0.3]))
    u = torch.linspace(-8, 8, 2001, dtype=torch.float64)[:, None] * torch.tensor([[4.0, -2.0]]) / 20**0.5
    v, log_det = layer.closed(u, None)
    along = v @ torch.tensor([4.0, -2.0], dtype=torch.float64)
    assert (along.diff() > 0).all()
    assert log_det.isfinite().all()
    assert torch.allclose(layer.solve(v, None), u, atol=1e-6)


def test_radial_layers_scale_the_distance_to_their_centre_as_published() -> None:
    layer = Radial(2).double()
    with torch.no_grad():
        layer.bias.copy_(torch.tensor([0.5, -1.0, 0.2, 1.4]))
    centre = torch.tensor([[0.5, -1.0]], dtype=torch.float64)
    _, _, raw_alpha, raw_sum = layer.bias.tolist()
    alpha = np.log1p(np.exp(raw_alpha))
    beta = np.log1p(np.exp(raw_sum)) - alpha
    u = centre + torch.tensor([[2.0, 0.0]], dtype=torch.float64)
    v, log_det = layer.closed(u, None)
    factor = 1 + beta / (alpha + 2)
    assert torch.allclose(v, centre + 2 * factor * torch.tensor([[1.0, 0.0]], dtype=torch.float64))
    slope = factor - 2 * beta / (alpha + 2) ** 2  # d/dr of r (1 + beta / (alpha + r)) at r = 2
    assert log_det.item() == pytest.approx(np.log(factor) + np.log(slope), abs=1e-12)


def test_continuous_log_prob_is_that_of_scipys_integrator() -> None:
    velocity = layers_of("continuous", dim=2)[0].shared[0]  # type: ignore[attr-defined]
    x, context = points(4, 2)

    def field(t: float, state: np.ndarray, row: Tensor) -> np.ndarray:
        at = torch.tensor(state[None, :2], requires_grad=True)
        jacobian = torch.autograd.functional.jacobian(
            lambda p: velocity(t, p, row, p.new_zeros(0, 1, 2))[0][0], at
        )
        with torch.no_grad():
            moved = velocity(t, at, row, at.new_zeros(0, 1, 2))[0][0]
        return np.array([*moved.tolist(), jacobian[0, 0, 0].item() + jacobian[1, 0, 1].item()])

    with torch.no_grad():
        z, log_det = to_base(ode_layers(velocity, 32), x, context)
    for i in range(len(x)):
        found = solve_ivp(
            field, (1, 0), [*x[i].tolist(), 0.0], rtol=1e-9, atol=1e-10, args=(context[i : i + 1],)
        )
        assert z[i].tolist() == pytest.approx(found.y[:2, -1].tolist(), abs=1e-5)
        assert log_det[i].item() == pytest.approx(found.y[2, -1], abs=1e-5)


def test_runge_kutta_steps_converge_with_order_four() -> None:
    velocity = layers_of("continuous", dim=2)[0].shared[0]  # type: ignore[attr-defined]
    x, context = points(6, 2)
    with torch.no_grad():
        exact = to_base(ode_layers(velocity, 256), x, context)[1]
        errors = [
            (to_base(ode_layers(velocity, n), x, context)[1] - exact).abs().mean().item() for n in (8, 16, 32)
        ]
    for coarse, fine in pairwise(errors):
        assert np.log2(coarse / fine) == pytest.approx(4, abs=0.5)


def test_random_signs_estimate_the_trace_without_bias() -> None:
    velocity = layers_of("continuous")[0].shared[0]  # type: ignore[attr-defined]
    x, context = points(1)
    n = 4000
    rng = torch.Generator().manual_seed(0)
    many, given = x.expand(n, -1), context.expand(n, -1)
    with torch.no_grad():
        exact = to_base(ode_layers(velocity, 4), x, context)[1].item()
        estimates = to_base(ode_layers(velocity, 4, random_signs(many, rng)), many, given)[1]
    assert estimates.std() > 0.01
    assert abs(estimates.mean().item() - exact) < 4 * estimates.std().item() / n**0.5

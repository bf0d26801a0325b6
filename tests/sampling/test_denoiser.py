"""Predictions, their conversions, and networks as denoisers."""

from __future__ import annotations

from typing import get_args

import pytest
import torch
from torch import Tensor, nn

from genlab.bench.table_path import Table, linear_betas
from genlab.sampling.condition import Conditions, concatenate
from genlab.sampling.denoiser import Kind, NetworkDenoiser, Prediction, ScoreUnavailable, Target
from genlab.sampling.path import Cosine, Linear, Path, VarianceExploding

KINDS: tuple[Kind, ...] = get_args(Kind)
PATHS: list[Path] = [Linear(), Cosine(), VarianceExploding(0.01, 20.0), Table(linear_betas(1000))]


class Coupled(Linear):
    """A path whose noise is not independent of the data."""

    has_score = False


def example(path: Path) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    generator = torch.Generator().manual_seed(0)
    t = torch.linspace(path.t_min, path.t_max, 12, dtype=torch.float64)[1:-1]
    x0, noise = torch.randn(2, 10, 3, 2, generator=generator, dtype=torch.float64)
    return x0, noise, t, path.diffuse(x0, noise, t)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("path", PATHS, ids=lambda p: type(p).__name__)
def test_conversions_from_every_parametrisation_agree_with_the_definitions(path: Path, kind: Kind) -> None:
    x0, noise, t, x = example(path)
    alpha, sigma, dalpha, dsigma = (
        f(t).reshape(-1, 1, 1) for f in (path.alpha, path.sigma, path.dalpha, path.dsigma)
    )
    scale = torch.sqrt(alpha**2 + sigma**2)
    definitions = {
        "x0": x0,
        "noise": noise,
        "score": -noise / sigma,
        "v": alpha / scale * noise - sigma / scale * x0,
        "velocity": dalpha * x0 + dsigma * noise,
    }
    prediction = Prediction(path, t, x, kind, definitions[kind])
    for other in KINDS:
        torch.testing.assert_close(prediction.to(other), definitions[other], rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize("path", PATHS, ids=lambda p: type(p).__name__)
def test_a_time_without_dimensions_acts_on_the_whole_batch(path: Path) -> None:
    x0, _, t, x = example(path)
    one = Prediction(path, t[4], x, "x0", x0)
    many = Prediction(path, t[4].expand(10), x, "x0", x0)
    for kind in KINDS:
        torch.testing.assert_close(one.to(kind), many.to(kind), rtol=1e-14, atol=1e-14)


def test_a_double_precision_time_leaves_single_precision_points_single() -> None:
    x = torch.randn(4, 2)
    prediction = Prediction(Linear(), torch.tensor(0.5, dtype=torch.float64), x, "v", x)
    assert {prediction.to(kind).dtype for kind in KINDS} == {torch.float32}


def test_velocity_survives_a_path_without_a_score_and_the_score_is_refused() -> None:
    path = Coupled()
    x0, _, t, x = example(path)
    prediction = Prediction(path, t, x, "x0", x0)
    torch.testing.assert_close(prediction.velocity, Prediction(Linear(), t, x, "x0", x0).velocity)
    with pytest.raises(ScoreUnavailable, match="has no score"):
        _ = prediction.score
    with pytest.raises(ScoreUnavailable, match="has no score"):
        Prediction(path, t, x, "score", x0)


def test_preconditioning_of_edm_is_v_prediction() -> None:
    path = VarianceExploding()
    sigma = torch.tensor([0.002, 0.1, 1.0, 9.0, 80.0], dtype=torch.float64)
    x, output = torch.randn(2, 5, 3, dtype=torch.float64)
    s = sigma[:, None]
    edm = x / (s**2 + 1) + s / torch.sqrt(s**2 + 1) * output
    torch.testing.assert_close(Prediction(path, sigma, x, "v", -output).x0, edm, rtol=1e-12, atol=1e-12)


class Recorder(nn.Module):
    def forward(self, z: Tensor, c_noise: Tensor, label: Tensor | None = None) -> Tensor:
        self.seen = (z, c_noise, label)
        return torch.full_like(z, 0.5)


@pytest.mark.parametrize("target", get_args(Target))
def test_a_network_sees_unit_variance_and_the_log_noise_level(target: Target) -> None:
    net, path = Recorder(), VarianceExploding()
    label = torch.tensor([1, -1, 0])
    x = torch.randn(3, 2) * 5
    for t in (torch.tensor([0.1, 2.0, 30.0]), torch.tensor(2.0, dtype=torch.float64)):
        prediction = NetworkDenoiser(net, path, target).predict(x, t, Conditions(label))
        z, c_noise, seen = net.seen
        scale = torch.sqrt(t.float() ** 2 + 1).reshape(-1, 1)
        torch.testing.assert_close(z, x / scale)
        torch.testing.assert_close(c_noise, (t.float().log() / 4).reshape(-1))
        assert seen is label
        assert (z.dtype, c_noise.dtype) == (torch.float32, torch.float32)
        torch.testing.assert_close(prediction.to(target), torch.full_like(x, 0.5))
    NetworkDenoiser(net, path, target).predict(x, torch.tensor(1.0))
    assert net.seen[2] is None


def test_conditions_are_cut_and_joined() -> None:
    condition = Conditions(torch.tensor([3, 1, 2]))
    joined = concatenate(condition.take(slice(1, 3)), condition.unconditional())
    assert joined.label is not None
    assert joined.label.tolist() == [1, 2, -1, -1, -1]
    assert concatenate(Conditions(), condition).label is None
    assert Conditions().take(slice(1)).unconditional().label is None

"""Flows of images: a Glow on digits, dequantised."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch

from genlab.core.random import generator
from genlab.core.requests import DensityRequest, NoDensity, ProbeRequest, SampleRequest
from genlab.core.training import Batch, Context
from genlab.data.condition import Condition
from genlab.data.payloads import Tiles
from genlab.paradigms.flow.probes import PROBES
from genlab.paradigms.flow.settings import defaults
from genlab.session.session import Session
from genlab.settings.data_info import DataInfo
from genlab.settings.spaces import Images

ShortRun = Callable[..., Any]


def held_out(run: Any, n: int) -> Batch:
    draw = run.dataset.validation(n, np.random.default_rng(0))
    return Batch(torch.as_tensor(draw.x), torch.as_tensor(draw.labels))


def log_prob(
    model: Any, session: Session, x: torch.Tensor, label: str = "any", **sampler: Any
) -> torch.Tensor:
    settings = session.sampler.model_copy(update=sampler)
    request = DensityRequest(settings, Condition(label), error=False)
    with torch.no_grad():
        parts = [part for part in model.log_prob(x, request) if part is not None]
    return torch.cat([part.value for part in parts])


def frames(run: Any, n: int, label: str) -> list[Any]:
    with torch.no_grad():
        found = run.model.sample(SampleRequest(n, run.session.sampler, Condition(label)))
        return [frame for frame in found if frame is not None]


def context_of(model: Any) -> Context:
    return Context(1, 0.5, generator(0, "noise"), model.device)


def probe(run: Any, name: str) -> Tiles:
    request = ProbeRequest(run.session.sampler, examples=held_out(run, 30))
    with torch.no_grad():
        *_, tiles = PROBES[name](run.model, request)
    assert isinstance(tiles, Tiles)
    return tiles


def test_a_short_training_gains_nats_on_held_out_digits(
    short_run: ShortRun, fresh_model: Callable[..., Any]
) -> None:
    run = short_run("flow", "digits")
    session, _, _, fresh = fresh_model("flow", "digits", {"network.width": 16})
    x = held_out(run, 200).x
    before = log_prob(fresh.eval(), session, x, label="none").mean()
    after = log_prob(run.model, run.session, x, label="none").mean()
    # Independent pixels alone give about 108 nats: the first layer begins with them.
    assert -112 < before < -104
    assert after > before + 1


def test_label_any_is_the_mixture_of_the_classes(short_run: ShortRun) -> None:
    run = short_run("flow", "digits")
    x = held_out(run, 20).x
    names = run.session.labels
    classes = torch.stack([log_prob(run.model, run.session, x, label=name) for name in names], 1)
    mixture = torch.logsumexp(classes + run.model.class_prior.log(), 1)
    # Few images: the noise is drawn by slices, which are shorter where there are several classes.
    assert torch.allclose(log_prob(run.model, run.session, x, label="any"), mixture, atol=1e-3)


def test_digits_are_likelier_under_their_own_class(short_run: ShortRun) -> None:
    run = short_run("flow", "digits")
    batch = held_out(run, 200)
    classes = torch.stack(
        [log_prob(run.model, run.session, batch.x, label=n) for n in map(str, range(10))], 1
    )
    own = classes.gather(1, batch.labels[:, None])[:, 0]
    assert own.mean() > classes.mean() + 0.5


def test_a_trajectory_has_a_frame_for_each_step_of_flow_and_begins_with_independent_pixels(
    short_run: ShortRun,
) -> None:
    run = short_run("flow", "digits")
    first, *_, last = shown = frames(run, 2000, label="none")
    assert len(shown) == 2 * run.session.network.flow_steps + 1
    real, pixels = run.draw.x.reshape(-1, 64), first.x.reshape(-1, 64)
    assert np.allclose(pixels.mean(0), real.mean(0), atol=0.8)
    varied = pixels[:, real.std(0) > 2]
    assert np.abs(np.corrcoef(varied.T) - np.eye(varied.shape[1])).max() < 0.12
    assert set(np.unique(last.x)) <= set(range(17))


def test_samples_are_found_again_in_the_base(short_run: ShortRun) -> None:
    run = short_run("flow", "digits")
    z = torch.randn(50, 64, generator=torch.Generator().manual_seed(0))
    context = run.model.context(torch.arange(50) % 10)
    x = z
    with torch.no_grad():
        for layer in reversed(run.model.layers()):
            x = layer.to_data(x, context)
        images = run.model.decode(x)
        y, _ = run.model.marginals.to_base(images)
        back = y.flatten(1)
        for layer in run.model.layers():
            back, _ = layer.to_base(back, context)
    assert ((back - z).abs() > 1e-2).float().mean() < 0.01


@pytest.mark.parametrize(
    "values",
    [
        {"network.coupling": "affine"},
        {"network.conditioner": "convolution"},
        {"network.kind": "nsf-ar", "network.transforms": 1},
        {"network.kind": "realnvp", "network.couplings": 2},
        {"network.scales": 3, "network.flow_steps": 1},
    ],
    ids=["affine", "convolutions", "autoregressive splines", "RealNVP", "three scales"],
)
def test_other_maps_of_digits_train_too(fresh_model: Callable[..., Any], values: dict[str, Any]) -> None:
    _, _, draw, model = fresh_model("flow", "digits", {"network.width": 16, **values})
    optimiser = torch.optim.Adam(model.parameters(), 3e-3)
    context = context_of(model)
    batch = Batch(torch.as_tensor(draw.x[:128]), torch.as_tensor(draw.labels[:128]))
    losses = []
    for _ in range(12):
        optimiser.zero_grad()
        loss = model.loss(batch, model.players()[0], context)["total"]
        loss.backward()
        optimiser.step()
        losses.append(loss.item())
    assert losses[-1] < losses[0] - 0.5


def test_a_learned_dequantisation_gives_a_bound_and_begins_as_the_uniform_one(
    fresh_model: Callable[..., Any],
) -> None:
    session, dataset, _, model = fresh_model("flow", "digits", {"objective.dequantisation": "variational"})
    plain_session, _, _, plain = fresh_model("flow", "digits")
    x = torch.as_tensor(dataset.validation(350, np.random.default_rng(0)).x)
    mine = log_prob(model.eval(), session, x, label="none")
    theirs = log_prob(plain.eval(), plain_session, x, label="none")
    assert abs(mine.mean() - theirs.mean()) < 1
    request = DensityRequest(session.sampler, error=False)
    part = next(p for p in model.log_prob(x[:5], request) if p is not None)
    assert part.kind == "bound"
    assert session.capabilities.density == "bound"
    assert "variational dequantisation of the 17 levels" in session.capabilities.density_reason
    assert plain_session.capabilities.density == "exact"


def test_learned_noise_moves_with_the_flow(fresh_model: Callable[..., Any]) -> None:
    _, _, draw, model = fresh_model("flow", "digits", {"objective.dequantisation": "variational"})
    batch = Batch(torch.as_tensor(draw.x[:64]), torch.as_tensor(draw.labels[:64]))
    optimiser = torch.optim.Adam(model.parameters(), 3e-3)
    for _ in range(3):
        optimiser.zero_grad()
        model.loss(batch, model.players()[0], context_of(model))["total"].backward()
        optimiser.step()
    rng = torch.Generator().manual_seed(0)
    _, log_q = model.dequantiser(batch.x, rng)
    assert log_q.abs().max() > 1e-3


def test_a_temperature_of_nothing_has_no_density(short_run: ShortRun) -> None:
    run = short_run("flow", "digits")
    with pytest.raises(NoDensity, match="temperature 0"):
        log_prob(run.model, run.session, held_out(run, 2).x, temperature=0.0)


def test_held_out_digits_lose_their_shape_layer_by_layer(short_run: ShortRun) -> None:
    run = short_run("flow", "digits")
    tiles = probe(run, "image-layers")
    assert tiles.images.shape == (9, 9, 8, 8)
    assert (tiles.row_titles[0], tiles.row_titles[-1]) == ("data", "base")
    assert np.array_equal(tiles.images[0], held_out(run, 9).x[:, 0].numpy())
    assert set(np.unique(tiles.images)) <= set(range(17))


def test_an_interpolation_begins_and_ends_at_held_out_digits(short_run: ShortRun) -> None:
    run = short_run("flow", "digits")
    tiles = probe(run, "interpolation")
    x = held_out(run, 10).x[:, 0].numpy()
    assert tiles.images.shape == (5, 9, 8, 8)
    assert np.abs(tiles.images[:, 0] - x[:5]).mean() < 0.05
    assert np.abs(tiles.images[:, -1] - x[5:]).mean() < 0.05
    assert np.abs(tiles.images[:, 4] - x[:5]).mean() > 1


def test_a_glow_of_points_is_refused(fresh_model: Callable[..., Any]) -> None:
    with pytest.raises(ValueError, match="needs images"):
        fresh_model("flow", "moons", {"network.kind": "glow"})


def test_the_default_is_a_glow_where_sides_can_be_halved() -> None:
    kinds = {
        sides: defaults(DataInfo("file", Images(1, *sides, 256))).get("network.kind")
        for sides in ((8, 8), (28, 28), (7, 8))
    }
    assert kinds == {(8, 8): "glow", (28, 28): "glow", (7, 8): "nsf-coupling"}
    large = defaults(DataInfo("file", Images(3, 32, 32, 256)))
    assert large["network.conditioner"] == "convolution"

"""Normalizing flows: what they learn, how they sample, and what their panels show."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
import pytest
import torch

from genlab.core.random import generator
from genlab.core.requests import DensityRequest, NoDensity, ProbeRequest, SampleRequest
from genlab.core.training import Batch
from genlab.data.condition import Condition
from genlab.data.payloads import Curves, Mesh, Plane, ScalarMap
from genlab.paradigms.flow.layers import to_base
from genlab.paradigms.flow.probes import PROBES
from genlab.session.session import Session
from tests.paradigms.conftest import train

ShortRun = Callable[..., Any]
KINDS = ("nsf-ar", "nsf-coupling", "realnvp", "nice", "maf", "iaf", "planar", "radial", "continuous")


@cache
def quickly(kind: str) -> Any:
    """A small flow of a kind after a hundred steps on two moons."""
    values = {
        "network.kind": kind,
        "network.width": 32,
        "network.couplings": 4,
        "network.folds": 8,
        "network.bins": 8,
        "network.ode_steps": 3,
        "training.batch_size": 128,
        "training.learning_rate": 1e-2,
        "training.ema": 0.9,
        "training.warm_up": 5,
    }
    return train(Session.default("flow", "moons").with_values(values), 100)


def density(run: Any, x: np.ndarray, error: bool = False, label: str = "any", **sampler: Any) -> torch.Tensor:
    settings = run.session.sampler.model_copy(update=sampler)
    request = DensityRequest(settings, Condition(label), error)
    with torch.no_grad():
        parts = [p for p in run.model.log_prob(torch.as_tensor(x).float(), request) if p is not None]
    return torch.cat([part.value for part in parts])


def frames(run: Any, n: int, label: str = "any", **sampler: Any) -> list[Any]:
    settings = run.session.sampler.model_copy(update=sampler)
    with torch.no_grad():
        found = run.model.sample(SampleRequest(n, settings, Condition(label)))
        return [frame for frame in found if frame is not None]


def finished(work: Any) -> Any:
    """What a generator returns."""

    def run() -> Any:
        yield (yield from work)

    *_, value = run()
    return value


def probe(run: Any, name: str, resolution: int = 12, label: str = "any", seed: int = 0, **values: Any) -> Any:
    settings = run.session.sampler.model_copy(update={"seed": seed})
    held_out = run.dataset.test(300, np.random.default_rng(7))
    examples = Batch(torch.as_tensor(held_out.x), torch.as_tensor(held_out.labels))
    request = ProbeRequest(settings, values, resolution, examples, Condition(label))
    with torch.no_grad():
        found = list(PROBES[name](run.model, request))
    assert sum(payload is not None for payload in found) == 1
    return found[-1]


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_learns_two_moons(kind: str) -> None:
    run = quickly(kind)
    x = run.dataset.test(2000, np.random.default_rng(3)).x
    gaussian = 0.5 * np.linalg.slogdet(2 * math.pi * math.e * np.cov(run.draw.x.T))[1]
    nll = -density(run, x).double().numpy()
    paired = run.dataset.truth.log_prob(x) + nll
    assert nll.mean() < gaussian - 0.1
    assert paired.mean() > -3 * paired.std() / math.sqrt(len(x))


def test_the_default_comes_near_the_entropy_in_a_few_hundred_steps(short_run: ShortRun) -> None:
    run = short_run("flow", "moons")
    x = run.dataset.test(4000, np.random.default_rng(3)).x
    gap = run.dataset.truth.log_prob(x) - density(run, x).double().numpy()
    assert -3 * gap.std() / math.sqrt(len(x)) < gap.mean() < 0.06


def test_label_any_is_the_mixture_of_the_classes(short_run: ShortRun) -> None:
    run = short_run("flow", "moons")
    x = run.draw.x[:50]
    classes = torch.stack([density(run, x, label=name) for name in run.session.labels])
    mixture = torch.logsumexp(classes + run.model.class_prior.log()[:, None], 0)
    assert torch.allclose(density(run, x), mixture, atol=1e-4)
    assert not torch.allclose(density(run, x, label="none"), mixture, atol=1e-2)


def test_a_trajectory_has_a_frame_for_each_layer_and_ends_where_the_base_is_found_again(
    short_run: ShortRun,
) -> None:
    run = short_run("flow", "moons")
    shown = frames(run, 2000, label="none")
    assert [frame.index for frame in shown] == [0, 1, 2, 3]
    assert shown[0].x.mean(0) == pytest.approx(run.draw.x.mean(0), abs=0.15)
    assert shown[0].x.std(0) == pytest.approx(run.draw.x.std(0), rel=0.1)
    y, _ = run.model.encode(torch.as_tensor(shown[-1].x), generator(0, "noise"))
    labels = torch.full((2000,), -1)
    z, _ = to_base(run.model.layers(), y, run.model.context(labels))
    assert torch.allclose(run.model.unstandardise(z), torch.as_tensor(shown[0].x), atol=0.02)


def test_a_continuous_flow_takes_as_many_steps_as_asked() -> None:
    run = quickly("continuous")
    assert run.session.capabilities.control("sampler.steps").enabled
    coarse, fine = (frames(run, 200, steps=steps) for steps in (5, 60))
    assert len(coarse) == 6
    assert len(fine) == 61
    assert coarse[-1].x == pytest.approx(fine[-1].x, abs=0.1)


def test_the_error_of_an_ode_likelihood_is_told() -> None:
    run = quickly("continuous")
    x = torch.as_tensor(run.draw.x[:200])
    few, many = (run.session.sampler.model_copy(update={"steps": steps}) for steps in (1, 128))
    with torch.no_grad():
        (part,) = [part for part in run.model.log_prob(x, DensityRequest(few)) if part is not None]
        (exact,) = [part for part in run.model.log_prob(x, DensityRequest(many)) if part is not None]
    assert part.kind == "ode"
    actual = (part.value - exact.value).abs()
    assert part.error.mean() < 0.01
    assert actual.mean() < 5 * part.error.mean() + 1e-5


def test_temperature_scales_the_base(short_run: ShortRun) -> None:
    run = short_run("flow", "moons")
    plain, cool = (frames(run, 500, temperature=t, label="upper") for t in (1.0, 0.5))
    centre = run.model.mean.numpy()
    assert cool[0].x - centre == pytest.approx(0.5 * (plain[0].x - centre), abs=1e-5)
    assert plain[-1].biased == ""
    assert cool[-1].biased == "temperature 0.5"
    still = frames(run, 20, temperature=0.0, label="upper")[-1].x
    assert np.ptp(still, axis=0) == pytest.approx([0, 0], abs=1e-5)


def test_the_density_at_a_temperature_is_that_of_its_samples(short_run: ShortRun) -> None:
    run = short_run("flow", "moons")
    x = torch.as_tensor(run.draw.x[:100])
    y, _ = run.model.encode(x, generator(0, "noise"))
    z, _ = to_base(run.model.layers(), y, run.model.context(torch.zeros(100, dtype=torch.long)))
    base, tempered = (torch.distributions.Normal(0, t).log_prob(z).sum(1) for t in (1.0, 0.6))
    found = density(run, x.numpy(), label="upper", temperature=0.6) - density(run, x.numpy(), label="upper")
    assert torch.allclose(found, tempered - base, atol=1e-3)
    with pytest.raises(NoDensity, match="same point"):
        density(run, x.numpy(), temperature=0.0)


def test_many_samples_are_all_finite(short_run: ShortRun) -> None:
    assert np.isfinite(frames(short_run("flow", "moons"), 20_000)[-1].x).all()


def test_what_was_never_trained_is_refused(fresh_model: Callable[..., Any]) -> None:
    for dropout, label, words in ((0.0, "none", "never trained without labels"), (1.0, "upper", "never saw")):
        session, _, draw, model = fresh_model("flow", "moons", {"objective.condition_dropout": dropout})
        asked = SampleRequest(3, session.sampler, Condition(label))
        with pytest.raises(ValueError, match=words):
            list(model.sample(asked))
        with pytest.raises(ValueError, match=words):
            model.refuse(asked)
        density_of = DensityRequest(session.sampler, Condition(label))
        with pytest.raises(NoDensity, match=words):
            list(model.log_prob(torch.as_tensor(draw.x[:3]), density_of))


def test_the_loss_reference_is_the_entropy_that_training_sees(fresh_model: Callable[..., Any]) -> None:
    class_entropy = math.log(2 * math.pi * math.e * (0.5 / 1.414) ** 2)
    for dropout in (0.0, 0.3, 1.0):
        _, dataset, _, model = fresh_model("flow", "8gaussians", {"objective.condition_dropout": dropout})
        draw = dataset.train(10_000, np.random.default_rng(1))
        batch = Batch(torch.as_tensor(draw.x), torch.as_tensor(draw.labels))
        reference = finished(model.loss_reference(batch, generator(0, "evaluation")))
        expected = (1 - dropout) * class_entropy + dropout * dataset.truth.entropy
        assert reference.values["total"] == pytest.approx(expected, abs=0.05)


def test_reverse_kl_falls_towards_zero_on_one_gaussian() -> None:
    values = {
        "objective.divergence": "reverse",
        "objective.condition_dropout": 1.0,
        "network.kind": "maf",
        "data.modes": 1,
        "training.learning_rate": 1e-2,
    }
    total = train(Session.default("flow", "mixture-1d").with_values(values), 200).columns["total"]
    assert total[0] > 0.1
    assert abs(total[-5:].mean()) < 0.02


def test_reverse_kl_is_refused_where_it_cannot_be(fresh_model: Callable[..., Any]) -> None:
    for dataset in ("checkerboard", "digits"):
        with pytest.raises(ValueError, match="minimise forward KL"):
            fresh_model("flow", dataset, {"objective.divergence": "reverse"})


def test_the_warp_carries_the_grid_as_samples_are_drawn(short_run: ShortRun) -> None:
    run = short_run("flow", "moons")
    mesh = probe(run, "warp", label="none", seed=4, direction="forward")
    assert isinstance(mesh, Mesh)
    assert mesh.titles == ("base", "after layer 1", "after layer 2", "data")
    assert mesh.nodes.shape == (4, 13, 13, 2)
    assert mesh.shade.shape == (4, 12, 12)
    assert mesh.shade.min() >= 0
    assert mesh.shade.max() == 1
    shown = frames(run, 500, label="none", seed=4)
    rng = generator(4, "sampling")
    assert mesh.points[-1].shape == (500, 2)
    base = torch.randn(500, 2, generator=rng).numpy() * run.model.std.numpy() + run.model.mean.numpy()
    assert mesh.points[0] == pytest.approx(base, abs=1e-5)
    assert len(shown) == len(mesh.nodes)
    corners = mesh.nodes[0][[0, 0, -1, -1], [0, -1, 0, -1]]
    spread = (corners - run.model.mean.numpy()) / run.model.std.numpy()
    assert spread == pytest.approx(np.array([[-3, -3], [3, -3], [-3, 3], [3, 3]]), abs=1e-5)


def test_the_inverse_warp_ends_where_the_likelihood_finds_the_base(short_run: ShortRun) -> None:
    run = short_run("flow", "moons")
    mesh = probe(run, "warp", label="lower", direction="inverse")
    assert mesh.titles == ("data", "after layer 2", "after layer 1", "base")
    assert mesh.reference is None
    assert set(mesh.labels) == {1}
    x = torch.as_tensor(mesh.nodes[0].reshape(-1, 2))
    y = run.model.standardise(x)
    z, _ = to_base(run.model.layers(), y, run.model.context(torch.ones(len(x), dtype=torch.long)))
    assert mesh.nodes[-1].reshape(-1, 2) == pytest.approx(
        run.model.unstandardise(z).detach().numpy(), abs=1e-4
    )


def test_the_change_of_volume_and_the_base_make_the_density(short_run: ShortRun) -> None:
    run = short_run("flow", "moons")
    found = probe(run, "log-det", resolution=8, label="none")
    assert isinstance(found, ScalarMap)
    assert found.diverging
    left, right, low, high = found.extent
    cells = (np.arange(16) + 0.5) / 16
    xs, ys = np.meshgrid(left + (right - left) * cells, low + (high - low) * cells)
    x = np.stack([xs.ravel(), ys.ravel()], 1)
    y = run.model.standardise(torch.as_tensor(x).float())
    z, _ = to_base(run.model.layers(), y, run.model.context(torch.full((len(x),), -1)))
    normal = torch.distributions.Normal(0.0, 1.0).log_prob(z).sum(1).detach()
    assert torch.as_tensor(found.values).flatten() + normal == pytest.approx(
        density(run, x, label="none"), abs=1e-3
    )


def test_data_and_base_stand_side_by_side(short_run: ShortRun) -> None:
    plane = probe(short_run("flow", "moons"), "base")
    assert isinstance(plane, Plane)
    data, base, *circles = plane.groups
    assert data.x[:, 0].mean() < -3 < 3 < base.x[:, 0].mean()
    assert np.array_equal(data.labels, base.labels)
    assert [circle.style for circle in circles] == ["line", "line"]
    assert (base.x - [4, 0]).std(0) == pytest.approx([1, 1], abs=0.25)


def test_on_a_line_the_map_rises_and_each_layers_density_has_mass_one(short_run: ShortRun) -> None:
    run = short_run("flow", "mixture-1d")
    curves = probe(run, "map")
    assert isinstance(curves, Curves)
    assert list(curves.curves) == ["base", "after layer 1", "after layer 2", "data"]
    assert all((np.diff(curve) > 0).all() for curve in curves.curves.values())
    layers = probe(run, "layers", label="none")
    assert {*layers.curves} == {*curves.curves, "truth"}
    masses = {name: np.trapezoid(curve, layers.x) for name, curve in layers.curves.items()}
    assert masses["data"] == pytest.approx(1, abs=0.02)
    assert masses["truth"] == pytest.approx(1, abs=0.02)
    expected = density(run, layers.x[:, None], label="none").exp().numpy()
    assert layers.curves["data"] == pytest.approx(expected, abs=0.02)


def test_a_panel_of_one_map_asks_for_a_class_where_none_was_trained_without(
    fresh_model: Callable[..., Any],
) -> None:
    session, _, _, model = fresh_model("flow", "moons", {"objective.condition_dropout": 0.0})
    with pytest.raises(ValueError, match="choose a class"):
        list(PROBES["warp"](model, ProbeRequest(session.sampler)))


def test_every_extra_panel_is_drawn_and_nothing_else() -> None:
    asked = {
        panel.probe
        for dataset in ("mixture-1d", "moons", "digits")
        for panel in Session.default("flow", dataset).panels
        if panel.kind == "probe"
    }
    assert asked == set(PROBES)


def test_the_catalogue_says_what_steps_and_temperature_do() -> None:
    layered, continuous, frozen = (
        Session.default("flow", "moons").with_values(values).capabilities
        for values in ({}, {"network.kind": "continuous"}, {"sampler.temperature": 0.0})
    )
    steps, temperature, label = layered.controls
    assert [control.key for control in layered.controls] == [
        "sampler.steps", "sampler.temperature", "condition.label"
    ]  # fmt: skip
    assert not steps.enabled
    assert "3 layers" in steps.reason
    assert layered.density == "exact"
    assert continuous.controls[0].enabled
    assert continuous.density == "ode"
    assert temperature.enabled
    assert (temperature.name, temperature.neutral) == ("Temperature", 1.0)
    assert label.enabled
    assert frozen.density == "none"

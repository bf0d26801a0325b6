"""What flow matching learns: interpolants, velocities, path energies and densities."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from scipy.special import logit
from scipy.stats import kstest

from genlab.core.random import generator
from genlab.core.requests import SampleRequest
from genlab.core.training import Batch, Context
from genlab.data import load
from genlab.data.catalogue import DATASETS
from genlab.metrics.slices import finish
from genlab.paradigms.flow_matching.straightness import normalised_path_energy, path_energy_error, transport
from genlab.sampling.denoiser import ScoreUnavailable
from genlab.sampling.ideal import GaussianMixtureDenoiser
from genlab.session.catalogue import PARADIGMS
from genlab.session.session import Session
from tests.paradigms.flow_matching_pieces import (
    BetweenGaussians,
    Constant,
    ExactNet,
    Recorder,
    gaussian_energies,
    short,
    walked,
)
from tests.paradigms.time_pieces import frames, log_prob, payloads

CPU = torch.device("cpu")
PATHS = ("straight", "trigonometric", "lipman")
REST = 0.1

Fresh = Callable[..., Any]


def context(seed: int = 0) -> Context:
    return Context(0, 0.0, generator(seed, "noise"), CPU)


def velocity_of(path: str, level: Any, x0: Any, source: Any) -> Any:
    """u_t by the papers' formulas, at a noise level."""
    r = level[:, None]
    if path == "trigonometric":
        angle = torch.atan(r)
        return 0.5 * math.pi * (angle.cos() * source - angle.sin() * x0)
    return (1 - (REST if path == "lipman" else 0)) * source - x0


def source_of(level: Any, x0: Any, z: Any) -> Any:
    """The source point whose x_t, at unit variance of the coefficients, is z."""
    r = level[:, None]
    # z = (alpha x0 + sigma source) / sqrt(alpha^2 + sigma^2), with r = sigma / alpha.
    return (z * torch.sqrt(1 + r**2) - x0) / r


@pytest.mark.parametrize("coupling", ["independent", "optimal"])
@pytest.mark.parametrize("source", ["noise", "8gaussians-cfm"])
@pytest.mark.parametrize("path", PATHS)
def test_points_and_velocities_of_a_path_are_the_papers(
    fresh_model: Fresh, path: str, source: str, coupling: str
) -> None:
    values = {"objective.path": path, "objective.source": source, "objective.coupling": coupling}
    values |= {"objective.rest": REST, "objective.coupled": 64, "network.width": 8}
    _, _, draw, model = fresh_model("flow-matching", "moons-cfm", values)
    model.net = Recorder()
    pool = Batch(torch.as_tensor(draw.x), torch.as_tensor(draw.labels))
    batch = model.batch(pool, 512, generator(1, "data"))
    x0 = model.standardise(batch.x).double()
    loss = model.loss(batch, model.players()[0], context())["total"]
    z, level = model.net.z, model.net.level
    inner = (level > 2e-3) & (level < 500)
    if batch.source is None:
        # The source points follow from x_t and x_0; they must be draws of the source.
        at_source = source_of(level, x0, z)
        drawn = at_source[inner]
        if source == "noise":
            assert kstest(drawn.flatten().numpy(), "norm").pvalue > 1e-3
        else:
            truth = load(source, DATASETS[source].settings()).truth
            assert truth is not None
            assert truth.modes is not None
            away = model.unstandardise(drawn).numpy()[:, None] - truth.modes
            nearest = away[np.arange(len(away)), np.square(away).sum(2).argmin(1)]
            assert nearest.std() == pytest.approx(truth.mode_std, rel=0.1)
        assert abs(np.corrcoef(drawn[:, 0], x0[inner][:, 0])[0, 1]) < 0.2
    else:
        at_source = batch.source.double()
        # (alpha x0 + sigma source) / sqrt(alpha^2 + sigma^2), with level = sigma / alpha.
        expected = (x0 + level[:, None] * at_source) / torch.sqrt(1 + level[:, None] ** 2)
        assert torch.allclose(z[inner], expected[inner], atol=1e-4)
    u = velocity_of(path, level, x0, at_source)
    assert float(loss) == pytest.approx(float(u[inner].square().mean()), rel=0.02)
    # Times are uniform: the level tells which time it is.
    if path == "trigonometric":
        t = torch.atan(level) * 2 / math.pi
    else:
        rest = REST if path == "lipman" else 0
        t = (level - rest) / (1 + level - rest)
    assert kstest(t.numpy(), "uniform").statistic < 0.01


def exact_net(model: Any, dataset: Any, more: float = 0.0) -> ExactNet:
    means = model.standardise(torch.as_tensor(dataset.truth.modes).float()).double()
    return ExactNet(
        GaussianMixtureDenoiser(means, dataset.truth.mode_std / float(model.std[0]), model.path), more
    )


@pytest.mark.parametrize(
    "values",
    [
        {},
        {"objective.path": "trigonometric", "objective.times": "logit-normal"},
        {"objective.path": "lipman", "objective.rest": 0.05, "objective.time_mean": 0.5},
    ],
    ids=str,
)
def test_the_exact_velocity_has_the_loss_of_the_reference(fresh_model: Fresh, values: dict[str, Any]) -> None:
    small = {"network.width": 8, "objective.condition_dropout": 1.0}
    _, dataset, _, model = fresh_model("flow-matching", "8gaussians-cfm", {**small, **values})
    model.net = exact_net(model, dataset)
    losses = []
    for seed in range(12):
        draw = dataset.truth.draw(4096, np.random.default_rng([1, seed]))
        with torch.no_grad():
            found = model.loss(Batch(torch.as_tensor(draw.x), None), model.players()[0], context(seed))
        losses.append(float(found["total"]))
    references = []
    for seed in range(3):
        draw = dataset.truth.draw(11_000, np.random.default_rng([2, seed]))
        batch = Batch(torch.as_tensor(draw.x), torch.as_tensor(draw.labels))
        with torch.no_grad():
            reference = finish(model.loss_reference(batch, generator(seed, "evaluation")))
        assert reference is not None
        references.append(reference.values["total"])
    assert np.mean(losses) == pytest.approx(np.mean(references), rel=0.03)


def test_whatever_is_added_to_the_exact_velocity_adds_its_square_to_the_loss(fresh_model: Fresh) -> None:
    values = {"network.width": 8, "objective.condition_dropout": 1.0}
    _, dataset, _, model = fresh_model("flow-matching", "8gaussians-cfm", values)
    gaps = []
    for seed in range(12):
        batch = Batch(torch.as_tensor(dataset.truth.draw(4096, np.random.default_rng(seed)).x), None)
        found = []
        for more in (0.0, 0.3):
            model.net = exact_net(model, dataset, more)
            with torch.no_grad():
                found.append(float(model.loss(batch, model.players()[0], context(seed))["total"]))
        gaps.append(found[1] - found[0])
    assert np.mean(gaps) == pytest.approx(0.09, abs=4 * np.std(gaps) / math.sqrt(len(gaps)))


def test_training_times_are_uniform_or_logit_normal_about_the_papers_time(fresh_model: Fresh) -> None:
    def times(values: dict[str, Any]) -> np.ndarray[Any, Any]:
        model = fresh_model("flow-matching", "mixture-1d", {"network.width": 8, **values})[3]
        return model.training_times(20_000, generator(3, "noise")).double().numpy()

    assert kstest(times({}), "uniform").statistic < 1e-3
    values = {"objective.times": "logit-normal", "objective.time_mean": 0.5, "objective.time_spread": 1.5}
    # The papers' time is 1 at the data.
    assert kstest(logit(1 - times(values)), "norm", (0.5, 1.5)).statistic < 1e-3


def test_a_gaussian_moved_by_a_constant_has_straight_paths_of_optimal_energy(
    fresh_model: Fresh, monkeypatch: pytest.MonkeyPatch
) -> None:
    session, _, _, model = fresh_model("flow-matching", "moons-cfm", {"network.width": 8})
    velocity = torch.tensor([1.5, -0.5])
    monkeypatch.setattr(model, "plain_denoiser", lambda _: Constant(model.path, velocity))
    found = walked(model, session, 300)
    shift = velocity * model.std
    assert torch.allclose(found.places[-1], found.places[0] - shift, atol=1e-4)
    assert found.energy.numpy() == pytest.approx(np.full(300, float(shift.square().sum())), rel=1e-5)
    assert found.straightness == pytest.approx(0, abs=1e-5)
    # Its own ends are where optimal transport takes it; other draws of them lie within the error.
    source = found.places[0].numpy()
    own = finish(transport(source, found.places[-1].numpy()))
    assert normalised_path_energy(float(found.energy.mean()), own.cost) == pytest.approx(0, abs=1e-5)
    fresh = walked(model, session, 300, seed=5).places[-1].numpy()
    moved = finish(transport(source, fresh))
    signed = normalised_path_energy(float(found.energy.mean()), moved.cost)
    assert abs(signed) < 4 * path_energy_error(found.energy, moved) + 0.02


def test_two_gaussians_coupled_at_random_have_the_energy_of_the_closed_form(
    fresh_model: Fresh, monkeypatch: pytest.MonkeyPatch
) -> None:
    session, _, _, model = fresh_model("flow-matching", "moons-cfm", {"network.width": 8})
    exact = BetweenGaussians(model.path, torch.tensor([2.0, 0.0]), 0.2)
    monkeypatch.setattr(model, "plain_denoiser", lambda _: exact)
    found = walked(model, session, 4000, steps=100)
    unit = float(model.std[0]) ** 2
    energy, optimal = gaussian_energies(4, 0.2, 2)
    assert float(found.energy.mean()) == pytest.approx(unit * energy, rel=0.02)
    assert found.straightness == pytest.approx(1 - optimal / energy, abs=0.005)
    assert (found.bend > 0).all()


def path_energy(run: Any) -> float:
    found = walked(run.model, run.session, 1000)
    data = run.dataset.test(1000, np.random.default_rng(11)).x
    cost = finish(transport(found.places[0].numpy(), data)).cost
    return normalised_path_energy(float(found.energy.mean()), cost)


def test_optimal_transport_lowers_the_path_energy() -> None:
    runs = [
        short("8gaussians-cfm", objective__condition_dropout=1.0, objective__coupling=coupling)
        for coupling in ("independent", "optimal")
    ]
    independent, optimal = (path_energy(run) for run in runs)
    assert independent > 0.05
    assert abs(optimal) < 0.5 * independent
    bends = [walked(run.model, run.session, 500).straightness for run in runs]
    assert bends[1] < 0.3 * bends[0]


def test_a_density_from_another_data_set_integrates_to_one_and_nears_the_truth() -> None:
    run = short("mixture-1d", 800, objective__source="heavy-tail-1d")
    x = np.linspace(-12, 12, 2401)
    value = torch.full((len(x),), torch.nan)
    points = torch.as_tensor(x[:, None], dtype=torch.float32)
    for part in log_prob(run.model, run.session, points):
        value[part.start : part.start + len(part.value)] = part.value
    assert np.trapezoid(value.exp().numpy(), x) == pytest.approx(1, abs=5e-3)
    truth = run.dataset.truth.log_prob(x[:, None])
    divergence = np.trapezoid(np.exp(truth) * (truth - value.numpy()), x)
    assert 0 < divergence < 0.1


COUPLED = (
    {"objective.coupling": "optimal"},
    {"objective.source": "8gaussians-cfm"},
    {"objective.method": "reflow"},
)


@pytest.mark.parametrize("values", COUPLED, ids=str)
def test_without_a_gaussian_source_that_is_independent_there_is_no_score(
    fresh_model: Fresh, values: dict[str, Any]
) -> None:
    session, _, draw, model = fresh_model("flow-matching", "moons-cfm", {"network.width": 8, **values})
    assert not model.path.has_score
    x, t = torch.zeros(3, 2), torch.tensor(0.5)
    with torch.no_grad():
        prediction = model.denoiser(SampleRequest(3, session.sampler)).predict(x, t)
    with pytest.raises(ScoreUnavailable, match="no score: its noise is not Gaussian, or is coupled"):
        _ = prediction.score
    field = payloads(model, session, "velocity", {"time": 0.8}, resolution=8)[-1]
    assert field.truth is None
    batch = Batch(torch.as_tensor(draw.x), torch.as_tensor(draw.labels))
    assert finish(model.loss_reference(batch, generator(0, "evaluation"))) is None


def test_with_independent_noise_the_velocity_panel_shows_the_exact_one(fresh_model: Fresh) -> None:
    session, dataset, _, model = fresh_model(
        "flow-matching", "8gaussians-cfm", {"network.width": 8, "objective.condition_dropout": 1.0}
    )
    model.net = exact_net(model, dataset)
    field = payloads(model, session, "velocity", {"time": 0.7}, resolution=12)[-1]
    gap = np.abs(field.vectors - field.truth).max() / np.abs(field.truth).max()
    assert gap < 1e-3


@pytest.mark.parametrize(("dataset", "source"), [("mixture-1d", "moons"), ("moons", "mixture-1d")])
def test_a_source_of_another_dimension_is_refused_in_plain_words(
    fresh_model: Fresh, dataset: str, source: str
) -> None:
    title = DATASETS[source].title
    with pytest.raises(ValueError, match=f"{title} cannot be the source: .* differ in dimension"):
        fresh_model("flow-matching", dataset, {"objective.source": source})


@pytest.mark.parametrize("preset", PARADIGMS["flow-matching"].presets, ids=lambda preset: preset.id)
def test_every_preset_builds_and_samples(fresh_model: Fresh, preset: Any) -> None:
    values = {**preset.values, "network.width": 8}
    session, _, _, model = fresh_model("flow-matching", preset.dataset, values)
    last = frames(model, session, 6)[-1]
    assert last.index == last.total
    assert last.x.shape == (6, *session.space.event)
    assert np.isfinite(last.x).all()


def test_optimal_transport_over_all_classes_warns_where_labels_are_learned(fresh_model: Fresh) -> None:
    def warnings(**values: Any) -> tuple[str, ...]:
        named = {f"objective.{key}": value for key, value in values.items()}
        model = fresh_model("flow-matching", "moons", {"network.width": 8, **named})[3]
        return model.check(None, context()).warnings

    assert "ties labels" in warnings(coupling="optimal")[0]
    assert warnings(coupling="label-aware") == ()
    assert warnings(coupling="optimal", condition_dropout=1.0) == ()


def test_frames_run_from_the_source_in_the_papers_time() -> None:
    session = Session.default("flow-matching", "moons-cfm")
    steps = session.capabilities.control("sampler.steps")
    assert steps is not None
    assert steps.enabled
    run = short("mixture-1d", 800, objective__source="heavy-tail-1d")
    shown = frames(run.model, run.session, 2000, method="euler", steps=4)
    assert [frame.time for frame in shown] == pytest.approx([0, 0.25, 0.5, 0.75, 1])
    truth = load("heavy-tail-1d", DATASETS["heavy-tail-1d"].settings()).truth
    assert truth is not None
    fresh = truth.draw(2000, np.random.default_rng(8)).x[:, 0]
    assert kstest(shown[0].x[:, 0], fresh).pvalue > 1e-3
    assert [frame.nfe for frame in shown] == [0, 1, 2, 3, 4]

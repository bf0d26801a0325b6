"""What latent variable models add to what every paradigm does."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch

from genlab.core.random import generator
from genlab.core.requests import DensityRequest, NoDensity, ProbeRequest, SampleRequest
from genlab.core.training import Batch, Context
from genlab.data.condition import Condition
from genlab.data.payloads import Curves, Plane, Tiles
from genlab.engine.training.trainer import Trainer
from genlab.paradigms.vae import PARADIGM
from genlab.paradigms.vae.collapse import active_units, collapse_warning
from genlab.paradigms.vae.model import VAE
from genlab.paradigms.vae.probes import PROBES
from genlab.paradigms.vae.settings import VAESampler
from genlab.session.session import Session
from genlab.settings.spaces import Images
from tests.paradigms.conftest import build, train

Fresh = Callable[..., Any]
ShortRun = Callable[..., Any]
CPU = torch.device("cpu")
SMALL = {"network.width": 16, "training.batch_size": 128, "training.ema": 0.9}

KINDS = (
    {"objective.kind": "autoencoder"},
    {"objective.kind": "autoencoder", "objective.prior": "two-stage"},
    {"objective.kind": "beta"},
    {"objective.kind": "free-bits"},
    {"objective.kind": "iwae"},
    {"objective.prior": "mixture"},
    {"objective.prior": "two-stage"},
)
every_kind = pytest.mark.parametrize("values", KINDS, ids=lambda v: "-".join(map(str, v.values())))
every_set = pytest.mark.parametrize("dataset", ["mixture-1d", "moons", "digits"])


def batch_of(draw: Any, n: int = 256) -> Batch:
    return Batch(torch.as_tensor(draw.x[:n]), torch.as_tensor(draw.labels[:n]))


def last(model: Any, n: int, label: str = "any", **sampler: Any) -> Any:
    with torch.no_grad():
        request = SampleRequest(n, VAESampler(**sampler), Condition(label))
        return list(model.eval().sample(request))[-1]


def log_prob(model: Any, x: np.ndarray, label: str = "any", **sampler: Any) -> torch.Tensor:
    with torch.no_grad():
        parts = model.eval().log_prob(
            torch.as_tensor(x), DensityRequest(VAESampler(**sampler), Condition(label))
        )
        return torch.cat([part.value for part in parts if part is not None])


def probe(model: Any, name: str, values: dict[str, Any] | None = None, held: Batch | None = None) -> Any:
    request = ProbeRequest(VAESampler(), values or {}, examples=held)
    with torch.no_grad():
        return [payload for payload in PROBES[name](model.eval(), request) if payload is not None][-1]


def context(stage: str = "", progress: float = 0.5, step: int = 1) -> Context:
    return Context(step, progress, generator(0, "noise"), CPU, stage)


@every_kind
@every_set
def test_every_objective_and_prior_moves_all_its_parameters(
    fresh_model: Fresh, dataset: str, values: dict[str, Any]
) -> None:
    _, _, draw, model = fresh_model("vae", dataset, {"network.width": 16} | values)
    moved = set()
    for stage in model.stages():
        for player in stage.players:
            model.zero_grad()
            model.loss(batch_of(draw), player, context(stage.name))["total"].backward()
            assert all(p.grad is not None and bool((p.grad != 0).any()) for p in player.parameters)
            moved |= {id(p) for p in player.parameters}
    assert all(id(p) in moved for p in model.parameters())


@pytest.mark.parametrize("dataset", ["digits", "moons"])
@pytest.mark.parametrize("kind", ["vae", "iwae"])
def test_the_loss_is_the_bound_that_log_prob_tells(fresh_model: Fresh, dataset: str, kind: str) -> None:
    values = {"network.width": 16, "objective.kind": kind, "objective.condition_dropout": 1.0}
    _, _, draw, model = fresh_model("vae", dataset, values)
    batch, k = batch_of(draw, 1000), 1 if kind == "vae" else 5
    (player,) = model.players()
    model.eval()
    with torch.no_grad():
        losses = [model.loss(batch, player, context())["total"].item() for _ in range(4)]
    assert -log_prob(model, draw.x[:1000], importance=k).mean().item() == pytest.approx(
        np.mean(losses), rel=0.01
    )


def test_beta_weighs_the_divergence_as_it_warms_up(fresh_model: Fresh) -> None:
    values = {"objective.kind": "beta", "objective.beta": 8.0, "objective.warm_up": 0.5}
    _, _, draw, model = fresh_model("vae", "moons", values)
    (player,) = model.players()
    for progress, beta in ((0.0, 0.0), (0.25, 4.0), (1.0, 8.0)):
        terms = {
            name: value.item()
            for name, value in model.loss(batch_of(draw), player, context("", progress)).items()
        }
        assert terms["beta"] == beta
        assert terms["total"] == pytest.approx(terms["reconstruction"] + beta * terms["kl"], rel=1e-5)


def test_an_autoencoder_has_no_density_and_says_so(fresh_model: Fresh) -> None:
    session, _, draw, model = fresh_model("vae", "moons", {"objective.kind": "autoencoder"})
    assert session.capabilities.density == "none"
    with pytest.raises(NoDensity, match="autoencoder"):
        log_prob(model, draw.x[:2])


def test_grey_levels_under_a_bernoulli_have_no_density(fresh_model: Fresh) -> None:
    values = {"objective.likelihood": "bernoulli", "network.width": 16}
    _, _, draw, model = fresh_model("vae", "digits", values)
    with pytest.raises(NoDensity, match="black and white"):
        log_prob(model, draw.x[:2])


def test_a_prior_fitted_afterwards_mends_the_samples_of_an_autoencoder() -> None:
    values = SMALL | {"objective.kind": "autoencoder", "training.learning_rate": 0.01, "network.width": 64}
    share = {}
    for prior in ("normal", "two-stage"):
        session = Session.default("vae", "8gaussians").with_values(values | {"objective.prior": prior})
        run = train(session, 450)
        found = run.dataset.truth.log_prob(last(run.model, 1000).x)
        share[prior] = (found > -8).mean()
    assert share["two-stage"] > 0.8
    assert share["normal"] < 0.7


def test_the_second_stage_leaves_the_coders_alone_and_begins_at_codes() -> None:
    values = SMALL | {"objective.prior": "two-stage"}
    values |= {"training.stop": "steps", "training.steps": 60}
    session = Session.default("vae", "moons").with_values(values)
    _, draw, model = build(session)
    trainer = Trainer(model, session, batch_of(draw, 4000))
    trainer.advance(math.inf, steps=39)
    assert not bool(model.second)
    trainer.advance(math.inf, steps=5)
    assert bool(model.second)
    before = {name: p.clone() for name, p in model.named_parameters()}
    trainer.advance(math.inf, steps=5)
    changed = {n for n, p in model.named_parameters() if not torch.equal(p, before[n])}
    assert changed
    assert all(name.startswith("mixture.") for name in changed)


def test_the_weights_to_keep_are_chosen_once_their_prior_is_there(fresh_model: Fresh) -> None:
    _, _, draw, model = fresh_model("vae", "moons", SMALL | {"objective.prior": "two-stage"})
    assert "validation" not in model.check(batch_of(draw), context("autoencoder")).values
    assert "validation" in model.check(batch_of(draw), context("prior")).values


def test_a_heavy_divergence_collapses_the_codes_and_rings() -> None:
    values = SMALL | {"objective.kind": "beta", "objective.beta": 100.0, "objective.conditional": False}
    session = Session.default("vae", "moons").with_values(values)
    run = train(session, 801)
    assert run.trainer.warnings == (collapse_warning(0, 2),)
    assert run.columns["active units"][-1] == 0


def test_a_plain_run_does_not_ring(short_run: ShortRun) -> None:
    run = short_run("vae", "moons")
    assert run.model.check(None, context(step=1000)).warnings == ()


def test_active_units_are_those_whose_means_vary() -> None:
    means = torch.tensor([[0.0, 1.0, 0.0], [0.1, -1.0, 0.25]])  # variances 0.0025, 1 and 0.0156
    assert active_units(means) == 2


@every_set
@pytest.mark.parametrize("kind", ["vae", "autoencoder"])
def test_every_panel_of_the_catalogue_is_drawn(fresh_model: Fresh, dataset: str, kind: str) -> None:
    values = {"objective.kind": kind}
    session, data, _, model = fresh_model("vae", dataset, values | {"network.width": 8})
    held = data.test(60, np.random.default_rng(0))
    for panel in session.panels:
        if panel.kind != "probe":
            continue
        controls = {control.key: control.default for control in panel.controls}
        found = probe(model, panel.probe, controls, batch_of(held))
        assert isinstance(found, Tiles | Plane | Curves), panel.id
        if isinstance(found, Tiles):
            assert found.images.shape[2:] == (8, 8)


def test_reconstruction_tiles_put_originals_over_their_copies(fresh_model: Fresh) -> None:
    _, data, _, model = fresh_model("vae", "digits", {"network.width": 16})
    held = batch_of(data.test(60, np.random.default_rng(0)))
    tiles = probe(model, "reconstructions", held=held)
    assert tiles.images.shape == (6, 12, 8, 8)
    assert np.array_equal(tiles.images[2, 0], held.x[12, 0])
    assert not np.array_equal(tiles.images[3, 0], held.x[12, 0])


def test_a_traversal_changes_only_its_latent(fresh_model: Fresh) -> None:
    _, _, _, model = fresh_model("vae", "moons", {})
    plane = probe(model, "traversal", {"z1": 0.5, "z2": -1.0})
    line = next(group for group in plane.groups if group.name == "z2")
    with torch.no_grad():
        wanted = model.coders.mean(torch.tensor([[0.5, -3.0], [0.5, 3.0]]))
    assert np.allclose(line.x[[0, -1]], wanted, atol=1e-5)


def test_bounds_rise_in_their_panel(short_run: ShortRun) -> None:
    run = short_run("vae", "moons")
    held = batch_of(run.dataset.test(200, np.random.default_rng(0)))
    curves = probe(run.model, "bounds", held=held)
    values = curves.curves["importance bound"]
    assert (np.diff(values) > -1e-4).all()
    assert values[-1] > values[0]
    truth = run.dataset.truth.log_prob(held.x[:100].numpy()).mean()
    assert curves.marks["true log p of these"] == pytest.approx(truth, abs=1e-4)


def test_the_divergence_of_each_latent_sums_to_the_loss_term(short_run: ShortRun) -> None:
    run = short_run("vae", "moons", {"objective.conditional": False})
    held = batch_of(run.dataset.test(200, np.random.default_rng(0)))
    curves = probe(run.model, "per-dimension", held=held)
    (player,) = run.model.players()
    kl = run.model.loss(held, player, context())["kl"].item()
    assert curves.bars
    assert curves.curves["divergence"].sum() == pytest.approx(kl, rel=1e-4)


def test_guided_and_chained_samples_say_that_they_are_biased(short_run: ShortRun) -> None:
    model = short_run("vae", "mixture-1d").model
    assert last(model, 4).biased == ""
    assert last(model, 4, method="metropolis", steps=2).biased == ""
    assert "extrapolation 3" in last(model, 4, guidance=3.0, label="mode 1").biased
    assert "Gibbs" in last(model, 4, method="gibbs", steps=2).biased
    assert "means" in last(model, 4, output="mean").biased


def test_extrapolation_pushes_a_class_away_from_the_others(short_run: ShortRun) -> None:
    model = short_run("vae", "mixture-1d").model
    plain, pushed, centred = (last(model, 2000, guidance=w, label="mode 2").x.mean() for w in (1.0, 1.5, 0.0))
    middle = float(model.mean)
    assert abs(centred - middle) < abs(plain - middle) < abs(pushed - middle)


def test_what_was_never_trained_is_refused(fresh_model: Fresh) -> None:
    _, _, draw, model = fresh_model("vae", "moons", {"objective.condition_dropout": 0.0})
    for update in ({"label": "none"}, {"guidance": 2.0}):
        with pytest.raises(ValueError, match="Drop label"):
            last(model, 2, **update)
        with pytest.raises(NoDensity, match="Drop label"):
            log_prob(model, draw.x[:2], **update)
    _, _, _, model = fresh_model("vae", "moons", {"objective.conditional": False})
    with pytest.raises(ValueError, match="learned no labels"):
        last(model, 2, label="upper")


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ({"objective.condition_dropout": 1.0}, "lower 'Drop label'"),
        ({"objective.kind": "autoencoder"}, "fit one in two stages"),
    ],
)
def test_the_reason_why_no_labels_were_learned_is_the_one_that_holds(
    fresh_model: Fresh, values: dict[str, Any], reason: str
) -> None:
    session, _, _, model = fresh_model("vae", "moons", values)
    with pytest.raises(ValueError, match=reason):
        last(model, 2, label="upper")
    control = session.capabilities.control("condition.label")
    assert not control.enabled
    assert reason in control.reason


def test_samples_of_a_prior_without_classes_carry_no_labels(fresh_model: Fresh) -> None:
    _, _, _, model = fresh_model("vae", "moons", {"objective.conditional": False})
    assert last(model, 4).labels is None
    _, _, _, model = fresh_model("vae", "moons", {"objective.prior": "two-stage"})
    assert last(model, 4).labels is None
    model.second.fill_(True)
    assert last(model, 4, label="lower").labels.tolist() == [1, 1, 1, 1]


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ({"network.kind": "conv"}, "convolutions need images"),
        ({"objective.likelihood": "categorical"}, "likelihood needs images"),
        ({"objective.kind": "autoencoder", "objective.prior": "mixture"}, "two-stage"),
    ],
)
def test_what_cannot_be_is_refused_with_a_sentence(values: dict[str, Any], reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        build(Session.default("vae", "moons").with_values(values), 500)


def control(session: Session, key: str) -> Any:
    return session.capabilities.control(key)


def test_steps_and_guidance_say_why_they_are_off() -> None:
    session = Session.default("vae", "moons")
    assert "one pass" in control(session, "sampler.steps").reason
    chained = session.with_values({"sampler.method": "gibbs"})
    assert control(chained, "sampler.steps").name == "Gibbs steps"
    assert control(chained, "sampler.steps").enabled
    assert control(session, "sampler.guidance").name == "Latent extrapolation"
    none = session.with_values({"condition.label": "none"})
    assert "nothing to guide" in control(none, "sampler.guidance").reason
    plain = session.with_values({"objective.conditional": False})
    assert "Learn labels" in control(plain, "condition.label").reason


@pytest.mark.parametrize("preset", PARADIGM.presets, ids=lambda preset: preset.id)
def test_every_preset_builds_a_model_that_samples(preset: Any) -> None:
    session = Session.default("vae", preset.dataset).with_values(preset.values)
    _, _, model = build(session, 500)
    assert isinstance(model, VAE)
    assert last(model, 3, **session.sampler.model_dump()).x.shape == (3, *session.space.event)


@pytest.mark.parametrize("likelihood", ["categorical", "gaussian", "bernoulli"])
def test_images_are_drawn_in_their_levels_and_shown_as_means(fresh_model: Fresh, likelihood: str) -> None:
    session, _, _, model = fresh_model(
        "vae", "digits", {"objective.likelihood": likelihood, "network.width": 16}
    )
    assert isinstance(session.space, Images)
    for output in ("draw", "mean"):
        x = last(model, 5, output=output).x
        assert set(np.unique(x)) <= set(range(17))


def test_the_loss_of_reference_is_the_entropy_given_the_class_as_often_as_it_is_given(
    fresh_model: Fresh,
) -> None:
    _, data, draw, model = fresh_model("vae", "mixture-1d", {"objective.condition_dropout": 0.25})
    work = model.loss_reference(batch_of(draw, 4000), generator(0, "evaluation"))
    try:
        while True:
            next(work)
    except StopIteration as stop:
        found = stop.value.values["total"]
    given = 0.5 * math.log(2 * math.pi * math.e * 0.25)  # of a Gaussian with standard deviation 0.5
    assert found == pytest.approx(0.75 * given + 0.25 * data.truth.entropy, abs=2e-3)

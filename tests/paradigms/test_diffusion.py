"""What diffusion adds to what every paradigm does."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch

from genlab.core.random import generator
from genlab.core.requests import NoDensity
from genlab.core.time.denoising import by_level, log_error_ratio, loss_weight, stratified
from genlab.core.training import Batch, Context
from genlab.data.payloads import Field
from genlab.paradigms.diffusion.schedule import (
    LEVELS,
    coefficients,
    log_snr_quantile,
    noise_path,
    regression_target,
)
from tests.paradigms.time_pieces import frames, log_prob, payloads

TARGETS = ("noise", "x0", "v")
SCHEDULES = ("linear", "cosine", "edm")
WEIGHTS = ("simple", "snr", "min-snr", "edm")
CPU = torch.device("cpu")

Fresh = Callable[..., Any]


def gather(parts: list[Any]) -> torch.Tensor:
    return torch.cat([part.value for part in parts])


@pytest.mark.parametrize(("target", "weight"), list(itertools.product(TARGETS, WEIGHTS)))
def test_every_weight_says_the_same_of_x0_and_of_what_is_predicted(target: Any, weight: Any) -> None:
    torch.manual_seed(0)
    log_snr = torch.linspace(-9, 12, 8, dtype=torch.float64)
    snr = log_snr.exp()
    x0, guess, noise = torch.randn(3, 8, 5, dtype=torch.float64)
    a, b = coefficients(log_snr, x0)
    z = a * x0 + b * noise
    wanted = regression_target(target, x0, noise, a, b)
    # A guess at x0, seen as noise or v at the same z.
    said = regression_target(target, guess, (z - a * guess) / b, a, b)
    error = (said - wanted).square().mean(1)
    x0_error = (guess - x0).square().mean(1)
    if weight == "simple":
        assert torch.allclose(error * loss_weight(weight, target, log_snr, 5.0), error)
    of_x0 = {
        "simple": {"noise": snr, "x0": torch.ones_like(snr), "v": snr + 1}[target],
        "snr": snr,
        "min-snr": snr.clamp(max=5.0),
        "edm": (1 / snr + 1) / (1 / snr),  # (sigma^2 + 1) / sigma^2
    }[weight]
    loss = error * loss_weight(weight, target, log_snr, 5.0)
    assert torch.allclose(loss, of_x0 * x0_error, rtol=1e-6)


@pytest.mark.parametrize(("target", "weight"), list(itertools.product(TARGETS, WEIGHTS)))
def test_weights_are_finite_at_both_ends(target: Any, weight: Any) -> None:
    log_snr = torch.tensor([-14.0, 14.0])
    assert bool(loss_weight(weight, target, log_snr, 5.0).isfinite().all())
    assert bool(log_error_ratio(target, log_snr).isfinite().all())


def test_edm_preconditioning_is_v_prediction(fresh_model: Fresh) -> None:
    # Karras et al. (2022), table 1 and eq. 8, with sigma_data = 1.
    _, _, draw, model = fresh_model("diffusion", "moons", {"objective.condition_dropout": 0})
    with torch.no_grad():
        for p in model.parameters():
            p.add_(0.1 * torch.randn(p.shape, generator=generator(1, "noise")))
    y = model.standardise(torch.as_tensor(draw.x[:64]))
    labels = torch.as_tensor(draw.labels[:64])
    noise = torch.randn(64, 2, generator=generator(0, "noise"))
    sigma = torch.exp(torch.linspace(-5, 4, 64))[:, None]
    x = y + sigma * noise
    c_skip, c_out = 1 / (sigma**2 + 1), sigma / (sigma**2 + 1).sqrt()
    network = -model.net(x / (sigma**2 + 1).sqrt(), sigma[:, 0].log() / 4, labels)
    denoised = c_skip * x + c_out * network
    expected = (sigma**2 + 1) / sigma**2 * (denoised - y).square().mean(1, keepdim=True)
    got = model.weighted_errors(y, labels, noise, -2 * sigma[:, 0].log())
    assert torch.allclose(got, expected[:, 0], rtol=2e-3, atol=1e-4)


@pytest.mark.parametrize(
    ("target", "schedule", "weight"), list(itertools.product(TARGETS, SCHEDULES, WEIGHTS))
)
def test_every_objective_trains_and_samples_finitely(
    fresh_model: Fresh, target: str, schedule: str, weight: str
) -> None:
    values = {
        "objective.target": target,
        "objective.schedule": schedule,
        "objective.weight": weight,
        "network.width": 32,
        "sampler.steps": 5,
    }
    session, _, draw, model = fresh_model("diffusion", "moons", values)
    (player,) = model.players()
    optimiser = torch.optim.Adam(player.parameters, 1e-3)
    rng = generator(0, "noise")
    batch = Batch(torch.as_tensor(draw.x[:64]), torch.as_tensor(draw.labels[:64]))
    for step in range(8):
        terms = model.loss(batch, player, Context(step, 0.0, rng, CPU))
        optimiser.zero_grad()
        terms["total"].backward()
        assert all(bool(value.isfinite()) for value in terms.values())
        assert all(bool(p.grad.isfinite().all()) for p in player.parameters)
        optimiser.step()
    assert np.isfinite(frames(model, session, 8)[-1].x).all()


@pytest.mark.parametrize("schedule", SCHEDULES)
def test_noise_levels_follow_their_distribution(schedule: Any) -> None:
    path = noise_path(schedule)
    quantile = log_snr_quantile(schedule, path, -1.2, 1.6)
    u = stratified(4096, generator(0, "noise"))
    assert bool((u.diff() > 0).all())
    assert float((u * 4096 - torch.arange(4096) - 0.5).abs().max()) < 0.501
    log_snr = quantile(u)
    assert bool((log_snr.diff() <= 0).all())
    if schedule == "edm":
        log_sigma = -0.5 * log_snr
        inside = log_sigma[(log_sigma > math.log(LEVELS[0])) & (log_sigma < math.log(LEVELS[1]))]
        assert float(inside.mean()) == pytest.approx(-1.2, abs=0.02)
        assert float(log_sigma.median()) == pytest.approx(-1.2, abs=0.01)
    else:
        time = path.time_of_log_snr(log_snr.double())
        expected = path.t_min + u.double() * (path.t_max - path.t_min)
        assert torch.allclose(time, expected, atol=1e-3)
    ends = quantile(torch.tensor([0.0, 1.0]))
    assert bool(ends.isfinite().all())


@pytest.mark.parametrize("n", [1, 2, 3, 4, 5, 255, 256])
def test_losses_by_noise_level_share_out_the_batch(n: int) -> None:
    losses = torch.arange(float(n))
    parts = torch.stack(list(by_level(losses).values()))
    assert parts.shape == (4,)
    assert bool((parts.diff() >= 0).all())
    if n >= 4:
        sizes = torch.tensor([(k + 1) * n // 4 - k * n // 4 for k in range(4)])
        assert float((parts * sizes).sum() / n) == pytest.approx(float(losses.mean()))


def test_the_loss_draws_noise_from_its_context_only(fresh_model: Fresh) -> None:
    _, _, draw, model = fresh_model("diffusion", "digits", {"network.width": 8})
    batch = Batch(torch.as_tensor(draw.x[:16]), torch.as_tensor(draw.labels[:16]))
    (player,) = model.players()
    before = torch.get_rng_state()
    first, again, other = (
        float(model.loss(batch, player, Context(0, 0.0, generator(seed, "noise"), CPU))["total"].detach())
        for seed in (0, 0, 1)
    )
    assert torch.equal(before, torch.get_rng_state())
    assert first == again != other


def test_dropped_labels_train_the_unconditional_branch(fresh_model: Fresh) -> None:
    for dropout, none, rest in ((0.0, False, True), (0.5, True, True)):
        _, _, draw, model = fresh_model("diffusion", "moons", {"objective.condition_dropout": dropout})
        (player,) = model.players()
        with torch.no_grad():
            model.net.last.weight.fill_(0.1)
        batch = Batch(torch.as_tensor(draw.x[:256]), torch.as_tensor(draw.labels[:256]))
        model.loss(batch, player, Context(0, 0.0, generator(0, "noise"), CPU))["total"].backward()
        rows = (model.net.label.weight.grad != 0).any(1)
        assert bool(rows[0]) is none
        assert bool(rows[1:].all()) is rest


@pytest.mark.parametrize("method", ["ddpm", "ddim", "euler", "euler-ancestral", "heun", "dpm++2m"])
@pytest.mark.parametrize("schedule", SCHEDULES)
def test_an_untrained_v_network_passes_its_noise_through(
    fresh_model: Fresh, schedule: str, method: str
) -> None:
    # With v = 0 the field vanishes in the frames' coordinates: a deterministic solver stands nearly still,
    # and a stochastic one keeps the spread.
    values = {
        "objective.schedule": schedule,
        "sampler.method": method,
        "sampler.steps": 60,
        "network.width": 8,
    }
    session, _, _, model = fresh_model("diffusion", "moons", values)
    shown = frames(model, session, 3000)
    z = [model.standardise(torch.as_tensor(frame.x)) for frame in shown]
    assert float(z[0].std()) == pytest.approx(1, abs=0.03)
    if method in ("heun", "dpm++2m"):
        assert float((z[-1] - z[0]).abs().max()) < 0.05
    if method in ("ddpm", "euler-ancestral"):
        assert float((z[-1] - z[0]).square().mean()) > 1.5
    assert float(z[-1].std()) == pytest.approx(1, abs=0.15)
    levels = [frame.time for frame in shown]
    assert all(a > b for a, b in itertools.pairwise(levels))
    assert levels[-1] == 0
    assert shown[-1].nfe == {"heun": 119}.get(method, 60)


def test_many_samples_come_in_one_frame(fresh_model: Fresh) -> None:
    session, _, _, model = fresh_model("diffusion", "moons", {"sampler.steps": 2, "network.width": 8})
    last = frames(model, session, 4097)[-1]
    assert last.x.shape == last.clean.shape == (4097, 2)
    assert last.labels.shape == (4097,)
    assert len(np.unique(last.x[:, 0])) == 4097


def test_only_guided_samples_are_marked(fresh_model: Fresh) -> None:
    session, _, _, model = fresh_model("diffusion", "moons", {"sampler.steps": 1})
    assert frames(model, session, 2, guidance=4.0)[-1].biased == "guidance 4"
    assert frames(model, session, 2)[-1].biased == ""
    assert frames(model, session, 2, guidance=4.0, label="none")[-1].biased == ""
    assert frames(model, session, 2, method="ddim")[-1].biased == ""


def test_what_was_never_trained_is_refused(fresh_model: Fresh) -> None:
    session, _, _, model = fresh_model("diffusion", "moons", {"objective.condition_dropout": 0})
    for sampler in ({"label": "none"}, {"guidance": 2.0}):
        with pytest.raises(ValueError, match="without labels"):
            frames(model, session, 2, **sampler)
        with pytest.raises(NoDensity, match="without labels"):
            log_prob(model, session, torch.zeros(2, 2), **sampler)
    session, _, _, model = fresh_model("diffusion", "moons", {"objective.condition_dropout": 1})
    with pytest.raises(ValueError, match="never saw a label"):
        frames(model, session, 2, label="upper")
    assert frames(model, session, 2)[-1].labels is None
    with pytest.raises(ValueError, match="needs images"):
        fresh_model("diffusion", "moons", {"network.kind": "unet"})


@pytest.mark.parametrize("dataset", ["mixture-1d", "moons"])
@pytest.mark.parametrize("label", ["any", "none"])
def test_the_density_of_an_untrained_v_network_is_a_gaussian(
    fresh_model: Fresh, dataset: str, label: str
) -> None:
    session, _, draw, model = fresh_model("diffusion", dataset)
    x = torch.as_tensor(draw.x[:50])
    (part,) = log_prob(model, session, x, label=label)
    spread = model.std * math.sqrt(1 + LEVELS[0] ** 2)
    expected = torch.distributions.Normal(model.mean, spread).log_prob(x).sum(1)
    assert part.start == 0
    assert part.kind == "ode"
    assert part.standard_error is None
    assert torch.allclose(part.value, expected, atol=1e-4)
    assert float(part.error.max()) < 1e-4


def test_the_density_of_images_is_that_of_dequantised_levels(fresh_model: Fresh) -> None:
    session, _, draw, model = fresh_model("diffusion", "digits", {"network.width": 8})
    x = torch.as_tensor(draw.x[:1])
    parts = log_prob(model, session, x, label="3", seed=7)
    u = torch.rand(x.shape, generator=generator(7, "evaluation")) - 0.5
    spread = model.std * math.sqrt(1 + LEVELS[0] ** 2)
    expected = torch.distributions.Normal(model.mean, spread).log_prob(x + u).flatten(1).sum(1)
    assert torch.allclose(gather(parts), expected, atol=1e-2)
    assert all(bool((part.standard_error >= 0).all()) for part in parts)


def test_any_is_the_mixture_of_the_classes(short_run: Fresh) -> None:
    run = short_run("diffusion", "mixture-1d-uneven")
    x = torch.linspace(-5, 5, 41)[:, None]
    each = torch.stack([gather(log_prob(run.model, run.session, x, label=c)) for c in run.session.labels])
    expected = torch.logsumexp(each + run.model.class_prior.log()[:, None], 0)
    assert torch.allclose(gather(log_prob(run.model, run.session, x)), expected, atol=1e-4)


def test_a_long_list_of_points_comes_in_pieces_in_order(fresh_model: Fresh) -> None:
    session, _, _, model = fresh_model("diffusion", "mixture-1d-uneven", {"network.width": 8})
    x = torch.linspace(-5, 5, 700)[:, None]
    parts = log_prob(model, session, x)
    assert len(parts) > 1
    assert [part.start for part in parts] == list(
        itertools.accumulate([0] + [len(part.value) for part in parts[:-1]])
    )
    alone = gather(log_prob(model, session, x[650:660]))
    assert torch.allclose(gather(parts)[650:660], alone, atol=1e-5)


def test_guided_fields_have_densities_of_their_own(short_run: Fresh) -> None:
    run = short_run("diffusion", "mixture-1d")
    x = np.linspace(-8, 8, 401)
    points = torch.as_tensor(x[:, None], dtype=torch.float32)
    name = run.session.labels[0]
    plain = gather(log_prob(run.model, run.session, points, label=name)).exp().numpy()
    guided = gather(log_prob(run.model, run.session, points, label=name, guidance=3.0)).exp().numpy()
    assert np.trapezoid(guided, x) == pytest.approx(1, abs=1e-2)
    assert np.abs(guided - plain).max() > 0.01


def test_the_score_field_is_in_the_coordinates_of_the_frames(fresh_model: Fresh) -> None:
    session, dataset, _, model = fresh_model("diffusion", "moons")
    (field,) = payloads(model, session, "score", {"time": 1.0}, resolution=6)
    assert isinstance(field, Field)
    low_x, high_x, low_y, high_y = dataset.extent
    x = low_x + (high_x - low_x) * (np.arange(6) + 0.5) / 6
    y = low_y + (high_y - low_y) * (np.arange(6) + 0.5) / 6
    points = np.stack(np.meshgrid(x, y), -1)
    # An untrained v network believes in N(mean, std^2) at every noise level.
    expected = -(points - model.mean.numpy()) / model.std.numpy() ** 2
    assert np.allclose(field.vectors, expected, atol=1e-3)
    # The truth is that of data with the least noise on them, 0.003 of their spread.
    exact = dataset.truth.score(points.reshape(-1, 2)).reshape(6, 6, 2)
    assert np.abs(field.truth - exact).max() < 1e-3 * np.abs(exact).max()
    assert field.time == pytest.approx(LEVELS[0])
    (field,) = payloads(model, session, "score", {"time": 0.0}, resolution=6)
    assert field.time == pytest.approx(LEVELS[1])
    assert np.allclose(field.vectors, field.truth, atol=0.1)


def finish(slices: Any) -> Any:
    while True:
        try:
            next(slices)
        except StopIteration as end:
            return end.value


@pytest.mark.parametrize("dropout", [0.0, 1.0])
def test_the_floor_of_gaussian_data_is_that_of_the_wiener_filter(fresh_model: Fresh, dropout: float) -> None:
    # v of unit Gaussian data has mean 0 and variance 1 given z: with the EDM weight the floor is 1.
    _, dataset, _, model = fresh_model(
        "diffusion", "mixture-1d", {"data.modes": 1, "objective.condition_dropout": dropout}
    )
    draw = dataset.train(10_000, np.random.default_rng(1))
    batch = Batch(torch.as_tensor(draw.x), torch.as_tensor(draw.labels))
    reference = finish(model.loss_reference(batch, generator(0, "evaluation")))
    assert reference.values == {"total": pytest.approx(1, abs=0.03)}


def test_images_have_no_known_floor(fresh_model: Fresh) -> None:
    _, _, draw, model = fresh_model("diffusion", "digits", {"network.width": 8})
    batch = Batch(torch.as_tensor(draw.x[:9]), torch.as_tensor(draw.labels[:9]))
    assert finish(model.loss_reference(batch, generator(0, "evaluation"))) is None


def test_the_presets_of_the_catalogue_sample(fresh_model: Fresh) -> None:
    from genlab.session.catalogue import PARADIGMS

    for preset in PARADIGMS["diffusion"].presets:
        session, _, _, model = fresh_model("diffusion", preset.dataset, {**preset.values, "network.width": 8})
        shown = frames(model, session, 4)
        assert len(shown) == session.sampler.steps + 1
        assert np.isfinite(shown[-1].x).all()


def test_a_few_points_tell_no_floor(fresh_model: Fresh) -> None:
    _, dataset, _, model = fresh_model("diffusion", "moons", {})
    draw = dataset.train(840, np.random.default_rng(1))
    batch = Batch(torch.as_tensor(draw.x), torch.as_tensor(draw.labels))
    assert finish(model.loss_reference(batch, generator(0, "evaluation"))) is None
